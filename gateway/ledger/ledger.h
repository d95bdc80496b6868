/* Append-only logs of the gateway in its store, told apart by name: appending, heads, proofs.
 * PROTOCOL.md section "Key log". */
#ifndef TEAL_GATEWAY_LEDGER_LEDGER_H
#define TEAL_GATEWAY_LEDGER_LEDGER_H

#include "gateway/keys.h"
#include "gateway/ledger/tree_head.h"
#include "gateway/store/store.h"

/* In a transaction of the writer: the entry is the log's next leaf. */
store_result ledger_append(store *s, const char *log, teal_bytes entry, uint64_t *index);

/* At start: whether what is kept of the log fits together along its right edge, and gives the root
 * that was kept with it. Logs what does not; STORE_BROKEN then. An empty log is STORE_OK. */
store_result ledger_check(store *s, const char *log);

/* What signs the log's heads: no more often than something is appended, or the last head is a
 * minute old. Any thread. */
typedef struct ledger ledger;
/* keys outlives it. */
ledger *ledger_open(const char *log, const keys_device *keys);
void ledger_close(ledger **l); /* NULL-safe; clears *l */
const char *ledger_name(const ledger *l);

/* A head at least as new as what `reader` sees. Its size never shrinks. */
store_result ledger_head(ledger *l, store *reader, int64_t now_ms, tree_head *out);

/* Of trees up to the size of a head. STORE_NONE: index >= size, from > to, or the log is shorter.
 */
store_result ledger_prove_inclusion(const ledger *l, store *reader, uint64_t index, uint64_t size,
                                    merkle_proof *out);
store_result ledger_prove_consistency(const ledger *l, store *reader, uint64_t from, uint64_t to,
                                      merkle_proof *out);

#endif
