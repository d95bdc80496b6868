/* See text_forwarding.h. Signatures are checked in the caller's thread, what depends on the store
 * in the writer's. */
#include "gateway/directory/text_forwarding.h"

#include "codecs/handle.h"
#include "gateway/directory/directory_own.h"
#include "gateway/ledger/key_log.h"

enum { MAX_AHEAD_MS = 5 * 60 * 1000 };

static const directory_refusal handle_missing = {
    "handle-missing", 422, "REQ-FWD-7 the grant is of another handle than the path",
    "Name the handle of the path in the grant."
};
static const directory_refusal account_unknown = { "account-unknown", 404,
                                                   "REQ-FWD-7 no account has the number",
                                                   "Give a tel: handle of the account." };
static const directory_refusal not_theirs = {
    "caller-not-allowed", 403, "REQ-FWD-7 the account is another one than the caller's",
    "Sign with a key of the account."
};
static const directory_refusal signature_invalid = {
    "signature-invalid", 403, "REQ-FWD-3 the account key did not sign the grant",
    "Sign the grant's transcript with the key of the account that has the handle."
};
static const directory_refusal device_unknown = {
    "device-unknown", 404, "REQ-FWD-7 the manifest has no such device with that signing key",
    "Give id and signing key as the account's manifest has them."
};
static const directory_refusal device_first = {
    "device-first", 422, "REQ-FWD-1 the first device of the manifest gets them as it is",
    "Grant forwarding to further devices only."
};
static const directory_refusal grant_ahead = { "granted-at-out-of-range", 422,
                                               "REQ-FWD-7 granted_at_ms is over 5 minutes ahead",
                                               "Set the device's clock." };
static const directory_refusal grant_expired = { "grant-expired", 422,
                                                 "REQ-FWD-7 the grant has expired already",
                                                 "Set the device's clock, or grant for longer." };
static const directory_refusal grant_sequence = {
    "grant-sequence", 409, "REQ-FWD-5 the sequence is not above that of the device's last grant",
    "Get the grants, and sign one with a higher sequence."
};
static const directory_refusal request_signature = {
    "signature-invalid", 403, "REQ-FWD-6 the device did not sign the request",
    "Sign handle, device, its keys and the nonce with the device's signing key."
};
static const directory_refusal requests_full = {
    "forwarding-requests-full", 429, "REQ-FWD-6 eight requests of the account wait already",
    "Allow some of them, or wait for ten minutes."
};
static const directory_refusal overloaded = { "overloaded", 503,
                                              "REQ-REST-4 the gateway cannot do it now",
                                              "Ask again later." };

static bool refuse(const directory_refusal *because, directory_refusal *why)
{
    *why = *because;
    return false;
}

static bool find_account(const directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                         teal_arena *arena, teal_manifest *out, directory_refusal *why)
{
    directory_entry own = { 0 };
    if (directory_find_own(d, reader, handle, arena, &own) != DIRECTORY_OK)
        return refuse(&overloaded, why);
    if (!own.has_manifest || teal_handle_number(handle).len == 0)
        return refuse(&account_unknown, why);
    if (by != NULL && memcmp(by, own.manifest.account_key, TEAL_KEY_BYTES) != 0)
        return refuse(&not_theirs, why);
    *out = own.manifest;
    return true;
}

/* ---- grants -----------------------------------------------------------------------------------
 */

typedef struct put_grant {
    const teal_forwarding_grant *grant;
    teal_bytes encoded;
    const uint8_t *account_key; /* that has signed it */
    int64_t now_ms;
    teal_arena *arena;
    teal_manifest account;
    const directory_refusal *refusal; /* NULL: it is stored */
    bool known;                       /* put again by somebody who missed the answer */
} put_grant;

static const directory_refusal *check(const teal_manifest *account, const teal_forwarding_grant *g,
                                      int64_t now_ms)
{
    const teal_device *device = teal_manifest_device(account, g->device);
    if (device == NULL || memcmp(device->signing_key, g->signing_key, TEAL_KEY_BYTES) != 0)
        return &device_unknown;
    if (device == &account->devices[0])
        return &device_first;
    if (g->granted_at_ms > (uint64_t)now_ms + MAX_AHEAD_MS)
        return &grant_ahead;
    return !g->revoked && g->expires_at_ms <= (uint64_t)now_ms ? &grant_expired : NULL;
}

/* Whether it follows what there is; STORE_EXISTS: no, or it is the same. */
static store_result find_place(store *s, put_grant *p)
{
    store_grant there[TEAL_MAX_DEVICES];
    size_t n = 0;
    store_result result =
        s->ops->list_grants(s, p->grant->handle, p->arena, there, TEAL_MAX_DEVICES, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++) {
        if (memcmp(there[i].device, p->grant->device, TEAL_DEVICE_BYTES) != 0 ||
            there[i].sequence < p->grant->sequence)
            continue;
        p->known = teal_bytes_equal(there[i].encoded, p->encoded);
        p->refusal = p->known ? NULL : &grant_sequence;
        result = STORE_EXISTS;
    }
    return result;
}

static store_result put_notices(store *s, const put_grant *p)
{
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < p->account.n_devices; i++) {
        store_item item = { .kind = ITEM_GRANT, .data = p->encoded };
        memcpy(item.device, p->account.devices[i].id, sizeof item.device);
        result = s->ops->put_item(s, &item);
    }
    return result;
}

/* In the writer's thread: the manifest cannot change between this and put. */
static store_result put_in_order(store *s, void *arg)
{
    put_grant *p = arg;
    teal_bytes encoded;
    store_result result = s->ops->get_manifest(s, p->grant->handle, p->arena, &encoded);
    if (result != STORE_OK)
        return result;
    if (teal_manifest_decode(encoded, p->arena, &p->account, NULL) != TEAL_OK)
        return STORE_SPACE;
    if (memcmp(p->account.account_key, p->account_key, TEAL_KEY_BYTES) != 0)
        return STORE_NONE;
    p->refusal = check(&p->account, p->grant, p->now_ms);
    if (p->refusal != NULL)
        return STORE_EXISTS;
    result = find_place(s, p);
    if (result == STORE_OK)
        result = key_log_put_grant(s, p->grant, p->encoded, p->account_key, p->now_ms);
    return result == STORE_OK ? put_notices(s, p) : result;
}

static directory_put conclude(directory *d, const put_grant *p, store_result stored,
                              directory_refusal *why)
{
    if (stored == STORE_EXISTS && p->known)
        return PUT_NEXT;
    if (stored == STORE_EXISTS && p->refusal != NULL)
        return directory_refuse(p->refusal, why);
    if (stored == STORE_NONE)
        return directory_refuse(&account_unknown, why);
    if (stored != STORE_OK) {
        directory_broken(stored);
        return PUT_BUSY;
    }
    forwarding_requests_drop(d->forwarding, p->account_key, p->grant->handle, p->grant->device);
    for (size_t i = 0; d->inbox_changed != NULL && i < p->account.n_devices; i++)
        d->inbox_changed(d->inbox_arg, p->account.devices[i].id);
    return PUT_NEW;
}

directory_put directory_put_grant(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                                  teal_bytes encoded, int64_t now_ms, teal_arena *arena,
                                  directory_refusal *why)
{
    teal_forwarding_grant g;
    teal_manifest account;
    teal_diag diag = { 0 };
    if (teal_forwarding_grant_decode(encoded, &g, &diag) != TEAL_OK)
        return directory_refuse_malformed("grant-malformed", &diag, why);
    if (!teal_bytes_equal(g.handle, handle))
        return directory_refuse(&handle_missing, why);
    if (!find_account(d, reader, handle, by, arena, &account, why))
        return PUT_REFUSED;
    if (teal_forwarding_grant_verify(&g, account.account_key, NULL) != TEAL_OK)
        return directory_refuse(&signature_invalid, why);
    put_grant p = { .grant = &g,
                    .encoded = encoded,
                    .account_key = account.account_key,
                    .now_ms = now_ms,
                    .arena = arena };
    store_result stored = writer_do(d->writer, put_in_order, &p);
    return conclude(d, &p, stored, why);
}

/* ---- requests ---------------------------------------------------------------------------------
 */

bool directory_ask_forwarding(directory *d, store *reader, teal_forwarding_request *r,
                              int64_t now_ms, teal_arena *arena, int64_t *expires_ms,
                              directory_refusal *why)
{
    teal_manifest account;
    if (!find_account(d, reader, r->handle, NULL, arena, &account, why))
        return false;
    const teal_device *device = teal_manifest_device(&account, r->device);
    if (device == NULL)
        return refuse(&device_unknown, why);
    if (device == &account.devices[0])
        return refuse(&device_first, why);
    memcpy(r->signing_key, device->signing_key, sizeof r->signing_key);
    memcpy(r->account_key, account.account_key, sizeof r->account_key);
    if (teal_forwarding_request_verify(r, NULL) != TEAL_OK)
        return refuse(&request_signature, why);
    switch (forwarding_requests_put(d->forwarding, r, now_ms, expires_ms)) {
    case FORWARDING_REQUEST_OK:
        return true;
    case FORWARDING_REQUEST_FULL:
        return refuse(&requests_full, why);
    case FORWARDING_REQUEST_OVERLOADED:
        return refuse(&overloaded, why);
    }
    bug("forwarding_request_result out of range");
}

bool directory_list_forwarding(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                               int64_t now_ms, teal_arena *arena, directory_forwarding *out,
                               directory_refusal *why)
{
    teal_manifest account;
    if (!find_account(d, reader, handle, by, arena, &account, why))
        return false;
    store_result r = reader->ops->list_grants(reader, handle, arena, out->grants, TEAL_MAX_DEVICES,
                                              &out->n_grants);
    if (r != STORE_OK) {
        directory_broken(r);
        return refuse(&overloaded, why);
    }
    out->n_requests =
        forwarding_requests_list(d->forwarding, account.account_key, handle, now_ms, out->requests);
    return true;
}

/* ---- for the room -----------------------------------------------------------------------------
 */

/* As the room will judge it, so that no prekey is used up in vain. It was verified when it came. */
static bool may_have(const teal_manifest *account, size_t device, const directory_text_claim *c,
                     int64_t now_ms)
{
    const teal_device *of = &account->devices[device];
    bool may = device == 0;
    for (size_t i = 0; !may && i < c->n_grants; i++) {
        teal_forwarding_grant g;
        may = teal_forwarding_grant_decode(c->grants[i].encoded, &g, NULL) == TEAL_OK &&
              memcmp(g.device, of->id, sizeof of->id) == 0 &&
              memcmp(g.signing_key, of->signing_key, sizeof of->signing_key) == 0 && !g.revoked &&
              g.expires_at_ms > (uint64_t)now_ms;
    }
    return may;
}

directory_result directory_claim_for_text(directory *d, store *reader, teal_bytes handle,
                                          int64_t now_ms, teal_arena *arena,
                                          directory_text_claim *out)
{
    bool wanted[TEAL_MAX_DEVICES];
    *out = (directory_text_claim){ 0 };
    if (directory_is_gateway(d, handle))
        return DIRECTORY_NONE;
    directory_result result = directory_find_own(d, reader, handle, arena, &out->entry);
    if (result != DIRECTORY_OK || !out->entry.has_manifest)
        return result != DIRECTORY_OK ? result : DIRECTORY_NONE;
    store_result listed = reader->ops->list_grants(reader, handle, arena, out->grants,
                                                   TEAL_MAX_DEVICES, &out->n_grants);
    if (listed != STORE_OK)
        return directory_broken(listed);
    for (size_t i = 0; i < out->entry.manifest.n_devices; i++)
        wanted[i] = may_have(&out->entry.manifest, i, out, now_ms);
    return directory_claim_of(d, &out->entry.manifest, wanted, arena, out->prekeys,
                              &out->n_prekeys);
}
