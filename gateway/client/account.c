/* Members of the keychain's state: device, name, added_at_ms, manifest, pending, handles (of the
 * manifest). */
#include "gateway/client/account.h"

#include "gateway/client/member.h"
#include "gateway/log.h"

#include <sodium.h>

void account_make(keychain *k, const char *name, int64_t now_ms)
{
    uint8_t id[TEAL_DEVICE_BYTES];
    randombytes_buf(id, sizeof id);
    json_object_set_new(k->state, "device", member_of_bytes((teal_bytes){ id, sizeof id }));
    json_object_set_new(k->state, "name", member_of_text(teal_text(name)));
    json_object_set_new(k->state, "added_at_ms", json_integer(now_ms));
}

void account_device(const keychain *k, uint8_t id[static TEAL_DEVICE_BYTES])
{
    if (!member_copy(k->state, "device", id, TEAL_DEVICE_BYTES))
        bug("a keychain without device");
}

teal_device account_this(const keychain *k, teal_arena *arena)
{
    teal_device device = { .name = teal_arena_copy(arena, member_text(k->state, "name")),
                           .added_at_ms = (uint64_t)json_integer_value(
                               json_object_get(k->state, "added_at_ms")) };
    account_device(k, device.id);
    memcpy(device.signing_key, k->secrets->device_sk + 32, sizeof device.signing_key);
    return device;
}

const uint8_t *account_key(const keychain *k)
{
    return k->secrets->account_sk + 32; /* libsodium keeps the public half there */
}

bool account_signs(const keychain *k)
{
    return !sodium_is_zero(k->secrets->account_sk, 32);
}

void account_join(keychain *k, const uint8_t account_pk[static TEAL_KEY_BYTES])
{
    sodium_memzero(k->secrets->account_sk, 32);
    memcpy(k->secrets->account_sk + 32, account_pk, TEAL_KEY_BYTES);
}

bool account_encoded(const keychain *k, bool pending, teal_arena *arena, teal_bytes *out)
{
    return member_bytes(k->state, pending ? "pending" : "manifest", arena, out);
}

bool account_manifest(const keychain *k, teal_arena *arena, teal_manifest *out)
{
    teal_bytes encoded;
    if (!account_encoded(k, false, arena, &encoded))
        return false;
    if (teal_manifest_decode(encoded, arena, out, NULL) != TEAL_OK)
        bug("the own manifest does not decode");
    return true;
}

teal_bytes account_handle(const keychain *k, teal_arena *arena)
{
    teal_manifest m;
    return account_manifest(k, arena, &m) ? m.handles[0] : (teal_bytes){ 0 };
}

bool account_has_handle(const keychain *k, teal_bytes handle)
{
    const json_t *own = json_object_get(k->state, "handles");
    for (size_t i = 0; i < json_array_size(own); i++)
        if (teal_bytes_equal(member_string(json_array_get(own, i)), handle))
            return true;
    return false;
}

void account_propose(keychain *k, const teal_bytes *handles, size_t n_handles,
                     const teal_device *devices, size_t n_devices, int64_t now_ms,
                     teal_arena *arena)
{
    teal_manifest before;
    teal_hash previous;
    teal_manifest next = { .version = 1,
                           .handles = handles,
                           .n_handles = n_handles,
                           .devices = devices,
                           .n_devices = n_devices,
                           .created_at_ms = (uint64_t)now_ms };
    if (account_manifest(k, arena, &before)) {
        teal_manifest_hash(&before, &previous);
        next.version = before.version + 1;
        next.previous = (teal_bytes){ previous.at, sizeof previous.at };
    }
    memcpy(next.account_key, account_key(k), sizeof next.account_key);
    teal_manifest_sign(&next, k->secrets->account_sk);
    teal_writer w = { teal_arena_take(arena, TEAL_MAX_MANIFEST_BYTES), TEAL_MAX_MANIFEST_BYTES, 0 };
    if (w.base == NULL || teal_manifest_encode(&next, &w) != TEAL_OK)
        bug("a manifest does not fit");
    json_object_set_new(k->state, "pending", member_of_bytes(teal_written(&w)));
}

static void list_handles(keychain *k)
{
    uint8_t memory[4 * TEAL_MAX_MANIFEST_BYTES];
    teal_arena arena = { memory, sizeof memory, 0 };
    teal_manifest m;
    json_t *handles = json_array();
    if (!account_manifest(k, &arena, &m))
        bug("no manifest");
    for (size_t i = 0; i < m.n_handles; i++)
        json_array_append_new(handles, member_of_text(m.handles[i]));
    json_object_set_new(k->state, "handles", handles);
}

void account_settle(keychain *k, bool taken)
{
    json_t *pending = json_object_get(k->state, "pending");
    if (taken && pending != NULL) {
        json_object_set(k->state, "manifest", pending);
        list_handles(k);
    }
    json_object_del(k->state, "pending");
}

/* Nothing but what the known one already says: the same version must be the same manifest. */
static const char *compare_old(const teal_manifest *known, const teal_manifest *m)
{
    teal_hash one, other;
    if (m->version < known->version)
        return "REQ-DEV-10 an older manifest of this account than the known one";
    teal_manifest_hash(known, &one);
    teal_manifest_hash(m, &other);
    return memcmp(&one, &other, sizeof one) == 0 ? NULL : "REQ-DEV-10 two manifests of one version";
}

const char *account_take(keychain *k, teal_bytes encoded, teal_arena *arena, teal_manifest *out,
                         bool *newer)
{
    teal_manifest known;
    teal_diag why = { 0 };
    *newer = false;
    if (teal_manifest_decode(encoded, arena, out, &why) != TEAL_OK ||
        teal_manifest_verify(out, &why) != TEAL_OK)
        return why.rule;
    if (memcmp(out->account_key, account_key(k), TEAL_KEY_BYTES) != 0)
        return "REQ-DIR-24 a manifest of another account";
    if (account_manifest(k, arena, &known) && out->version <= known.version)
        return compare_old(&known, out);
    json_object_set_new(k->state, "manifest", member_of_bytes(encoded));
    list_handles(k);
    *newer = true;
    return NULL;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Those of m that `other` lacks. */
static json_t *other_devices(const teal_manifest *m, const teal_manifest *other)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_devices; i++) {
        const teal_device *d = &m->devices[i];
        if (teal_manifest_device(other, d->id) == NULL)
            json_array_append_new(list,
                                  json_pack("{s:o, s:o}", "device",
                                            member_of_hex((teal_bytes){ d->id, sizeof d->id }),
                                            "name", member_of_text(d->name)));
    }
    return list;
}

static json_t *other_handles(const teal_manifest *m, const teal_manifest *other)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_handles; i++)
        if (!teal_manifest_has_handle(other, m->handles[i]))
            json_array_append_new(list, member_of_text(m->handles[i]));
    return list;
}

json_t *account_change(const teal_manifest *before, const teal_manifest *now)
{
    static const char *const lists[] = { "added", "revoked", "handles_added", "handles_removed" };
    size_t n = 0;
    json_t *change =
        json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:b}", "kind", "account", "version",
                  (json_int_t)now->version, lists[0], other_devices(now, before), lists[1],
                  other_devices(before, now), lists[2], other_handles(now, before), lists[3],
                  other_handles(before, now), "verified", 1);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        n += json_array_size(json_object_get(change, lists[i]));
    if (n > 0)
        return change;
    json_decref(change);
    return NULL;
}
