/* See envelopes.h. */
#include "tests/support/envelopes.h"

#include "codecs/native/content.h"
#include "codecs/native/transcript.h"

#include <assert.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char visible[] = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                              "abcdefghijklmnopqrstuvwxyz{|}~";

static void *take(teal_arena *arena, size_t count, size_t size)
{
    void *taken = teal_arena_array(arena, count, size);
    assert(taken != NULL);
    return taken;
}

teal_bytes test_handle(test_random *r, teal_arena *arena)
{
    uint8_t *room = take(arena, 1, TEAL_MAX_HANDLE_BYTES);
    teal_writer w = { room, TEAL_MAX_HANDLE_BYTES, 0 };
    if (test_random_below(r, 2) == 0) {
        teal_write_text(&w, "tel:+1");
        teal_write_bytes(&w, test_random_text(r, arena, 9, 14, "0123456789"));
    } else {
        teal_write_text(&w, test_random_below(r, 2) == 0 ? "im:" : "sip:");
        teal_write_bytes(&w, test_random_text(r, arena, 6, 60, letters));
        teal_write_text(&w, test_random_below(r, 4) == 0 ? "%2B@" : "@");
        teal_write_bytes(&w, test_random_text(r, arena, 1, 63, letters));
        teal_write_text(&w, ".example");
    }
    assert(teal_write_fits(&w));
    return teal_written(&w);
}

static uint64_t some_time(test_random *r)
{
    return test_random_below(r, 8) == 0 ? 0 : test_random_between(r, 1, 253402300799999);
}

static void fill_header(test_random *r, teal_arena *arena, test_sealed *s)
{
    teal_envelope *e = &s->envelope;
    e->suite = TEAL_SUITE_SEALED;
    e->message_id = test_random_text(r, arena, 1, TEAL_MAX_ID_BYTES, visible);
    e->conversation_id = test_random_bytes(r, arena, 1, TEAL_MAX_ID_BYTES);
    e->sender = test_handle(r, arena);
    memcpy(e->sender_device, s->sender.id, sizeof e->sender_device);
    e->n_recipients = test_random_between(r, 1, 4);
    teal_bytes *recipients = take(arena, e->n_recipients, sizeof *recipients);
    for (size_t i = 0; i < e->n_recipients; i++)
        recipients[i] = test_handle(r, arena);
    e->recipients = recipients;
    e->sent_at_ms = some_time(r);
    e->kind = (teal_kind)test_random_between(r, TEAL_KIND_MESSAGE, TEAL_KIND_CONTROL);
    e->wants = (uint32_t)test_random_below(r, 4);
    e->expires_at_ms = some_time(r);
}

static void fill_content(test_random *r, teal_arena *arena, test_sealed *s)
{
    uint8_t eph[TEST_MAX_TO * 32];
    teal_seal_to to[TEST_MAX_TO];
    s->n_to = test_random_between(r, 0, TEST_MAX_TO);
    for (size_t i = 0; i < s->n_to; i++) {
        s->to[i] = test_device_of(test_random_below(r, UINT32_MAX));
        to[i] = test_seal_to(&s->to[i]);
    }
    test_random_fill(r, s->message_key, sizeof s->message_key);
    test_random_fill(r, eph, sizeof eph);
    s->content = test_random_bytes(r, arena, 0, 2000);
    teal_result result = teal_seal(&s->envelope, s->content, to, s->n_to, s->message_key, eph,
                                   take(arena, s->n_to, sizeof(teal_wrapped_key)),
                                   take(arena, teal_seal_ciphertext_len(s->content.len), 1));
    assert(result == TEAL_OK);
}

static void fill_consent(test_random *r, teal_arena *arena, test_sealed *s)
{
    teal_consent *d = &s->envelope.downgrade;
    uint8_t eph[32];
    teal_writer fallback = { take(arena, 1, 600), 600, 0 };
    s->envelope.has_downgrade = true;
    d->floor = (teal_level)test_random_between(r, TEAL_PLAINTEXT, TEAL_TRANSPORT);
    d->when = (teal_when)test_random_between(r, TEAL_NO_BETTER_PATH, TEAL_OR_FAILED);
    d->failed_after_ms = test_random_below(r, 2) * test_random_below(r, 86400000);
    d->expires_at_ms = test_random_between(r, 1, 253402300799999);
    d->accepts_e2ee_loss = test_random_below(r, 2) == 1;
    teal_gateway_key_id(s->gateway.prekey_pk, d->gateway_key);
    teal_result result =
        teal_fallback_of_text(test_random_text(r, arena, 1, 500, visible), arena, &fallback);
    assert(result == TEAL_OK);
    s->fallback = teal_written(&fallback);
    test_random_fill(r, eph, sizeof eph);
    result = teal_fallback_seal(&s->envelope, s->gateway.prekey_pk, eph, s->fallback,
                                take(arena, 1, 32), take(arena, 1, s->fallback.len + 16));
    assert(result == TEAL_OK);
}

void test_sealed_random(test_random *r, teal_arena *arena, test_sealed *out)
{
    *out = (test_sealed){ 0 };
    out->sender = test_device_of(test_random_below(r, UINT32_MAX));
    out->gateway = test_device_of(test_random_below(r, UINT32_MAX));
    fill_header(r, arena, out);
    fill_content(r, arena, out);
    if (test_random_below(r, 2) == 0)
        fill_consent(r, arena, out);
    test_sealed_sign(out);
}

static teal_arena signing_scratch(void)
{
    static _Thread_local uint8_t room[TEAL_TRANSCRIPT_MAX_BYTES];
    return (teal_arena){ room, sizeof room, 0 };
}

void test_envelope_sign(teal_envelope *e, const uint8_t sk[static 64])
{
    teal_arena scratch = signing_scratch();
    teal_result result = teal_envelope_sign(e, sk, &scratch);
    assert(result == TEAL_OK);
    (void)result;
}

teal_result test_envelope_verify(const teal_envelope *e, const teal_hash *ciphertext_hash,
                                 const uint8_t device_key[static 32], teal_diag *why)
{
    teal_arena scratch = signing_scratch();
    return teal_envelope_verify(e, ciphertext_hash, device_key, &scratch, why);
}

void test_sealed_sign(test_sealed *s)
{
    test_envelope_sign(&s->envelope, s->sender.sign_sk);
}

void test_sealed_as_inbound(test_sealed *s)
{
    teal_envelope *e = &s->envelope;
    e->has_downgrade = false;
    e->downgrade = (teal_consent){ 0 };
    s->fallback = (teal_bytes){ 0 };
    e->has_origin = true;
    e->origin = (teal_origin){ TEAL_PLAINTEXT, teal_text("sms"), e->sender };
    test_sealed_sign(s);
}

teal_envelope test_forwarded(const teal_envelope *e, const bool *keep, teal_arena *arena)
{
    teal_envelope forwarded = *e;
    teal_hash *hashes = take(arena, e->n_keys, sizeof *hashes);
    teal_wrapped_key *keys = take(arena, e->n_keys, sizeof *keys);
    forwarded.n_keys = 0;
    for (size_t i = 0; i < e->n_keys; i++) {
        teal_transcript_key_hash(&e->keys[i], &hashes[i]);
        if (keep[i])
            keys[forwarded.n_keys++] = e->keys[i];
    }
    forwarded.keys = keys;
    forwarded.key_hashes = hashes;
    forwarded.n_key_hashes = e->n_keys;
    forwarded.downgrade.enc = forwarded.downgrade.sealed = (teal_bytes){ 0 };
    return forwarded;
}

teal_manifest test_manifest(const teal_bytes *handles, size_t n_handles, uint64_t account,
                            uint64_t first, size_t n_devices, teal_arena *arena)
{
    uint8_t sk[64];
    teal_manifest m = { .version = 1, .n_handles = n_handles, .n_devices = n_devices };
    teal_bytes *own = take(arena, n_handles, sizeof *own);
    teal_device *devices = take(arena, n_devices, sizeof *devices);
    memcpy(own, handles, n_handles * sizeof *own);
    for (size_t i = 0; i < n_devices; i++) {
        test_device device = test_device_of(first + i);
        memcpy(devices[i].id, device.id, sizeof devices[i].id);
        memcpy(devices[i].signing_key, device.sign_pk, sizeof devices[i].signing_key);
        devices[i].name = teal_text("phone");
        devices[i].added_at_ms = 1764000000000;
    }
    m.handles = own;
    m.devices = devices;
    m.created_at_ms = 1764000000000;
    test_account_keys(account, m.account_key, sk);
    teal_manifest_sign(&m, sk);
    return m;
}

teal_manifest test_manifest_random(test_random *r, teal_arena *arena)
{
    uint8_t sk[64];
    teal_bytes handles[4];
    size_t n = test_random_between(r, 1, 4);
    uint64_t account = test_random_below(r, UINT32_MAX), first = test_random_below(r, UINT32_MAX);
    for (size_t i = 0; i < n; i++)
        handles[i] = test_handle(r, arena);
    teal_manifest m =
        test_manifest(handles, n, account, first, test_random_between(r, 1, 5), arena);
    m.version = test_random_between(r, 1, 3);
    m.created_at_ms = some_time(r);
    if (m.version > 1)
        m.previous = test_random_bytes(r, arena, TEAL_HASH_BYTES, TEAL_HASH_BYTES);
    test_account_keys(account, m.account_key, sk);
    teal_manifest_sign(&m, sk);
    return m;
}

teal_receipt test_receipt_random(test_random *r, const test_device *gateway, teal_arena *arena)
{
    static const struct {
        const char *path, *mark;
        teal_level level;
    } ways[] = {
        { "native", "", TEAL_E2EE },
        { "rcs", "", TEAL_E2EE },
        { "plain", "[not end-to-end encrypted]", TEAL_TRANSPORT },
        { "sms", "[SMS, not encrypted]", TEAL_PLAINTEXT },
        { "", "", TEAL_LEVEL_NONE },
    };
    size_t way = test_random_below(r, sizeof ways / sizeof ways[0]);
    teal_receipt receipt = {
        .message_id = test_random_text(r, arena, 1, TEAL_MAX_ID_BYTES, visible),
        .sender = test_handle(r, arena),
        .recipient = test_handle(r, arena),
        .status = (teal_status)test_random_between(r, 1, 4),
        .level = ways[way].level,
        .path = teal_text(ways[way].path),
        .reason = test_random_text(r, arena, 0, 20, letters),
        .at_ms = some_time(r),
        .segments = (uint32_t)test_random_below(r, 4),
        .mark = teal_text(ways[way].mark),
        .gateway = test_handle(r, arena),
    };
    if (receipt.level == TEAL_LEVEL_NONE)
        receipt.status = TEAL_STATUS_UNDELIVERABLE;
    memcpy(receipt.device, gateway->id, sizeof receipt.device);
    test_random_fill(r, receipt.transcript_hash.at, sizeof receipt.transcript_hash.at);
    teal_receipt_sign(&receipt, gateway->sign_sk);
    return receipt;
}
