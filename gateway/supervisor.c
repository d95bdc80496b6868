/* Starts, watches and ends the two processes. Must never share an address space with them, nor
 * leave one running when it is gone itself. */
#include "gateway/supervisor.h"

#include "gateway/channel.h"
#include "gateway/clock.h"
#include "gateway/exit_status.h"
#include "gateway/state_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHANNEL_FD = 3, /* in the processes */
    LOCK_FD,
    KEY_FD,
    PAUSE_FIRST_MS = 100,
    PAUSE_MAX_MS = 30 * 1000,
    SETTLED_MS = 10 * 1000, /* who ran that long starts with the first pause again */
    DRAIN_MS = 15 * 1000,   /* for what is in hand, after SIGTERM */
};

typedef struct child {
    const char *name, *title;
    int channel;
    const sealed_key *key;
    pid_t pid; /* 0: it does not run */
    int64_t started_ms, due_ms, pause_ms;
    bool settled; /* ran for SETTLED_MS once */
} child;

enum { ROOM, EDGE, N_CHILDREN }; /* in the order of their start; they end the other way round */

typedef struct supervisor {
    const config *config;
    int lock; /* the processes have it too: it goes with the last of them, however that ends */
    child children[N_CHILDREN];
    sigset_t signals;
    pid_t pid;
    int asked; /* how often it was asked to stop */
    int status;
} supervisor;

/* ---- one process ----------------------------------------------------------------------------- */

/* To that number, open across exec; where it is there already dup2 would change nothing. */
static bool move(int fd, int to)
{
    return fd == to ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, to) == to;
}

/* A pipe that holds what opens the child's key file, and nothing more will come: its end to read;
 * -1: errno. */
static int offer_key(const child *c)
{
    int fds[2];
    uint8_t octets[SEALED_KEY_BYTES];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    if (c->key != NULL) {
        sealed_key_export(c->key, octets);
        if (write(fds[1], octets, sizeof octets) != sizeof octets)
            bug("an empty pipe took no key");
        sodium_memzero(octets, sizeof octets);
    }
    close(fds[1]);
    return fds[0];
}

/* After the fork: nothing of the parent is needed but one end of the channel, and the key. */
static _Noreturn void become(const supervisor *s, const child *c, int key)
{
    char fd[8], key_fd[8];
    snprintf(fd, sizeof fd, "%d", CHANNEL_FD);
    snprintf(key_fd, sizeof key_fd, "%d", KEY_FD);
    char *const argv[] = { (char *)c->title, "--process", (char *)c->name, "--channel", fd, "--key",
                           key_fd,           "--",        s->config->path, NULL };

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != s->pid) /* it went before it could be noticed */
        _exit(EXIT_STOPPED);
    signal(SIGINT, SIG_IGN); /* a terminal's Ctrl-C is for the supervisor, which keeps the order */
    signal(SIGHUP, SIG_IGN); /* until it waits for it */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (move(c->channel, CHANNEL_FD) && move(s->lock, LOCK_FD) && move(key, KEY_FD) &&
        close_range(KEY_FD + 1, ~0U, 0) == 0)
        execv("/proc/self/exe", argv);
    log_event(LOG_ERROR, "process.not_started", "name", c->name, "error", strerrorname_np(errno),
              NULL);
    _exit(EXIT_FAILED);
}

static void start(supervisor *s, child *c)
{
    char number[24];
    c->started_ms = clock_monotonic_ms();
    int key = offer_key(c);
    pid_t pid = key >= 0 ? fork() : -1;
    if (pid == 0)
        become(s, c, key);
    int why = errno;
    if (key >= 0)
        close(key);
    if (pid < 0) {
        c->pause_ms = PAUSE_MAX_MS;
        c->due_ms = c->started_ms + c->pause_ms;
        log_event(LOG_ERROR, "process.not_started", "name", c->name, "error", strerrorname_np(why),
                  NULL);
        return;
    }
    c->pid = pid;
    log_event(LOG_INFO, "process.started", "name", c->name, "pid", log_number(number, pid), NULL);
}

static void plan_restart(child *c, int64_t now_ms)
{
    if (now_ms - c->started_ms >= SETTLED_MS || c->pause_ms == 0)
        c->pause_ms = PAUSE_FIRST_MS;
    else
        c->pause_ms = c->pause_ms < PAUSE_MAX_MS / 2 ? c->pause_ms * 2 : PAUSE_MAX_MS;
    c->due_ms = now_ms + c->pause_ms;
}

static void log_end(const supervisor *s, const child *c, int how)
{
    char pid[24], code[24], pause[24];
    bool by_signal = WIFSIGNALED(how);
    log_event(s->asked > 0 ? LOG_INFO : LOG_WARN, "process.ended", "name", c->name, "pid",
              log_number(pid, c->pid), by_signal ? "signal" : "status",
              log_number(code, by_signal ? WTERMSIG(how) : WEXITSTATUS(how)), "restart_in_ms",
              s->asked > 0 ? "never" : log_number(pause, c->pause_ms), NULL);
}

static void take_end(supervisor *s, child *c, int how)
{
    int64_t now_ms = clock_monotonic_ms();
    c->settled = c->settled || now_ms - c->started_ms >= SETTLED_MS;
    if (s->asked == 0 && !c->settled && WIFEXITED(how) && WEXITSTATUS(how) == EXIT_CONFIGURATION) {
        log_event(LOG_ERROR, "supervisor.gave_up", "why", "configuration", "name", c->name, NULL);
        s->status = EXIT_CONFIGURATION;
        s->asked = 1;
    }
    plan_restart(c, now_ms);
    log_end(s, c, how);
    c->pid = 0;
}

static void reap(supervisor *s)
{
    int how;
    pid_t pid;
    while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
        for (size_t i = 0; i < N_CHILDREN; i++)
            if (s->children[i].pid == pid)
                take_end(s, &s->children[i], how);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void pass_on(const supervisor *s, int number)
{
    log_event(LOG_INFO, "supervisor.reloading", NULL);
    for (size_t i = 0; i < N_CHILDREN; i++)
        if (s->children[i].pid > 0)
            kill(s->children[i].pid, number);
}

/* Waits for one signal until then (-1: for ever), and takes it. */
static void wait_until(supervisor *s, int64_t due_ms)
{
    int64_t left_ms = due_ms < 0 ? INT32_MAX : due_ms - clock_monotonic_ms();
    if (left_ms < 0)
        left_ms = 0;
    const struct timespec left = { left_ms / 1000, left_ms % 1000 * 1000000 };
    int number = sigtimedwait(&s->signals, NULL, &left);
    if (number == SIGTERM || number == SIGINT)
        s->asked++;
    if (number == SIGHUP)
        pass_on(s, SIGHUP);
    reap(s);
}

/* Starts those that are due; the time when the next one is, -1: never. */
static int64_t start_due(supervisor *s)
{
    int64_t next_ms = -1, now_ms = clock_monotonic_ms();
    for (size_t i = 0; i < N_CHILDREN; i++) {
        child *c = &s->children[i];
        if (c->pid == 0 && c->due_ms <= now_ms)
            start(s, c);
        if (c->pid == 0 && (next_ms < 0 || c->due_ms < next_ms))
            next_ms = c->due_ms;
    }
    return next_ms;
}

/* Asks it to end; after DRAIN_MS, or a second request from outside, ends it. */
static void stop(supervisor *s, child *c)
{
    int64_t end_ms = clock_monotonic_ms() + DRAIN_MS;
    if (c->pid > 0)
        kill(c->pid, SIGTERM);
    while (c->pid > 0 && s->asked < 2 && clock_monotonic_ms() < end_ms)
        wait_until(s, end_ms);
    if (c->pid == 0)
        return;
    log_event(LOG_WARN, "process.killed", "name", c->name, NULL);
    kill(c->pid, SIGKILL);
    while (c->pid > 0)
        wait_until(s, -1);
}

/* The lock comes after the channel, and pipes with keys after both: so no number is taken by what
 * is moved before. */
static bool prepare(supervisor *s)
{
    static const int numbers[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
    int fds[2];
    if (!channel_pair(fds))
        return false;
    s->lock = state_folder_lock(s->config, stderr);
    if (s->lock < 0)
        return false;
    s->children[ROOM] = (child){ "plaintext", "teald: plaintext", .channel = fds[0] };
    s->children[EDGE] = (child){ "edge", "teald: edge", .channel = fds[1] };
    sigemptyset(&s->signals);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaddset(&s->signals, numbers[i]);
        signal(numbers[i], SIG_DFL); /* one that is ignored would never be waited for */
    }
    return sigprocmask(SIG_BLOCK, &s->signals, NULL) == 0;
}

int supervisor_run(const config *c, const supervisor_locks *locks)
{
    supervisor s = { .config = c, .pid = getpid(), .status = EXIT_STOPPED };
    if (!prepare(&s)) {
        log_event(LOG_ERROR, "supervisor.not_started", "error", strerrorname_np(errno), NULL);
        return EXIT_FAILED;
    }
    s.children[ROOM].key = locks->room;
    s.children[EDGE].key = locks->edge;
    log_event(LOG_INFO, "supervisor.started", "config", c->path, NULL);
    while (s.asked == 0)
        wait_until(&s, start_due(&s));
    for (size_t i = N_CHILDREN; i > 0; i--)
        stop(&s, &s.children[i - 1]);
    close(s.children[ROOM].channel); /* open until now: what waits in it outlives a process */
    close(s.children[EDGE].channel);
    close(s.lock);
    log_event(LOG_INFO, "supervisor.stopped", NULL);
    return s.status;
}
