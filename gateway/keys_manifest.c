/* The gateway's manifest in its versions: made, read, followed by the next. */
#include "gateway/keys_own.h"

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/private_file.h"
#include "gateway/state_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

static const char manifest_name[] = "gateway.manifest";
static const char *const device_names[KEY_OWNERS] = {
    [KEY_EDGE] = "edge", [KEY_ROOM] = "plaintext"
};

bool keys_manifest_exists(const config *c)
{
    return state_file_exists(c->state, manifest_name);
}

/* What is wrong with the gateway's manifest, or NULL. */
static const char *parse(const config *c, teal_bytes b, teal_arena *arena, teal_manifest *m)
{
    if (teal_manifest_decode(b, arena, m, NULL) != TEAL_OK)
        return "is not a manifest. Restore it from a backup";
    if (teal_manifest_verify(m, NULL) != TEAL_OK)
        return "has a signature that does not hold. Restore it from a backup";
    if (!teal_manifest_has_handle(m, teal_text(c->handle)))
        return "does not name the handle of [gateway]. Configure the one that it was made for";
    return NULL;
}

bool keys_read_manifest(const config *c, uint8_t *buf, size_t *len, teal_arena *arena,
                        teal_manifest *m, FILE *errors)
{
    if (!state_file_read(c->state, manifest_name, false, buf, TEAL_MAX_MANIFEST_BYTES, len, errors))
        return false;
    const char *wrong = parse(c, (teal_bytes){ buf, *len }, arena, m);
    if (wrong != NULL)
        fprintf(errors, "%s/%s: %s.\n", c->state, manifest_name, wrong);
    return wrong == NULL;
}

bool keys_load_manifest(const config *c, uint8_t *buf, size_t *len, FILE *errors)
{
    uint8_t scratch[KEYS_ARENA_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_manifest m;
    return keys_read_manifest(c, buf, len, &arena, &m, errors);
}

static void name_version(uint64_t version, char name[static 64])
{
    snprintf(name, 64, "%s.%llu", manifest_name, (unsigned long long)version);
}

/* A file that is missing is no fault here: versions begin where the gateway did. */
static bool read_version(const config *c, const char *name, uint64_t version, uint8_t *buf,
                         size_t *len)
{
    uint8_t scratch[KEYS_ARENA_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_manifest m;
    char *said = NULL;
    size_t said_len;
    FILE *nobody = open_memstream(&said, &said_len);
    if (nobody == NULL)
        bug("out of memory");
    bool found =
        state_file_exists(c->state, name) &&
        state_file_read(c->state, name, false, buf, TEAL_MAX_MANIFEST_BYTES, len, nobody) &&
        parse(c, (teal_bytes){ buf, *len }, &arena, &m) == NULL && m.version == version;
    fclose(nobody);
    free(said);
    return found;
}

bool keys_load_manifest_version(const config *c, uint64_t version, uint8_t *buf, size_t *len)
{
    char name[64];
    name_version(version, name);
    return read_version(c, manifest_name, version, buf, len) ||
           read_version(c, name, version, buf, len);
}

/* Devices whose name is the room's, of one version. */
static void add_former(const teal_manifest *m, keys_room *k)
{
    for (size_t i = 0; i < m->n_devices && k->n_former < KEYS_MAX_FORMER; i++) {
        const teal_device *d = &m->devices[i];
        if (!teal_bytes_equal(d->name, teal_text(device_names[KEY_ROOM])) ||
            memcmp(d->id, k->device.id, sizeof d->id) == 0)
            continue;
        memcpy(k->former[k->n_former].id, d->id, sizeof d->id);
        memcpy(k->former[k->n_former].pk, d->signing_key, sizeof d->signing_key);
        k->n_former++;
    }
}

void keys_fill_former(const config *c, keys_room *k)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES], scratch[KEYS_ARENA_BYTES];
    size_t len;
    teal_manifest m;
    k->n_former = 0;
    bool found = keys_load_manifest(c, buf, &len, stderr);
    while (found && k->n_former < KEYS_MAX_FORMER) {
        teal_arena arena = { scratch, sizeof scratch, 0 };
        if (teal_manifest_decode((teal_bytes){ buf, len }, &arena, &m, NULL) != TEAL_OK)
            bug("a manifest that was read before does not decode");
        add_former(&m, k);
        found = m.version > 1 && keys_load_manifest_version(c, m.version - 1, buf, &len);
    }
}

void keys_public(const uint8_t seed[static KEY_SEED_BYTES], uint8_t pk[static TEAL_KEY_BYTES])
{
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(pk, sk, seed);
    sodium_memzero(sk, sizeof sk);
}

bool keys_stand_in(const teal_manifest *m, const key_parts *parts)
{
    uint8_t pk[TEAL_KEY_BYTES];
    keys_public(parts->seed, pk);
    const teal_device *d = teal_manifest_device(m, parts->id);
    return d != NULL && memcmp(d->signing_key, pk, sizeof pk) == 0;
}

static teal_device device_of(const key_parts *parts, key_owner owner, uint64_t now_ms)
{
    teal_device d = { .name = teal_text(device_names[owner]), .added_at_ms = now_ms };
    memcpy(d.id, parts->id, sizeof d.id);
    keys_public(parts->seed, d.signing_key);
    return d;
}

/* Signs by the account and encodes. */
static teal_bytes finish(teal_manifest *m, const key_parts *account,
                         uint8_t buf[static TEAL_MAX_MANIFEST_BYTES])
{
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(m->account_key, sk, account->seed);
    teal_manifest_sign(m, sk);
    sodium_memzero(sk, sizeof sk);
    teal_writer w = { buf, TEAL_MAX_MANIFEST_BYTES, 0 };
    if (teal_manifest_encode(m, &w) != TEAL_OK)
        bug("the gateway's own manifest does not encode");
    return teal_written(&w);
}

bool keys_make_manifest(const config *c, const key_parts parts[static KEY_OWNERS], FILE *errors)
{
    uint8_t encoded[TEAL_MAX_MANIFEST_BYTES];
    uint64_t now_ms = (uint64_t)clock_unix_ms();
    const teal_device devices[] = { device_of(&parts[KEY_EDGE], KEY_EDGE, now_ms),
                                    device_of(&parts[KEY_ROOM], KEY_ROOM, now_ms) };
    const teal_bytes handle = teal_text(c->handle);
    teal_manifest m = { .version = 1,
                        .handles = &handle,
                        .n_handles = 1,
                        .devices = devices,
                        .n_devices = sizeof devices / sizeof devices[0],
                        .created_at_ms = now_ms };
    return state_file_make(c->state, manifest_name, 0644, finish(&m, &parts[KEY_ACCOUNT], encoded),
                           errors);
}

static bool write_file(const config *c, const char *name, teal_bytes content, FILE *errors)
{
    if (private_file_replace(c->state, name, content) == PRIVATE_OK)
        return true;
    fprintf(errors, "%s/%s: cannot be written: %s. Check the disk.\n", c->state, name,
            strerror(errno));
    return false;
}

bool keys_follow_manifest(const config *c, key_owner owner, const key_parts *account,
                          const key_parts *before, const key_parts *after, FILE *errors)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES], encoded[TEAL_MAX_MANIFEST_BYTES],
        scratch[KEYS_ARENA_BYTES], pk[TEAL_KEY_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_device devices[TEAL_MAX_DEVICES];
    char old_name[64];
    size_t len;
    teal_manifest m;
    if (!keys_read_manifest(c, buf, &len, &arena, &m, errors))
        return false;
    keys_public(account->seed, pk);
    if (memcmp(pk, m.account_key, sizeof pk) != 0) {
        fprintf(errors, "%s/%s: is not the key that %s names. Restore both from one backup.\n",
                c->state, key_file_name(KEY_ACCOUNT), manifest_name);
        return false;
    }
    uint64_t now_ms = (uint64_t)clock_unix_ms();
    for (size_t i = 0; i < m.n_devices; i++)
        devices[i] = memcmp(m.devices[i].id, before->id, sizeof before->id) == 0
                         ? device_of(after, owner, now_ms)
                         : m.devices[i];
    name_version(m.version, old_name);
    teal_hash previous;
    teal_manifest_hash(&m, &previous);
    teal_manifest next = m;
    next.version++;
    next.devices = devices;
    next.previous = (teal_bytes){ previous.at, sizeof previous.at };
    if (now_ms > next.created_at_ms)
        next.created_at_ms = now_ms;
    return write_file(c, old_name, (teal_bytes){ buf, len }, errors) &&
           write_file(c, manifest_name, finish(&next, account, encoded), errors);
}
