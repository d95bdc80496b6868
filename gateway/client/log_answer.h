/* What a gateway says of its key log, as JSON: read, and held against what it has to prove. Pure.
 * PROTOCOL.md section "Key log". */
#ifndef TEAL_CLIENT_LOG_ANSWER_H
#define TEAL_CLIENT_LOG_ANSWER_H

#include "codecs/native/key_log_entry.h"
#include "gateway/ledger/tree_head.h"

#include <jansson.h>

/* {"log","size","time_ms","root","device","signature"}. False: it is no head. */
bool log_answer_head(const json_t *object, tree_head *out);
/* ["HASH", …]. False: it is no list of hashes, or too long for any tree. */
bool log_answer_hashes(const json_t *list, merkle_proof *out);

/* {"index","entry","inclusion"}: NULL, or the rule that does not hold for the manifest to be the
 * entry, and the entry to be a leaf of the head's tree. Whether the head is to be believed is not
 * asked here. */
const char *log_answer_leaf(const json_t *object, const tree_head *head, const teal_manifest *m,
                            teal_arena *arena);

#endif
