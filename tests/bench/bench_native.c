/* What the native codecs cost: envelopes by content and by devices, and what a directory holds. */
#include "codecs/native/content.h"
#include "codecs/native/receipt.h"
#include "tests/bench/codec.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/support/envelopes.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 4 << 20, ONE_KIB = 1024, PREKEYS = 100 };

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

CODEC(envelope, teal_envelope, teal_envelope_decode(in, arena, value, NULL),
      teal_envelope_encode(v, out))
CODEC(manifest, teal_manifest, teal_manifest_decode(in, arena, value, NULL),
      teal_manifest_encode(v, out))
CODEC(prekeys, teal_prekeys, teal_prekeys_decode(in, arena, value, NULL),
      teal_prekeys_encode(v, out))
CODEC(prekey, teal_prekey, teal_prekey_decode(in, value, NULL), teal_prekey_encode(v, out))
CODEC(receipt, teal_receipt, teal_receipt_decode(in, arena, value, NULL),
      teal_receipt_encode(v, out))
typedef Teal__V1__Content *content_pointer;
CODEC(content, content_pointer, teal_content_decode(in, arena, value, NULL),
      teal_content_encode(*v, out))

static teal_writer writer(teal_arena *keep)
{
    return (teal_writer){ bench_take(keep, ROOM / 16), ROOM / 16, 0 };
}

static void measure_envelope(const char *shape, size_t content_octets, size_t devices,
                             teal_arena *keep)
{
    teal_envelope e;
    bench_message_make(content_octets, devices, keep, &e);
    bench_codec_measure(&envelope, shape, bench_message_encode(&e, keep));
    keep->used = 0;
}

static void measure_envelopes(teal_arena *keep)
{
    for (size_t i = 0; i < BENCH_LENGTHS; i++)
        measure_envelope(bench_lengths[i].name, bench_lengths[i].octets, 1, keep);
    measure_envelope("1k_10_devices", ONE_KIB, 10, keep);
    measure_envelope("1k_100_devices", ONE_KIB, 100, keep);
}

static void measure_content(const bench_length *length, teal_arena *keep)
{
    uint8_t *text = bench_take(keep, length->octets);
    teal_writer w = writer(keep);
    teal_arena scratch = bench_arena(ROOM);
    memset(text, 'a', length->octets);
    bench_require(teal_content_of_text((teal_bytes){ text, length->octets }, &scratch, &w) ==
                      TEAL_OK,
                  "a text becomes a content");
    bench_codec_measure(&content, length->name, teal_written(&w));
    free(scratch.base);
    keep->used = 0;
}

static void measure_manifest(const char *shape, size_t devices, teal_arena *keep)
{
    const teal_bytes handles[] = { teal_text(BENCH_SENDER), teal_text("tel:+14155550100") };
    teal_manifest m = test_manifest(handles, 2, 1, 1, devices, keep);
    teal_writer w = writer(keep);
    bench_require(teal_manifest_encode(&m, &w) == TEAL_OK, "a manifest can be encoded");
    bench_codec_measure(&manifest, shape, teal_written(&w));
    keep->used = 0;
}

static void measure_prekeys(teal_arena *keep)
{
    test_device device = test_device_of(1);
    teal_prekey *list = bench_take(keep, PREKEYS * sizeof *list);
    for (size_t i = 0; i < PREKEYS; i++) {
        list[i] = test_prekey_of(&device);
        list[i].id = (uint32_t)i;
    }
    teal_prekeys p = { .prekeys = list, .n_prekeys = PREKEYS };
    teal_writer many = writer(keep), one = writer(keep);
    bench_require(teal_prekeys_encode(&p, &many) == TEAL_OK &&
                      teal_prekey_encode(&list[1], &one) == TEAL_OK,
                  "prekeys can be encoded");
    bench_codec_measure(&prekeys, "100", teal_written(&many));
    bench_codec_measure(&prekey, "1", teal_written(&one));
    keep->used = 0;
}

static void measure_receipt(teal_arena *keep)
{
    test_random r = test_random_of(1);
    test_device gateway = test_device_of(1);
    teal_receipt from = test_receipt_random(&r, &gateway, keep);
    teal_writer w = writer(keep);
    bench_require(teal_receipt_encode(&from, &w) == TEAL_OK, "a receipt can be encoded");
    bench_codec_measure(&receipt, "1", teal_written(&w));
    keep->used = 0;
}

int main(void)
{
    bench_require(sodium_init() >= 0, "libsodium starts");
    teal_arena keep = bench_arena(ROOM);
    measure_envelopes(&keep);
    for (size_t i = 0; i < BENCH_LENGTHS; i++)
        measure_content(&bench_lengths[i], &keep);
    measure_manifest("1_device", 1, &keep);
    measure_manifest("10_devices", 10, &keep);
    measure_prekeys(&keep);
    measure_receipt(&keep);
    free(keep.base);
    return EXIT_SUCCESS;
}
