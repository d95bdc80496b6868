/* Devices and accounts with all their keys, the same for the same number: never for real use. */
#ifndef TEAL_TESTS_SUPPORT_DEVICES_H
#define TEAL_TESTS_SUPPORT_DEVICES_H

#include "codecs/native/manifest.h"
#include "codecs/native/seal.h"

typedef struct test_device {
    uint8_t id[TEAL_DEVICE_BYTES];
    uint8_t sign_pk[32], sign_sk[64];
    uint32_t prekey_id;
    uint8_t prekey_pk[32], prekey_sk[32];
} test_device;

test_device test_device_of(uint64_t n);

/* An Ed25519 key pair for an account. */
void test_account_keys(uint64_t n, uint8_t pk[static 32], uint8_t sk[static 64]);

/* What a sender seals to. */
teal_seal_to test_seal_to(const test_device *device);

/* The device's prekey, signed. */
teal_prekey test_prekey_of(const test_device *device);

#endif
