/* Temporary file, fsync, rename, fsync of the folder: in this order. */
#include "gateway/private_file.h"

#include "gateway/durable.h"
#include "gateway/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *folder, const char *name, const char *ending)
{
    char *path;
    if (asprintf(&path, "%s/%s%s", folder, name, ending) < 0)
        bug("out of memory");
    return path;
}

static bool read_all(int fd, uint8_t *buf, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, buf, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        buf += n;
        len -= (size_t)n;
    }
    return true;
}

private_result private_file_read(const char *path, size_t max, teal_bytes *content)
{
    struct stat about;
    uint8_t *buf = NULL;
    private_result result = PRIVATE_FAILED;
    *content = (teal_bytes){ 0 };
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? PRIVATE_NONE : PRIVATE_FAILED;
    if (fstat(fd, &about) != 0)
        goto out;
    if (!S_ISREG(about.st_mode)) {
        errno = EINVAL;
        goto out;
    }
    if ((about.st_mode & 077) != 0) {
        result = PRIVATE_OPEN;
        goto out;
    }
    if (about.st_size < 0 || (size_t)about.st_size > max) {
        result = PRIVATE_TOO_LONG;
        goto out;
    }
    size_t len = (size_t)about.st_size;
    buf = malloc(len + 1);
    if (buf == NULL || !read_all(fd, buf, len))
        goto out;
    *content = (teal_bytes){ buf, len };
    buf = NULL;
    result = PRIVATE_OK;
out:
    free(buf);
    close(fd);
    return result;
}

private_result private_file_replace(const char *folder, const char *name, teal_bytes content)
{
    char *path = join(folder, name, ""), *temporary = join(folder, name, ".XXXXXX");
    int fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
    bool written = fd >= 0 && durable_write(fd, content);
    if (fd >= 0 && close(fd) != 0)
        written = false;
    bool replaced = written && rename(temporary, path) == 0;
    if (fd >= 0 && !replaced) {
        int why = errno;
        unlink(temporary);
        errno = why;
    }
    private_result result = replaced && durable_folder(folder) ? PRIVATE_OK : PRIVATE_FAILED;
    free(path);
    free(temporary);
    return result;
}

/* The lock is on a file of its own: the other one is another file after each replacement. */
private_result private_file_lock(const char *folder, const char *name, int *fd)
{
    char *path = join(folder, name, "");
    int locked = -1;
    *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd >= 0) {
        do
            locked = flock(*fd, LOCK_EX);
        while (locked != 0 && errno == EINTR);
        if (locked != 0) {
            close(*fd);
            *fd = -1;
        }
    }
    free(path);
    return *fd >= 0 ? PRIVATE_OK : PRIVATE_FAILED;
}
