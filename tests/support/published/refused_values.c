/* Envelopes in canonical octets that break a rule on values: each is a good one with one thing
 * changed. */
#include "tests/support/published/refused.h"

#define LONG_HANDLE "im:" LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 "@native.example"
#define LETTERS_64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AFTER_9999  UINT64_C(253402300800000)

static void unknown_suite(sealed *s)
{
    s->envelope.suite = 2;
}

static void no_suite(sealed *s)
{
    s->envelope.suite = 0;
}

static void no_id(sealed *s)
{
    s->envelope.message_id = (teal_bytes){ 0 };
}

static void blank_in_id(sealed *s)
{
    s->envelope.message_id = teal_text("a b");
}

static void long_id(sealed *s)
{
    s->envelope.message_id = teal_text(LETTERS_64 "b");
}

static void no_conversation(sealed *s)
{
    s->envelope.conversation_id = (teal_bytes){ 0 };
}

static void long_conversation(sealed *s)
{
    s->envelope.conversation_id = teal_text(LETTERS_64 "b");
}

static void sender_in_capitals(sealed *s)
{
    s->envelope.sender = teal_text("im:alice@Native.example");
}

static void long_sender(sealed *s)
{
    s->envelope.sender = teal_text(LONG_HANDLE);
}

static void nobody(sealed *s)
{
    s->envelope.sender = teal_text(TEAL_HANDLE_ANONYMOUS);
}

static void to_nobody(sealed *s)
{
    teal_bytes *one = vector_room(s->arena, sizeof *one);
    *one = teal_text(TEAL_HANDLE_ANONYMOUS);
    s->envelope.recipients = one;
}

static void no_recipient(sealed *s)
{
    s->envelope.n_recipients = 0;
}

static void recipient_twice(sealed *s)
{
    teal_bytes *twice = vector_room(s->arena, 2 * sizeof *twice);
    twice[0] = twice[1] = s->envelope.recipients[0];
    s->envelope.recipients = twice;
    s->envelope.n_recipients = 2;
}

static void recipient_without_plus(sealed *s)
{
    teal_bytes *one = vector_room(s->arena, sizeof *one);
    *one = teal_text("tel:4155550100");
    s->envelope.recipients = one;
}

static void unknown_kind(sealed *s)
{
    s->envelope.kind = (teal_kind)5;
}

static void no_kind(sealed *s)
{
    s->envelope.kind = (teal_kind)0;
}

static void unknown_wish(sealed *s)
{
    s->envelope.wants = 4;
}

static void sent_too_late(sealed *s)
{
    s->envelope.sent_at_ms = AFTER_9999;
}

static void expires_too_late(sealed *s)
{
    s->envelope.expires_at_ms = UINT64_MAX;
}

static void short_ciphertext(sealed *s)
{
    s->envelope.ciphertext.len = 16;
}

static void key_without_hash(sealed *s)
{
    s->envelope = sealed_forwarded(s, 0x1f);
    s->envelope.n_key_hashes = 4;
}

static void keys_in_another_order(sealed *s)
{
    s->envelope = sealed_forwarded(s, 0x03);
    teal_wrapped_key *keys = vector_room(s->arena, 2 * sizeof *keys);
    keys[0] = s->envelope.keys[1];
    keys[1] = s->envelope.keys[0];
    s->envelope.keys = keys;
}

static void floor_of_e2ee(sealed *s)
{
    s->envelope.downgrade.floor = TEAL_E2EE;
}

static void no_floor(sealed *s)
{
    s->envelope.downgrade.floor = TEAL_LEVEL_NONE;
}

static void unknown_when(sealed *s)
{
    s->envelope.downgrade.when = (teal_when)3;
}

static void consent_for_ever(sealed *s)
{
    s->envelope.downgrade.expires_at_ms = 0;
}

static void consent_too_late(sealed *s)
{
    s->envelope.downgrade.failed_after_ms = AFTER_9999;
}

static void sealed_without_enc(sealed *s)
{
    s->envelope.downgrade.enc = (teal_bytes){ 0 };
}

static void enc_without_sealed(sealed *s)
{
    s->envelope.downgrade.sealed = (teal_bytes){ 0 };
}

static void short_enc(sealed *s)
{
    s->envelope.downgrade.enc.len = 31;
}

static void short_sealed(sealed *s)
{
    s->envelope.downgrade.sealed.len = 16;
}

static void other_fallback(sealed *s)
{
    s->envelope.downgrade.fallback_hash.at[0] ^= 1;
}

static void origin_of_e2ee(sealed *s)
{
    s->envelope.origin.level = TEAL_E2EE;
}

static void origin_without_network(sealed *s)
{
    s->envelope.origin.network = (teal_bytes){ 0 };
}

static void origin_with_blank(sealed *s)
{
    s->envelope.origin.network = teal_text("s ms");
}

static void origin_of_another(sealed *s)
{
    s->envelope.origin.gateway = teal_text("im:alice@native.example");
}

json_t *refused_values(teal_arena *a)
{
    static const refused_row rows[] = {
        { "suite 2", "REQ-ENV-1", SEALED_ONE_DEVICE, unknown_suite },
        { "no suite", "REQ-ENV-1", SEALED_ONE_DEVICE, no_suite },
        { "no message id", "REQ-ENV-2", SEALED_ONE_DEVICE, no_id },
        { "a message id with a blank", "REQ-ENV-2", SEALED_ONE_DEVICE, blank_in_id },
        { "a message id of 65 octets", "REQ-ENV-2", SEALED_ONE_DEVICE, long_id },
        { "no conversation id", "REQ-ENV-3", SEALED_ONE_DEVICE, no_conversation },
        { "a conversation id of 65 octets", "REQ-ENV-3", SEALED_ONE_DEVICE, long_conversation },
        { "a sender that is not canonical", "REQ-ENV-4", SEALED_ONE_DEVICE, sender_in_capitals },
        { "a sender of 274 octets", "REQ-ENV-4", SEALED_ONE_DEVICE, long_sender },
        { "no recipient", "REQ-ENV-5", SEALED_ONE_DEVICE, no_recipient },
        { "a recipient twice", "REQ-ENV-5", SEALED_ONE_DEVICE, recipient_twice },
        { "a recipient that is no handle", "REQ-ENV-5", SEALED_ONE_DEVICE, recipient_without_plus },
        { "kind 5", "REQ-WIRE-3", SEALED_ONE_DEVICE, unknown_kind },
        { "no kind", "REQ-ENV-6", SEALED_ONE_DEVICE, no_kind },
        { "wants 4", "REQ-ENV-7", SEALED_ONE_DEVICE, unknown_wish },
        { "sent after the year 9999", "REQ-ENV-8", SEALED_ONE_DEVICE, sent_too_late },
        { "expires after the year 9999", "REQ-ENV-8", SEALED_ONE_DEVICE, expires_too_late },
        { "a ciphertext of 16 octets", "REQ-ENV-9", SEALED_ONE_DEVICE, short_ciphertext },
        { "an anonymous sender", "REQ-ENV-10", SEALED_ONE_DEVICE, nobody },
        { "an anonymous recipient", "REQ-ENV-10", SEALED_ONE_DEVICE, to_nobody },
        { "the hash of a key is missing", "REQ-ENV-12", SEALED_MANY_DEVICES, key_without_hash },
        { "keys in another order than their hashes", "REQ-ENV-12", SEALED_MANY_DEVICES,
          keys_in_another_order },
        { "a floor of E2EE", "REQ-ENV-13", SEALED_WAITING, floor_of_e2ee },
        { "no floor", "REQ-ENV-13", SEALED_WAITING, no_floor },
        { "when 3", "REQ-WIRE-3", SEALED_WAITING, unknown_when },
        { "a consent that does not expire", "REQ-ENV-14", SEALED_WAITING, consent_for_ever },
        { "a consent after the year 9999", "REQ-ENV-8", SEALED_WAITING, consent_too_late },
        { "sealed without enc", "REQ-ENV-15", SEALED_WAITING, sealed_without_enc },
        { "enc without sealed", "REQ-ENV-15", SEALED_WAITING, enc_without_sealed },
        { "enc of 31 octets", "REQ-ENV-15", SEALED_WAITING, short_enc },
        { "sealed of 16 octets", "REQ-ENV-15", SEALED_WAITING, short_sealed },
        { "another fallback_hash", "REQ-ENV-16", SEALED_WAITING, other_fallback },
        { "an origin of level E2EE", "REQ-ENV-17", SEALED_ORIGIN, origin_of_e2ee },
        { "an origin without a network", "REQ-ENV-17", SEALED_ORIGIN, origin_without_network },
        { "a network with a blank", "REQ-ENV-17", SEALED_ORIGIN, origin_with_blank },
        { "an origin of another gateway", "REQ-ENV-18", SEALED_ORIGIN, origin_of_another },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_diag why = { 0 };
        teal_envelope e;
        sealed s;
        sealed_make(&sealed_cases[rows[i].of], a, &s);
        rows[i].spoil(&s);
        teal_bytes bad = vector_envelope(a, &s.envelope);
        expect_refused(rows[i].name, teal_envelope_decode(bad, a, &e, &why), &why, rows[i].rule);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:o}", "name", rows[i].name, "rule",
                                               rows[i].rule, "encoded", vector_bytes(bad)));
    }
    return out;
}
