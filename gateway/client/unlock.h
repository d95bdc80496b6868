/* Where the passphrase of the keychain comes from. */
#ifndef TEAL_CLIENT_UNLOCK_H
#define TEAL_CLIENT_UNLOCK_H

#include "gateway/client/outcome.h"
#include "gateway/passphrase.h"

/* The first of: file (NULL: none), TEAL_PASSPHRASE_FILE, TEAL_PASSPHRASE, the terminal without
 * echo; twice, if it is a new one. Of a file the first line. Never empty. */
outcome unlock_passphrase(const char *file, bool is_new, passphrase *out);
/* That of an operator.key: of the file, or of the terminal. Never empty. */
outcome unlock_operator_passphrase(const char *file, passphrase *out);
/* One to come after it: of the file, or of the terminal, twice. Never empty. */
outcome unlock_new_passphrase(const char *file, passphrase *out);

#endif
