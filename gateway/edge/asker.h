/* Who asks about a handle: its owner, or somebody of whom the log of look-ups keeps that they asked.
 * REQ-LKP-10. */
#ifndef TEAL_GATEWAY_EDGE_ASKER_H
#define TEAL_GATEWAY_EDGE_ASKER_H

#include "gateway/edge/rest.h"

/* Whether the caller holds the account key, or is a device of the account. */
bool asker_owns(const rest_call *c, const uint8_t account_key[static TEAL_KEY_BYTES]);

/* Notes that the caller asks for the handle that is c->parameter. False: nobody may be answered
 * now. */
bool asker_note(rest_call *c);

#endif
