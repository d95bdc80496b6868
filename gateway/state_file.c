/* Exclusive, durable creation and checked reading of small files. Must never overwrite one. */
#include "gateway/state_file.h"

#include "gateway/durable.h"
#include "gateway/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *folder, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        bug("out of memory");
    return path;
}

bool state_file_make(const char *folder, const char *name, mode_t mode, teal_bytes content,
                     FILE *errors)
{
    char *path = join(folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    bool made = false;
    if (fd < 0) {
        fprintf(errors, "%s: cannot be made: %s. %s\n", path, strerror(errno),
                errno == EEXIST ? "Remove it if it is of no use any more."
                                : "Check the folder and its owner.");
        goto out;
    }
    made = fchmod(fd, mode) == 0 && durable_write(fd, content) && durable_folder(folder);
    if (!made) {
        fprintf(errors, "%s: cannot be written: %s. Check the disk.\n", path, strerror(errno));
        unlink(path);
    }
    close(fd);
out:
    free(path);
    return made;
}

/* -1: an error, in errno. */
static ssize_t read_all(int fd, uint8_t *buf, size_t cap)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t n = read(fd, buf + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

bool state_file_read(const char *folder, const char *name, bool owner_only, uint8_t *buf,
                     size_t cap, size_t *len, FILE *errors)
{
    char *path = join(folder, name);
    struct stat about;
    bool good = false;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = -1;
    if (fd < 0 && errno == ENOENT)
        fprintf(errors, "%s: is missing. Make the state with teald --init, or restore it.\n", path);
    else if (fd < 0 || fstat(fd, &about) != 0)
        fprintf(errors, "%s: cannot be opened: %s. Check its owner.\n", path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        fprintf(errors, "%s: is not a file. Restore it from a backup.\n", path);
    else if (owner_only && (about.st_mode & 077) != 0)
        fprintf(errors, "%s: others may read or write it. Run chmod 600 on it.\n", path);
    else if (about.st_size > (off_t)cap)
        fprintf(errors, "%s: is too long. Restore it from a backup.\n", path);
    else if ((n = read_all(fd, buf, cap)) < 0)
        fprintf(errors, "%s: cannot be read: %s. Check the disk.\n", path, strerror(errno));
    else
        good = true;
    *len = good ? (size_t)n : 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return good;
}

bool state_file_exists(const char *folder, const char *name)
{
    char *path = join(folder, name);
    struct stat about;
    bool there = lstat(path, &about) == 0;
    free(path);
    return there;
}

void state_file_remove(const char *folder, const char *name)
{
    char *path = join(folder, name);
    unlink(path);
    free(path);
}
