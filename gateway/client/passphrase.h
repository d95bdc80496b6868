/* Where the passphrase of the keychain comes from. */
#ifndef TEAL_CLIENT_PASSPHRASE_H
#define TEAL_CLIENT_PASSPHRASE_H

#include "codecs/cursor.h"
#include "gateway/client/outcome.h"

typedef struct passphrase {
    uint8_t *at; /* locked memory */
    size_t len;
} passphrase;

/* The first of: file (NULL: none), TEAL_PASSPHRASE_FILE, TEAL_PASSPHRASE, the terminal without
 * echo; twice, if it is a new one. Of a file the first line. Never empty. */
outcome passphrase_read(const char *file, bool is_new, passphrase *out);
void passphrase_wipe(passphrase *p);

#endif
