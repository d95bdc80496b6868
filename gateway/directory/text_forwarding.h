/* Which devices of an account get what reaches a number of it below end-to-end encryption: the
 * first of the manifest, and those that the account key has granted it. The room decides that by
 * itself; here it is kept, listed and told. PROTOCOL.md REQ-FWD-*. */
#ifndef TEAL_GATEWAY_DIRECTORY_TEXT_FORWARDING_H
#define TEAL_GATEWAY_DIRECTORY_TEXT_FORWARDING_H

#include "codecs/native/forwarding_grant.h"
#include "gateway/directory/directory.h"
#include "gateway/directory/forwarding_requests.h"

/* by: the account that the caller speaks for; NULL: anybody. Keeps a grant or its end, with its
 * entry in the key log, and tells every device of the account. */
directory_put directory_put_grant(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                                  teal_bytes encoded, int64_t now_ms, teal_arena *arena,
                                  directory_refusal *why);

/* A device asks: r's handle, device, nonce and signature. False: refused. */
bool directory_ask_forwarding(directory *d, store *reader, teal_forwarding_request *r,
                              int64_t now_ms, teal_arena *arena, int64_t *expires_ms,
                              directory_refusal *why);

typedef struct directory_forwarding {
    store_grant grants[TEAL_MAX_DEVICES];
    size_t n_grants;
    forwarding_request requests[FORWARDING_REQUESTS_OF_ACCOUNT];
    size_t n_requests;
} directory_forwarding;
bool directory_list_forwarding(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                               int64_t now_ms, teal_arena *arena, directory_forwarding *out,
                               directory_refusal *why);

/* What the room needs to seal a text for the handle's devices: the last grant of each device, and
 * one prekey for those that may have it. grants, prekeys: TEAL_MAX_DEVICES. DIRECTORY_NONE: no
 * account has it. */
typedef struct directory_text_claim {
    directory_entry entry;
    store_grant grants[TEAL_MAX_DEVICES];
    directory_prekey prekeys[TEAL_MAX_DEVICES];
    size_t n_grants, n_prekeys;
} directory_text_claim;
directory_result directory_claim_for_text(directory *d, store *reader, teal_bytes handle,
                                          int64_t now_ms, teal_arena *arena,
                                          directory_text_claim *out);

#endif
