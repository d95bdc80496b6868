/* Transactions over the sealed file. Must never leave a decoded secret outside of locked memory. */
#include "gateway/client/keychain.h"

#include "gateway/client/say.h"
#include "gateway/log.h"
#include "gateway/private_file.h"
#include "gateway/sealed_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_name[] = "keychain", lock_name[] = "keychain.lock";
enum { VERSION = 1, MAX_FILE_BYTES = 64 << 20, SLACK_BYTES = 1024 };

struct keychain_file {
    char *folder;
    sealed_key *key;
    int lock; /* -1 outside of transactions */
};

/* ---- memory ---------------------------------------------------------------------------------- */

static keychain *keychain_alloc(const char *folder)
{
    if (sodium_init() < 0)
        bug("libsodium does not start");
    keychain *k = calloc(1, sizeof *k);
    if (k == NULL || (k->file = calloc(1, sizeof *k->file)) == NULL ||
        (k->file->folder = strdup(folder)) == NULL ||
        (k->secrets = sodium_malloc(sizeof *k->secrets)) == NULL)
        bug("out of memory");
    memset(k->secrets, 0, sizeof *k->secrets);
    k->file->lock = -1;
    return k;
}

static void unlock(keychain *k)
{
    if (k->file->lock >= 0)
        close(k->file->lock);
    k->file->lock = -1;
}

void keychain_close(keychain **k)
{
    if (*k == NULL)
        return;
    unlock(*k);
    json_decref((*k)->state);
    sodium_free((*k)->secrets);
    sealed_key_close(&(*k)->file->key);
    free((*k)->file->folder);
    free((*k)->file);
    free(*k);
    *k = NULL;
}

/* ---- the octets inside ----------------------------------------------------------------------- */

static void write_secrets(const keychain_secrets *s, teal_writer *w)
{
    teal_write_bytes(w, (teal_bytes){ s->account_sk, sizeof s->account_sk });
    teal_write_bytes(w, (teal_bytes){ s->device_sk, sizeof s->device_sk });
    teal_write_u8(w, (uint8_t)s->n_last_resort);
    for (size_t i = 0; i < s->n_last_resort; i++)
        teal_write_bytes(w, (teal_bytes){ s->last_resort[i], sizeof s->last_resort[i] });
    teal_write_u32(w, (uint32_t)s->n_one_time);
    for (size_t i = 0; i < s->n_one_time; i++) {
        teal_write_u32(w, s->one_time[i].id);
        teal_write_bytes(w, (teal_bytes){ s->one_time[i].sk, sizeof s->one_time[i].sk });
    }
}

static bool read_secrets(teal_reader *r, keychain_secrets *s)
{
    memset(s, 0, sizeof *s);
    teal_read_copy(r, s->account_sk, sizeof s->account_sk);
    teal_read_copy(r, s->device_sk, sizeof s->device_sk);
    s->n_last_resort = teal_read_u8(r);
    if (s->n_last_resort > KEYCHAIN_LAST_RESORTS)
        return false;
    for (size_t i = 0; i < s->n_last_resort; i++)
        teal_read_copy(r, s->last_resort[i], sizeof s->last_resort[i]);
    s->n_one_time = teal_read_u32(r);
    if (s->n_one_time > KEYCHAIN_MAX_ONE_TIME)
        return false;
    for (size_t i = 0; i < s->n_one_time; i++) {
        s->one_time[i].id = teal_read_u32(r);
        teal_read_copy(r, s->one_time[i].sk, sizeof s->one_time[i].sk);
    }
    return !r->failed;
}

/* Replaces secrets and state. */
static bool decode(keychain *k, teal_bytes plain)
{
    teal_reader r = teal_reader_of(plain);
    if (teal_read_u8(&r) != VERSION || !read_secrets(&r, k->secrets))
        return false;
    size_t len = teal_read_left(&r);
    json_t *state =
        json_loadb((const char *)teal_read_bytes(&r, len).at, len, JSON_REJECT_DUPLICATES, NULL);
    json_decref(k->state);
    k->state = state;
    return json_is_object(state);
}

static void encode_sealed(const keychain *k, teal_bytes *file)
{
    char *state = json_dumps(k->state, JSON_COMPACT | JSON_SORT_KEYS);
    if (state == NULL)
        bug("the keychain's state is no JSON");
    const size_t cap = sizeof *k->secrets + strlen(state) + SLACK_BYTES;
    teal_writer w = { sodium_malloc(cap), cap, 0 };
    if (w.base == NULL)
        bug("out of memory for secrets");
    teal_write_u8(&w, VERSION);
    write_secrets(k->secrets, &w);
    teal_write_text(&w, state);
    if (!teal_write_fits(&w))
        bug("the keychain outgrew its buffer");
    sealed_seal(k->file->key, teal_written(&w), file);
    sodium_free(w.base);
    free(state);
}

/* ---- reading --------------------------------------------------------------------------------- */

static outcome refuse_file(const keychain *k, private_result result)
{
    const char *folder = k->file->folder;
    switch (result) {
    case PRIVATE_NONE:
        return say(OUTCOME_KEYCHAIN,
                   "there is no keychain in %s: make one with `teal init --gateway URL`", folder);
    case PRIVATE_OPEN:
        return say(OUTCOME_KEYCHAIN, "%s/%s: others may read or write it: run chmod 600 on it",
                   folder, file_name);
    case PRIVATE_TOO_LONG:
        return say(OUTCOME_KEYCHAIN, "%s/%s: is too long to be a keychain", folder, file_name);
    case PRIVATE_FAILED:
    case PRIVATE_OK:
        break;
    }
    return say(OUTCOME_KEYCHAIN, "%s/%s: %s", folder, file_name, strerror(errno));
}

static outcome refuse_sealed(const keychain *k, sealed_result result)
{
    const char *folder = k->file->folder;
    switch (result) {
    case SEALED_PASSPHRASE:
        return say(OUTCOME_KEYCHAIN, "%s/%s: this is not its passphrase", folder, file_name);
    case SEALED_FOREIGN:
        return say(OUTCOME_KEYCHAIN, "%s/%s: is no keychain that this teal can read", folder,
                   file_name);
    case SEALED_MEMORY:
        return say(OUTCOME_KEYCHAIN, "not enough memory to derive the key from the passphrase");
    case SEALED_DAMAGED:
    case SEALED_OK:
        break;
    }
    return say(OUTCOME_KEYCHAIN, "%s/%s: is damaged: restore it from a backup", folder, file_name);
}

/* Derives the key on the first call, for which alone the passphrase is needed. */
static outcome load(keychain *k, teal_bytes passphrase)
{
    teal_bytes file;
    uint8_t *plain = NULL;
    size_t len;
    char *path;
    if (asprintf(&path, "%s/%s", k->file->folder, file_name) < 0)
        bug("out of memory");
    private_result read = private_file_read(path, MAX_FILE_BYTES, &file);
    free(path);
    if (read != PRIVATE_OK)
        return refuse_file(k, read);
    sealed_result result = SEALED_OK;
    if (k->file->key == NULL)
        result = sealed_key_derive(file, passphrase, &k->file->key);
    if (result == SEALED_OK)
        result = sealed_open(file, k->file->key, &plain, &len);
    if (result == SEALED_OK && !decode(k, (teal_bytes){ plain, len }))
        result = SEALED_DAMAGED;
    sodium_free(plain);
    free((void *)file.at);
    return result == SEALED_OK ? OUTCOME_OK : refuse_sealed(k, result);
}

outcome keychain_open(const char *folder, teal_bytes passphrase, keychain **out)
{
    keychain *k = keychain_alloc(folder);
    say_waiting("opening the keychain");
    outcome o = load(k, passphrase);
    say_done();
    if (o != OUTCOME_OK)
        keychain_close(&k);
    *out = k;
    return o;
}

/* ---- making and changing --------------------------------------------------------------------- */

static outcome lock(keychain *k)
{
    say_waiting("another teal is using the keychain");
    private_result locked = private_file_lock(k->file->folder, lock_name, &k->file->lock);
    say_done();
    if (locked != PRIVATE_OK)
        return say(OUTCOME_KEYCHAIN, "%s/%s: cannot be locked: %s", k->file->folder, lock_name,
                   strerror(errno));
    return OUTCOME_OK;
}

static outcome make_folder(const char *folder)
{
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return OUTCOME_OK;
    return say(OUTCOME_KEYCHAIN, "%s: cannot be made: %s", folder, strerror(errno));
}

static outcome refuse_existing(const keychain *k)
{
    char *path;
    struct stat about;
    if (asprintf(&path, "%s/%s", k->file->folder, file_name) < 0)
        bug("out of memory");
    bool there = lstat(path, &about) == 0;
    free(path);
    if (there)
        return say(OUTCOME_KEYCHAIN,
                   "there is a keychain in %s already: choose another folder with --home",
                   k->file->folder);
    return OUTCOME_OK;
}

static void make_secrets(keychain_secrets *s)
{
    uint8_t pk[32]; /* stands in the secret keys too */
    crypto_sign_keypair(pk, s->account_sk);
    crypto_sign_keypair(pk, s->device_sk);
}

outcome keychain_make(const char *folder, teal_bytes passphrase, keychain **out)
{
    keychain *k = keychain_alloc(folder);
    outcome o = make_folder(folder);
    if (o == OUTCOME_OK)
        o = lock(k);
    if (o == OUTCOME_OK)
        o = refuse_existing(k);
    if (o == OUTCOME_OK && sealed_key_make(passphrase, &k->file->key) != SEALED_OK)
        o = refuse_sealed(k, SEALED_MEMORY);
    make_secrets(k->secrets);
    k->state = json_object();
    if (o != OUTCOME_OK)
        keychain_close(&k);
    *out = k;
    return o;
}

outcome keychain_begin(keychain *k)
{
    if (k->file->lock >= 0)
        bug("a transaction inside of another one");
    outcome o = lock(k);
    if (o == OUTCOME_OK)
        o = load(k, (teal_bytes){ 0 });
    if (o != OUTCOME_OK)
        unlock(k);
    return o;
}

outcome keychain_commit(keychain *k)
{
    teal_bytes file;
    if (k->file->lock < 0)
        bug("a commit outside of a transaction");
    encode_sealed(k, &file);
    outcome o = OUTCOME_OK;
    if (private_file_replace(k->file->folder, file_name, file) != PRIVATE_OK)
        o = say(OUTCOME_KEYCHAIN, "%s/%s: cannot be written: %s", k->file->folder, file_name,
                strerror(errno));
    free((void *)file.at);
    unlock(k);
    return o;
}

outcome keychain_commit_under(keychain *k, teal_bytes passphrase)
{
    sealed_key *before = k->file->key;
    outcome o = OUTCOME_OK;
    if (sealed_key_make(passphrase, &k->file->key) != SEALED_OK) {
        o = refuse_sealed(k, SEALED_MEMORY);
        unlock(k);
    } else {
        o = keychain_commit(k);
    }
    if (o == OUTCOME_OK) {
        sealed_key_close(&before);
    } else {
        sealed_key_close(&k->file->key);
        k->file->key = before;
    }
    return o;
}

void keychain_rollback(keychain *k)
{
    load(k, (teal_bytes){ 0 });
    unlock(k);
}
