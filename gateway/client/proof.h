/* That this account is reached at its numbers. */
#ifndef TEAL_CLIENT_PROOF_H
#define TEAL_CLIENT_PROOF_H

#include "gateway/client/session.h"

/* Before a manifest with that handle is put: has a code sent to a number, where the gateway wants
 * one, and hands in the code that --code gives or that is typed on the terminal. Where there is
 * neither, says how to go on, and refuses. Other handles need nothing. */
outcome proof_give(session *s, teal_bytes handle);

#endif
