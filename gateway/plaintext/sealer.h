/* Makes of a text that came in from below end-to-end encryption an envelope in the gateway's own
 * name (REQ-INB-1), sealed for keys that their owners' devices signed. */
#ifndef TEAL_GATEWAY_PLAINTEXT_SEALER_H
#define TEAL_GATEWAY_PLAINTEXT_SEALER_H

#include "gateway/plaintext/letters.h"

enum { SEALER_ENVELOPE_BYTES = 96 << 10 };

typedef struct sealer sealer;
sealer *sealer_open(void);
void sealer_close(sealer **s); /* wipes */

/* Seals l->text for the account's first device and for those that the account key has granted it
 * (REQ-FWD-1), with the prekeys of the answer. The manifest must be signed, name the number, and be
 * of the account that the room knows it by; each prekey must be signed by its device. out:
 * SEALER_ENVELOPE_BYTES. NULL, or why not (static text). */
const char *sealer_seal(const room *r, sealer *s, const letter *l,
                        const Teal__V1__WhoIsAnswer *answer, teal_writer *out);

#endif
