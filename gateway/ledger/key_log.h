/* The log "keys": every manifest that this gateway shows, and every key that may speak for a
 * network. PROTOCOL.md REQ-LOG-*. */
#ifndef TEAL_GATEWAY_LEDGER_KEY_LOG_H
#define TEAL_GATEWAY_LEDGER_KEY_LOG_H

#include "codecs/native/forwarding_grant.h"
#include "codecs/native/key_log_entry.h"
#include "gateway/ledger/ledger.h"

#define KEY_LOG "keys"

/* All in a transaction of the writer, in which whatever is logged becomes visible too. */

/* What store_ops.put_manifest does and says, and the manifest's entry with it. */
store_result key_log_put_manifest(store *s, const teal_manifest *m, teal_bytes encoded,
                                  int64_t now_ms);
/* A network's key that counts from now on, or has got an end; nothing where the log says that
 * already. */
store_result key_log_put_peer_key(store *s, teal_bytes peer,
                                  const uint8_t key[static TEAL_KEY_BYTES],
                                  teal_key_log_change change, int64_t now_ms);
/* A grant of text forwarding, or its end, that has been verified by the account key: what
 * store_ops.put_grant does and says, and its entry with it. */
store_result key_log_put_grant(store *s, const teal_forwarding_grant *g, teal_bytes encoded,
                               const uint8_t account_key[static TEAL_KEY_BYTES], int64_t now_ms);

/* A version of the gateway's own manifest; nothing where the log has it already. STORE_EXISTS: it
 * has another one of that version, or a newer one. */
store_result key_log_put_own(store *s, const teal_manifest *m, teal_bytes encoded, int64_t now_ms);

/* At start, before anything is shown: checks the log, and enters manifests that were taken by a
 * gateway without one. Outside of a transaction. */
store_result key_log_start(store *s, int64_t now_ms);

#endif
