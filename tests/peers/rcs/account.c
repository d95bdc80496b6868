/* Secrets stand in guarded memory and are wiped with it. */
#include "tests/peers/rcs/account.h"

#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"

#include <sodium.h>
#include <stdlib.h>

enum { ONE_TIME = 100 };

/* Which key is derived from a user's own seed. */
enum { KEY_ACCOUNT = 1, KEY_DEVICE, KEY_DEVICE_ID, KEY_LAST_RESORT };

typedef struct secrets {
    uint8_t device_sk[crypto_sign_SECRETKEYBYTES];
    uint8_t last_resort[TEAL_KEY_BYTES];
    uint8_t one_time[ONE_TIME][TEAL_KEY_BYTES];
} secrets;

struct account {
    uint8_t device[TEAL_DEVICE_BYTES];
    uint8_t manifest[TEAL_MAX_MANIFEST_BYTES];
    size_t manifest_len;
    teal_prekey last_resort, one_time[ONE_TIME];
    bool handed_out[ONE_TIME];
    uint32_t last_id;
    secrets *secrets;
};

static void derive(const uint8_t user_seed[static 32], uint64_t which, uint8_t *out, size_t len)
{
    crypto_kdf_derive_from_key(out, len, which, "rcs user", user_seed);
}

static void derive_pair(const uint8_t user_seed[static 32], uint64_t which, uint8_t *pk,
                        uint8_t *sk)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    derive(user_seed, which, seed, sizeof seed);
    crypto_sign_seed_keypair(pk, sk, seed);
    sodium_memzero(seed, sizeof seed);
}

static void sign_prekey(const account *a, teal_prekey *p, uint32_t id, const uint8_t *sk)
{
    p->id = id;
    crypto_scalarmult_base(p->key, sk);
    teal_prekey_sign(p, a->device, a->secrets->device_sk);
}

/* Puts a new one-time prekey where there was none, or a used one. */
static void renew(account *a, size_t i)
{
    a->last_id = a->last_id % UINT32_MAX + 1; /* 0 is the last-resort prekey */
    randombytes_buf(a->secrets->one_time[i], sizeof a->secrets->one_time[i]);
    sign_prekey(a, &a->one_time[i], a->last_id, a->secrets->one_time[i]);
    a->handed_out[i] = false;
}

static bool write_manifest(account *a, const teal_manifest *m)
{
    teal_writer w = { a->manifest, sizeof a->manifest, 0 };
    bool written = teal_manifest_encode(m, &w) == TEAL_OK;
    a->manifest_len = w.len;
    return written;
}

static bool fill(account *a, const teal_bytes *handles, size_t n_handles,
                 const uint8_t user_seed[static 32], uint64_t created_at_ms)
{
    uint8_t account_sk[crypto_sign_SECRETKEYBYTES];
    teal_device device = { .name = teal_text("sandbox"), .added_at_ms = created_at_ms };
    teal_manifest m = { .version = 1,
                        .handles = handles,
                        .n_handles = n_handles,
                        .devices = &device,
                        .n_devices = 1,
                        .created_at_ms = created_at_ms };
    derive(user_seed, KEY_DEVICE_ID, a->device, sizeof a->device);
    memcpy(device.id, a->device, sizeof device.id);
    derive_pair(user_seed, KEY_DEVICE, device.signing_key, a->secrets->device_sk);
    derive_pair(user_seed, KEY_ACCOUNT, m.account_key, account_sk);
    teal_manifest_sign(&m, account_sk);
    sodium_memzero(account_sk, sizeof account_sk);

    derive(user_seed, KEY_LAST_RESORT, a->secrets->last_resort, sizeof a->secrets->last_resort);
    sign_prekey(a, &a->last_resort, 0, a->secrets->last_resort);
    a->last_id = randombytes_random(); /* so that ids of an earlier run mean nothing in this one */
    for (size_t i = 0; i < ONE_TIME; i++)
        renew(a, i);
    return write_manifest(a, &m);
}

account *account_new(const teal_bytes *handles, size_t n_handles, const uint8_t seed[static 32],
                     uint64_t created_at_ms)
{
    uint8_t user_seed[crypto_kdf_KEYBYTES];
    account *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    crypto_generichash(user_seed, sizeof user_seed, handles[0].at, handles[0].len, seed, 32);
    a->secrets = sodium_malloc(sizeof *a->secrets);
    if (a->secrets == NULL || !fill(a, handles, n_handles, user_seed, created_at_ms))
        account_free(&a);
    sodium_memzero(user_seed, sizeof user_seed);
    return a;
}

void account_free(account **a)
{
    if (*a == NULL)
        return;
    sodium_free((*a)->secrets);
    free(*a);
    *a = NULL;
}

teal_bytes account_manifest(const account *a)
{
    return (teal_bytes){ a->manifest, a->manifest_len };
}

const uint8_t *account_device(const account *a)
{
    return a->device;
}

teal_prekey account_claim(account *a)
{
    for (size_t i = 0; i < ONE_TIME; i++) {
        if (!a->handed_out[i]) {
            a->handed_out[i] = true;
            return a->one_time[i];
        }
    }
    return a->last_resort;
}

static const teal_wrapped_key *find_wrapped(const account *a, const teal_envelope *e)
{
    for (size_t i = 0; i < e->n_keys; i++)
        if (memcmp(e->keys[i].device, a->device, sizeof a->device) == 0)
            return &e->keys[i];
    return NULL;
}

/* The slot of a one-time prekey that was handed out; ONE_TIME: there is none. */
static size_t find_one_time(const account *a, uint32_t id)
{
    size_t i = 0;
    while (i < ONE_TIME && !(a->handed_out[i] && a->one_time[i].id == id))
        i++;
    return i;
}

bool account_is_named(const account *a, const teal_envelope *e)
{
    return find_wrapped(a, e) != NULL;
}

bool account_can_open(const account *a, const teal_envelope *e)
{
    const teal_wrapped_key *key = find_wrapped(a, e);
    return key != NULL && (key->prekey_id == 0 || find_one_time(a, key->prekey_id) < ONE_TIME);
}

teal_result account_open(account *a, const teal_envelope *e, uint8_t *content, size_t *content_len,
                         teal_diag *why)
{
    const teal_wrapped_key *key = find_wrapped(a, e);
    bool is_one_time = key->prekey_id != 0;
    size_t slot = is_one_time ? find_one_time(a, key->prekey_id) : 0;
    const uint8_t *sk = is_one_time ? a->secrets->one_time[slot] : a->secrets->last_resort;
    uint8_t pk[32];
    crypto_scalarmult_base(pk, sk);
    teal_result result = teal_open(e, key, pk, sk, content, content_len, why);
    if (result == TEAL_OK && is_one_time)
        renew(a, slot);
    return result;
}

bool account_sign(const account *a, teal_envelope *e, const teal_arena *scratch)
{
    return teal_envelope_sign(e, a->secrets->device_sk, scratch) == TEAL_OK;
}
