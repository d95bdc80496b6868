/* A file that only its owner may read, replaced as a whole or not at all. */
#ifndef TEAL_GATEWAY_PRIVATE_FILE_H
#define TEAL_GATEWAY_PRIVATE_FILE_H

#include "codecs/cursor.h"

typedef enum private_result {
    PRIVATE_OK = 0,
    PRIVATE_NONE,     /* there is no such file */
    PRIVATE_OPEN,     /* others may read or write it */
    PRIVATE_TOO_LONG, /* longer than max */
    PRIVATE_FAILED,   /* errno says why */
} private_result;

/* *content: from malloc, the caller's; NULL unless PRIVATE_OK. */
private_result private_file_read(const char *path, size_t max, teal_bytes *content);

/* Writes folder/name anew (0600) and makes it durable: after a crash there is the old content or
 * the new one, never a part. Returns PRIVATE_OK or PRIVATE_FAILED. */
private_result private_file_replace(const char *folder, const char *name, teal_bytes content);

/* Waits until no other process holds folder/name; the lock ends when *fd is closed. */
private_result private_file_lock(const char *folder, const char *name, int *fd);

#endif
