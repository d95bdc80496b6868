/* Octets of secrets, from locked memory to files and back. Must never leave one in memory that is
 * not locked and wiped, nor read one that others could have. */
#include "gateway/key_file.h"

#include "gateway/log.h"
#include "gateway/private_file.h"
#include "gateway/state_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

/* Magic, version, the owner's letter, the owner's parts, BLAKE2b of all that. It finds damage; who
 * may write an unsealed file can write another one. */
static const char magic[] = "TEALKEY";
enum {
    VERSION = 1,
    VERSION_ROOM = 2, /* with several downgrade keys */
    CHECKSUM_BYTES = 16,
    PLAIN_BYTES = 512, /* room enough for any */
    FILE_BYTES = 1024, /* sealed */
};

static const struct {
    const char *name;
    uint8_t letter, version;
} owners[KEY_OWNERS] = {
    [KEY_ACCOUNT] = { "account.key", 'a', VERSION },
    [KEY_EDGE] = { "edge.key", 'e', VERSION },
    [KEY_ROOM] = { "plaintext.key", 'p', VERSION_ROOM },
};

const char *key_file_name(key_owner owner)
{
    return owners[owner].name;
}

static uint8_t *take_secret(size_t size)
{
    if (sodium_init() < 0)
        bug("libsodium does not start");
    uint8_t *taken = sodium_malloc(size);
    if (taken == NULL)
        bug("out of memory for secrets");
    return taken;
}

static bool complain(const config *c, const char *name, const char *what, FILE *errors)
{
    fprintf(errors, "%s/%s: %s\n", c->state, name, what);
    return false;
}

/* ---- the octets inside ----------------------------------------------------------------------- */

static void checksum(teal_bytes b, uint8_t out[static CHECKSUM_BYTES])
{
    crypto_generichash(out, CHECKSUM_BYTES, b.at, b.len, NULL, 0);
}

static void encode(key_owner owner, const key_parts *parts, teal_writer *w)
{
    uint8_t sum[CHECKSUM_BYTES];
    teal_write_text(w, magic);
    teal_write_u8(w, owners[owner].version);
    teal_write_u8(w, owners[owner].letter);
    if (owner != KEY_ACCOUNT)
        teal_write_bytes(w, (teal_bytes){ parts->id, sizeof parts->id });
    teal_write_bytes(w, (teal_bytes){ parts->seed, sizeof parts->seed });
    if (owner == KEY_ROOM) {
        teal_write_u8(w, (uint8_t)parts->n_downgrades);
        for (size_t i = 0; i < parts->n_downgrades; i++) {
            const key_downgrade *d = &parts->downgrades[i];
            teal_write_bytes(w, (teal_bytes){ d->sk, sizeof d->sk });
            teal_write_u64(w, d->until_ms);
        }
    }
    checksum(teal_written(w), sum);
    teal_write_bytes(w, (teal_bytes){ sum, sizeof sum });
    if (!teal_write_fits(w))
        bug("a key file outgrew its buffer");
}

/* False: too many, or not the one in force first. */
static bool read_downgrades(teal_reader *r, key_parts *out)
{
    out->n_downgrades = teal_read_u8(r);
    if (out->n_downgrades < 1 || out->n_downgrades > KEY_MAX_DOWNGRADES)
        return false;
    for (size_t i = 0; i < out->n_downgrades; i++) {
        key_downgrade *d = &out->downgrades[i];
        teal_read_copy(r, d->sk, sizeof d->sk);
        d->until_ms = teal_read_u64(r);
        if ((d->until_ms == 0) != (i == 0))
            return false;
    }
    return true;
}

/* NULL, or what is wrong with the octets of a file of that owner. */
static const char *decode(teal_bytes b, key_owner owner, key_parts *out)
{
    uint8_t sum[CHECKSUM_BYTES];
    teal_reader r = teal_reader_of(b);
    teal_bytes begins = teal_read_bytes(&r, strlen(magic));
    if (r.failed || !teal_bytes_equal(begins, teal_text(magic)))
        return "is not a key file. Restore it from a backup.";
    uint8_t version = teal_read_u8(&r), letter = teal_read_u8(&r);
    if (!r.failed && letter != owners[owner].letter)
        return "is the key of another process. Restore it from a backup.";
    if (version != owners[owner].version)
        return "has a version that this teald does not read. Restore it from a backup.";
    if (owner != KEY_ACCOUNT)
        teal_read_copy(&r, out->id, sizeof out->id);
    teal_read_copy(&r, out->seed, sizeof out->seed);
    if (owner == KEY_ROOM && !read_downgrades(&r, out))
        return "is damaged. Restore it from a backup.";
    teal_bytes found = teal_read_bytes(&r, CHECKSUM_BYTES);
    if (!teal_read_done(&r))
        return "has the wrong length. Restore it from a backup.";
    checksum((teal_bytes){ b.at, b.len - CHECKSUM_BYTES }, sum);
    return teal_bytes_equal(found, (teal_bytes){ sum, sizeof sum })
               ? NULL
               : "is damaged. Restore it from a backup.";
}

static const char not_sealed[] = "is not sealed, and [keys] says that it is. Run teald "
                                 "--change-passphrase, or set protection = none.";

/* ---- sealing --------------------------------------------------------------------------------- */

static void discard(teal_bytes file)
{
    sodium_memzero((void *)file.at, file.len);
    free((void *)file.at);
}

static const char *explain(sealed_result result)
{
    switch (result) {
    case SEALED_PASSPHRASE:
        return "this is not its passphrase. Give the one that it was sealed under.";
    case SEALED_MEMORY:
        return "there is not enough memory to derive its key. Free some.";
    case SEALED_FOREIGN:
        return "is of a version that this teald does not read. Restore it from a backup.";
    case SEALED_DAMAGED:
    case SEALED_OK:
        break;
    }
    return "is damaged. Restore it from a backup.";
}

bool key_file_new_lock(const config *c, teal_bytes passphrase, sealed_key **out, FILE *errors)
{
    *out = NULL;
    if (!c->keys_sealed || sealed_key_make(passphrase, out) == SEALED_OK)
        return true;
    return complain(c, "", explain(SEALED_MEMORY), errors);
}

bool key_file_any_sealed(const config *c)
{
    bool sealed = false;
    for (size_t i = 0; !sealed && i < KEY_OWNERS; i++) {
        teal_bytes file;
        char *path;
        if (asprintf(&path, "%s/%s", c->state, owners[i].name) < 0)
            bug("out of memory");
        if (private_file_read(path, FILE_BYTES, &file) == PRIVATE_OK) {
            sealed = sealed_is(file);
            discard(file);
        }
        free(path);
    }
    return sealed;
}

bool key_file_unlock_any(const config *c, key_owner owner, const teal_bytes passphrases[static 2],
                         sealed_key **out, FILE *errors)
{
    uint8_t *buf = take_secret(FILE_BYTES);
    size_t len;
    sealed_result result = SEALED_OK;
    *out = NULL;
    bool read = state_file_read(c->state, owners[owner].name, true, buf, FILE_BYTES, &len, errors);
    const teal_bytes file = { buf, len };
    if (read && sealed_is(file)) {
        result = sealed_key_derive(file, passphrases[0], out);
        if (result == SEALED_PASSPHRASE && passphrases[1].len > 0)
            result = sealed_key_derive(file, passphrases[1], out);
    }
    sodium_free(buf);
    if (result != SEALED_OK)
        complain(c, owners[owner].name, explain(result), errors);
    return read && result == SEALED_OK;
}

bool key_file_unlock(const config *c, key_owner owner, teal_bytes passphrase, sealed_key **out,
                     FILE *errors)
{
    const teal_bytes one[2] = { passphrase };
    *out = NULL;
    if (!c->keys_sealed)
        return true;
    if (!key_file_unlock_any(c, owner, one, out, errors))
        return false;
    return *out != NULL || complain(c, owners[owner].name, not_sealed, errors);
}

/* The file's octets, from malloc. */
static teal_bytes enclose(key_owner owner, const sealed_key *key, const key_parts *parts)
{
    teal_bytes file;
    teal_writer w = { take_secret(PLAIN_BYTES), PLAIN_BYTES, 0 };
    encode(owner, parts, &w);
    if (key != NULL) {
        sealed_seal(key, teal_written(&w), &file);
    } else {
        uint8_t *copy = malloc(w.len);
        if (copy == NULL)
            bug("out of memory");
        memcpy(copy, w.base, w.len);
        file = (teal_bytes){ copy, w.len };
    }
    sodium_free(w.base);
    return file;
}

bool key_file_make(const config *c, key_owner owner, const sealed_key *key, const key_parts *parts,
                   FILE *errors)
{
    teal_bytes file = enclose(owner, key, parts);
    bool made = state_file_make(c->state, owners[owner].name, 0600, file, errors);
    discard(file);
    return made;
}

bool key_file_replace(const config *c, const char *name, key_owner owner, const sealed_key *key,
                      const key_parts *parts, FILE *errors)
{
    teal_bytes file = enclose(owner, key, parts);
    bool replaced = private_file_replace(c->state, name, file) == PRIVATE_OK;
    if (!replaced)
        fprintf(errors, "%s/%s: cannot be written: %s. Check the disk.\n", c->state, name,
                strerror(errno));
    discard(file);
    return replaced;
}

/* NULL, or what is wrong. */
static const char *disclose(teal_bytes file, key_owner owner, const sealed_key *key, key_parts *out)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    if (!sealed_is(file))
        return key == NULL ? decode(file, owner, out) : not_sealed;
    if (key == NULL)
        return "is sealed under a passphrase. Set protection = passphrase in [keys].";
    sealed_result opened = sealed_open(file, key, &plain, &len);
    const char *wrong =
        opened == SEALED_OK ? decode((teal_bytes){ plain, len }, owner, out) : explain(opened);
    sodium_free(plain);
    return wrong;
}

bool key_file_read(const config *c, const char *name, key_owner owner, const sealed_key *key,
                   key_parts *out, FILE *errors)
{
    uint8_t *buf = take_secret(FILE_BYTES);
    size_t len;
    const char *wrong = NULL;
    memset(out, 0, sizeof *out);
    bool read = state_file_read(c->state, name, true, buf, FILE_BYTES, &len, errors);
    if (read)
        wrong = disclose((teal_bytes){ buf, len }, owner, key, out);
    sodium_free(buf);
    if (wrong != NULL)
        complain(c, name, wrong, errors);
    return read && wrong == NULL;
}
