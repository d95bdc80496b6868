/* What the RCS codecs cost: the container and sealed messages by content and by devices, the other
 * bodies as they are deployed (the seeds of the fuzz targets). */
#include "codecs/base64.h"
#include "codecs/handle.h"
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/iscomposing.h"
#include "codecs/rcs/location.h"
#include "codecs/rcs/plain.h"
#include "tests/bench/codec.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 8 << 20, ONE_KIB = 1024, MAX_PLAIN = 60 << 10 };

#define CODEC(codec, type, decoder, encoder)                                                       \
    static teal_result codec##_decode(teal_bytes in, teal_arena *arena, void *value)               \
    {                                                                                              \
        (void)arena;                                                                               \
        return decoder;                                                                            \
    }                                                                                              \
    static teal_result codec##_encode(const void *value, teal_writer *out)                         \
    {                                                                                              \
        const type *v = value;                                                                     \
        return encoder;                                                                            \
    }                                                                                              \
    static const bench_codec codec = { #codec, codec##_decode, codec##_encode };

CODEC(e2ee, teal_envelope, teal_e2ee_decode(in, arena, NULL, value, NULL),
      teal_e2ee_encode(v, NULL, out))
CODEC(plain, teal_plain, teal_plain_decode(in, arena, NULL, value, NULL),
      teal_plain_encode(v, NULL, out))
CODEC(imdn, teal_imdn, teal_imdn_decode(in, arena, value, NULL), teal_imdn_encode(v, out))
CODEC(iscomposing, teal_iscomposing, teal_iscomposing_decode(in, arena, value, NULL),
      teal_iscomposing_encode(v, out))
CODEC(filetransfer, teal_filetransfer, teal_filetransfer_decode(in, arena, value, NULL),
      teal_filetransfer_encode(v, out))
CODEC(location, teal_location, teal_location_decode(in, arena, value, NULL),
      teal_location_encode(v, out))
CODEC(datetime, int64_t, teal_datetime_decode(in, value, NULL), teal_datetime_encode(*v, out))

static teal_result cpim_decode(teal_bytes in, teal_arena *arena, void *value)
{
    return teal_cpim_decode(in, arena, value, NULL);
}

static teal_result vcard_decode(teal_bytes in, teal_arena *arena, void *value)
{
    return teal_vcard_next(&in, arena, value, NULL);
}

static teal_result vcard_encode(const void *value, teal_writer *out)
{
    return teal_vcard_encode(value, out);
}

/* From the message to the content and back to the bodies. */
static teal_result body_decode(teal_bytes in, teal_arena *arena, void *value)
{
    teal_cpim m;
    teal_body b;
    teal_result result = teal_cpim_decode(in, arena, &m, NULL);
    if (result == TEAL_OK)
        result = teal_body_read(&m, arena, &b, NULL);
    return result == TEAL_OK ? teal_body_decode(&b, 1, arena, value, NULL) : result;
}

static teal_result body_encode(const void *value, teal_writer *out)
{
    Teal__V1__Content *const *content = value;
    teal_arena arena = { out->base, out->cap, 0 };
    const teal_body *bodies;
    size_t n;
    return teal_bodies_encode(*content, NULL, &arena, &bodies, &n, NULL);
}

/* Values are views of what was decoded. */
static teal_result handle_decode(teal_bytes in, teal_arena *arena, void *value)
{
    teal_writer w = teal_arena_rest(arena);
    teal_result result = teal_handle_canonicalize(in, &w, NULL);
    *(teal_bytes *)value = teal_written(&w);
    return result;
}

static teal_result handle_check(const void *value, teal_writer *out)
{
    (void)out;
    return teal_handle_is_canonical(*(const teal_bytes *)value) ? TEAL_OK : TEAL_MALFORMED;
}

static teal_result base64url_decode(teal_bytes in, teal_arena *arena, void *value)
{
    teal_writer w = teal_arena_rest(arena);
    teal_result result = teal_base64url_decode(in, &w, NULL);
    *(teal_bytes *)value = teal_written(&w);
    return result;
}

static teal_result base64url_encode(const void *value, teal_writer *out)
{
    teal_base64url_encode(*(const teal_bytes *)value, out);
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

static const bench_codec cpim = { "cpim", cpim_decode, NULL },
                         vcard = { "vcard", vcard_decode, vcard_encode },
                         body = { "body", body_decode, body_encode },
                         handle = { "handle", handle_decode, handle_check },
                         base64url = { "base64url", base64url_decode, base64url_encode };

static void measure_sealed(const char *shape, size_t content_octets, size_t devices,
                           teal_arena *keep)
{
    teal_envelope e;
    bench_message_make(content_octets, devices, keep, &e);
    teal_writer w = { bench_take(keep, ROOM / 4), ROOM / 4, 0 };
    bench_require(teal_e2ee_encode(&e, NULL, &w) == TEAL_OK, "an envelope can be encoded");
    bench_codec_measure(&e2ee, shape, teal_written(&w));
    bench_codec_measure(&cpim, shape, teal_written(&w));
    keep->used = 0;
}

static void measure_plain(const bench_length *length, teal_arena *keep)
{
    size_t octets = length->octets < MAX_PLAIN ? length->octets : MAX_PLAIN;
    uint8_t *text = bench_take(keep, octets);
    memset(text, 'a', octets);
    const teal_plain p = { .from = teal_text(BENCH_SENDER),
                           .to = teal_text(BENCH_RECIPIENT),
                           .message_id = teal_text("MxAZXzAAAAAAAAAAAAAAAAAA"),
                           .sent_at_ms = BENCH_SENT_AT_MS,
                           .wants = TEAL_WANTS_DELIVERED | TEAL_WANTS_DISPLAYED,
                           .text = { text, octets } };
    teal_writer w = { bench_take(keep, ROOM / 4), ROOM / 4, 0 };
    bench_require(teal_plain_encode(&p, NULL, &w) == TEAL_OK, "a message can be encoded");
    bench_codec_measure(&plain, octets < length->octets ? "60k" : length->name, teal_written(&w));
    keep->used = 0;
}

static void measure_base64(const bench_length *length, teal_arena *keep)
{
    uint8_t *octets = bench_take(keep, length->octets);
    randombytes_buf(octets, length->octets);
    teal_writer w = { bench_take(keep, ROOM / 4), ROOM / 4, 0 };
    teal_base64url_encode((teal_bytes){ octets, length->octets }, &w);
    bench_codec_measure(&base64url, length->name, teal_written(&w));
    keep->used = 0;
}

/* A seed of the fuzz targets. */
static void measure_seed(const bench_codec *c, const char *folder, const char *name,
                         teal_arena *keep)
{
    char path[128];
    uint8_t *at = bench_take(keep, ONE_KIB * 64);
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", folder, name);
    FILE *f = fopen(path, "rbe");
    bench_require(f != NULL, "this runs in the root of the project");
    size_t len = fread(at, 1, ONE_KIB * 64, f);
    fclose(f);
    bench_codec_measure(c, name, (teal_bytes){ at, len });
    keep->used = 0;
}

static void measure_seeds(teal_arena *keep)
{
    measure_seed(&imdn, "imdn", "delivered", keep);
    measure_seed(&iscomposing, "iscomposing", "active", keep);
    measure_seed(&filetransfer, "filetransfer", "all", keep);
    measure_seed(&location, "location", "circle", keep);
    measure_seed(&body, "bodies", "text", keep);
    measure_seed(&body, "bodies", "reply", keep);
    measure_seed(&body, "bodies", "file", keep);
    measure_seed(&body, "bodies", "contacts", keep);
}

int main(void)
{
    bench_require(sodium_init() >= 0, "libsodium starts");
    teal_arena keep = bench_arena(ROOM);
    for (size_t i = 0; i < BENCH_LENGTHS; i++) {
        measure_sealed(bench_lengths[i].name, bench_lengths[i].octets, 1, &keep);
        measure_plain(&bench_lengths[i], &keep);
        measure_base64(&bench_lengths[i], &keep);
    }
    measure_sealed("1k_10_devices", ONE_KIB, 10, &keep);
    measure_sealed("1k_100_devices", ONE_KIB, 100, &keep);
    measure_seeds(&keep);
    bench_codec_measure(&vcard, "1",
                        teal_text("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Alice Example\r\n"
                                  "TEL;TYPE=cell:+14155550100\r\nEND:VCARD\r\n"));
    bench_codec_measure(&handle, "tel", teal_text("<sip:+14155550100@rcs.example;user=phone>"));
    bench_codec_measure(&handle, "im", teal_text("im:alice@native.example"));
    bench_codec_measure(&datetime, "1", teal_text("2026-11-24T09:00:00.123Z"));
    free(keep.base);
    return EXIT_SUCCESS;
}
