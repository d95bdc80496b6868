/* What a command works with. */
#ifndef TEAL_CLIENT_SESSION_H
#define TEAL_CLIENT_SESSION_H

#include "codecs/arena.h"
#include "gateway/client/api.h"
#include "gateway/client/keychain.h"
#include "gateway/client/options.h"

typedef struct session {
    const options *options;
    keychain *keychain;   /* NULL: an operator calls, who needs none */
    uint8_t *operator_sk; /* of --operator, in locked memory; NULL: the device signs for itself */
    api *api;             /* NULL: of `sign`, which calls nobody */
    teal_arena arena;     /* of one command, or of one round of the inbox: may hold texts */
} session;

/* Asks for the passphrase and opens what is there; for `init` makes it (in a transaction). */
outcome session_open(const options *o, session *out);
void session_close(session *s);
/* Wipes the arena. */
void session_forget(session *s);

/* Says the last call's outcome, as --json wants it. Returns `o`. */
outcome session_explain(const session *s, outcome o);
/* Prints an object in one line, in which a terminal finds nothing to obey. */
void session_print(const json_t *object);

#endif
