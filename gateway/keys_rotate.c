/* What is done to the keys while no process runs: another device, another passphrase. The order of
 * the writes is what a crash is survived by. */
#include "gateway/keys_own.h"

#include "gateway/state_file.h"

#include <sodium.h>

/* In locked memory, together. */
typedef struct rotation {
    key_parts account, before, after;
} rotation;

static bool rotate(const config *c, key_owner owner, const sealed_key *account_key,
                   const sealed_key *key, rotation *r, FILE *errors)
{
    const char *next = keys_next_name(owner);
    if (!key_file_read(c, key_file_name(KEY_ACCOUNT), KEY_ACCOUNT, account_key, &r->account,
                       errors) ||
        !keys_read_parts(c, owner, key, &r->before, errors))
        return false;
    r->after = r->before; /* the downgrade keys stay: consents are sealed to them */
    randombytes_buf(r->after.id, sizeof r->after.id);
    randombytes_buf(r->after.seed, sizeof r->after.seed);
    /* keys_read_parts brings it to its end, from whichever of these steps. */
    return key_file_replace(c, next, owner, key, &r->after, errors) &&
           keys_follow_manifest(c, owner, &r->account, &r->before, &r->after, errors) &&
           keys_read_parts(c, owner, key, &r->after, errors);
}

bool keys_rotate_device(const config *c, key_owner owner, teal_bytes passphrase, FILE *errors)
{
    sealed_key *account_key = NULL, *key = NULL;
    rotation *r = keys_take_secret(sizeof *r);
    bool rotated = key_file_unlock(c, KEY_ACCOUNT, passphrase, &account_key, errors) &&
                   key_file_unlock(c, owner, passphrase, &key, errors) &&
                   rotate(c, owner, account_key, key, r, errors);
    sodium_free(r);
    sealed_key_close(&account_key);
    sealed_key_close(&key);
    return rotated;
}

static bool reseal(const config *c, key_owner owner, const teal_bytes passphrases[static 2],
                   FILE *errors)
{
    sealed_key *before = NULL, *after = NULL;
    key_parts *parts = keys_take_secret(sizeof *parts);
    bool done =
        key_file_unlock_any(c, owner, passphrases, &before, errors) &&
        (owner == KEY_ACCOUNT ? key_file_read(c, key_file_name(owner), owner, before, parts, errors)
                              : keys_read_parts(c, owner, before, parts, errors)) &&
        key_file_new_lock(c, passphrases[1], &after, errors) &&
        key_file_replace(c, key_file_name(owner), owner, after, parts, errors);
    sodium_free(parts);
    sealed_key_close(&before);
    sealed_key_close(&after);
    return done;
}

bool keys_change_passphrase(const config *c, teal_bytes old, teal_bytes new_one, FILE *errors)
{
    const teal_bytes passphrases[2] = { old, new_one };
    bool done = true;
    for (key_owner i = 0; done && i < KEY_OWNERS; i++) {
        bool elsewhere = i == KEY_ACCOUNT && !state_file_exists(c->state, key_file_name(i));
        if (!elsewhere)
            done = reseal(c, i, passphrases, errors);
    }
    return done;
}
