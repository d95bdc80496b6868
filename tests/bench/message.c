/* See message.h. */
#include "tests/bench/message.h"

#include "codecs/base64.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "tests/bench/measure.h"
#include "tests/support/envelopes.h"
#include "tests/support/random.h"

#include <sodium.h>
#include <stdlib.h>

enum { ID_OCTETS = 16 };

teal_arena bench_arena(size_t octets)
{
    teal_arena arena = { malloc(octets), octets, 0 };
    bench_require(arena.base != NULL, "there is memory");
    return arena;
}

void *bench_take(teal_arena *arena, size_t octets)
{
    void *at = teal_arena_take(arena, octets);
    bench_require(at != NULL, "the arena is large enough");
    return at;
}

/* As Teal's own ids look: "Mx", then base64url. */
static teal_bytes message_id(uint64_t number, teal_arena *arena)
{
    uint8_t value[ID_OCTETS] = { 0 };
    size_t len = 2 + teal_base64url_length(sizeof value);
    teal_writer value_writer = { value, sizeof value, 0 };
    teal_writer text = { bench_take(arena, len), len, 0 };
    teal_write_u64(&value_writer, number);
    teal_write_text(&text, "Mx");
    teal_base64url_encode((teal_bytes){ value, sizeof value }, &text);
    return teal_written(&text);
}

static teal_bytes conversation_id(uint64_t number, teal_arena *arena)
{
    teal_writer w = { bench_take(arena, TEAL_HASH_BYTES), TEAL_HASH_BYTES, 0 };
    for (size_t i = 0; i < TEAL_HASH_BYTES / sizeof number; i++)
        teal_write_u64(&w, number);
    return teal_written(&w);
}

static void seal(const bench_letter *l, teal_arena *arena, teal_envelope *e)
{
    teal_seal_to *to = bench_take(arena, l->n_to * sizeof *to);
    for (size_t i = 0; i < l->n_to; i++)
        to[i] = test_seal_to(&l->to[i]);
    uint8_t message_key[TEAL_KEY_BYTES];
    uint8_t *eph = bench_take(arena, l->n_to * TEAL_KEY_BYTES);
    randombytes_buf(message_key, sizeof message_key);
    randombytes_buf(eph, l->n_to * TEAL_KEY_BYTES);
    uint8_t *content = bench_take(arena, l->content_octets);
    randombytes_buf(content, l->content_octets);
    teal_result r =
        teal_seal(e, (teal_bytes){ content, l->content_octets }, to, l->n_to, message_key, eph,
                  bench_take(arena, l->n_to * sizeof(teal_wrapped_key)),
                  bench_take(arena, teal_seal_ciphertext_len(l->content_octets)));
    bench_require(r == TEAL_OK, "a message can be sealed");
}

void bench_message_seal(const bench_letter *letter, teal_arena *arena, teal_envelope *out)
{
    teal_bytes *recipient = bench_take(arena, sizeof *recipient);
    *recipient = teal_text(BENCH_RECIPIENT);
    *out = (teal_envelope){ .suite = TEAL_SUITE_SEALED,
                            .message_id = message_id(letter->number, arena),
                            .conversation_id = conversation_id(letter->conversation, arena),
                            .sender = teal_text(BENCH_SENDER),
                            .recipients = recipient,
                            .n_recipients = 1,
                            .sent_at_ms = letter->sent_at_ms,
                            .kind = TEAL_KIND_MESSAGE,
                            .wants = TEAL_WANTS_DELIVERED | TEAL_WANTS_DISPLAYED };
    memcpy(out->sender_device, letter->sender->id, sizeof out->sender_device);
    seal(letter, arena, out);
    test_envelope_sign(out, letter->sender->sign_sk);
    bench_require(teal_envelope_check(out, NULL) == TEAL_OK, "a sealed message is valid");
}

void bench_message_make(size_t content_octets, size_t devices, teal_arena *arena,
                        teal_envelope *out)
{
    test_device sender = test_device_of(0), *to = bench_take(arena, devices * sizeof *to);
    for (size_t i = 0; i < devices; i++)
        to[i] = test_device_of(1 + i);
    bench_message_seal(&(bench_letter){ .sender = &sender,
                                        .to = to,
                                        .n_to = devices,
                                        .content_octets = content_octets,
                                        .sent_at_ms = BENCH_SENT_AT_MS },
                       arena, out);
}

teal_bytes bench_message_encode(const teal_envelope *e, teal_arena *arena)
{
    teal_writer measure = { 0 };
    bench_require(teal_envelope_encode(e, &measure) == TEAL_SPACE, "an envelope has octets");
    teal_writer w = { bench_take(arena, measure.len), measure.len, 0 };
    bench_require(teal_envelope_encode(e, &w) == TEAL_OK, "an envelope can be encoded");
    return teal_written(&w);
}
