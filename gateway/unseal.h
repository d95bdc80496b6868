/* Where teald has the passphrase of the key files from. Messages are one line with a remedy. */
#ifndef TEAL_GATEWAY_UNSEAL_H
#define TEAL_GATEWAY_UNSEAL_H

#include "gateway/config.h"
#include "gateway/passphrase.h"

/* The first of: file (NULL: none), the systemd credential teal-passphrase, the terminal without
 * echo; twice, if it is a new one. Empty where nothing is sealed: [keys] protection = none. */
bool unseal_passphrase(const config *c, const char *file, bool is_new, passphrase *out,
                       FILE *errors);
/* Of the files as they are, whatever [keys] says; asked for on the terminal only if any is sealed.
 */
bool unseal_old_passphrase(const config *c, const char *file, passphrase *out, FILE *errors);
/* One to come after it: never a credential, which is the old one. */
bool unseal_new_passphrase(const config *c, const char *file, passphrase *out, FILE *errors);

#endif
