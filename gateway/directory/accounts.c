/* What owners of accounts put into the directory: manifests and prekeys, by the rules of
 * REQ-DIR-20 and -21. Signatures are checked in the caller's thread, what depends on the store in
 * the writer's. */
#include "gateway/directory/directory_own.h"
#include "gateway/ledger/key_log.h"

enum { MAX_AHEAD_MS = 5 * 60 * 1000 };

static const directory_refusal handle_missing = { "handle-missing", 422,
                                                  "REQ-DIR-20 the handle is not in the manifest",
                                                  "Name the handle of the path in the manifest." };
static const directory_refusal handle_foreign = {
    "handle-foreign", 403, "REQ-DIR-20 a handle is not under the gateway's own network",
    "Name only handles under its domains and number prefixes."
};
static const directory_refusal handle_taken = {
    "handle-taken", 409, "REQ-DIR-20 a handle belongs to another account",
    "Take another handle, or sign with the account key that the handle belongs to."
};
static const directory_refusal device_taken = { "device-taken", 409,
                                                "REQ-DIR-20 a device id belongs to another account",
                                                "Give the device a new random id." };
static const directory_refusal manifest_version = {
    "manifest-version", 409, "REQ-DIR-20 the manifest is not the stored one's next version",
    "Get the stored manifest; add one to its version and put its hash into previous."
};
static const directory_refusal signature_invalid = {
    "signature-invalid", 403, "REQ-DIR-20 the account key did not sign the manifest",
    "Sign the manifest's transcript with the account key that it names."
};
static const directory_refusal created_ahead = { "created-at-out-of-range", 422,
                                                 "REQ-DIR-20 created_at_ms is over 5 minutes ahead",
                                                 "Set the device's clock." };
static const directory_refusal account_unknown = { "account-unknown", 404,
                                                   "REQ-DIR-21 no account has the handle",
                                                   "Register it first." };
static const directory_refusal device_unknown = {
    "device-unknown", 404, "REQ-DIR-21 the device is not in the account's manifest",
    "Register it in the next version of the manifest."
};
static const directory_refusal prekey_signature = {
    "signature-invalid", 403, "REQ-DIR-21 the device did not sign a prekey",
    "Sign each prekey with the device's signing key."
};

static directory_put refuse(const directory_refusal *because, directory_refusal *why)
{
    *why = *because;
    return PUT_REFUSED;
}

static directory_put refuse_malformed(const char *problem, const teal_diag *diag,
                                      directory_refusal *why)
{
    *why = (directory_refusal){ problem, 400, diag->rule, "Send its canonical encoding." };
    return PUT_REFUSED;
}

/* ---- manifests --------------------------------------------------------------------------------
 */

typedef struct put_manifest {
    const directory *d;
    int64_t now_ms;
    const teal_manifest *manifest;
    teal_bytes encoded;
    teal_arena *arena;
    const directory_refusal *refusal; /* NULL: it is stored */
    bool is_new;
} put_manifest;

/* Another account's key on a handle, or else it was a device id that is taken. */
static store_result find_taken(store *s, put_manifest *p)
{
    for (size_t i = 0; i < p->manifest->n_handles; i++) {
        teal_bytes encoded;
        teal_manifest other;
        store_result result = s->ops->get_manifest(s, p->manifest->handles[i], p->arena, &encoded);
        if (result == STORE_NONE)
            continue;
        if (result != STORE_OK)
            return result;
        if (teal_manifest_decode(encoded, p->arena, &other, NULL) != TEAL_OK)
            return STORE_SPACE;
        if (memcmp(other.account_key, p->manifest->account_key, TEAL_KEY_BYTES) != 0) {
            p->refusal = &handle_taken;
            return STORE_EXISTS;
        }
    }
    p->refusal = &device_taken;
    return STORE_EXISTS;
}

static bool follows(const teal_manifest *next, const teal_manifest *stored)
{
    teal_hash hash;
    teal_manifest_hash(stored, &hash);
    return next->version == stored->version + 1 &&
           teal_bytes_equal(next->previous, (teal_bytes){ hash.at, sizeof hash.at });
}

/* In the writer's thread: what was stored cannot change between this and put. */
static store_result put_in_order(store *s, void *arg)
{
    put_manifest *p = arg;
    teal_bytes encoded;
    teal_manifest stored;
    store_result result = s->ops->get_account(s, p->manifest->account_key, p->arena, &encoded);
    p->is_new = result == STORE_NONE;
    if (result == STORE_OK && teal_bytes_equal(encoded, p->encoded))
        return STORE_OK; /* put again by somebody who missed the answer */
    if (result == STORE_OK && teal_manifest_decode(encoded, p->arena, &stored, NULL) != TEAL_OK)
        return STORE_SPACE;
    if (result != STORE_OK && result != STORE_NONE)
        return result;
    if (p->is_new ? p->manifest->version != 1 : !follows(p->manifest, &stored)) {
        p->refusal = &manifest_version;
        return STORE_EXISTS;
    }
    result = key_log_put_manifest(s, p->manifest, p->encoded, p->now_ms);
    if (result == STORE_OK && !p->is_new)
        result = device_changes_put(p->d, s, &stored, p->manifest, p->encoded, p->now_ms);
    return result == STORE_EXISTS ? find_taken(s, p) : result;
}

static const directory_refusal *check_handles(const directory *d, const teal_manifest *m,
                                              teal_bytes handle)
{
    const directory_refusal *why = teal_manifest_has_handle(m, handle) ? NULL : &handle_missing;
    const networks_view *view = networks_hold(d->networks);
    for (size_t i = 0; why == NULL && i < m->n_handles; i++) {
        if (!networks_is_native(view, m->handles[i]))
            why = &handle_foreign;
        else if (directory_is_gateway(d, m->handles[i]))
            why = &handle_taken;
    }
    networks_let_go(d->networks, &view);
    return why;
}

directory_put directory_put_manifest(directory *d, teal_bytes handle, teal_bytes encoded,
                                     int64_t now_ms, teal_arena *arena, directory_refusal *why)
{
    teal_manifest m;
    teal_diag diag = { 0 };
    if (teal_manifest_decode(encoded, arena, &m, &diag) != TEAL_OK)
        return refuse_malformed("manifest-malformed", &diag, why);
    const directory_refusal *because = check_handles(d, &m, handle);
    if (because != NULL)
        return refuse(because, why);
    if (teal_manifest_verify(&m, NULL) != TEAL_OK)
        return refuse(&signature_invalid, why);
    if (m.created_at_ms > (uint64_t)now_ms + MAX_AHEAD_MS)
        return refuse(&created_ahead, why);

    put_manifest p = {
        .d = d, .now_ms = now_ms, .manifest = &m, .encoded = encoded, .arena = arena
    };
    store_result stored = writer_do(d->writer, put_in_order, &p);
    if (stored == STORE_OK && !p.is_new)
        device_changes_tell(d, &m, now_ms);
    if (stored == STORE_OK)
        return p.is_new ? PUT_NEW : PUT_NEXT;
    if (stored == STORE_EXISTS && p.refusal != NULL)
        return refuse(p.refusal, why);
    directory_broken(stored);
    return PUT_BUSY;
}

/* ---- prekeys ----------------------------------------------------------------------------------
 */

typedef struct put_prekeys {
    const teal_prekeys *prekeys;
    size_t one_time_left;
} put_prekeys;

static store_result put_prekey(store *s, const uint8_t device[static TEAL_DEVICE_BYTES],
                               const teal_prekey *prekey)
{
    uint8_t encoded[256];
    teal_writer w = { encoded, sizeof encoded, 0 };
    if (teal_prekey_encode(prekey, &w) != TEAL_OK)
        bug("an encoded prekey is longer than its fields");
    store_result result = s->ops->put_prekey(s, device, prekey->id, teal_written(&w));
    return result == STORE_EXISTS ? STORE_OK : result; /* that id stays what it was */
}

/* STORE_NONE: the device has left the manifest meanwhile. */
static store_result put_all(store *s, void *arg)
{
    put_prekeys *p = arg;
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < p->prekeys->n_prekeys; i++)
        result = put_prekey(s, p->prekeys->device, &p->prekeys->prekeys[i]);
    return result == STORE_OK ? s->ops->count_prekeys(s, p->prekeys->device, &p->one_time_left)
                              : result;
}

static const directory_refusal *check_prekeys(const teal_manifest *m, const teal_prekeys *p)
{
    const teal_device *device = teal_manifest_device(m, p->device);
    if (device == NULL)
        return &device_unknown;
    for (size_t i = 0; i < p->n_prekeys; i++) {
        if (teal_prekey_verify(&p->prekeys[i], p->device, device->signing_key, NULL) != TEAL_OK)
            return &prekey_signature;
    }
    return NULL;
}

directory_put directory_put_prekeys(directory *d, store *reader, teal_bytes handle,
                                    teal_bytes encoded, teal_arena *arena,
                                    uint8_t device[static TEAL_DEVICE_BYTES], size_t *one_time_left,
                                    directory_refusal *why)
{
    teal_prekeys prekeys;
    teal_diag diag = { 0 };
    directory_entry own = { 0 };
    if (teal_prekeys_decode(encoded, arena, &prekeys, &diag) != TEAL_OK)
        return refuse_malformed("prekeys-malformed", &diag, why);
    if (directory_find_own(d, reader, handle, arena, &own) != DIRECTORY_OK)
        return PUT_BUSY;
    if (!own.has_manifest)
        return refuse(&account_unknown, why);
    const directory_refusal *because = check_prekeys(&own.manifest, &prekeys);
    if (because != NULL)
        return refuse(because, why);

    put_prekeys p = { &prekeys, 0 };
    store_result stored = writer_do(d->writer, put_all, &p);
    if (stored == STORE_NONE)
        return refuse(&device_unknown, why);
    if (stored != STORE_OK) {
        directory_broken(stored);
        return PUT_BUSY;
    }
    memcpy(device, prekeys.device, TEAL_DEVICE_BYTES);
    *one_time_left = p.one_time_left;
    return PUT_NEXT;
}
