/* The gateway's keys, from random octets to files and back. Must never leave a secret in memory
 * that is not locked and wiped, nor read one that others could have. */
#include "gateway/keys.h"

#include "codecs/native/seal.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/state_file.h"

#include <sodium.h>
#include <stdlib.h>

/* A key file: magic, version, kind, the parts of that kind, BLAKE2b of all that. It finds damage;
 * who may write the file can write another one. */
static const char magic[] = "TEALKEY";
enum {
    KEY_FILE_VERSION = 1,
    SEED_BYTES = 32,
    CHECKSUM_BYTES = 16,
    KEY_FILE_BYTES = 128, /* room enough for any */
    ARENA_BYTES = 64 << 10,
};

/* The letter stands in the file. A downgrade secret is in the room's alone. */
typedef enum key_kind { KIND_ACCOUNT = 'a', KIND_EDGE = 'e', KIND_ROOM = 'p' } key_kind;

/* What one file holds. */
typedef struct key_parts {
    uint8_t id[TEAL_DEVICE_BYTES]; /* of devices */
    uint8_t seed[SEED_BYTES];      /* Ed25519 */
    uint8_t downgrade_sk[32];      /* of the room */
} key_parts;

static const struct {
    key_kind kind;
    const char *name;
} files[] = { { KIND_ACCOUNT, "account.key" },
              { KIND_EDGE, "edge.key" },
              { KIND_ROOM, "plaintext.key" } };
enum { ACCOUNT, EDGE, ROOM, N_FILES };
static const char manifest_name[] = "gateway.manifest";

/* Locked memory, zeroed. */
static void *take_secret(size_t size)
{
    if (sodium_init() < 0)
        bug("libsodium does not start");
    void *taken = sodium_malloc(size);
    if (taken == NULL)
        bug("out of memory for secrets");
    memset(taken, 0, size);
    return taken;
}

/* ---- one key file ---------------------------------------------------------------------------- */

static void checksum(teal_bytes b, uint8_t out[static CHECKSUM_BYTES])
{
    crypto_generichash(out, CHECKSUM_BYTES, b.at, b.len, NULL, 0);
}

static bool write_key_file(const config *c, size_t file, const key_parts *parts, FILE *errors)
{
    uint8_t *buf = take_secret(KEY_FILE_BYTES), sum[CHECKSUM_BYTES];
    teal_writer w = { buf, KEY_FILE_BYTES, 0 };
    key_kind kind = files[file].kind;
    teal_write_text(&w, magic);
    teal_write_u8(&w, KEY_FILE_VERSION);
    teal_write_u8(&w, (uint8_t)kind);
    if (kind != KIND_ACCOUNT)
        teal_write_bytes(&w, (teal_bytes){ parts->id, sizeof parts->id });
    teal_write_bytes(&w, (teal_bytes){ parts->seed, sizeof parts->seed });
    if (kind == KIND_ROOM)
        teal_write_bytes(&w, (teal_bytes){ parts->downgrade_sk, sizeof parts->downgrade_sk });
    checksum(teal_written(&w), sum);
    teal_write_bytes(&w, (teal_bytes){ sum, sizeof sum });
    bool made = state_file_make(c->state, files[file].name, 0600, teal_written(&w), errors);
    sodium_free(buf);
    return made;
}

/* NULL, or what is wrong with the octets of a file of that kind. */
static const char *parse_key_file(teal_bytes b, key_kind kind, key_parts *out)
{
    uint8_t sum[CHECKSUM_BYTES];
    teal_reader r = teal_reader_of(b);
    teal_bytes begins = teal_read_bytes(&r, strlen(magic));
    if (r.failed || !teal_bytes_equal(begins, teal_text(magic)))
        return "is not a key file";
    if (teal_read_u8(&r) != KEY_FILE_VERSION)
        return "has a version that this teald does not read";
    if (teal_read_u8(&r) != kind)
        return "is the key of another process";
    if (kind != KIND_ACCOUNT)
        teal_read_copy(&r, out->id, sizeof out->id);
    teal_read_copy(&r, out->seed, sizeof out->seed);
    if (kind == KIND_ROOM)
        teal_read_copy(&r, out->downgrade_sk, sizeof out->downgrade_sk);
    teal_bytes found = teal_read_bytes(&r, CHECKSUM_BYTES);
    if (!teal_read_done(&r))
        return "has the wrong length";
    checksum((teal_bytes){ b.at, b.len - CHECKSUM_BYTES }, sum);
    return teal_bytes_equal(found, (teal_bytes){ sum, sizeof sum }) ? NULL : "is damaged";
}

static bool read_key_file(const config *c, size_t file, key_parts *out, FILE *errors)
{
    uint8_t *buf = take_secret(KEY_FILE_BYTES);
    size_t len;
    const char *wrong = NULL;
    bool read =
        state_file_read(c->state, files[file].name, true, buf, KEY_FILE_BYTES, &len, errors);
    if (read)
        wrong = parse_key_file((teal_bytes){ buf, len }, files[file].kind, out);
    if (wrong != NULL)
        fprintf(errors, "%s/%s: %s. Restore it from a backup.\n", c->state, files[file].name,
                wrong);
    sodium_free(buf);
    return read && wrong == NULL;
}

/* ---- the manifest ---------------------------------------------------------------------------- */

static teal_device device_of(const key_parts *parts, const char *name, uint64_t now_ms)
{
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
    teal_device d = { .name = teal_text(name), .added_at_ms = now_ms };
    memcpy(d.id, parts->id, sizeof d.id);
    crypto_sign_seed_keypair(d.signing_key, sk, parts->seed);
    sodium_memzero(sk, sizeof sk);
    return d;
}

static bool write_manifest(const config *c, const key_parts parts[static N_FILES], FILE *errors)
{
    uint64_t now_ms = (uint64_t)clock_unix_ms();
    const teal_device devices[] = { device_of(&parts[EDGE], "edge", now_ms),
                                    device_of(&parts[ROOM], "plaintext", now_ms) };
    const teal_bytes handle = teal_text(c->handle);
    teal_manifest m = { .version = 1,
                        .handles = &handle,
                        .n_handles = 1,
                        .devices = devices,
                        .n_devices = sizeof devices / sizeof devices[0],
                        .created_at_ms = now_ms };
    uint8_t account_sk[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(m.account_key, account_sk, parts[ACCOUNT].seed);
    teal_manifest_sign(&m, account_sk);
    sodium_memzero(account_sk, sizeof account_sk);

    uint8_t encoded[TEAL_MAX_MANIFEST_BYTES];
    teal_writer w = { encoded, sizeof encoded, 0 };
    if (teal_manifest_encode(&m, &w) != TEAL_OK)
        bug("the gateway's own manifest does not encode");
    return state_file_make(c->state, manifest_name, 0644, teal_written(&w), errors);
}

/* What is wrong with the gateway's manifest, or NULL. */
static const char *parse_manifest(const config *c, teal_bytes b, teal_arena *arena,
                                  teal_manifest *m)
{
    if (teal_manifest_decode(b, arena, m, NULL) != TEAL_OK)
        return "is not a manifest. Restore it from a backup";
    if (teal_manifest_verify(m, NULL) != TEAL_OK)
        return "has a signature that does not hold. Restore it from a backup";
    if (!teal_manifest_has_handle(m, teal_text(c->handle)))
        return "does not name the handle of [gateway]. Configure the one that it was made for";
    return NULL;
}

static bool load_manifest(const config *c, uint8_t *buf, size_t *len, teal_arena *arena,
                          teal_manifest *m, FILE *errors)
{
    const char *wrong = NULL;
    if (!state_file_read(c->state, manifest_name, false, buf, TEAL_MAX_MANIFEST_BYTES, len, errors))
        return false;
    wrong = parse_manifest(c, (teal_bytes){ buf, *len }, arena, m);
    if (wrong != NULL)
        fprintf(errors, "%s/%s: %s.\n", c->state, manifest_name, wrong);
    return wrong == NULL;
}

bool keys_load_manifest(const config *c, uint8_t *buf, size_t *len, FILE *errors)
{
    uint8_t scratch[ARENA_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_manifest m;
    return load_manifest(c, buf, len, &arena, &m, errors);
}

/* Whatever a device signs with another key than the manifest's, nobody would believe. */
static bool stands_in_manifest(const config *c, const keys_device *k, size_t file, FILE *errors)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES], scratch[ARENA_BYTES], pk[TEAL_KEY_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_manifest m;
    size_t len;
    if (!load_manifest(c, buf, &len, &arena, &m, errors))
        return false;
    crypto_sign_ed25519_sk_to_pk(pk, k->sk);
    const teal_device *d = teal_manifest_device(&m, k->id);
    if (d != NULL && memcmp(d->signing_key, pk, sizeof pk) == 0)
        return true;
    fprintf(errors, "%s/%s: is not the key in %s. Restore both from one backup.\n", c->state,
            files[file].name, manifest_name);
    return false;
}

/* ---- making and loading ---------------------------------------------------------------------- */

static bool is_free(const config *c, const char *name, FILE *errors)
{
    if (!state_file_exists(c->state, name))
        return true;
    fprintf(errors,
            "%s/%s: is there already, and nothing was changed. To start anew move the folder away: "
            "whoever knows the old keys will refuse new ones.\n",
            c->state, name);
    return false;
}

bool keys_init(const config *c, FILE *errors)
{
    bool good = is_free(c, manifest_name, errors);
    for (size_t i = 0; i < N_FILES; i++)
        good = good && is_free(c, files[i].name, errors);
    if (!good)
        return false;

    key_parts *parts = take_secret(N_FILES * sizeof *parts);
    randombytes_buf(parts, N_FILES * sizeof *parts);
    size_t made = 0;
    while (made < N_FILES && write_key_file(c, made, &parts[made], errors))
        made++;
    good = made == N_FILES && write_manifest(c, parts, errors);
    while (!good && made > 0)
        state_file_remove(c->state, files[--made].name);
    sodium_free(parts);
    return good;
}

static void fill_device(keys_device *k, const key_parts *parts)
{
    uint8_t pk[crypto_sign_PUBLICKEYBYTES];
    memcpy(k->id, parts->id, sizeof k->id);
    crypto_sign_seed_keypair(pk, k->sk, parts->seed);
}

static void fill_room(keys_room *k, const key_parts *parts)
{
    fill_device(&k->device, parts);
    memcpy(k->downgrade_sk, parts->downgrade_sk, sizeof k->downgrade_sk);
    crypto_scalarmult_base(k->downgrade_pk, k->downgrade_sk);
    teal_gateway_key_id(k->downgrade_pk, k->downgrade_id);
    k->published.id = 0;
    memcpy(k->published.key, k->downgrade_pk, sizeof k->published.key);
    teal_prekey_sign(&k->published, k->device.id, k->device.sk);
}

keys_device *keys_load_edge(const config *c, FILE *errors)
{
    keys_device *k = take_secret(sizeof *k);
    key_parts *parts = take_secret(sizeof *parts);
    bool good = read_key_file(c, EDGE, parts, errors);
    if (good) {
        fill_device(k, parts);
        good = stands_in_manifest(c, k, EDGE, errors);
    }
    if (!good)
        keys_free_edge(&k);
    sodium_free(parts);
    return k;
}

keys_room *keys_load_room(const config *c, FILE *errors)
{
    keys_room *k = take_secret(sizeof *k);
    key_parts *parts = take_secret(sizeof *parts);
    bool good = read_key_file(c, ROOM, parts, errors);
    if (good) {
        fill_room(k, parts);
        good = stands_in_manifest(c, &k->device, ROOM, errors);
    }
    if (!good)
        keys_free_room(&k);
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
