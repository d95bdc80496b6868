/* The gateway's keys: made together, loaded by the process that each is for. */
#include "gateway/keys_own.h"

#include "codecs/native/seal.h"
#include "gateway/durable.h"
#include "gateway/log.h"
#include "gateway/state_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

void *keys_take_secret(size_t size)
{
    if (sodium_init() < 0)
        bug("libsodium does not start");
    void *taken = sodium_malloc(size);
    if (taken == NULL)
        bug("out of memory for secrets");
    memset(taken, 0, size);
    return taken;
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool is_free(const config *c, const char *name, bool there, FILE *errors)
{
    if (there)
        fprintf(errors,
                "%s/%s: is there already, and nothing was changed. To start anew move the folder "
                "away: whoever knows the old keys will refuse new ones.\n",
                c->state, name);
    return !there;
}

static bool make_file(const config *c, key_owner owner, teal_bytes passphrase,
                      const key_parts *parts, FILE *errors)
{
    sealed_key *key;
    bool made = key_file_new_lock(c, passphrase, &key, errors) &&
                key_file_make(c, owner, key, parts, errors);
    sealed_key_close(&key);
    return made;
}

static void choose_parts(key_parts parts[static KEY_OWNERS])
{
    for (size_t i = 0; i < KEY_OWNERS; i++) {
        randombytes_buf(parts[i].id, sizeof parts[i].id);
        randombytes_buf(parts[i].seed, sizeof parts[i].seed);
    }
    parts[KEY_ROOM].n_downgrades = 1;
    randombytes_buf(parts[KEY_ROOM].downgrades[0].sk, sizeof parts[KEY_ROOM].downgrades[0].sk);
}

bool keys_init(const config *c, teal_bytes passphrase, FILE *errors)
{
    bool good = is_free(c, "gateway.manifest", keys_manifest_exists(c), errors);
    for (key_owner i = 0; i < KEY_OWNERS; i++)
        good = good &&
               is_free(c, key_file_name(i), state_file_exists(c->state, key_file_name(i)), errors);
    if (!good)
        return false;

    key_parts *parts = keys_take_secret(KEY_OWNERS * sizeof *parts);
    choose_parts(parts);
    key_owner made = 0;
    while (made < KEY_OWNERS && make_file(c, made, passphrase, &parts[made], errors))
        made++;
    good = made == KEY_OWNERS && keys_make_manifest(c, parts, errors);
    while (!good && made > 0)
        state_file_remove(c->state, key_file_name(--made));
    sodium_free(parts);
    return good;
}

/* ---- loading --------------------------------------------------------------------------------- */

const char *keys_next_name(key_owner owner)
{
    return owner == KEY_EDGE ? "edge.key.next" : "plaintext.key.next";
}

/* The manifest is the border of a rotation: before it names the new device, what is to come is of
 * no use; once it does, nothing else is. */
static bool take_next(const config *c, const teal_manifest *m, key_owner owner,
                      const sealed_key *key, key_parts *out, FILE *errors)
{
    char *from, *to;
    const char *next = keys_next_name(owner);
    if (!state_file_exists(c->state, next) || !key_file_read(c, next, owner, key, out, errors) ||
        !keys_stand_in(m, out))
        return false;
    if (asprintf(&from, "%s/%s", c->state, next) < 0 ||
        asprintf(&to, "%s/%s", c->state, key_file_name(owner)) < 0)
        bug("out of memory");
    bool moved = rename(from, to) == 0 && durable_folder(c->state);
    if (!moved)
        fprintf(errors, "%s: cannot take its place: %s. Check the disk.\n", from, strerror(errno));
    free(from);
    free(to);
    return moved;
}

bool keys_read_parts(const config *c, key_owner owner, const sealed_key *key, key_parts *out,
                     FILE *errors)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES], scratch[KEYS_ARENA_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    size_t len;
    teal_manifest m;
    if (!keys_read_manifest(c, buf, &len, &arena, &m, errors) ||
        !key_file_read(c, key_file_name(owner), owner, key, out, errors))
        return false;
    if (keys_stand_in(&m, out)) {
        if (state_file_exists(c->state, keys_next_name(owner)))
            state_file_remove(c->state, keys_next_name(owner));
        return true;
    }
    if (take_next(c, &m, owner, key, out, errors))
        return true;
    /* Whatever a device signs with another key than the manifest's, nobody would believe. */
    fprintf(errors, "%s/%s: is not the key in gateway.manifest. Restore both from one backup.\n",
            c->state, key_file_name(owner));
    return false;
}

static void fill_device(keys_device *k, const key_parts *parts)
{
    uint8_t pk[crypto_sign_PUBLICKEYBYTES];
    memcpy(k->id, parts->id, sizeof k->id);
    crypto_sign_seed_keypair(pk, k->sk, parts->seed);
}

keys_device *keys_load_edge(const config *c, const sealed_key *key, FILE *errors)
{
    keys_device *k = keys_take_secret(sizeof *k);
    key_parts *parts = keys_take_secret(sizeof *parts);
    if (keys_read_parts(c, KEY_EDGE, key, parts, errors))
        fill_device(k, parts);
    else
        keys_free_edge(&k);
    sodium_free(parts);
    return k;
}

keys_room *keys_load_room(const config *c, const sealed_key *key, FILE *errors)
{
    keys_room *k = keys_take_secret(sizeof *k);
    key_parts *parts = keys_take_secret(sizeof *parts);
    if (keys_read_parts(c, KEY_ROOM, key, parts, errors)) {
        fill_device(&k->device, parts);
        keys_fill_downgrades(k, parts);
        keys_fill_former(c, k);
    } else {
        keys_free_room(&k);
    }
    sodium_free(parts);
    return k;
}

void keys_free_edge(keys_device **k)
{
    sodium_free(*k);
    *k = NULL;
}

void keys_free_room(keys_room **k)
{
    sodium_free(*k);
    *k = NULL;
}
