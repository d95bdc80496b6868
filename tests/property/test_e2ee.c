/* Properties of the envelope in CPIM at every size: up to 256 recipients, 1024 keys and their
 * hashes. Nothing in it is a real key or signature. */
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"
#include "tests/support/recode.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 8 << 20, MANY_KEYS = 1024 };

static const char visible[] = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                              "abcdefghijklmnopqrstuvwxyz{|}~";

static _Alignas(16) uint8_t room[ROOM], scratch_room[ROOM];
static uint8_t text[1 << 20];

/* --- envelopes ---------------------------------------------------------------------------------
 */

/* Their values do not matter, and are too many to be chosen one by one. */
static void draw_bytes(test_random *r, uint8_t *at, size_t len)
{
    test_random bulk = test_random_of(test_random_u64(r));
    test_random_fill(&bulk, at, len);
}

static teal_bytes draw_view(test_random *r, teal_arena *arena, size_t len)
{
    uint8_t *at = teal_arena_take(arena, len);
    assert(at != NULL);
    draw_bytes(r, at, len);
    return (teal_bytes){ at, len };
}

static teal_bytes draw_handle(test_random *r, teal_arena *arena, size_t number)
{
    static const char *const forms[] = { "tel:+1415555%04zu", "im:alice%zu@native.example",
                                         "sip:bob.%zu@rcs.example" };
    char *at = teal_arena_take(arena, 64);
    assert(at != NULL);
    snprintf(at, 64, forms[test_random_below(r, 3)], number);
    return teal_text(at);
}

static void draw_keys(test_random *r, teal_arena *arena, teal_envelope *e)
{
    e->n_keys = test_random_below(r, 6) == 5 ? test_random_below(r, MANY_KEYS + 1)
                                             : test_random_below(r, 4);
    teal_wrapped_key *keys = teal_arena_array(arena, e->n_keys, sizeof *keys);
    assert(keys != NULL);
    for (size_t i = 0; i < e->n_keys; i++) {
        draw_bytes(r, (uint8_t *)&keys[i], sizeof keys[i]);
        keys[i].prekey_id =
            test_random_below(r, 3) == 0 ? 0 : (uint32_t)test_random_below(r, UINT32_MAX);
    }
    e->keys = keys;
    if (e->n_keys == 0 || !test_random_bool(r))
        return;
    teal_hash *hashes = teal_arena_array(arena, e->n_keys, sizeof *hashes);
    assert(hashes != NULL);
    for (size_t i = 0; i < e->n_keys; i++)
        teal_transcript_key_hash(&keys[i], &hashes[i]);
    e->key_hashes = hashes;
    e->n_key_hashes = e->n_keys;
    size_t withheld =
        test_random_below(r, e->n_keys); /* what another destination gets: keys in front left out */
    e->keys += withheld;
    e->n_keys -= withheld;
}

static void draw_downgrade(test_random *r, teal_arena *arena, teal_envelope *e)
{
    teal_consent *d = &e->downgrade;
    e->has_downgrade = true;
    d->floor = test_random_below(r, 2) == 0 ? TEAL_PLAINTEXT : TEAL_TRANSPORT;
    d->when = test_random_below(r, 2) == 0 ? TEAL_NO_BETTER_PATH : TEAL_OR_FAILED;
    d->failed_after_ms = test_random_below(r, 1u << 31);
    d->expires_at_ms = 1 + test_random_below(r, 253402300799999);
    d->accepts_e2ee_loss = test_random_below(r, 2) == 0;
    draw_bytes(r, d->gateway_key, sizeof d->gateway_key);
    draw_bytes(r, d->fallback_hash.at, sizeof d->fallback_hash.at);
    if (!test_random_bool(r))
        return;
    d->enc = draw_view(r, arena, TEAL_KEY_BYTES);
    d->sealed = draw_view(r, arena,
                          test_random_below(r, 8) == 7 ? TEAL_MAX_FALLBACK_BYTES
                                                       : 17 + test_random_below(r, 300));
    teal_transcript_fallback_hash(d->enc, d->sealed, &d->fallback_hash);
}

static teal_envelope draw_envelope(test_random *r, teal_arena *arena)
{
    teal_envelope e = { .suite = TEAL_SUITE_SEALED };
    teal_bytes *recipients;
    e.message_id = test_random_text(r, arena, 1, TEAL_MAX_ID_BYTES, visible);
    e.conversation_id = draw_view(r, arena, 1 + test_random_below(r, TEAL_MAX_ID_BYTES));
    e.sender = draw_handle(r, arena, 0);
    draw_bytes(r, e.sender_device, sizeof e.sender_device);
    e.n_recipients =
        test_random_below(r, 8) == 7 ? TEAL_MAX_RECIPIENTS : 1 + test_random_below(r, 3);
    e.recipients = recipients = teal_arena_array(arena, e.n_recipients, sizeof *recipients);
    assert(recipients != NULL);
    for (size_t i = 0; i < e.n_recipients; i++)
        recipients[i] = draw_handle(r, arena, i + 1);
    e.sent_at_ms = test_random_below(r, 253402300799999 + 1);
    e.kind = (teal_kind)(1 + test_random_below(r, 4));
    e.wants = (uint32_t)test_random_below(r, 4);
    e.expires_at_ms = test_random_below(r, 2) == 0 ? 0 : test_random_below(r, 253402300799999 + 1);
    draw_bytes(r, e.key_commitment, sizeof e.key_commitment);
    e.ciphertext = draw_view(
        r, arena, 17 + test_random_below(r, test_random_below(r, 8) == 7 ? 1 << 16 : 512));
    draw_keys(r, arena, &e);
    if (test_random_bool(r))
        draw_downgrade(r, arena, &e);
    draw_bytes(r, e.signature, sizeof e.signature);
    if (test_random_below(r, 4) == 3) {
        e.has_origin = true;
        e.origin = (teal_origin){ test_random_below(r, 2) == 0 ? TEAL_PLAINTEXT : TEAL_TRANSPORT,
                                  teal_text("sms-1.example_net"), e.sender };
    }
    return e;
}

/* --- properties --------------------------------------------------------------------------------
 */

static recoded recode_e2ee(teal_bytes in, teal_writer *out)
{
    teal_arena arena = { scratch_room, TEAL_E2EE_ARENA(in.len), 0 };
    teal_envelope e;
    recoded what = { 0 };
    assert(arena.cap <= sizeof scratch_room);
    what.decoded = teal_e2ee_decode(in, &arena, NULL, &e, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_e2ee_encode(&e, NULL, out);
    return what;
}

/* The native encoding has every field, so equal octets are equal envelopes. */
static const char *envelope_of_any_size_crosses(test_random *r)
{
    static uint8_t want[sizeof text], got[sizeof text];
    teal_writer measure = { 0 }, out = { text, sizeof text, 0 };
    teal_writer w = { want, sizeof want, 0 }, g = { got, sizeof got, 0 };
    teal_arena arena = { room, sizeof room, 0 };
    teal_envelope e = draw_envelope(r, &arena), back;
    teal_diag why = { 0 };
    const char *wrong =
        property_ok(teal_envelope_check(&e, &why), &why)
            ?: property_that(teal_e2ee_encode(&e, NULL, &measure) == TEAL_SPACE)
            ?: property_ok(teal_e2ee_encode(&e, NULL, &out), NULL)
            ?: property_that(out.len == measure.len);
    teal_arena a = { scratch_room, TEAL_E2EE_ARENA(out.len), 0 };
    return wrong ?: property_ok(teal_e2ee_decode(teal_written(&out), &a, NULL, &back, &why), &why)
                 ?: property_ok(teal_envelope_encode(&e, &w), NULL)
                 ?: property_ok(teal_envelope_encode(&back, &g), NULL)
                 ?: property_differ(teal_written(&g), teal_written(&w))
                 ?: recode_canonical(recode_e2ee, teal_written(&out));
}

static void test_any_size(void **state)
{
    (void)state;
    assert_property(envelope_of_any_size_crosses, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
