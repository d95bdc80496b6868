/* What owners of accounts put into the directory: manifests, by the rules of REQ-DIR-20. Signatures
 * are checked in the caller's thread, what depends on the store in the writer's. */
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
static const directory_refusal proof_missing = {
    "proof-missing", 403, "REQ-PRF-1 a number of the manifest is not proven for its account key",
    "Have a code sent to it with POST /v1/accounts/{handle}/proof, then put the manifest."
};
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

directory_put directory_refuse(const directory_refusal *because, directory_refusal *why)
{
    *why = *because;
    return PUT_REFUSED;
}

directory_put directory_refuse_malformed(const char *problem, const teal_diag *diag,
                                         directory_refusal *why)
{
    *why = (directory_refusal){ problem, 400, diag->rule, "Send its canonical encoding." };
    return PUT_REFUSED;
}

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

/* before: NULL for a new account. */
static store_result put_proven(store *s, put_manifest *p, const teal_manifest *before)
{
    bool missing = false;
    store_result result =
        number_proofs_check(p->d, s, before, p->manifest, p->now_ms, p->arena, &missing);
    if (result != STORE_OK)
        return result;
    if (missing) {
        p->refusal = &proof_missing;
        return STORE_EXISTS;
    }
    result = key_log_put_manifest(s, p->manifest, p->encoded, p->now_ms);
    if (result == STORE_OK && before != NULL)
        result = number_proofs_drop(s, before, p->manifest);
    if (result == STORE_OK && before != NULL)
        result = device_changes_put(p->d, s, before, p->manifest, p->encoded, p->now_ms);
    return result == STORE_EXISTS ? find_taken(s, p) : result;
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
    return put_proven(s, p, p->is_new ? NULL : &stored);
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
        return directory_refuse_malformed("manifest-malformed", &diag, why);
    const directory_refusal *because = check_handles(d, &m, handle);
    if (because != NULL)
        return directory_refuse(because, why);
    if (teal_manifest_verify(&m, NULL) != TEAL_OK)
        return directory_refuse(&signature_invalid, why);
    if (m.created_at_ms > (uint64_t)now_ms + MAX_AHEAD_MS)
        return directory_refuse(&created_ahead, why);

    put_manifest p = {
        .d = d, .now_ms = now_ms, .manifest = &m, .encoded = encoded, .arena = arena
    };
    store_result stored = writer_do(d->writer, put_in_order, &p);
    if (stored == STORE_OK && !p.is_new)
        device_changes_tell(d, &m, now_ms);
    if (stored == STORE_OK)
        return p.is_new ? PUT_NEW : PUT_NEXT;
    if (stored == STORE_EXISTS && p.refusal != NULL)
        return directory_refuse(p.refusal, why);
    directory_broken(stored);
    return PUT_BUSY;
}
