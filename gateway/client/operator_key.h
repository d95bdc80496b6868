/* The secret key of an operator, from the file that `teald --init` made. */
#ifndef TEAL_CLIENT_OPERATOR_KEY_H
#define TEAL_CLIENT_OPERATOR_KEY_H

#include "gateway/client/outcome.h"

#include <stdint.h>

/* *sk: 64 octets of locked memory, for operator_key_forget; NULL unless OK. passphrase_file: of a
 * key that is sealed; NULL: the terminal is asked. Has said what is wrong. */
outcome operator_key_read(const char *path, const char *passphrase_file, uint8_t **sk);
void operator_key_forget(uint8_t **sk); /* NULL-safe; clears *sk */

#endif
