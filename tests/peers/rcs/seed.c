/* The file is 32 octets of key and 8 of time, for this machine only. */
#include "tests/peers/rcs/seed.h"

#include "tests/peers/shared/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_file(int fd, seed *out)
{
    return read(fd, out->key, sizeof out->key) == sizeof out->key &&
           read(fd, &out->created_at_ms, sizeof out->created_at_ms) == sizeof out->created_at_ms;
}

static bool write_file(int fd, const seed *s)
{
    return write(fd, s->key, sizeof s->key) == sizeof s->key &&
           write(fd, &s->created_at_ms, sizeof s->created_at_ms) == sizeof s->created_at_ms;
}

bool seed_load(const char *path, seed *out)
{
    randombytes_buf(out->key, sizeof out->key);
    out->created_at_ms = (uint64_t)clock_unix_ms();
    if (path == NULL)
        return true;
    errno = 0;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_file(fd, out);
    if (fd < 0 && errno == EEXIST) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        good = fd >= 0 && read_file(fd, out);
    }
    if (!good)
        fprintf(stderr, "rcs: %s: %s\n", path, errno != 0 ? strerror(errno) : "not a seed file");
    if (fd >= 0)
        close(fd);
    return good;
}
