/* Whole writes and fsync; see durable.h. */
#include "gateway/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool durable_write(int fd, teal_bytes content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.at, content.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        content.at += n;
        content.len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

bool durable_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced;
}
