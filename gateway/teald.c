/* teald: reads its arguments, then checks, makes or runs a gateway. */
#include "gateway/config.h"
#include "gateway/exit_status.h"
#include "gateway/keys.h"
#include "gateway/operators.h"
#include "gateway/process.h"
#include "gateway/state_folder.h"
#include "gateway/supervisor.h"
#include "gateway/unseal.h"
#include "gateway/version.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "teald, a gateway between encrypted messaging networks\n"
    "\n"
    "  teald CONFIG                 run until SIGTERM or SIGINT\n"
    "  teald --check-config CONFIG  read and check the configuration, nothing else\n"
    "  teald --init CONFIG          make the state folder, keys and an empty store\n"
    "  teald --rotate edge|plaintext CONFIG\n"
    "                               give that process another id and signing key\n"
    "  teald --change-passphrase CONFIG\n"
    "                               seal the key files anew, as [keys] of CONFIG asks\n"
    "  teald --version\n"
    "  teald --help\n"
    "\n"
    "deploy/sandbox.conf is a configuration to start from; it explains every key.\n"
    "The passphrase of the key files is the first line of --passphrase-file FILE, the\n"
    "systemd credential teal-passphrase, or asked for on the terminal; a new one is\n"
    "that of --new-passphrase-file FILE, or asked for twice.\n"
    "SIGHUP has the edge read its certificates and STATE/operators again.\n"
    "Runs as three processes: teald, which starts the others again when they die;\n"
    "\"teald: edge\", which faces the network; \"teald: plaintext\", which alone holds\n"
    "message text. Events go to standard error.\n"
    "\n"
    "Exit status:\n"
    "   0  done, or stopped as asked\n"
    "   1  failed; trying again may help\n"
    "  64  the arguments are wrong\n"
    "  78  configuration, state or a port that is taken: trying again is no use\n";

typedef enum action { RUN, CHECK, INIT, ROTATE, RESEAL, VERSION, HELP, PROCESS, WRONG } action;

typedef struct arguments {
    action action;
    const char *config, *process, *rotate;
    const char *passphrase_file, *new_passphrase_file; /* NULL: not given */
    int channel, key;
} arguments;

static arguments read_arguments(int argc, char **argv)
{
    enum { OPTION_CHANNEL = WRONG + 1, OPTION_KEY, OPTION_PASSPHRASE, OPTION_NEW_PASSPHRASE };
    static const struct option options[] = {
        { "check-config", no_argument, NULL, CHECK },
        { "init", no_argument, NULL, INIT },
        { "rotate", required_argument, NULL, ROTATE },
        { "change-passphrase", no_argument, NULL, RESEAL },
        { "passphrase-file", required_argument, NULL, OPTION_PASSPHRASE },
        { "new-passphrase-file", required_argument, NULL, OPTION_NEW_PASSPHRASE },
        { "version", no_argument, NULL, VERSION },
        { "help", no_argument, NULL, HELP },
        { "process", required_argument, NULL, PROCESS }, /* the supervisor's, like the next */
        { "channel", required_argument, NULL, OPTION_CHANNEL },
        { "key", required_argument, NULL, OPTION_KEY },
        { 0 },
    };
    arguments a = { .action = RUN, .channel = -1, .key = -1 };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?' || option == ':')
            a.action = WRONG;
        else if (option == OPTION_CHANNEL)
            a.channel = atoi(optarg);
        else if (option == OPTION_KEY)
            a.key = atoi(optarg);
        else if (option == OPTION_PASSPHRASE)
            a.passphrase_file = optarg;
        else if (option == OPTION_NEW_PASSPHRASE)
            a.new_passphrase_file = optarg;
        else if (a.action == RUN)
            a.action = (action)option;
        else
            a.action = WRONG;
        if (option == PROCESS)
            a.process = optarg;
        if (option == ROTATE)
            a.rotate = optarg;
    }
    if (a.rotate != NULL && strcmp(a.rotate, "edge") != 0 && strcmp(a.rotate, "plaintext") != 0)
        a.action = WRONG;
    int wanted = a.action == VERSION || a.action == HELP ? 0 : 1;
    if (argc - optind != wanted)
        a.action = WRONG;
    a.config = wanted == 1 ? argv[optind] : NULL;
    return a;
}

static int init(const config *c, const arguments *a)
{
    passphrase p;
    bool made = unseal_passphrase(c, a->passphrase_file, true, &p, stderr) &&
                state_folder_make(c, (teal_bytes){ p.at, p.len }, stderr);
    passphrase_wipe(&p);
    if (!made)
        return EXIT_CONFIGURATION;
    printf("%s: keys and an empty store are made.\n"
           "%s/account.key signs the gateway's manifest; no process reads it: keep it elsewhere.\n",
           c->state, c->state);
    return EXIT_STOPPED;
}

/* The passphrase is gone when the processes start; what is left of it opens two of the files. */
static bool unlock(const config *c, const arguments *a, supervisor_locks *locks)
{
    passphrase p;
    bool done = false;
    *locks = (supervisor_locks){ 0 };
    if (unseal_passphrase(c, a->passphrase_file, false, &p, stderr)) {
        const teal_bytes secret = { p.at, p.len };
        done = key_file_unlock(c, KEY_ROOM, secret, &locks->room, stderr) &&
               key_file_unlock(c, KEY_EDGE, secret, &locks->edge, stderr);
    }
    passphrase_wipe(&p);
    return done;
}

/* Nobody looks into memory that holds a key. */
static bool hide(void)
{
    const struct rlimit no_core = { 0, 0 };
    return prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &no_core) == 0;
}

static int run(const config *c, const arguments *a)
{
    supervisor_locks locks = { 0 };
    int status = EXIT_CONFIGURATION;
    if (state_folder_check(c, stderr) && (!c->keys_sealed || hide()) && unlock(c, a, &locks)) {
        log_setup(c->log_level, c->log_json, "supervisor");
        if (!c->keys_sealed)
            log_event(LOG_WARN, "keys.not_sealed", "why", "[keys] protection = none", NULL);
        status = supervisor_run(c, &locks);
    }
    sealed_key_close(&locks.room);
    sealed_key_close(&locks.edge);
    return status;
}

/* What must not happen under processes that run. */
static int maintain(const config *c, const arguments *a,
                    bool (*change)(const config *c, const arguments *a))
{
    if (!state_folder_check(c, stderr))
        return EXIT_CONFIGURATION;
    int lock = state_folder_lock(c, stderr);
    if (lock < 0)
        return EXIT_FAILED;
    bool changed = change(c, a);
    close(lock);
    return changed ? EXIT_STOPPED : EXIT_CONFIGURATION;
}

static bool rotate(const config *c, const arguments *a)
{
    passphrase p;
    key_owner owner = strcmp(a->rotate, "edge") == 0 ? KEY_EDGE : KEY_ROOM;
    bool done = unseal_passphrase(c, a->passphrase_file, false, &p, stderr) &&
                keys_rotate_device(c, owner, (teal_bytes){ p.at, p.len }, stderr);
    passphrase_wipe(&p);
    if (done)
        printf("%s: %s has another id and key, and the manifest a new version.\n", c->state,
               key_file_name(owner));
    return done;
}

static bool reseal_all(const config *c, const teal_bytes passphrases[static 2])
{
    sealed_key *lock = NULL;
    bool done = keys_change_passphrase(c, passphrases[0], passphrases[1], stderr) &&
                key_file_new_lock(c, passphrases[1], &lock, stderr) &&
                operators_reseal(c->state, passphrases, lock, stderr);
    sealed_key_close(&lock);
    return done;
}

static bool reseal(const config *c, const arguments *a)
{
    passphrase old, after = { 0 };
    bool done = unseal_old_passphrase(c, a->passphrase_file, &old, stderr) &&
                unseal_new_passphrase(c, a->new_passphrase_file, &after, stderr) &&
                reseal_all(c, (teal_bytes[]){ { old.at, old.len }, { after.at, after.len } });
    passphrase_wipe(&old);
    passphrase_wipe(&after);
    if (done)
        printf("%s: the key files are %s.\n", c->state,
               c->keys_sealed ? "sealed under the new passphrase" : "not sealed any more");
    return done;
}

static int with_config(const arguments *a)
{
    config *c = config_load(a->config, stderr);
    int status = EXIT_CONFIGURATION;
    if (c == NULL)
        return status;
    if (a->action == INIT) {
        status = init(c, a);
    } else if (a->action == RUN) {
        status = run(c, a);
    } else if (a->action == ROTATE) {
        status = maintain(c, a, rotate);
    } else if (a->action == RESEAL) {
        status = maintain(c, a, reseal);
    } else {
        printf("%s: nothing is wrong with it.\n", a->config);
        status = EXIT_STOPPED;
    }
    config_free(&c);
    return status;
}

/* Descriptors 0 to 2 are open, so that no file or socket takes their place. */
static bool open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int main(int argc, char **argv)
{
    if (!open_standard_descriptors() || sodium_init() < 0)
        return EXIT_FAILED;
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    arguments a = read_arguments(argc, argv);
    switch (a.action) {
    case RUN:
    case CHECK:
    case INIT:
    case ROTATE:
    case RESEAL:
        return with_config(&a);
    case PROCESS:
        return process_run(a.process, a.channel, a.key, a.config);
    case VERSION:
        puts("teald " TEAL_VERSION);
        return EXIT_STOPPED;
    case HELP:
        fputs(help, stdout);
        return EXIT_STOPPED;
    case WRONG:
        break;
    }
    fprintf(stderr, "teald: these arguments are wrong. Run teald --help.\n");
    return EXIT_USAGE;
}
