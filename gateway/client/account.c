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

const uint8_t *account_key(const keychain *k)
{
    return k->secrets->account_sk + 32; /* libsodium keeps the public half there */
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

static void sign(keychain *k, teal_manifest *m)
{
    memcpy(m->account_key, account_key(k), sizeof m->account_key);
    teal_manifest_sign(m, k->secrets->account_sk);
}

void account_propose(keychain *k, const teal_bytes *handles, size_t n, int64_t now_ms,
                     teal_arena *arena)
{
    teal_manifest before;
    teal_hash previous;
    teal_device device = { .name = member_text(k->state, "name"),
                           .added_at_ms = (uint64_t)json_integer_value(
                               json_object_get(k->state, "added_at_ms")) };
    teal_manifest next = { .version = 1,
                           .handles = handles,
                           .n_handles = n,
                           .devices = &device,
                           .n_devices = 1,
                           .created_at_ms = (uint64_t)now_ms };
    account_device(k, device.id);
    memcpy(device.signing_key, k->secrets->device_sk + 32, sizeof device.signing_key);
    if (account_manifest(k, arena, &before)) {
        teal_manifest_hash(&before, &previous);
        next.version = before.version + 1;
        next.previous = (teal_bytes){ previous.at, sizeof previous.at };
    }
    sign(k, &next);
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
