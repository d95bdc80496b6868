/* Opens a fallback and makes of it what leaves: tamed, marked, and cut for its path. The text lies
 * in guarded memory only, from the first octet to the last. */
#ifndef TEAL_GATEWAY_PLAINTEXT_COMPOSE_H
#define TEAL_GATEWAY_PLAINTEXT_COMPOSE_H

#include "gateway/plaintext/jobs.h"

/* Room for one text on its way through. */
typedef struct compose_desk compose_desk;
compose_desk *compose_open(void);
void compose_close(compose_desk **d);

enum { COMPOSE_PLAIN_BYTES = 24 << 10 }; /* of one CPIM message */

/* Fills j->text (a block of the vault for its path: teal_segment[sms_max_segments], or
 * COMPOSE_PLAIN_BYTES), n_parts, text_len. concat_ref: for SMS. Returns NULL, or the code for the
 * receipt: the fallback does not open, or is too long. */
const char *compose_text(const room *r, compose_desk *d, const evidence *e, uint8_t concat_ref,
                         job *j);

#endif
