/* Signed tree heads: what a gateway says a log is at some time. Two that cannot be made consistent
 * prove that it shows two logs. Pure. PROTOCOL.md REQ-LOG-*. */
#ifndef TEAL_GATEWAY_LEDGER_TREE_HEAD_H
#define TEAL_GATEWAY_LEDGER_TREE_HEAD_H

#include "gateway/ledger/merkle.h"

enum {
    TREE_HEAD_MAX_NAME_BYTES = 16,
    TREE_HEAD_LINE_BYTES = 256, /* of a line, NUL included */
};

typedef struct tree_head {
    char log[TREE_HEAD_MAX_NAME_BYTES + 1]; /* "keys": lower-case letters */
    uint64_t size, time_ms;
    teal_hash root;
    uint8_t device[TEAL_DEVICE_BYTES]; /* of the gateway's manifest */
    uint8_t signature[TEAL_SIGNATURE_BYTES];
} tree_head;

bool tree_head_is_name(teal_bytes name);

/* Over lp "teal tree head v1", lp log, int size, int time_ms, lp root. Fills the signature. */
void tree_head_sign(tree_head *h, const uint8_t device_sk[static 64]);
/* TEAL_OK or TEAL_FORGED. */
__attribute__((warn_unused_result)) teal_result tree_head_verify(
    const tree_head *h, const uint8_t device_key[static TEAL_KEY_BYTES], teal_diag *why);

/* One word that people can hand to each other:
 * "teal-head.keys.SIZE.TIME_MS.ROOT.DEVICE.SIGNATURE", octets in base64url. Ends in NUL. */
void tree_head_write(const tree_head *h, char line[static TREE_HEAD_LINE_BYTES]);
/* Takes exactly what tree_head_write makes. Returns TEAL_OK, TEAL_MALFORMED; out: untouched unless
 * TEAL_OK. */
__attribute__((warn_unused_result)) teal_result tree_head_read(teal_bytes line, tree_head *out,
                                                               teal_diag *why);

#endif
