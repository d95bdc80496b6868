/* The statement that an account is reached at a number, and which numbers a manifest may name with
 * it. REQ-PRF-1, -4, -5. */
#include "codecs/native/handle_proof.h"
#include "tests/support/devices.h"
#include "tests/support/directory_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NUMBER "tel:+14155550100"
enum { ROOM = 9, HOUR_MS = 3600000 };

static teal_handle_proof proof_of(uint64_t account, const char *handle)
{
    uint8_t sk[64];
    teal_handle_proof p = { .handle = teal_text(handle),
                            .proven_at_ms = NOW_MS,
                            .expires_at_ms = NOW_MS + HOUR_MS };
    test_account_keys(account, p.account_key, sk);
    teal_handle_proof_sign(&p, test_device_of(ROOM).sign_sk);
    return p;
}

static teal_result verify(const teal_handle_proof *p)
{
    return teal_handle_proof_verify(p, test_device_of(ROOM).sign_pk, NULL);
}

static void test_every_field_is_signed(void **state)
{
    (void)state;
    const teal_handle_proof good = proof_of(1, NUMBER);
    assert_int_equal(verify(&good), TEAL_OK);
    teal_handle_proof p = good;
    p.handle = teal_text("tel:+14155550101");
    assert_int_equal(verify(&p), TEAL_FORGED);
    p = good;
    p.account_key[0] ^= 1;
    assert_int_equal(verify(&p), TEAL_FORGED);
    p = good;
    p.proven_at_ms++;
    assert_int_equal(verify(&p), TEAL_FORGED);
    p = good;
    p.expires_at_ms++;
    assert_int_equal(verify(&p), TEAL_FORGED);
    p = good;
    static char long_handle[TEAL_MAX_HANDLE_BYTES + 2] = NUMBER;
    memset(long_handle + strlen(long_handle), '0', sizeof long_handle - 1 - strlen(long_handle));
    p.handle = teal_text(long_handle);
    assert_int_equal(verify(&p), TEAL_FORGED);
    p = good;
    p.signature[0] ^= 1;
    assert_int_equal(verify(&p), TEAL_FORGED);
    assert_int_equal(teal_handle_proof_verify(&good, test_device_of(1).sign_pk, NULL), TEAL_FORGED);
}

/* ---- manifests */

/* The next version; previous: of the one before. Answers the problem, "" where it was taken. */
static const char *put_at(directory_fixture *f, test_manifest t, teal_hash *hash, int64_t now_ms)
{
    directory_refusal why = { .problem = "" };
    const teal_hash before = *hash;
    t.previous = t.version > 1 ? &before : NULL;
    teal_bytes encoded = test_manifest_encode(&t, &f->arena, hash);
    if (directory_put_manifest(f->directory, teal_text(t.handles[0]), encoded, now_ms, &f->arena,
                               &why) == PUT_BUSY)
        return "busy";
    if (why.problem[0] != '\0')
        *hash = before;
    return why.problem;
}

static void test_a_number_needs_a_proof_of_its_account(void **state)
{
    directory_fixture *f = *state;
    teal_hash hash = { 0 };
    const teal_handle_proof own = proof_of(1, NUMBER), other = proof_of(2, NUMBER);
    test_manifest t = {
        .account = 1, .version = 1, .handles = { "im:a@n.example", NUMBER }, .devices = { 1 }
    };
    f->config.prove_numbers = true;
    assert_string_equal(put_at(f, t, &hash, NOW_MS), "proof-missing");
    assert_true(directory_put_proof(f->directory, &other, NOW_MS));
    assert_string_equal(put_at(f, t, &hash, NOW_MS), "proof-missing");
    assert_true(directory_put_proof(f->directory, &own, NOW_MS));
    assert_string_equal(put_at(f, t, &hash, NOW_MS + HOUR_MS), "proof-missing");
    assert_string_equal(put_at(f, t, &hash, NOW_MS), "");

    t.version = 2; /* what the account has needs no new proof, however late */
    t.devices[1] = 2;
    assert_string_equal(put_at(f, t, &hash, NOW_MS + HOUR_MS), "");
    t.version = 3;
    t.handles[1] = NULL;
    assert_string_equal(put_at(f, t, &hash, NOW_MS), "");
    t.version = 4; /* but what has left it does, even at once */
    t.handles[1] = NUMBER;
    assert_string_equal(put_at(f, t, &hash, NOW_MS), "proof-missing");
}

static void test_other_handles_and_other_networks_need_none(void **state)
{
    directory_fixture *f = *state;
    teal_hash hash = { 0 };
    const test_manifest named = {
        .account = 1, .version = 1, .handles = { "im:a@n.example" }, .devices = { 1 }
    };
    const test_manifest numbered = {
        .account = 2, .version = 1, .handles = { NUMBER }, .devices = { 2 }
    };
    f->config.prove_numbers = true;
    assert_string_equal(put_at(f, named, &hash, NOW_MS), "");
    f->config.prove_numbers = false;
    assert_string_equal(put_at(f, numbered, &hash, NOW_MS), "");
}

static void test_unused_proofs_do_not_pile_up(void **state)
{
    directory_fixture *f = *state;
    teal_handle_proof found;
    const teal_handle_proof first = proof_of(1, NUMBER), second = proof_of(1, "tel:+14155550101");
    assert_true(directory_put_proof(f->directory, &first, NOW_MS));
    assert_true(directory_put_proof(f->directory, &second, NOW_MS));
    assert_int_equal(f->reader->ops->get_proof(f->reader, first.handle, &f->arena, &found),
                     STORE_OK);
    assert_int_equal(verify(&found), TEAL_OK);
    assert_true(directory_put_proof(f->directory, &second, NOW_MS + HOUR_MS + 1));
    assert_int_equal(f->reader->ops->get_proof(f->reader, first.handle, &f->arena, &found),
                     STORE_NONE);
    assert_int_equal(f->reader->ops->get_proof(f->reader, second.handle, &f->arena, &found),
                     STORE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_is_signed),
        ON_DIRECTORY(test_a_number_needs_a_proof_of_its_account),
        ON_DIRECTORY(test_other_handles_and_other_networks_need_none),
        ON_DIRECTORY(test_unused_proofs_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
