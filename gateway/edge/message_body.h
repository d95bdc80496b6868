/* One message as the body of a request, in either format. */
#ifndef TEAL_GATEWAY_EDGE_MESSAGE_BODY_H
#define TEAL_GATEWAY_EDGE_MESSAGE_BODY_H

#include "gateway/edge/rest.h"

#define MESSAGE_ENVELOPE_TYPE "application/vnd.teal.envelope"
#define MESSAGE_CPIM_TYPE     "message/cpim"
#define MESSAGE_TYPES         MESSAGE_ENVELOPE_TYPE " " MESSAGE_CPIM_TYPE

/* Over the largest message in either format: 1 MiB of ciphertext, 1,024 keys with hashes, 256
 * recipients, a fallback. Decoded it fits a worker's arena. */
enum { MESSAGE_MAX_BODY = 1536 << 10 };

/* False: the call is answered with why not. *out lives as long as body and arena. */
bool message_body_read(rest_call *c, teal_envelope *out);

#endif
