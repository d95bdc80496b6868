/* What the SMS codecs cost: alphabets and texts by length, units and headers as they are sent. */
#include "codecs/nfc.h"
#include "codecs/sms/dlr.h"
#include "codecs/sms/mark.h"
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/tpdu.h"
#include "codecs/sms/ucs2.h"
#include "codecs/utf8.h"
#include "tests/bench/codec.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 4 << 20, PAYLOAD = 60 << 10 };

/* Values of texts are views of what was decoded. */
#define TEXT(codec, decoder, encoder)                                                              \
    static teal_result codec##_decode(teal_bytes in, teal_arena *arena, void *value)               \
    {                                                                                              \
        teal_writer w = teal_arena_rest(arena);                                                    \
        teal_result result = decoder;                                                              \
        *(teal_bytes *)value = teal_written(&w);                                                   \
        return result;                                                                             \
    }                                                                                              \
    static teal_result codec##_encode(const void *value, teal_writer *out)                         \
    {                                                                                              \
        teal_bytes v = *(const teal_bytes *)value;                                                 \
        return encoder;                                                                            \
    }                                                                                              \
    static const bench_codec codec = { #codec, codec##_decode, codec##_encode };

TEXT(gsm7, teal_gsm7_decode(&teal_gsm7_default, in, &w, NULL),
     teal_gsm7_encode(&teal_gsm7_default, v, out, NULL))
TEXT(gsm7_packed, teal_gsm7_unpack(in, 0, in.len * 8 / 7, &w, NULL), teal_gsm7_pack(v, 0, out))
TEXT(ucs2, teal_ucs2_decode(in, &w, NULL), teal_ucs2_encode(v, out, NULL))

static teal_result tame(teal_bytes in, teal_arena *arena, void *value)
{
    teal_writer w = teal_arena_rest(arena);
    (void)value;
    return teal_text_tame(in, &w, NULL);
}

static teal_result normalise(teal_bytes in, teal_arena *arena, void *value)
{
    teal_writer w = teal_arena_rest(arena);
    (void)value;
    return teal_nfc(in, &w, NULL);
}

static teal_result validate(teal_bytes in, teal_arena *arena, void *value)
{
    (void)arena;
    (void)value;
    return teal_utf8_valid(in) ? TEAL_OK : TEAL_MALFORMED;
}

/* All that there are: a text of 100 KiB is over the limit of them. */
static teal_result split(teal_bytes in, teal_arena *arena, void *value)
{
    static teal_segment segments[TEAL_SEGMENTS_MAX];
    const teal_segment_options o = { .ref = 1 };
    size_t n;
    (void)arena;
    (void)value;
    return teal_segment_split(in, &o, segments, TEAL_SEGMENTS_MAX, &n, NULL);
}

static const bench_codec tame_text = { "tame", tame, NULL }, nfc = { "nfc", normalise, NULL },
                         utf8 = { "utf8", validate, NULL }, segment = { "segment", split, NULL };

static teal_result smpp_decode(teal_bytes in, teal_arena *arena, void *value)
{
    (void)arena;
    return teal_smpp_decode(in, value, NULL);
}

static teal_result smpp_encode(const void *value, teal_writer *out)
{
    return teal_smpp_encode(value, out, NULL);
}

static teal_result tpdu_decode(teal_bytes in, teal_arena *arena, void *value)
{
    (void)arena;
    return teal_tpdu_decode(in, TEAL_TPDU_FROM_CENTRE, value, NULL);
}

static teal_result tpdu_encode(const void *value, teal_writer *out)
{
    return teal_tpdu_encode(value, out, NULL);
}

static teal_result udh_decode(teal_bytes in, teal_arena *arena, void *value)
{
    (void)arena;
    return teal_udh_decode(in, value, NULL);
}

static teal_result udh_encode(const void *value, teal_writer *out)
{
    return teal_udh_encode(value, out->base, out->cap, &out->len);
}

static teal_result dlr_decode(teal_bytes in, teal_arena *arena, void *value)
{
    (void)arena;
    return teal_dlr_decode(in, value, NULL);
}

static teal_result dlr_encode(const void *value, teal_writer *out)
{
    return teal_dlr_encode(value, out);
}

static const bench_codec smpp = { "smpp", smpp_decode, smpp_encode },
                         tpdu = { "tpdu", tpdu_decode, tpdu_encode },
                         udh = { "udh", udh_decode, udh_encode },
                         dlr = { "dlr", dlr_decode, dlr_encode };

static teal_bytes letters(const char *letter, size_t octets, teal_arena *keep)
{
    teal_writer w = { bench_take(keep, octets), octets, 0 };
    while (w.len + strlen(letter) <= octets)
        teal_write_text(&w, letter);
    return teal_written(&w);
}

static void measure_texts(const bench_length *length, teal_arena *keep)
{
    teal_bytes ascii = letters("a", length->octets, keep);
    teal_bytes arabic = letters("\xD8\xB3", length->octets, keep);
    teal_bytes units = { bench_take(keep, length->octets), length->octets };
    memset((uint8_t *)(uintptr_t)units.at, 0x4E, units.len); /* U+4E4E */
    bench_codec_measure(&gsm7, length->name, ascii);
    bench_codec_measure(&gsm7_packed, length->name, ascii);
    bench_codec_measure(&ucs2, length->name, units);
    bench_codec_measure(&utf8, length->name, ascii);
    bench_codec_measure(&tame_text, length->name, ascii);
    bench_codec_measure(&nfc, length->name, ascii);
    char arabic_name[32];
    snprintf(arabic_name, sizeof arabic_name, "%s_arabic", length->name);
    bench_codec_measure(&utf8, arabic_name, arabic);
    bench_codec_measure(&nfc, arabic_name, arabic);
    if (length->octets < PAYLOAD) {
        bench_codec_measure(&segment, length->name, ascii);
        bench_codec_measure(&segment, arabic_name, arabic);
    }
    keep->used = 0;
}

static void measure_smpp(const char *shape, size_t octets, teal_arena *keep)
{
    const teal_bytes text = letters("a", octets, keep);
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_SUBMIT_SM,
                          .sequence = 7,
                          .message = { .source = { 5, 0, teal_text("Teal") },
                                       .destination = { 1, 1, teal_text("14155550100") },
                                       .registered_delivery = 1 } };
    teal_writer w = { bench_take(keep, TEAL_SMPP_MAX_OCTETS), TEAL_SMPP_MAX_OCTETS, 0 };
    teal_writer tlv = { bench_take(keep, TEAL_SMPP_MAX_OCTETS), TEAL_SMPP_MAX_OCTETS, 0 };
    if (octets <= 160)
        pdu.message.short_message = text;
    else
        teal_smpp_tlv_write(&tlv, TEAL_TLV_MESSAGE_PAYLOAD, text);
    pdu.tlvs = teal_written(&tlv);
    bench_require(teal_smpp_encode(&pdu, &w, NULL) == TEAL_OK, "a unit can be encoded");
    bench_codec_measure(&smpp, shape, teal_written(&w));
    keep->used = 0;
}

static void measure_tpdu(teal_arena *keep)
{
    teal_tpdu t = { .type = TEAL_TPDU_DELIVER,
                    .address = { .ton = 1, .npi = 1, .len = 11, .text = "14155550100" },
                    .centre_time = { .unix_ms = 1795510800000 },
                    .has_protocol_id = true,
                    .has_data_coding = true,
                    .has_user_data = true,
                    .len = TEAL_TPDU_USER_DATA_MAX };
    teal_writer w = { bench_take(keep, 512), 512, 0 };
    memset(t.user_data, 'a', t.len);
    bench_require(teal_tpdu_encode(&t, &w, NULL) == TEAL_OK, "a unit can be encoded");
    bench_codec_measure(&tpdu, "160", teal_written(&w));
    keep->used = 0;
}

int main(void)
{
    teal_arena keep = bench_arena(ROOM);
    for (size_t i = 0; i < BENCH_LENGTHS; i++)
        measure_texts(&bench_lengths[i], &keep);
    measure_smpp("160", 160, &keep);
    measure_smpp("1k", 1024, &keep);
    measure_smpp("60k", PAYLOAD, &keep);
    measure_tpdu(&keep);
    static const uint8_t concat[] = { 6, 8, 4, 1, 42, 2, 1 };
    bench_codec_measure(&udh, "concat", (teal_bytes){ concat, sizeof concat });
    bench_codec_measure(&dlr, "1",
                        teal_text("id:7f2a sub:001 dlvrd:001 submit date:2611240900 done "
                                  "date:2611240901 stat:DELIVRD err:000 text:"));
    free(keep.base);
    return EXIT_SUCCESS;
}
