/* Prekeys: protobuf form, rules, signature; declared in manifest.h. */
#include "codecs/native/manifest.h"
#include "codecs/native/transcript.h"
#include "codecs/native/wire.h"
#include "codecs/order.h"

#include <assert.h>
#include <sodium.h>

/* Field numbers, as in directory.proto. */
enum { PREKEY_ID = 1, PREKEY_KEY, PREKEY_SIGNATURE };
enum { UPLOAD_DEVICE = 1, UPLOAD_PREKEYS };

typedef struct prekey_transcript {
    uint8_t at[4 * 3 + 14 + TEAL_DEVICE_BYTES + 8 + TEAL_KEY_BYTES];
} prekey_transcript;

static prekey_transcript transcript_of(const teal_prekey *p,
                                       const uint8_t device[static TEAL_DEVICE_BYTES])
{
    prekey_transcript t;
    teal_writer w = { t.at, sizeof t.at, 0 };
    teal_transcript_lp(&w, teal_text("teal prekey v1"));
    teal_transcript_lp(&w, (teal_bytes){ device, TEAL_DEVICE_BYTES });
    teal_transcript_int(&w, p->id);
    teal_transcript_lp(&w, TEAL_VIEW(p->key));
    assert(w.len == sizeof t.at);
    return t;
}

void teal_prekey_sign(teal_prekey *p, const uint8_t device[static TEAL_DEVICE_BYTES],
                      const uint8_t device_sk[static 64])
{
    prekey_transcript t = transcript_of(p, device);
    crypto_sign_detached(p->signature, NULL, t.at, sizeof t.at, device_sk);
}

teal_result teal_prekey_verify(const teal_prekey *p, const uint8_t device[static TEAL_DEVICE_BYTES],
                               const uint8_t device_key[static 32], teal_diag *why)
{
    prekey_transcript t = transcript_of(p, device);
    if (crypto_sign_verify_detached(p->signature, t.at, sizeof t.at, device_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-DIR-7 prekey is not signed by its device", 0, why);
    return TEAL_OK;
}

static void read_prekey(teal_wire *w, teal_prekey *p)
{
    p->id = (uint32_t)teal_wire_uint(w, PREKEY_ID, UINT32_MAX);
    teal_wire_copy(w, PREKEY_KEY, p->key, sizeof p->key);
    teal_wire_copy(w, PREKEY_SIGNATURE, p->signature, sizeof p->signature);
}

static void write_prekey(teal_writer *w, const void *message)
{
    const teal_prekey *p = message;
    teal_wire_put_uint(w, PREKEY_ID, p->id);
    teal_wire_put_bytes(w, PREKEY_KEY, TEAL_VIEW(p->key));
    teal_wire_put_bytes(w, PREKEY_SIGNATURE, TEAL_VIEW(p->signature));
}

teal_result teal_prekey_decode(teal_bytes in, teal_prekey *out, teal_diag *why)
{
    teal_wire w = teal_wire_of(in);
    teal_prekey p;
    read_prekey(&w, &p);
    teal_result result = teal_wire_done(&w, why);
    if (result == TEAL_OK)
        *out = p;
    return result;
}

teal_result teal_prekey_encode(const teal_prekey *p, teal_writer *out)
{
    write_prekey(out, p);
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

static teal_result check(const teal_prekeys *p, teal_diag *why)
{
    teal_bytes ids[TEAL_MAX_PREKEYS];
    for (size_t i = 0; i < p->n_prekeys; i++)
        ids[i] = (teal_bytes){ (const uint8_t *)&p->prekeys[i].id, sizeof p->prekeys[i].id };
    if (teal_bytes_sort_distinct(ids, p->n_prekeys) < p->n_prekeys)
        return teal_refuse(TEAL_MALFORMED, "REQ-DIR-8 prekey id stands twice", 0, why);
    return TEAL_OK;
}

static teal_result read_prekeys(teal_wire *w, teal_arena *arena, teal_prekeys *p, teal_diag *why)
{
    teal_wire_copy(w, UPLOAD_DEVICE, p->device, sizeof p->device);
    size_t n = teal_wire_count(*w, UPLOAD_PREKEYS);
    if (n > TEAL_MAX_PREKEYS)
        return teal_refuse(TEAL_LIMIT, "REQ-DIR-8 more than 256 prekeys", 0, why);
    teal_prekey *prekeys = teal_arena_array(arena, n, sizeof *prekeys);
    if (prekeys == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    teal_wire inner;
    for (size_t i = 0; i < n && teal_wire_enter(w, UPLOAD_PREKEYS, &inner); i++) {
        read_prekey(&inner, &prekeys[i]);
        teal_wire_leave(w, &inner);
    }
    p->prekeys = prekeys;
    p->n_prekeys = n;
    return teal_wire_done(w, why);
}

teal_result teal_prekeys_decode(teal_bytes in, teal_arena *arena, teal_prekeys *out, teal_diag *why)
{
    teal_wire w = teal_wire_of(in); /* holds no strings: nothing of `in` outlives this call */
    teal_prekeys p = { 0 };
    teal_result result = read_prekeys(&w, arena, &p, why);
    if (result == TEAL_OK)
        result = check(&p, why);
    if (result == TEAL_OK)
        *out = p;
    return result;
}

teal_result teal_prekeys_encode(const teal_prekeys *p, teal_writer *out)
{
    teal_wire_put_bytes(out, UPLOAD_DEVICE, TEAL_VIEW(p->device));
    for (size_t i = 0; i < p->n_prekeys; i++)
        teal_wire_put_message(out, UPLOAD_PREKEYS, write_prekey, &p->prekeys[i]);
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}
