/* Whatever a sender signed: a device opens it, or refuses with a rule and leaves nothing behind.
 * The input is an envelope. As it is, nothing in it opens; then it is sealed anew, for a device and
 * for a gateway, with its own header, and has to open, and no longer once a bit has changed. */
#include "codecs/native/hpke.h"
#include "codecs/native/transcript.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"
#include "tests/support/devices.h"

#include "proto/envelope.pb-c.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 4 << 20, MAX_CONTENT = 64 << 10 };

static _Alignas(16) uint8_t room[ROOM];
static uint8_t opened[TEAL_MAX_CIPHERTEXT_BYTES], ciphertext[2 * MAX_CONTENT];

static teal_result open(const teal_envelope *e, const test_device *d, size_t *len)
{
    teal_diag why = { 0 };
    memset(opened, 0xaa, e->ciphertext.len);
    teal_result result = teal_open(e, &e->keys[0], d->prekey_pk, d->prekey_sk, opened, len, &why);
    require(result == TEAL_OK || (why.rule != NULL && sodium_is_zero(opened, e->ciphertext.len)));
    return result;
}

static void check_content(teal_envelope e, teal_bytes content, const test_device *d)
{
    const uint8_t message_key[TEAL_KEY_BYTES] = { 1 }, eph[TEAL_KEY_BYTES] = { 2 };
    const teal_seal_to to = test_seal_to(d);
    teal_wrapped_key key;
    size_t len = 0;
    require(teal_seal(&e, content, &to, 1, message_key, eph, &key, ciphertext) == TEAL_OK);
    require(open(&e, d, &len) == TEAL_OK && teal_bytes_equal((teal_bytes){ opened, len }, content));
    size_t bit = content.len > 0 ? content.at[0] : 0;
    ciphertext[bit / 8 % e.ciphertext.len] ^= (uint8_t)(1 << bit % 8);
    require(open(&e, d, &len) == TEAL_FORGED);
}

static void check_fallback(teal_envelope e, teal_bytes fallback, const test_device *d)
{
    const uint8_t eph[TEAL_KEY_BYTES] = { 3 };
    static uint8_t sealed[MAX_CONTENT + TEAL_HPKE_TAG_BYTES];
    uint8_t enc[TEAL_HPKE_ENC_BYTES];
    size_t len = 0;
    require(teal_fallback_seal(&e, d->prekey_pk, eph, fallback, enc, sealed) == TEAL_OK);
    require(teal_fallback_open(&e, d->prekey_pk, d->prekey_sk, opened, &len, NULL) == TEAL_OK);
    require(teal_bytes_equal((teal_bytes){ opened, len }, fallback));
    e.downgrade.expires_at_ms ^= 1;
    require(teal_fallback_open(&e, d->prekey_pk, d->prekey_sk, opened, &len, NULL) == TEAL_FORGED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static test_device device;
    static bool made;
    teal_envelope e;
    size_t len;
    if (!made)
        device = test_device_of(1);
    made = true;
    if (TEAL_ENVELOPE_ARENA(size) > ROOM)
        return 0;
    teal_arena arena = { room, ROOM, 0 };
    if (teal_envelope_decode((teal_bytes){ data, size }, &arena, &e, NULL) != TEAL_OK ||
        e.ciphertext.len > MAX_CONTENT)
        return 0;
    if (e.n_keys > 0)
        require(open(&e, &device, &len) == TEAL_FORGED);
    if (e.has_downgrade)
        check_fallback(e, (teal_bytes){ e.ciphertext.at, e.ciphertext.len }, &device);
    check_content(e, e.ciphertext, &device);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(&teal__v1__envelope__descriptor, mutate_mend_envelope, data, size, max,
                           &s);
}
