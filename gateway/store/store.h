/* Everything that must survive a restart, behind one table of functions for each back end.
 * Must never hold plaintext, nor a key that opens any: fallbacks are here only as they were sealed.
 *
 * Calls block. Only commit makes durable; to write outside a transaction is a bug. No pointer given
 * is kept. Bytes handed out are copies in the arena that was given. A handle is used by one thread
 * at a time; several handles of one database may be open at once (one writer, many readers).
 * STORE_NONE: no such thing. STORE_EXISTS: nothing done, it was there. STORE_BUSY: nothing done,
 * repeat the transaction. STORE_FULL: no space on the disk, the transaction is rolled back.
 * STORE_BROKEN: logged; the handle is of no more use. STORE_SPACE: the arena is too small; a list
 * has handed out the part that fits. Drops of what is not there are STORE_OK. */
#ifndef TEAL_GATEWAY_STORE_STORE_H
#define TEAL_GATEWAY_STORE_STORE_H

#include "codecs/arena.h"
#include "codecs/native/envelope.h"
#include "codecs/native/handle_proof.h"
#include "codecs/native/manifest.h"

typedef enum store_result {
    STORE_OK = 0,
    STORE_NONE,
    STORE_EXISTS,
    STORE_BUSY,
    STORE_FULL,
    STORE_SPACE,
    STORE_BROKEN,
} store_result;

typedef enum store_path { PATH_NONE = 0, PATH_NATIVE, PATH_RCS, PATH_PLAIN, PATH_SMS } store_path;

/* Where a message stands with one recipient. Numbers are stored: never change one. */
typedef enum store_state {
    STATE_WAITING = 1, /* in the queue of `path`, due at due_ms */
    STATE_LEAVING = 2, /* durable before the first octet leaves below E2EE (I5) */
    STATE_SENT = 3,    /* left; a later report may still come */
    STATE_ARRIVED = 4, /* final */
    STATE_FAILED = 5,  /* final; a signed receipt says why */
} store_state;

typedef struct store_message {
    int64_t seq; /* the store's own number, given by put */
    uint8_t sender_device[TEAL_DEVICE_BYTES];
    teal_bytes message_id, conversation_id, sender;
    teal_hash transcript_hash;
    teal_bytes envelope; /* canonical teal.v1.Envelope, all keys, without enc and sealed */
    int64_t accepted_ms, expires_ms; /* expires_ms: never 0, the gateway's own limit else */
    teal_kind kind;
    teal_bytes network; /* whom the sender is on: "native" or a peer's name */
} store_message;

typedef struct store_delivery {
    int64_t id; /* given by put */
    int64_t message_seq;
    teal_bytes recipient;
    store_path path;
    teal_bytes network; /* "native", "sms" or a peer's name */
    store_state state;
    uint32_t attempts;
    int64_t due_ms;
    int64_t failing_since_ms; /* 0: it has not failed yet; negative: core's, see delivery.h */
    uint8_t generation[16];   /* of the room to which it was LEAVING */
} store_delivery;

/* One thing that waits for a native device. */
typedef enum store_item_kind {
    ITEM_ENVELOPE = 1,
    ITEM_RECEIPT = 2,
    ITEM_MANIFEST = 3, /* the account's own, which has changed */
    ITEM_GRANT = 4,    /* of text forwarding, by the account */
} store_item_kind;
typedef struct store_item {
    int64_t seq; /* given by put; grows */
    uint8_t device[TEAL_DEVICE_BYTES];
    store_item_kind kind;
    int64_t
        delivery_id; /* ITEM_ENVELOPE: which delivery it serves; 0 for the sender's own copies */
    int64_t message_seq; /* ITEM_ENVELOPE: the message; else 0 */
    teal_bytes data;     /* ITEM_RECEIPT: encoded teal.v1.Receipt; ITEM_MANIFEST: teal.v1.Manifest;
                            ITEM_GRANT: teal.v1.ForwardingGrant; ITEM_ENVELOPE: filled by list */
} store_item;

typedef struct store_receipt {
    int64_t message_seq;
    teal_bytes recipient;
    teal_bytes data; /* encoded teal.v1.Receipt */
} store_receipt;

typedef struct store_prekeys_left {
    size_t one_time;
    uint32_t last_id; /* the highest that there ever was */
} store_prekeys_left;

/* What another network said of a handle. */
typedef struct store_remote {
    teal_bytes handle, network, capability; /* "sealed", "mls", "plain", "none" */
    teal_bytes manifest;                    /* empty unless sealed */
    int64_t expires_ms;
} store_remote;

/* A downgrade that left, until its final report. */
typedef struct store_outstanding {
    int64_t delivery_id;
    teal_bytes receipt;
    const teal_bytes *remote_ids;
    size_t n_remote_ids;
    teal_hash subject; /* by which a report finds it: the caller's choice */
} store_outstanding;

/* A network that was added at run time. domains, numbers: as the configuration writes lists. ca: in
 * PEM, may be empty. */
typedef struct store_peer {
    teal_bytes name, url, domains, numbers, ca;
} store_peer;

/* A key of a network, or what holds for one of the configuration's instead. */
typedef struct store_peer_key {
    teal_bytes peer;
    uint8_t key[TEAL_KEY_BYTES];
    int64_t from_ms, until_ms; /* INT64_MAX: no end */
} store_peer_key;
/* That somebody asked for a handle. caller: a handle, "peer NAME", "operator NAME", or empty. */
typedef struct store_lookup {
    teal_bytes caller, handle;
    int64_t at_ms;
} store_lookup;

/* One value of a row that is disclosed. `number` or `bytes`, as its form has it. */
typedef enum store_value_form {
    VALUE_NONE = 0, /* there is none */
    VALUE_NUMBER,
    VALUE_TIME, /* a number: Unix milliseconds */
    VALUE_PATH, /* numbers: store_path, store_state, teal_kind */
    VALUE_STATE,
    VALUE_KIND,
    VALUE_TEXT,
    VALUE_DEVICE,
    VALUE_OCTETS,
    VALUE_LENGTH,   /* a number: so many octets, which are not told */
    VALUE_ENVELOPE, /* canonical teal.v1.Envelope */
} store_value_form;
typedef struct store_value {
    const char *column;
    store_value_form form;
    int64_t number;
    teal_bytes bytes;
} store_value;
/* Views live until it returns. */
typedef void store_take_row(void *arg, const store_value *values, size_t n);

typedef struct store_table {
    const char *name;
    const char *holds; /* what its rows say of a handle; where they say nothing, why */
    bool has_rows;     /* false: of no handle */
} store_table;

/* A leaf of an append-only log, and what the log is with it. */
typedef struct store_leaf {
    uint64_t index; /* the log's next */
    teal_bytes entry;
    const teal_hash *nodes; /* of the complete subtrees that it ends, level 0 first */
    size_t n_nodes;
    teal_hash root;
} store_leaf;

/* A network's key as the key log has it. */
typedef struct store_logged_key {
    teal_bytes peer;
    uint8_t key[TEAL_KEY_BYTES];
    uint32_t change; /* teal.v1.KeyLogChange */
} store_logged_key;

/* What an account key has said of text forwarding. */
typedef struct store_grant {
    teal_bytes handle;
    uint8_t device[TEAL_DEVICE_BYTES];
    uint64_t sequence;
    uint64_t leaf;      /* of its entry in the key log */
    teal_bytes encoded; /* teal.v1.ForwardingGrant */
} store_grant;

/* A manifest of an account, the current one or one before. */
typedef struct store_version {
    uint64_t version;
    uint64_t leaf; /* of its entry in the key log */
    teal_bytes encoded;
} store_version;

typedef struct store store;

typedef struct store_ops {
    const char *name; /* as in [store] backend = */

    /* create: make the database where it is missing (teald --init), else STORE_NONE. */
    store_result (*open)(const char *url, bool create, store **out);
    void (*close)(store **s); /* NULL-safe; clears *s */
    store_result (*begin)(store *s);
    store_result (*commit)(store *s);
    void (*rollback)(store *s); /* no-op outside a transaction */
    /* Inside a transaction, not nested: undo takes back what was done since savepoint, release
     * keeps it; either ends it. */
    store_result (*savepoint)(store *s);
    store_result (*release)(store *s);
    store_result (*undo)(store *s);
    /* Outside a transaction: fallbacks that were dropped leave the database's files too, its log
     * included. Cheap where there were none. BUSY: a reader is in the way, ask again. */
    store_result (*scrub)(store *s);

    /* Accounts, told apart by their account key. `encoded` is m as it was signed. EXISTS: a handle
     * or a device id belongs to another account. A device that left the manifest loses its prekeys
     * and its items. */
    store_result (*put_manifest)(store *s, const teal_manifest *m, teal_bytes encoded);
    store_result (*get_manifest)(store *s, teal_bytes handle, teal_arena *a, teal_bytes *encoded);
    store_result (*get_account)(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                teal_arena *a, teal_bytes *encoded);
    /* Of the account that the device stands in the manifest of. */
    store_result (*get_device)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               teal_arena *a, teal_bytes *encoded);
    /* id 0 replaces the one before; EXISTS: another one that is not above all before. NONE: no such
     * device. */
    store_result (*put_prekey)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               uint32_t id, teal_bytes encoded);
    /* The lowest one-time prekey, which is gone then; else the last-resort one; else NONE. */
    store_result (*claim_prekey)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                 teal_arena *a, teal_bytes *encoded);
    /* The last-resort one, whatever else there is. */
    store_result (*get_last_resort)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                    teal_arena *a, teal_bytes *encoded);
    store_result (*count_prekeys)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                  store_prekeys_left *left);
    /* As if it had left its account and come back: its prekeys and its items are gone. */
    store_result (*renew_device)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES]);

    /* That a handle was proven to be an account's. put: in the place of an earlier one; takes
     * others with it that expired before now_ms and were of no use. drop: the handle has left its
     * account. */
    store_result (*put_proof)(store *s, const teal_handle_proof *p, int64_t now_ms);
    store_result (*get_proof)(store *s, teal_bytes handle, teal_arena *a, teal_handle_proof *out);
    store_result (*drop_proof)(store *s, teal_bytes handle);

    /* Grants of text forwarding; all of them are kept. put: NONE: no such account. list: the last
     * of each device that the handle's account has now. */
    store_result (*put_grant)(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                              const store_grant *g);
    store_result (*list_grants)(store *s, teal_bytes handle, teal_arena *a, store_grant *out,
                                size_t max, size_t *n);

    /* Other networks' answers. put: takes a few others with it that expired before now_ms and hold
     * no manifest, so that they do not pile up. get: NONE when expired at now_ms. drop: of no
     * effect if missing. */
    store_result (*put_remote)(store *s, const store_remote *r, int64_t now_ms);
    store_result (*get_remote)(store *s, teal_bytes handle, int64_t now_ms, teal_arena *a,
                               store_remote *out);
    store_result (*drop_remote)(store *s, teal_bytes handle);

    /* The account key that a handle of another network was first seen with; outlives the answer.
     * pin: OK where it is the same one; EXISTS: another one is pinned. */
    store_result (*pin_key)(store *s, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES]);
    store_result (*get_pin)(store *s, teal_bytes handle, uint8_t key[static TEAL_KEY_BYTES]);
    store_result (*drop_pin)(store *s, teal_bytes handle);

    /* Networks, by name. put: in the place of what was there. put_key: EXISTS: it is another
     * network's. drop: with its keys, its suspension and the receipts on their way to it. */
    store_result (*put_peer)(store *s, const store_peer *p);
    store_result (*drop_peer)(store *s, teal_bytes name);
    store_result (*list_peers)(store *s, teal_arena *a, store_peer *out, size_t max, size_t *n);
    store_result (*put_peer_key)(store *s, const store_peer_key *k);
    store_result (*drop_peer_key)(store *s, const uint8_t key[static TEAL_KEY_BYTES]);
    store_result (*list_peer_keys)(store *s, teal_arena *a, store_peer_key *out, size_t max,
                                   size_t *n);
    store_result (*suspend_peer)(store *s, teal_bytes name, int64_t since_ms);
    store_result (*resume_peer)(store *s, teal_bytes name);
    store_result (*list_suspended)(store *s, teal_arena *a, teal_bytes *out, size_t max, size_t *n);
    /* The log of look-ups. drop: at most max of those before before_ms, the oldest first; *n: how
     * many. */
    store_result (*put_lookup)(store *s, const store_lookup *l);
    store_result (*drop_lookups)(store *s, int64_t before_ms, size_t max, size_t *n);

    /* All that the store holds on a handle, by table: 0, 1, ... until describe says false.
     * disclose: rows from..from+max of one table, oldest first; *n: how many. */
    bool (*describe)(size_t table, store_table *out);
    store_result (*disclose)(store *s, size_t table, teal_bytes handle, int64_t from, size_t max,
                             store_take_row *take, void *arg, size_t *n);

    /* Append-only logs, told apart by name. append: EXISTS where the index is not the next one;
     * log: NONE while it is empty. Node `node` of a level is the root over the leaves from node <<
     * level on; NONE where the subtree is not complete. list: leaves from `from` on. */
    store_result (*append_log)(store *s, teal_bytes log, const store_leaf *leaf);
    store_result (*get_log)(store *s, teal_bytes log, uint64_t *size, teal_hash *root);
    store_result (*get_node)(store *s, teal_bytes log, unsigned level, uint64_t node,
                             teal_hash *hash);
    store_result (*list_leaves)(store *s, teal_bytes log, uint64_t from, teal_arena *a,
                                teal_bytes *out, size_t max, size_t *n);
    /* What the key log has said last of a network's key. log: EXISTS where it says that already.
     * list: those that it says count, for which `change` was 1. */
    store_result (*log_peer_key)(store *s, const store_logged_key *k);
    store_result (*list_logged_keys)(store *s, teal_arena *a, store_logged_key *out, size_t max,
                                     size_t *n);
    /* All manifests that an account has had. put: NONE: no such account; EXISTS: it has that
     * version. list: from that version on, lowest first. unlogged: current manifests of accounts
     * that have none here. */
    store_result (*put_version)(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                const store_version *v);
    store_result (*list_versions)(store *s, const uint8_t account_key[static TEAL_KEY_BYTES],
                                  uint64_t from, teal_arena *a, store_version *out, size_t max,
                                  size_t *n);
    store_result (*list_unlogged)(store *s, teal_arena *a, teal_bytes *out, size_t max, size_t *n);
    /* Versions of the gateway's own manifest that are in the key log, as above. */
    store_result (*put_own_version)(store *s, const store_version *v);
    store_result (*list_own_versions)(store *s, uint64_t from, teal_arena *a, store_version *out,
                                      size_t max, size_t *n);

    /* Messages. put: EXISTS for the same (sender_device, sender, message_id), because ids of
     * devices are unique within an account, not among networks; sets m->seq. find_sent: sent by the
     * device of an account here, from whichever of its handles. */
    store_result (*put_message)(store *s, store_message *m);
    store_result (*find_message)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                                 teal_bytes sender, teal_bytes message_id, teal_arena *a,
                                 store_message *out);
    store_result (*find_sent)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                              teal_bytes message_id, teal_arena *a, store_message *out);
    store_result (*get_message)(store *s, int64_t seq, teal_arena *a, store_message *out);
    store_result (*put_fallback)(store *s, int64_t message_seq, teal_bytes enc, teal_bytes sealed);
    store_result (*get_fallback)(store *s, int64_t message_seq, teal_arena *a, teal_bytes *enc,
                                 teal_bytes *sealed);
    /* Overwritten, not only unlinked; its last copy goes with the next scrub. */
    store_result (*drop_fallback)(store *s, int64_t message_seq);

    /* Deliveries. list_due: WAITING, longest due first, of one path and network, due_ms <= now_ms,
     * none behind an earlier one of the same (recipient, conversation) that is WAITING or LEAVING.
     * So an update that ends one may make another due, on another path too.
     * put, update: NONE: no such message, delivery. update: recipient and message stay. */
    store_result (*put_delivery)(store *s, store_delivery *d);
    store_result (*get_delivery)(store *s, int64_t id, teal_arena *a, store_delivery *out);
    store_result (*update_delivery)(store *s, const store_delivery *d); /* by id */
    store_result (*list_deliveries)(store *s, int64_t message_seq, teal_arena *a,
                                    store_delivery *out, size_t max, size_t *n);
    store_result (*list_due)(store *s, store_path path, teal_bytes network, int64_t now_ms,
                             teal_arena *a, store_delivery *out, size_t max, size_t *n);
    /* WAITING, whose message expired before now_ms, any path. */
    store_result (*list_expired)(store *s, int64_t now_ms, teal_arena *a, store_delivery *out,
                                 size_t max, size_t *n);
    /* When the first that is WAITING expires; NONE: none waits. */
    store_result (*next_expiry)(store *s, int64_t *expires_ms);
    /* WAITING or LEAVING, of any path that leads to that network. */
    store_result (*list_active)(store *s, teal_bytes network, teal_arena *a, store_delivery *out,
                                size_t max, size_t *n);
    store_result (*list_leaving)(store *s, teal_arena *a, store_delivery *out, size_t max,
                                 size_t *n);
    /* When list_due of that path and network has something next; NONE: not before an update. */
    store_result (*next_due)(store *s, store_path path, teal_bytes network, int64_t *due_ms);

    /* Inboxes. put: a manifest takes the place of earlier ones. list: seq > after, oldest first;
     * ITEM_ENVELOPE comes with the whole envelope. ack removes and hands out what was there
     * (without data); NONE otherwise. */
    store_result (*put_item)(store *s, store_item *item);
    store_result (*list_items)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               int64_t after, teal_arena *a, store_item *out, size_t max,
                               size_t *n);
    store_result (*ack_item)(store *s, const uint8_t device[static TEAL_DEVICE_BYTES], int64_t seq,
                             store_item *out);
    /* Removes every device's item of one delivery. */
    store_result (*drop_items)(store *s, int64_t delivery_id);

    store_result (*put_receipt)(store *s, const store_receipt *r);
    store_result (*list_receipts)(store *s, int64_t message_seq, teal_arena *a, store_receipt *out,
                                  size_t max, size_t *n);
    /* Receipts on their way to a peer's sender: like deliveries, but small. id: given by put. */
    store_result (*put_outbox)(store *s, teal_bytes network, teal_bytes cpim, int64_t due_ms);
    store_result (*list_outbox)(store *s, teal_bytes network, int64_t now_ms, teal_arena *a,
                                int64_t *ids, teal_bytes *cpims, size_t max, size_t *n);
    store_result (*next_outbox)(store *s, teal_bytes network, int64_t *due_ms); /* NONE: empty */
    store_result (*delay_outbox)(store *s, int64_t id, int64_t due_ms);
    store_result (*drop_outbox)(store *s, int64_t id);

    /* Whether E2EE was ever delivered to that recipient in that conversation. mark: idempotent. */
    store_result (*mark_e2ee)(store *s, teal_bytes conversation_id, teal_bytes recipient);
    store_result (*seen_e2ee)(store *s, teal_bytes conversation_id, teal_bytes recipient,
                              bool *seen);

    store_result (*put_outstanding)(store *s, const store_outstanding *o);
    store_result (*drop_outstanding)(store *s, int64_t delivery_id);
    /* The first one of that subject. */
    store_result (*find_outstanding)(store *s, const teal_hash *subject, int64_t *delivery_id);
    store_result (*list_outstanding)(store *s, int64_t after_delivery_id, teal_arena *a,
                                     store_outstanding *out, size_t max, size_t *n);
} store_ops;

struct store {
    const store_ops *ops;
}; /* first member of each back end's own */

extern const store_ops store_sqlite;

const store_ops *store_backend(const char *name); /* NULL: no such back end */
const char *store_result_name(store_result r);
const char *store_path_name(store_path p);   /* "native", "rcs", "plain", "sms"; "" for none */
const char *store_state_name(store_state s); /* "waiting", "leaving", "sent", ... */

#endif
