/* Manifests: protobuf form, rules, signature. Prekeys are in prekey.c. */
#include "codecs/native/manifest.h"

#include "codecs/handle.h"
#include "codecs/native/transcript.h"
#include "codecs/native/wire.h"
#include "codecs/utf8.h"

#include <assert.h>
#include <sodium.h>

enum {
    /* Of a manifest that has passed the check; its literals are below 64 octets. */
    MAX_TRANSCRIPT_BYTES =
        64 + 4 * 8 + 2 * (4 + 32) + TEAL_MAX_HANDLES * (4 + TEAL_MAX_HANDLE_BYTES) +
        TEAL_MAX_DEVICES *
            (3 * 4 + TEAL_DEVICE_BYTES + TEAL_KEY_BYTES + TEAL_MAX_DEVICE_NAME_BYTES + 8),
};

/* Field numbers, as in directory.proto. */
enum { VERSION = 1, ACCOUNT_KEY, HANDLES, DEVICES, CREATED_AT_MS, PREVIOUS, SIGNATURE };
enum { DEVICE_ID = 1, DEVICE_SIGNING_KEY, DEVICE_NAME, DEVICE_ADDED_AT_MS };

bool teal_device_name_is_valid(teal_bytes name)
{
    teal_reader r = teal_reader_of(name);
    bool good = name.len <= TEAL_MAX_DEVICE_NAME_BYTES;
    while (good && teal_read_left(&r) > 0) {
        uint32_t point;
        good = teal_utf8_read(&r, &point) == TEAL_OK && point >= 0x20 &&
               (point < 0x7f || point >= 0xa0);
    }
    return good;
}

static teal_result check_handles(const teal_manifest *m, teal_diag *why)
{
    if (m->n_handles == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-DIR-2 no handles", 0, why);
    for (size_t i = 0; i < m->n_handles; i++) {
        if (!teal_handle_is_canonical(m->handles[i]))
            return teal_refuse(TEAL_MALFORMED, "REQ-DIR-2 handle is not canonical", 0, why);
        for (size_t before = 0; before < i; before++) {
            if (teal_bytes_equal(m->handles[before], m->handles[i]))
                return teal_refuse(TEAL_MALFORMED, "REQ-DIR-2 handle stands twice", 0, why);
        }
    }
    return TEAL_OK;
}

static teal_result check_devices(const teal_manifest *m, teal_diag *why)
{
    if (m->n_devices == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-DIR-3 no devices", 0, why);
    for (size_t i = 0; i < m->n_devices; i++) {
        if (!teal_device_name_is_valid(m->devices[i].name))
            return teal_refuse(TEAL_MALFORMED, "REQ-DIR-4 device name is not one line of UTF-8", 0,
                               why);
        for (size_t before = 0; before < i; before++) {
            if (memcmp(m->devices[before].id, m->devices[i].id, TEAL_DEVICE_BYTES) == 0)
                return teal_refuse(TEAL_MALFORMED, "REQ-DIR-3 device stands twice", 0, why);
        }
    }
    return TEAL_OK;
}

/* How many there are is checked before room is taken for them. */
static teal_result check(const teal_manifest *m, teal_diag *why)
{
    if (m->version == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-DIR-1 version is 0", 0, why);
    if (m->previous.len != (m->version == 1 ? 0 : TEAL_HASH_BYTES))
        return teal_refuse(TEAL_MALFORMED, "REQ-DIR-1 previous does not fit the version", 0, why);
    teal_result result = check_handles(m, why);
    return result != TEAL_OK ? result : check_devices(m, why);
}

static teal_result read_devices(teal_wire *w, teal_arena *arena, teal_manifest *m, teal_diag *why)
{
    size_t n = teal_wire_count(*w, DEVICES);
    if (n > TEAL_MAX_DEVICES)
        return teal_refuse(TEAL_LIMIT, "REQ-DIR-3 more than 32 devices", 0, why);
    teal_device *devices = teal_arena_array(arena, n, sizeof *devices);
    if (devices == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    teal_wire inner;
    for (size_t i = 0; i < n && teal_wire_enter(w, DEVICES, &inner); i++) {
        teal_wire_copy(&inner, DEVICE_ID, devices[i].id, sizeof devices[i].id);
        teal_wire_copy(&inner, DEVICE_SIGNING_KEY, devices[i].signing_key,
                       sizeof devices[i].signing_key);
        devices[i].name = teal_wire_bytes(&inner, DEVICE_NAME);
        devices[i].added_at_ms = teal_wire_uint(&inner, DEVICE_ADDED_AT_MS, INT64_MAX);
        teal_wire_leave(w, &inner);
    }
    m->devices = devices;
    m->n_devices = n;
    return TEAL_OK;
}

static teal_result read_manifest(teal_wire *w, teal_arena *arena, teal_manifest *m, teal_diag *why)
{
    m->version = teal_wire_uint(w, VERSION, INT64_MAX);
    teal_wire_copy(w, ACCOUNT_KEY, m->account_key, sizeof m->account_key);
    teal_result result =
        teal_wire_list(w, HANDLES, TEAL_MAX_HANDLES, arena, &m->handles, &m->n_handles, why);
    if (result == TEAL_OK)
        result = read_devices(w, arena, m, why);
    if (result != TEAL_OK)
        return result;
    m->created_at_ms = teal_wire_uint(w, CREATED_AT_MS, INT64_MAX);
    m->previous = teal_wire_bytes(w, PREVIOUS);
    teal_wire_copy(w, SIGNATURE, m->signature, sizeof m->signature);
    return teal_wire_done(w, why);
}

teal_result teal_manifest_decode(teal_bytes in, teal_arena *arena, teal_manifest *out,
                                 teal_diag *why)
{
    if (in.len > TEAL_MAX_MANIFEST_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-DIR-5 manifest is longer than 16 KiB", 0, why);
    teal_bytes own = teal_arena_copy(arena, in);
    if (own.at == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    teal_wire w = teal_wire_of(own);
    teal_manifest m = { 0 };
    teal_result result = read_manifest(&w, arena, &m, why);
    if (result == TEAL_OK)
        result = check(&m, why);
    if (result == TEAL_OK)
        *out = m;
    return result;
}

static void write_device(teal_writer *w, const void *message)
{
    const teal_device *device = message;
    teal_wire_put_bytes(w, DEVICE_ID, TEAL_VIEW(device->id));
    teal_wire_put_bytes(w, DEVICE_SIGNING_KEY, TEAL_VIEW(device->signing_key));
    teal_wire_put_bytes(w, DEVICE_NAME, device->name);
    teal_wire_put_uint(w, DEVICE_ADDED_AT_MS, device->added_at_ms);
}

teal_result teal_manifest_encode(const teal_manifest *m, teal_writer *out)
{
    teal_wire_put_uint(out, VERSION, m->version);
    teal_wire_put_bytes(out, ACCOUNT_KEY, TEAL_VIEW(m->account_key));
    for (size_t i = 0; i < m->n_handles; i++)
        teal_wire_put_element(out, HANDLES, m->handles[i]);
    for (size_t i = 0; i < m->n_devices; i++)
        teal_wire_put_message(out, DEVICES, write_device, &m->devices[i]);
    teal_wire_put_uint(out, CREATED_AT_MS, m->created_at_ms);
    teal_wire_put_bytes(out, PREVIOUS, m->previous);
    teal_wire_put_bytes(out, SIGNATURE, TEAL_VIEW(m->signature));
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

void teal_manifest_transcript(const teal_manifest *m, teal_writer *w)
{
    teal_transcript_lp(w, teal_text("teal manifest v1"));
    teal_transcript_int(w, m->version);
    teal_transcript_lp(w, TEAL_VIEW(m->account_key));
    teal_transcript_int(w, m->n_handles);
    for (size_t i = 0; i < m->n_handles; i++)
        teal_transcript_lp(w, m->handles[i]);
    teal_transcript_int(w, m->n_devices);
    for (size_t i = 0; i < m->n_devices; i++) {
        teal_transcript_lp(w, TEAL_VIEW(m->devices[i].id));
        teal_transcript_lp(w, TEAL_VIEW(m->devices[i].signing_key));
        teal_transcript_lp(w, m->devices[i].name);
        teal_transcript_int(w, m->devices[i].added_at_ms);
    }
    teal_transcript_int(w, m->created_at_ms);
    teal_transcript_lp(w, m->previous);
}

void teal_manifest_hash(const teal_manifest *m, teal_hash *out)
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_manifest_transcript(m, &w);
    assert(teal_write_fits(&w));
    crypto_hash_sha256(out->at, bytes, w.len);
}

void teal_manifest_sign(teal_manifest *m, const uint8_t account_sk[static 64])
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_manifest_transcript(m, &w);
    assert(teal_write_fits(&w));
    crypto_sign_detached(m->signature, NULL, bytes, w.len, account_sk);
}

teal_result teal_manifest_verify(const teal_manifest *m, teal_diag *why)
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_manifest_transcript(m, &w);
    assert(teal_write_fits(&w));
    if (crypto_sign_verify_detached(m->signature, bytes, w.len, m->account_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-DIR-6 not signed by its account key", 0, why);
    return TEAL_OK;
}

const teal_device *teal_manifest_device(const teal_manifest *m,
                                        const uint8_t id[static TEAL_DEVICE_BYTES])
{
    const teal_device *found = NULL;
    for (size_t i = 0; found == NULL && i < m->n_devices; i++) {
        if (memcmp(m->devices[i].id, id, TEAL_DEVICE_BYTES) == 0)
            found = &m->devices[i];
    }
    return found;
}

bool teal_manifest_has_handle(const teal_manifest *m, teal_bytes handle)
{
    bool found = false;
    for (size_t i = 0; !found && i < m->n_handles; i++)
        found = teal_bytes_equal(m->handles[i], handle);
    return found;
}
