/* See devices.h. */
#include "tests/support/devices.h"

#include "tests/support/random.h"

#include <sodium.h>

enum { DEVICES = 1, ACCOUNTS = 2 };

static test_random random_of(uint64_t what, uint64_t n)
{
    return test_random_of(what << 56 | n);
}

test_device test_device_of(uint64_t n)
{
    test_device d;
    test_random r = random_of(DEVICES, n);
    uint8_t seed[crypto_sign_SEEDBYTES];
    test_random_fill(&r, d.id, sizeof d.id);
    test_random_fill(&r, seed, sizeof seed);
    crypto_sign_seed_keypair(d.sign_pk, d.sign_sk, seed);
    d.prekey_id = (uint32_t)(test_random_below(&r, 2) * test_random_u64(&r));
    test_random_fill(&r, d.prekey_sk, sizeof d.prekey_sk);
    crypto_scalarmult_base(d.prekey_pk, d.prekey_sk);
    return d;
}

void test_account_keys(uint64_t n, uint8_t pk[static 32], uint8_t sk[static 64])
{
    test_random r = random_of(ACCOUNTS, n);
    uint8_t seed[crypto_sign_SEEDBYTES];
    test_random_fill(&r, seed, sizeof seed);
    crypto_sign_seed_keypair(pk, sk, seed);
}

teal_seal_to test_seal_to(const test_device *device)
{
    teal_seal_to to = { .prekey_id = device->prekey_id };
    memcpy(to.device, device->id, sizeof to.device);
    memcpy(to.prekey, device->prekey_pk, sizeof to.prekey);
    return to;
}

teal_prekey test_prekey_of(const test_device *device)
{
    teal_prekey p = { .id = device->prekey_id };
    memcpy(p.key, device->prekey_pk, sizeof p.key);
    teal_prekey_sign(&p, device->id, device->sign_sk);
    return p;
}
