/* Files of the state folder: made once and whole, durable when made, read only where nobody else
 * could have. Messages are one line: file: what. remedy. */
#ifndef TEAL_GATEWAY_STATE_FILE_H
#define TEAL_GATEWAY_STATE_FILE_H

#include "codecs/cursor.h"

#include <stdio.h>
#include <sys/types.h>

/* Makes folder/name with this mode and content; it must not be there. On failure nothing of it is
 * left but what was there before. */
bool state_file_make(const char *folder, const char *name, mode_t mode, teal_bytes content,
                     FILE *errors);

/* Reads it whole into buf[0..cap). owner_only: refuses one that others may read or write. */
bool state_file_read(const char *folder, const char *name, bool owner_only, uint8_t *buf,
                     size_t cap, size_t *len, FILE *errors);

bool state_file_exists(const char *folder, const char *name);
void state_file_remove(const char *folder, const char *name);

#endif
