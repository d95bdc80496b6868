/* Heads and proofs of a log as JSON. PROTOCOL.md section "Key log". */
#ifndef TEAL_GATEWAY_EDGE_LOG_PROOF_H
#define TEAL_GATEWAY_EDGE_LOG_PROOF_H

#include "gateway/edge/rest.h"
#include "gateway/ledger/ledger.h"

/* {"log","size","time_ms","root","device","signature"} */
json_t *log_proof_head(rest_call *c, const tree_head *h);
/* ["HASH", ...] */
json_t *log_proof_hashes(rest_call *c, const merkle_proof *p);

/* {"index","entry","inclusion"} of the leaf in the head's tree. *out: NULL unless STORE_OK. */
store_result log_proof_leaf(rest_call *c, const ledger *l, uint64_t index, const tree_head *h,
                            json_t **out);

/* The same with "head", of the manifest of an own account that stands in the directory. */
store_result log_proof_manifest(rest_call *c, const teal_manifest *m, json_t **out);

#endif
