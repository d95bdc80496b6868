/* teald: reads its arguments, then checks, makes or runs a gateway. */
#include "gateway/config.h"
#include "gateway/exit_status.h"
#include "gateway/process.h"
#include "gateway/state_folder.h"
#include "gateway/supervisor.h"
#include "gateway/version.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "teald, a gateway between encrypted messaging networks\n"
    "\n"
    "  teald CONFIG                 run until SIGTERM or SIGINT\n"
    "  teald --check-config CONFIG  read and check the configuration, nothing else\n"
    "  teald --init CONFIG          make the state folder, keys and an empty store\n"
    "  teald --version\n"
    "  teald --help\n"
    "\n"
    "deploy/sandbox.conf is a configuration to start from; it explains every key.\n"
    "Runs as three processes: teald, which starts the others again when they die;\n"
    "\"teald: edge\", which faces the network; \"teald: plaintext\", which alone holds\n"
    "message text. Events go to standard error.\n"
    "\n"
    "Exit status:\n"
    "   0  done, or stopped as asked\n"
    "   1  failed; trying again may help\n"
    "  64  the arguments are wrong\n"
    "  78  configuration, state or a port that is taken: trying again is no use\n";

typedef enum action { RUN, CHECK, INIT, VERSION, HELP, PROCESS, WRONG } action;

typedef struct arguments {
    action action;
    const char *config, *process;
    int channel;
} arguments;

static arguments read_arguments(int argc, char **argv)
{
    enum { OPTION_CHANNEL = WRONG + 1 };
    static const struct option options[] = {
        { "check-config", no_argument, NULL, CHECK },
        { "init", no_argument, NULL, INIT },
        { "version", no_argument, NULL, VERSION },
        { "help", no_argument, NULL, HELP },
        { "process", required_argument, NULL, PROCESS }, /* the supervisor's, like the next */
        { "channel", required_argument, NULL, OPTION_CHANNEL },
        { 0 },
    };
    arguments a = { .action = RUN, .channel = -1 };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?' || option == ':')
            a.action = WRONG;
        else if (option == OPTION_CHANNEL)
            a.channel = atoi(optarg);
        else if (a.action == RUN)
            a.action = (action)option;
        else
            a.action = WRONG;
        if (option == PROCESS)
            a.process = optarg;
    }
    int wanted = a.action == VERSION || a.action == HELP ? 0 : 1;
    if (argc - optind != wanted)
        a.action = WRONG;
    a.config = wanted == 1 ? argv[optind] : NULL;
    return a;
}

static int init(const config *c)
{
    if (!state_folder_make(c, stderr))
        return EXIT_CONFIGURATION;
    printf("%s: keys and an empty store are made.\n"
           "%s/account.key signs the gateway's manifest; no process reads it: keep it elsewhere.\n",
           c->state, c->state);
    return EXIT_STOPPED;
}

static int run(const config *c)
{
    if (!state_folder_check(c, stderr))
        return EXIT_CONFIGURATION;
    log_setup(c->log_level, c->log_json, "supervisor");
    return supervisor_run(c);
}

static int with_config(const arguments *a)
{
    config *c = config_load(a->config, stderr);
    int status = EXIT_CONFIGURATION;
    if (c == NULL)
        return status;
    if (a->action == INIT) {
        status = init(c);
    } else if (a->action == RUN) {
        status = run(c);
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
        return with_config(&a);
    case PROCESS:
        return process_run(a.process, a.channel, a.config);
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
