/* The start of edge and room in their own address spaces. Must never let the room's memory be
 * dumped or read by another process of the same user. */
#include "gateway/process.h"

#include "gateway/edge/edge.h"
#include "gateway/exit_status.h"
#include "gateway/plaintext/room.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct process {
    const char *name, *title; /* the kernel keeps 15 octets of the title */
    bool holds_plaintext;
    int (*run)(const config *c, int fd, const sealed_key *lock);
} processes[] = {
    { "edge", "teald: edge", false, edge_main },
    { "plaintext", "teald: plaintext", true, room_main },
};

static const struct process *find_process(const char *name)
{
    for (size_t i = 0; i < sizeof processes / sizeof processes[0]; i++)
        if (strcmp(processes[i].name, name) == 0)
            return &processes[i];
    return NULL;
}

static bool is_channel(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* *lock NULL: the pipe is empty, since key files are not sealed. */
static bool take_lock(int fd, sealed_key **lock)
{
    uint8_t buf[SEALED_KEY_BYTES];
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISFIFO(about.st_mode))
        return false;
    ssize_t n = read(fd, buf, sizeof buf); /* a pipe gives all that one write put in */
    if (n == sizeof buf)
        *lock = sealed_key_import(buf);
    sodium_memzero(buf, sizeof buf);
    close(fd);
    return n == 0 || n == sizeof buf;
}

static bool confine(const struct process *p)
{
    const struct rlimit no_core = { 0, 0 };
    return prctl(PR_SET_NAME, p->title) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           (!p->holds_plaintext ||
            (prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &no_core) == 0));
}

int process_run(const char *name, int fd, int lock_fd, const char *config_path)
{
    const struct process *p = find_process(name);
    sealed_key *lock = NULL;
    if (p == NULL || !is_channel(fd) || !take_lock(lock_fd, &lock)) {
        fprintf(stderr, "teald: --process is for teald itself. Run teald CONFIG.\n");
        return EXIT_USAGE;
    }
    log_setup(LOG_INFO, false, p->name);
    if (!confine(p)) {
        log_event(LOG_ERROR, "process.not_confined", "error", strerrorname_np(errno), NULL);
        return EXIT_FAILED;
    }
    config *c = config_load(config_path, stderr);
    if (c == NULL) {
        sealed_key_close(&lock);
        return EXIT_CONFIGURATION;
    }
    if (!p->holds_plaintext && c->sms_password != NULL) /* the room's alone */
        sodium_memzero(c->sms_password, strlen(c->sms_password));
    log_setup(c->log_level, c->log_json, p->name);
    int status = p->run(c, fd, lock);
    sealed_key_close(&lock);
    config_free(&c);
    return status;
}
