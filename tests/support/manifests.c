/* See manifests.h. */
#include "tests/support/manifests.h"

#include "tests/support/devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

teal_bytes test_manifest_encode(const test_manifest *t, teal_arena *arena, teal_hash *hash)
{
    static const teal_hash zeros;
    teal_bytes handles[TEST_MAX_NAMED];
    teal_device devices[TEST_MAX_NAMED] = { 0 };
    uint8_t account_sk[64], other_pk[32];
    teal_manifest m = { .version = t->version,
                        .handles = handles,
                        .devices = devices,
                        .created_at_ms = t->created_at_ms };
    for (; m.n_handles < TEST_MAX_NAMED && t->handles[m.n_handles] != NULL; m.n_handles++)
        handles[m.n_handles] = teal_text(t->handles[m.n_handles]);
    for (; m.n_devices < TEST_MAX_NAMED && t->devices[m.n_devices] != 0; m.n_devices++) {
        test_device d = test_device_of(t->devices[m.n_devices]);
        memcpy(devices[m.n_devices].id, d.id, TEAL_DEVICE_BYTES);
        memcpy(devices[m.n_devices].signing_key, d.sign_pk, TEAL_KEY_BYTES);
    }
    if (t->first_signs_as != 0)
        memcpy(devices[0].signing_key, test_device_of(t->first_signs_as).sign_pk, TEAL_KEY_BYTES);
    if (t->version > 1)
        m.previous =
            (teal_bytes){ (t->previous != NULL ? t->previous : &zeros)->at, TEAL_HASH_BYTES };
    test_account_keys(t->account, m.account_key, account_sk);
    if (t->forged)
        test_account_keys(t->account + 1000, other_pk, account_sk);
    teal_manifest_sign(&m, account_sk);
    if (hash != NULL)
        teal_manifest_hash(&m, hash);

    teal_writer w = { teal_arena_take(arena, TEAL_MAX_MANIFEST_BYTES), TEAL_MAX_MANIFEST_BYTES, 0 };
    assert_non_null(w.base);
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    return teal_written(&w);
}

teal_prekey test_prekey_signed(uint64_t n, uint32_t id, uint64_t signer)
{
    teal_prekey p = { .id = id };
    memset(p.key, (int)(id % 251 + 1), sizeof p.key);
    teal_prekey_sign(&p, test_device_of(n).id, test_device_of(signer).sign_sk);
    return p;
}
