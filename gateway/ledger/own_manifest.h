/* The gateway's own manifest in the key log: each of its versions, before it is shown. PROTOCOL.md
 * REQ-LOG-24. */
#ifndef TEAL_GATEWAY_LEDGER_OWN_MANIFEST_H
#define TEAL_GATEWAY_LEDGER_OWN_MANIFEST_H

#include "gateway/config.h"
#include "gateway/store/store.h"

/* At start, behind key_log_start, outside of a transaction. STORE_EXISTS: the log has another
 * manifest of a version, or a newer one; STORE_NONE: a version is missing in the state folder.
 * Logged. */
store_result own_manifest_start(store *s, const config *c, int64_t now_ms);

#endif
