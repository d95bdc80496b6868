/* The gateway's receipts: stating, storing, and sending them to whom the message is from. The edge
 * states only what stayed end-to-end encrypted or never left; the rest is the room's to sign
 * (REQ-RCPT-2). */
#ifndef TEAL_GATEWAY_CORE_RECEIPTS_H
#define TEAL_GATEWAY_CORE_RECEIPTS_H

#include "codecs/native/receipt.h"
#include "gateway/core/news.h"

/* path: PATH_NONE where nothing left; never below E2EE. */
typedef struct receipt_fact {
    teal_status status;
    store_path path;
    const char *reason; /* "" where there is nothing to explain */
} receipt_fact;

/* Signs by the edge's key and does what receipts_put does. Inside a transaction, as that. Nothing
 * where REQ-RCPT-5 wants none. */
store_result receipts_state(const core *c, store *s, const store_message *m, teal_bytes recipient,
                            const receipt_fact *fact, int64_t now_ms, news *told);

/* Stores a signed receipt about m and puts it on its way to m's sender. */
store_result receipts_put(const core *c, store *s, const store_message *m, const teal_receipt *r,
                          teal_bytes encoded, news *told);

/* Whether r speaks of m and of that recipient. */
bool receipts_names(const teal_receipt *r, const store_message *m, teal_bytes recipient);

/* By which a later report finds the delivery that an earlier receipt spoke of. */
void receipts_subject(const teal_receipt *r, teal_hash *out);

#endif
