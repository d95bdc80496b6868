/* Inside the directory: what its files share. */
#ifndef TEAL_GATEWAY_DIRECTORY_DIRECTORY_OWN_H
#define TEAL_GATEWAY_DIRECTORY_DIRECTORY_OWN_H

#include "gateway/directory/directory.h"
#include "gateway/directory/forwarding_requests.h"
#include "gateway/directory/link_requests.h"
#include "gateway/directory/peer_answer.h"
#include "gateway/directory/peers.h"

struct directory {
    const config *config;
    networks *networks;
    writer *writer;
    peers *peers;
    link_requests *links;
    forwarding_requests *forwarding;
    void (*inbox_changed)(void *arg, const uint8_t device[static TEAL_DEVICE_BYTES]);
    void *inbox_arg;
};

bool directory_is_gateway(const directory *d, teal_bytes handle);

/* What the store says of an own handle; an entry without paths where it says nothing. */
directory_result directory_find_own(const directory *d, store *reader, teal_bytes handle,
                                    teal_arena *arena, directory_entry *out);

/* Fills the entry from a peer's answer and remembers it, until now_ms + entry->ttl_ms. An account
 * key other than the one the handle was first seen with is refused: DIRECTORY_UNREACHABLE. */
directory_result directory_take_answer(directory *d, const bridged_network *peer, teal_bytes handle,
                                       const peer_answer *a, int64_t now_ms, teal_arena *arena,
                                       directory_entry *out);

/* Logs why a peer's answer is not taken; DIRECTORY_UNREACHABLE. */
directory_result directory_distrust(const bridged_network *peer, teal_bytes handle,
                                    const char *wrong);

/* Logs a failure of the own store; DIRECTORY_BROKEN. */
directory_result directory_broken(store_result result);

/* Adds the path that needs nobody's answer; DIRECTORY_NONE where there is no path at all then. */
directory_result directory_finish(const directory *d, teal_bytes handle, directory_entry *out);

/* PUT_REFUSED. */
directory_put directory_refuse(const directory_refusal *because, directory_refusal *why);
directory_put directory_refuse_malformed(const char *problem, const teal_diag *diag,
                                         directory_refusal *why);

/* prekeys.c. In the writer's thread; one whose id is known, or was, stays what it was. */
store_result directory_put_prekey(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                  const teal_prekey *prekey);

/* claim.c. One prekey for each wanted device that has any; wanted: by place in the manifest. */
directory_result directory_claim_of(directory *d, const teal_manifest *m, const bool *wanted,
                                    teal_arena *arena, directory_prekey *out, size_t *n);

/* number_proofs.c. In the writer's thread; before: NULL for a new account. *missing: a number of
 * `now` that was not proven. */
store_result number_proofs_check(const directory *d, store *s, const teal_manifest *before,
                                 const teal_manifest *now, int64_t now_ms, teal_arena *arena,
                                 bool *missing);
/* Proofs lapse with their handles. */
store_result number_proofs_drop(store *s, const teal_manifest *before, const teal_manifest *now);

/* device_changes.c. In the writer's thread; `before` is the manifest that `now` follows. */
store_result device_changes_put(const directory *d, store *s, const teal_manifest *before,
                                const teal_manifest *now, teal_bytes encoded, int64_t now_ms);
/* After the commit. */
void device_changes_tell(const directory *d, const teal_manifest *now, int64_t now_ms);

#endif
