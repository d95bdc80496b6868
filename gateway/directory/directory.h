/* Who is where: accounts of the own network from the store, other networks' handles by asking them
 * (and remembering for their TTL), and which paths exist to a handle now. */
#ifndef TEAL_GATEWAY_DIRECTORY_DIRECTORY_H
#define TEAL_GATEWAY_DIRECTORY_DIRECTORY_H

#include "gateway/directory/link_requests.h"
#include "gateway/directory/networks.h"
#include "gateway/store/writer.h"

typedef struct directory directory;

typedef enum directory_result {
    DIRECTORY_OK = 0,
    DIRECTORY_NONE,        /* nothing reaches that handle */
    DIRECTORY_UNREACHABLE, /* the network that it is on cannot be asked now */
    DIRECTORY_BROKEN,      /* our own store failed; logged */
} directory_result;

/* What is known of a handle. Views live in the arena that was given. */
typedef struct directory_entry {
    teal_bytes network; /* "native", a peer's name, "sms" */
    bool has_native, has_rcs, has_plain, has_sms;
    bool speaks_mls; /* its network says so; no path leads there yet */
    bool has_manifest;
    teal_manifest manifest; /* verified, names the handle */
    teal_bytes encoded;
    int64_t ttl_ms;
} directory_entry;

/* signer: of what it asks of other networks; the secret key outlives it. */
directory *directory_open(const config *c, networks *n, writer *w, const request_signer *signer);
void directory_close(directory **d);
/* Whom to tell when a device has a new item: that its account has changed (REQ-DEV-9). Before any
 * manifest is put; the call may come from any thread. */
void directory_tell(directory *d,
                    void (*inbox_changed)(void *arg,
                                          const uint8_t device[static TEAL_DEVICE_BYTES]),
                    void *arg);

/* `reader`: the calling thread's own store handle. May ask a peer over HTTP: blocks up to
 * peer_timeout_ms; a peer that did not answer is not asked again for a short while. `handle` is
 * canonical. The gateway's own handle is DIRECTORY_NONE: nobody writes to it. */
directory_result directory_look_up(directory *d, store *reader, teal_bytes handle, int64_t now_ms,
                                   teal_arena *arena, directory_entry *out);

typedef struct directory_prekey {
    uint8_t device[TEAL_DEVICE_BYTES];
    teal_bytes encoded; /* teal.v1.Prekey, signature checked */
} directory_prekey;

/* One prekey for each device that has any; asks the peer for its own. out: TEAL_MAX_DEVICES. spare:
 * of devices here only the last-resort one, and a one-time prekey where there is none. */
directory_result directory_claim(directory *d, store *reader, teal_bytes handle, bool spare,
                                 int64_t now_ms, teal_arena *arena, directory_entry *entry,
                                 directory_prekey *out, size_t *n);

/* Forgets what a peer said of the handle. */
void directory_forget(directory *d, teal_bytes handle);

/* Forgets the account key by which a handle of another network is known, and what was said of it,
 * so that the next one counts: REQ-LKP-30. *key: which one it was. operator: who wants it, for the
 * log, where it stands as a warning. STORE_NONE: none is pinned. */
store_result directory_drop_pin(directory *d, teal_bytes handle, teal_bytes operator_name,
                                uint8_t key[static TEAL_KEY_BYTES]);

enum { DIRECTORY_MAX_ONE_TIME = 200 }; /* prekeys of one device: REQ-PRE-2 */

/* Rules of PROTOCOL.md REQ-DIR-20 and -21. problem: static name ("handle-taken"). */
typedef enum directory_put { PUT_NEW, PUT_NEXT, PUT_REFUSED, PUT_BUSY } directory_put;
typedef struct directory_refusal {
    const char *problem;
    unsigned status;
    const char *rule, *remedy;
} directory_refusal;
directory_put directory_put_manifest(directory *d, teal_bytes handle, teal_bytes encoded,
                                     int64_t now_ms, teal_arena *arena, directory_refusal *why);
directory_put directory_put_prekeys(directory *d, store *reader, teal_bytes handle,
                                    teal_bytes encoded, teal_arena *arena,
                                    uint8_t device[static TEAL_DEVICE_BYTES],
                                    store_prekeys_left *left, directory_refusal *why);

/* Keeps what the room has stated of a number; false: not now. */
bool directory_put_proof(directory *d, const teal_handle_proof *proof, int64_t now_ms);

/* Devices that ask to be added, of the account that has the handle. REQ-DEV-1 to -5. ask: `r` with
 * everything but account_key. device: NULL: all of them, room for LINK_REQUESTS_OF_ACCOUNT. by: the
 * account that the caller speaks for, which has to be this one; NULL: whoever knows the device's
 * id. False: refused. */
bool directory_ask_link(directory *d, store *reader, teal_bytes handle, link_request *r,
                        int64_t now_ms, teal_arena *arena, int64_t *expires_ms,
                        directory_refusal *why);
bool directory_list_links(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                          const uint8_t *device, int64_t now_ms, teal_arena *arena,
                          link_request *out, size_t *n, directory_refusal *why);
typedef struct directory_link_answer {
    uint8_t device[TEAL_DEVICE_BYTES];
    bool has_share; /* of a device of the account; else the new device confirms */
    uint8_t share[TEAL_CPACE_SHARE_BYTES], tag[TEAL_CPACE_TAG_BYTES];
} directory_link_answer;
bool directory_answer_link(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                           const directory_link_answer *a, int64_t now_ms, teal_arena *arena,
                           directory_refusal *why);
bool directory_drop_link(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                         const uint8_t *device, int64_t now_ms, teal_arena *arena,
                         directory_refusal *why);

#endif
