/* Entries of the key log: which key spoke for whom from when on. PROTOCOL.md REQ-LOG-*. */
#ifndef TEAL_CODECS_NATIVE_KEY_LOG_ENTRY_H
#define TEAL_CODECS_NATIVE_KEY_LOG_ENTRY_H

#include "codecs/native/manifest.h"

enum { TEAL_MAX_KEY_LOG_ENTRY_BYTES = 1 << 10 };

/* Numbers as in key_log.proto. */
typedef enum teal_key_log_kind {
    TEAL_KEY_LOG_MANIFEST = 1,
    TEAL_KEY_LOG_PEER_KEY = 2,
    TEAL_KEY_LOG_FORWARDING = 3,
} teal_key_log_kind;

typedef enum teal_key_log_change {
    TEAL_KEY_LOG_NO_CHANGE = 0,
    TEAL_KEY_LOG_ADDED = 1,
    TEAL_KEY_LOG_RETIRED = 2,
} teal_key_log_change;

/* What a kind does not have is zero: key_log.proto says which have what. */
typedef struct teal_key_log_entry {
    teal_key_log_kind kind;
    uint64_t time_ms;
    teal_hash handle_hashes[TEAL_MAX_HANDLES];
    size_t n_handle_hashes;
    uint8_t account_key[TEAL_KEY_BYTES];
    uint64_t version;
    teal_hash signed_hash; /* of the manifest's transcript, or of the grant's */
    teal_bytes peer;       /* 1 to 64 letters, digits, `-`, `.`, `_` */
    uint8_t peer_key[TEAL_KEY_BYTES];
    teal_key_log_change change;
} teal_key_log_entry;

/* Canonical protobuf only. out: untouched unless TEAL_OK; peer is a view of `in`.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_LIMIT. */
__attribute__((warn_unused_result)) teal_result teal_key_log_entry_decode(teal_bytes in,
                                                                          teal_key_log_entry *out,
                                                                          teal_diag *why);
__attribute__((warn_unused_result)) teal_result teal_key_log_entry_encode(
    const teal_key_log_entry *e, teal_writer *out);

/* SHA-256(lp "teal log handle", lp handle): who knows a handle finds its entries. */
void teal_key_log_handle(teal_bytes handle, teal_hash *out);

/* The entry of a manifest that has passed its check. */
void teal_key_log_of_manifest(const teal_manifest *m, uint64_t time_ms, teal_key_log_entry *out);
bool teal_key_log_has_handle(const teal_key_log_entry *e, const teal_hash *handle);
/* Whether it is this manifest's entry, whenever it was made. */
bool teal_key_log_is_of(const teal_key_log_entry *e, const teal_manifest *m);

#endif
