/* forwarding.json: grants of text forwarding, what must be refused, and requests with the code that
 * both devices show. */
#include "tests/support/published/parts.h"
#include "tests/support/published/published.h"

#include "codecs/native/forwarding_grant.h"
#include "codecs/native/forwarding_request.h"

#include "tests/support/devices.h"

enum { ALICE = 1, BOB = 2, LAPTOP = 2, TABLET = 3, MAX_ENCODED = 2 << 10 };

#define TIME 1795521600000
#define DAY  (INT64_C(24) * 60 * 60 * 1000)

static teal_bytes encoded(teal_arena *a, const teal_forwarding_grant *g)
{
    teal_writer w = vector_writer(a, MAX_ENCODED);
    expect_that("grant is encoded", teal_forwarding_grant_encode(g, &w) == TEAL_OK);
    return teal_written(&w);
}

static teal_forwarding_grant grant_of(uint64_t sequence, bool revoked, uint8_t account_key[32])
{
    uint8_t sk[64];
    const test_device laptop = test_device_of(LAPTOP);
    teal_forwarding_grant g = { .handle = teal_text("tel:+14155550100"),
                                .granted_at_ms = TIME + sequence,
                                .expires_at_ms = TIME + sequence + 90 * DAY,
                                .revoked = revoked,
                                .sequence = sequence };
    memcpy(g.device, laptop.id, sizeof g.device);
    memcpy(g.signing_key, laptop.sign_pk, sizeof g.signing_key);
    test_account_keys(ALICE, account_key, sk);
    teal_forwarding_grant_sign(&g, sk);
    return g;
}

static json_t *fields_of(const teal_forwarding_grant *g)
{
    return vector_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "handle", vector_text(g->handle),
                       "device", vector_hex(g->device, sizeof g->device), "signing_key",
                       vector_hex(g->signing_key, sizeof g->signing_key), "granted_at_ms",
                       vector_number(g->granted_at_ms), "expires_at_ms",
                       vector_number(g->expires_at_ms), "revoked", (int)g->revoked, "sequence",
                       vector_number(g->sequence));
}

static json_t *grant_vectors(teal_arena *a)
{
    json_t *out = json_array();
    for (uint64_t sequence = 1; sequence <= 2; sequence++) {
        uint8_t account_key[32], sk[64];
        teal_diag why = { 0 };
        teal_forwarding_grant g = grant_of(sequence, sequence == 2, account_key), again;
        teal_writer transcript = vector_writer(a, MAX_ENCODED);
        teal_hash hash;
        const teal_bytes octets = encoded(a, &g);
        test_account_keys(ALICE, account_key, sk);
        teal_forwarding_grant_transcript(&g, &transcript);
        teal_forwarding_grant_hash(&g, &hash);
        expect_ok("grant", teal_forwarding_grant_decode(octets, &again, &why), &why);
        expect_ok("grant", teal_forwarding_grant_verify(&again, account_key, &why), &why);
        json_array_append_new(
            out, vector_pack(
                     "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "fields", fields_of(&g), "account_seed",
                     vector_hex(sk, 32), "account_key", vector_hex(account_key, 32), "transcript",
                     vector_bytes(teal_written(&transcript)), "signed_hash",
                     vector_hex(hash.at, sizeof hash.at), "signature",
                     vector_hex(g.signature, sizeof g.signature), "encoded", vector_bytes(octets)));
    }
    return out;
}

/* ---- grants that break a rule ----------------------------------------------------------------
 */

typedef void spoil(teal_forwarding_grant *g);

static void of_a_name(teal_forwarding_grant *g)
{
    g->handle = teal_text("im:alice@native.example");
}

static void not_canonical(teal_forwarding_grant *g)
{
    g->handle = teal_text("tel:+1-415-555-0100");
}

static void no_handle(teal_forwarding_grant *g)
{
    g->handle = (teal_bytes){ 0 };
}

static void sequence_0(teal_forwarding_grant *g)
{
    g->sequence = 0;
}

static void sequence_of_64_bits(teal_forwarding_grant *g)
{
    g->sequence = UINT64_C(1) << 63;
}

static void no_end(teal_forwarding_grant *g)
{
    g->expires_at_ms = 0;
}

static void ends_as_it_begins(teal_forwarding_grant *g)
{
    g->expires_at_ms = g->granted_at_ms;
}

static void too_long(teal_forwarding_grant *g)
{
    g->expires_at_ms = g->granted_at_ms + TEAL_MAX_FORWARDING_MS + 1;
}

static json_t *refused_grants(teal_arena *a)
{
    static const struct {
        const char *name, *rule;
        spoil *spoil;
    } rows[] = {
        { "of a handle that is no number", "REQ-FWD-2", of_a_name },
        { "of a number that is not canonical", "REQ-FWD-2", not_canonical },
        { "of no handle", "REQ-FWD-2", no_handle },
        { "sequence 0", "REQ-FWD-2", sequence_0 },
        { "a sequence of 64 bits", "REQ-WIRE-3", sequence_of_64_bits },
        { "without an end", "REQ-FWD-2", no_end },
        { "that ends as it begins", "REQ-FWD-2", ends_as_it_begins },
        { "of 365 days and a millisecond", "REQ-FWD-2", too_long },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t account_key[32];
        teal_diag why = { 0 };
        teal_forwarding_grant g = grant_of(1, false, account_key), none;
        rows[i].spoil(&g);
        const teal_bytes bad = encoded(a, &g);
        expect_refused(rows[i].name, teal_forwarding_grant_decode(bad, &none, &why), &why,
                       rows[i].rule);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:o}", "name", rows[i].name, "rule",
                                               rows[i].rule, "encoded", vector_bytes(bad)));
    }
    return out;
}

static void for_longer(teal_forwarding_grant *g)
{
    g->expires_at_ms++;
}

static void taken_back(teal_forwarding_grant *g)
{
    g->revoked = true;
}

static void later(teal_forwarding_grant *g)
{
    g->sequence++;
}

static void of_another_handle(teal_forwarding_grant *g)
{
    g->handle = teal_text("tel:+14155550101");
}

static void for_another_device(teal_forwarding_grant *g)
{
    memcpy(g->device, test_device_of(TABLET).id, sizeof g->device);
}

static void for_another_key(teal_forwarding_grant *g)
{
    memcpy(g->signing_key, test_device_of(TABLET).sign_pk, sizeof g->signing_key);
}

static void by_another_account(teal_forwarding_grant *g)
{
    uint8_t pk[32], sk[64];
    test_account_keys(BOB, pk, sk);
    teal_forwarding_grant_sign(g, sk);
}

static json_t *forged_grants(teal_arena *a)
{
    static const struct {
        const char *name;
        spoil *spoil;
    } rows[] = {
        { "for longer", for_longer },
        { "a grant that became a revocation", taken_back },
        { "another sequence", later },
        { "of another handle", of_another_handle },
        { "for another device", for_another_device },
        { "for another signing key", for_another_key },
        { "by another account", by_another_account },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t account_key[32];
        teal_diag why = { 0 };
        teal_forwarding_grant g = grant_of(1, false, account_key);
        rows[i].spoil(&g);
        expect_refused(rows[i].name, teal_forwarding_grant_verify(&g, account_key, &why), &why,
                       "REQ-FWD-3");
        json_array_append_new(out,
                              vector_pack("{s:s, s:s, s:o, s:o}", "name", rows[i].name, "rule",
                                          "REQ-FWD-3", "account_key", vector_hex(account_key, 32),
                                          "encoded", vector_bytes(encoded(a, &g))));
    }
    return out;
}

/* ---- requests --------------------------------------------------------------------------------
 */

static json_t *request_vectors(void)
{
    json_t *out = json_array();
    for (uint64_t n = LAPTOP; n <= TABLET; n++) {
        uint8_t sk[64];
        char code[TEAL_FORWARDING_CODE_DIGITS + 1];
        const test_device device = test_device_of(n);
        teal_forwarding_request r = { .handle = teal_text("tel:+14155550100") };
        memcpy(r.device, device.id, sizeof r.device);
        memcpy(r.signing_key, device.sign_pk, sizeof r.signing_key);
        test_account_keys(ALICE, r.account_key, sk);
        memset(r.nonce, (int)n, sizeof r.nonce);
        teal_forwarding_request_sign(&r, device.sign_sk);
        expect_that("request verifies", teal_forwarding_request_verify(&r, NULL) == TEAL_OK);
        teal_forwarding_request_code(&r, code);
        json_array_append_new(
            out,
            vector_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "handle", vector_text(r.handle),
                        "device", vector_hex(r.device, sizeof r.device), "signing_seed",
                        vector_hex(device.sign_sk, 32), "signing_key",
                        vector_hex(r.signing_key, 32), "account_key", vector_hex(r.account_key, 32),
                        "nonce", vector_hex(r.nonce, sizeof r.nonce), "signature",
                        vector_hex(r.signature, sizeof r.signature), "code", code));
    }
    return out;
}

json_t *published_forwarding(void)
{
    teal_arena a = vector_arena_open();
    json_t *out = vector_pack("{s:s, s:o, s:o, s:o, s:o}", "about",
                              "Text forwarding: PROTOCOL.md section 10.1. See README.md.", "grants",
                              grant_vectors(&a), "refused", refused_grants(&a), "forged",
                              forged_grants(&a), "requests", request_vectors());
    vector_arena_close(&a);
    return out;
}
