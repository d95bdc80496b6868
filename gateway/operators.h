/* Who operates the gateway, by key. In the state folder:
 *   STATE/operators     a line `KEY NAME` each, KEY an Ed25519 key in base64url; empty lines and
 *                       those that begin with # are passed over
 *   STATE/operator.key  the secret of the first one, which teald --init makes; no process reads it:
 *                       it is for `teal --operator FILE` */
#ifndef TEAL_GATEWAY_OPERATORS_H
#define TEAL_GATEWAY_OPERATORS_H

#include "codecs/native/envelope.h"
#include "gateway/sealed_file.h"

#include <stdio.h>

enum { OPERATORS_MAX = 64, OPERATORS_MAX_NAME = 64 };

typedef struct operators operators;

/* Makes both files, with one operator; where there is a list already, nothing. lock: what
 * operator.key is sealed by; NULL: nothing. False: a line on errors, and neither is there. */
bool operators_init(const char *state, const sealed_key *lock, FILE *errors);
/* Seals operator.key by `lock`, or leaves it open where that is NULL; it is opened by the first of
 * the passphrases that fits. Where it is kept elsewhere, nothing is done. */
bool operators_reseal(const char *state, const teal_bytes passphrases[static 2],
                      const sealed_key *lock, FILE *errors);

/* Without the file there are none. state: outlives it. NULL: a line on errors. */
operators *operators_load(const char *state, FILE *errors);
void operators_close(operators **o); /* NULL-safe; clears *o */
/* Reads the file again: from then on it is what counts, and without one there are none. False: a
 * line on errors, and nothing has changed. One thread at a time. */
bool operators_reload(operators *o, FILE *errors);
/* False: nobody's key. Any thread. */
bool operators_name(operators *o, const uint8_t key[static TEAL_KEY_BYTES],
                    char name[static OPERATORS_MAX_NAME + 1]);

/* What stands in an operator.key that is not sealed. False: nothing does. */
bool operators_read_key(teal_bytes file, uint8_t sk[static 64]);

#endif
