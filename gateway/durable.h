/* What it takes to have a small file on the disk, and not only in the kernel's memory. */
#ifndef TEAL_GATEWAY_DURABLE_H
#define TEAL_GATEWAY_DURABLE_H

#include "codecs/cursor.h"

/* Writes all of it and waits for the disk. False: errno. */
bool durable_write(int fd, teal_bytes content);

/* Makes the folder's entries durable: files that were made in it or renamed. False: errno. */
bool durable_folder(const char *folder);

#endif
