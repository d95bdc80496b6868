/* See cases.h. */
#include "tests/support/published/cases.h"

#include "codecs/native/content.h"
#include "codecs/native/transcript.h"

#include "tests/support/random.h"

#define NOON 1795521600123 /* 2026-11-24T12:00:00.123Z */

const sealed_case sealed_cases[] = {
    [SEALED_ONE_DEVICE] = { .name = "one device",
                            .message_id = "MxAZPsCHEAcACAAAAAAAAAAQ",
                            .conversation_id = "lunch",
                            .sender = "im:alice@native.example",
                            .recipients = { "im:bob@native.example" },
                            .sent_at_ms = NOON,
                            .kind = TEAL_KIND_MESSAGE,
                            .text = "See you at noon.",
                            .device = 1,
                            .to = { 11 } },
    [SEALED_MANY_DEVICES] = { .name = "many devices, both receipts, an expiry",
                              .message_id = "MxAZPsCHEAcACAAAAAAAAAAg",
                              .conversation_id = "lunch",
                              .sender = "im:alice@native.example",
                              .recipients = { "sip:bob@rcs.example" },
                              .sent_at_ms = NOON + 1000,
                              .expires_at_ms = NOON + 86400000,
                              .kind = TEAL_KIND_MESSAGE,
                              .wants = TEAL_WANTS_DELIVERED | TEAL_WANTS_DISPLAYED,
                              .text =
                                  "Grüße, 你好, 👩‍👩‍👧: one text in many scripts.",
                              .device = 1,
                              .to = { 11, 12, 13, 14, 2 } },
    [SEALED_RECIPIENTS] = { .name = "several recipients, a receipt when delivered",
                            .message_id = "any-token:of_visible~ASCII\\",
                            .conversation_id = "three of us",
                            .sender = "tel:+14155550100",
                            .recipients = { "im:bob@native.example", "tel:+447700900123",
                                            "sip:carol%2Bwork@a-b.rcs.example" },
                            .sent_at_ms = NOON + 2000,
                            .kind = TEAL_KIND_MESSAGE,
                            .wants = TEAL_WANTS_DELIVERED,
                            .text = "Hello, all.",
                            .device = 3,
                            .to = { 11, 21, 31 } },
    [SEALED_CONSENT] = { .name = "nobody to seal to, a consent and its fallback",
                         .message_id = "MxAZPsCHEAcACAAAAAAAAABA",
                         .conversation_id = "sms",
                         .sender = "im:alice@native.example",
                         .recipients = { "tel:+447700900123" },
                         .sent_at_ms = NOON + 3000,
                         .kind = TEAL_KIND_MESSAGE,
                         .text = "Doors open at eight.",
                         .device = 1,
                         .fallback = "Doors open at eight.",
                         .consent = { .floor = TEAL_PLAINTEXT,
                                      .when = TEAL_NO_BETTER_PATH,
                                      .expires_at_ms = NOON + 3600000 } },
    [SEALED_WAITING] = { .name = "a consent that waits and accepts the loss",
                         .message_id = "MxAZPsCHEAcACAAAAAAAAABQ",
                         .conversation_id = "lunch",
                         .sender = "im:alice@native.example",
                         .recipients = { "sip:bob@rcs.example" },
                         .sent_at_ms = NOON + 4000,
                         .expires_at_ms = NOON + 7200000,
                         .kind = TEAL_KIND_MESSAGE,
                         .wants = TEAL_WANTS_DELIVERED,
                         .text = "The train is late.",
                         .device = 1,
                         .to = { 11, 12 },
                         .fallback = "The train is late (from my phone).",
                         .consent = { .floor = TEAL_TRANSPORT,
                                      .when = TEAL_OR_FAILED,
                                      .failed_after_ms = 600000,
                                      .expires_at_ms = NOON + 3600000,
                                      .accepts_e2ee_loss = true } },
    [SEALED_ORIGIN] = { .name = "from a gateway: came in as an SMS",
                        .message_id = "MxAZPsCHEAcACAAAAAAAAABg",
                        .conversation_id = "sms",
                        .sender = "im:gateway@native.example",
                        .recipients = { "im:alice@native.example" },
                        .sent_at_ms = NOON + 5000,
                        .kind = TEAL_KIND_MESSAGE,
                        .text = "Your code is 123456",
                        .device = 9,
                        .to = { 1, 2 },
                        .origin_level = TEAL_PLAINTEXT,
                        .origin_network = "sms" },
    { .name = "from a gateway: came in as plain RCS",
      .message_id = "MxAZPsCHEAcACAAAAAAAAABw",
      .conversation_id = "plain",
      .sender = "im:gateway@native.example",
      .recipients = { "im:alice@native.example" },
      .sent_at_ms = NOON + 6000,
      .kind = TEAL_KIND_MESSAGE,
      .text = "Hi",
      .device = 9,
      .to = { 1 },
      .origin_level = TEAL_TRANSPORT,
      .origin_network = "rcs.example-2_x" },
    { .name = "a receipt",
      .message_id = "MxAZPsCHEAcACAAAAAAAAACA",
      .conversation_id = "lunch",
      .sender = "im:bob@native.example",
      .recipients = { "im:alice@native.example" },
      .sent_at_ms = NOON + 7000,
      .kind = TEAL_KIND_RECEIPT,
      .text = "", /* what it holds does not matter here: content.json has receipts */
      .device = 11,
      .to = { 1, 2 } },
    { .name = "typing, no content, expires soon",
      .message_id = "t",
      .conversation_id = "c",
      .sender = "im:bob@native.example",
      .recipients = { "im:alice@native.example" },
      .sent_at_ms = NOON + 8000,
      .expires_at_ms = NOON + 8001,
      .kind = TEAL_KIND_TYPING,
      .device = 11,
      .to = { 1 } },
    { .name = "control, a receipt when displayed, the first and the last moment",
      .message_id = "1234567890123456789012345678901234567890123456789012345678901234",
      .conversation_id = "1234567890123456789012345678901234567890123456789012345678901234",
      .sender = "im:bob@native.example",
      .recipients = { "im:alice@native.example" },
      .sent_at_ms = 0,
      .expires_at_ms = 253402300799999,
      .kind = TEAL_KIND_CONTROL,
      .wants = TEAL_WANTS_DISPLAYED,
      .text = "x",
      .device = 11,
      .to = { 1 } },
};
const size_t sealed_count = sizeof sealed_cases / sizeof sealed_cases[0];

static void fill_header(const sealed_case *c, teal_arena *a, teal_envelope *e)
{
    teal_bytes *recipients =
        vector_room(a, sizeof c->recipients / sizeof *c->recipients * sizeof *recipients);
    while (c->recipients[e->n_recipients] != NULL) {
        recipients[e->n_recipients] = teal_text(c->recipients[e->n_recipients]);
        e->n_recipients++;
    }
    e->suite = TEAL_SUITE_SEALED;
    e->message_id = teal_text(c->message_id);
    e->conversation_id = teal_text(c->conversation_id);
    e->sender = teal_text(c->sender);
    e->recipients = recipients;
    e->sent_at_ms = c->sent_at_ms;
    e->kind = c->kind;
    e->wants = c->wants;
    e->expires_at_ms = c->expires_at_ms;
}

static void fill_content(sealed *s)
{
    teal_seal_to to[SEALED_MAX_TO];
    while (s->n_to < SEALED_MAX_TO && s->of->to[s->n_to] != 0) {
        s->to[s->n_to] = test_device_of(s->of->to[s->n_to]);
        to[s->n_to] = test_seal_to(&s->to[s->n_to]);
        s->n_to++;
    }
    if (s->of->text != NULL) {
        teal_writer w = vector_writer(s->arena, strlen(s->of->text) + 64);
        teal_result result = teal_content_of_text(teal_text(s->of->text), s->arena, &w);
        expect_that(s->of->name, result == TEAL_OK);
        s->content = teal_written(&w);
    }
    teal_result result = teal_seal(&s->envelope, s->content, to, s->n_to, s->message_key, s->eph,
                                   vector_room(s->arena, s->n_to * sizeof(teal_wrapped_key)),
                                   vector_room(s->arena, teal_seal_ciphertext_len(s->content.len)));
    expect_that(s->of->name, result == TEAL_OK);
}

static void fill_consent(sealed *s)
{
    teal_envelope *e = &s->envelope;
    teal_writer w = vector_writer(s->arena, strlen(s->of->fallback) + 64);
    teal_result result = teal_fallback_of_text(teal_text(s->of->fallback), s->arena, &w);
    expect_that(s->of->name, result == TEAL_OK);
    s->fallback = teal_written(&w);
    e->has_downgrade = true;
    e->downgrade = s->of->consent;
    teal_gateway_key_id(s->gateway.prekey_pk, e->downgrade.gateway_key);
    result =
        teal_fallback_seal(e, s->gateway.prekey_pk, s->fallback_eph, s->fallback,
                           vector_room(s->arena, 32), vector_room(s->arena, s->fallback.len + 16));
    expect_that(s->of->name, result == TEAL_OK);
}

void sealed_make(const sealed_case *c, teal_arena *a, sealed *out)
{
    test_random r = test_random_of((uint64_t)(c - sealed_cases) + 1000);
    *out = (sealed){ .of = c,
                     .arena = a,
                     .sender = test_device_of(c->device),
                     .gateway = test_device_of(SEALED_GATEWAY) };
    test_random_fill(&r, out->message_key, sizeof out->message_key);
    test_random_fill(&r, out->eph, sizeof out->eph);
    test_random_fill(&r, out->fallback_eph, sizeof out->fallback_eph);
    fill_header(c, a, &out->envelope);
    memcpy(out->envelope.sender_device, out->sender.id, sizeof out->sender.id);
    fill_content(out);
    if (c->fallback != NULL)
        fill_consent(out);
    if (c->origin_level != TEAL_LEVEL_NONE) {
        out->envelope.has_origin = true;
        out->envelope.origin =
            (teal_origin){ c->origin_level, teal_text(c->origin_network), out->envelope.sender };
    }
    sealed_sign(out);
}

void sealed_sign(sealed *s)
{
    teal_result result = teal_envelope_sign(&s->envelope, s->sender.sign_sk, s->arena);
    expect_that(s->of->name, result == TEAL_OK);
}

teal_envelope sealed_forwarded(const sealed *s, uint32_t keep)
{
    teal_envelope f = s->envelope;
    teal_wrapped_key *keys = vector_room(s->arena, f.n_keys * sizeof *keys);
    teal_hash *hashes = vector_room(s->arena, f.n_keys * sizeof *hashes);
    f.n_keys = 0;
    for (size_t i = 0; i < s->envelope.n_keys; i++) {
        teal_transcript_key_hash(&s->envelope.keys[i], &hashes[i]);
        if ((keep >> i & 1) != 0)
            keys[f.n_keys++] = s->envelope.keys[i];
    }
    f.keys = keys;
    f.key_hashes = hashes;
    f.n_key_hashes = s->envelope.n_keys;
    f.downgrade.enc = f.downgrade.sealed = (teal_bytes){ 0 };
    return f;
}
