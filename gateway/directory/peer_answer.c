/* What another network says of a handle, believed only as far as it is signed. */
#include "gateway/directory/peer_answer.h"

#include "codecs/base64.h"

#include <sodium.h>

enum { MAX_TTL_S = 1 << 30 };

static teal_bytes text_of(const json_t *string)
{
    if (!json_is_string(string))
        return (teal_bytes){ 0 };
    return (teal_bytes){ (const uint8_t *)json_string_value(string), json_string_length(string) };
}

/* The value of a base64url member, in the arena. */
static bool take_value(const json_t *object, const char *member, teal_arena *arena, teal_bytes *out)
{
    teal_bytes text = text_of(json_object_get(object, member));
    teal_writer w = { teal_arena_take(arena, text.len), text.len, 0 };
    if (text.len == 0 || w.base == NULL)
        return false;
    bool good = teal_base64url_decode(text, &w, NULL) == TEAL_OK;
    *out = teal_written(&w);
    return good;
}

static const char *read_manifest(const json_t *object, teal_bytes handle, teal_arena *arena,
                                 peer_answer *out)
{
    teal_diag why = { 0 };
    if (!take_value(object, "manifest", arena, &out->encoded))
        return "REQ-DIR-22 no manifest in base64url";
    if (out->encoded.len > TEAL_MAX_MANIFEST_BYTES)
        return "REQ-DIR-22 the manifest is too long";
    if (teal_manifest_decode(out->encoded, arena, &out->manifest, &why) != TEAL_OK ||
        teal_manifest_verify(&out->manifest, &why) != TEAL_OK)
        return why.rule;
    if (!teal_manifest_has_handle(&out->manifest, handle))
        return "REQ-DIR-24 the manifest does not name the handle";
    out->sealed = true;
    out->capability = teal_text("sealed");
    return NULL;
}

static bool read_ttl(const json_t *ttl_s, int64_t *ttl_ms)
{
    *ttl_ms = -1;
    if (ttl_s == NULL)
        return true;
    json_int_t seconds = json_integer_value(ttl_s);
    if (!json_is_integer(ttl_s) || seconds < 0)
        return false;
    *ttl_ms = (int64_t)(seconds > MAX_TTL_S ? MAX_TTL_S : seconds) * 1000;
    return true;
}

/* Any but "sealed", which comes with a manifest; empty: it is none of them. */
static teal_bytes find_capability(teal_bytes name)
{
    static const char *const all[] = { "mls", "plain", "none" };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (teal_bytes_equal(name, teal_text(all[i])))
            return teal_text(all[i]);
    return (teal_bytes){ 0 };
}

const char *peer_answer_read(const json_t *object, teal_bytes handle, teal_arena *arena,
                             peer_answer *out)
{
    *out = (peer_answer){ 0 };
    teal_bytes capability = text_of(json_object_get(object, "capability"));
    if (!read_ttl(json_object_get(object, "ttl_s"), &out->ttl_ms))
        return "REQ-DIR-22 ttl_s is no number of seconds";
    if (teal_bytes_equal(capability, teal_text("sealed")))
        return read_manifest(object, handle, arena, out);
    out->capability = find_capability(capability);
    return out->capability.len > 0 ? NULL : "REQ-DIR-22 the capability is unknown";
}

static bool read_device(const json_t *hex, uint8_t id[static TEAL_DEVICE_BYTES])
{
    teal_bytes text = text_of(hex);
    size_t len = 0;
    return text.len == 2 * TEAL_DEVICE_BYTES &&
           sodium_hex2bin(id, TEAL_DEVICE_BYTES, (const char *)text.at, text.len, NULL, &len,
                          NULL) == 0 &&
           len == TEAL_DEVICE_BYTES;
}

static const char *read_prekey(const json_t *object, const teal_manifest *m, teal_arena *arena,
                               directory_prekey *out)
{
    teal_diag why = { 0 };
    teal_prekey prekey;
    if (!read_device(json_object_get(object, "device"), out->device))
        return "REQ-DIR-23 a prekey without device";
    const teal_device *device = teal_manifest_device(m, out->device);
    if (device == NULL)
        return "REQ-DIR-24 a prekey for a device that is not in the manifest";
    if (!take_value(object, "prekey", arena, &out->encoded))
        return "REQ-DIR-23 no prekey in base64url";
    if (teal_prekey_decode(out->encoded, &prekey, &why) != TEAL_OK ||
        teal_prekey_verify(&prekey, out->device, device->signing_key, &why) != TEAL_OK)
        return why.rule;
    return NULL;
}

static bool stands_before(const directory_prekey *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(all[i].device, all[n].device, TEAL_DEVICE_BYTES) == 0)
            return true;
    }
    return false;
}

const char *peer_answer_read_claim(const json_t *object, teal_bytes handle, teal_arena *arena,
                                   peer_answer *answer, directory_prekey *out, size_t *n)
{
    *answer = (peer_answer){ .ttl_ms = -1 };
    *n = 0;
    const json_t *prekeys = json_object_get(object, "prekeys");
    const char *wrong = read_manifest(object, handle, arena, answer);
    if (wrong != NULL)
        return wrong;
    if (!json_is_array(prekeys) || json_array_size(prekeys) > answer->manifest.n_devices)
        return "REQ-DIR-23 prekeys is no list of one a device";
    for (; *n < json_array_size(prekeys); ++*n) {
        wrong = read_prekey(json_array_get(prekeys, *n), &answer->manifest, arena, &out[*n]);
        if (wrong != NULL)
            return wrong;
        if (stands_before(out, *n))
            return "REQ-DIR-23 two prekeys for one device";
    }
    return NULL;
}
