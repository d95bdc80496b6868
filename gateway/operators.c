/* Keys of operators, in text files that people edit. */
#include "gateway/operators.h"

#include "codecs/base64.h"
#include "codecs/utf8.h"
#include "gateway/log.h"
#include "gateway/private_file.h"
#include "gateway/state_file.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    MAX_FILE_BYTES = 16 << 10,
    KEY_TEXT = 43, /* characters of base64url */
    SEED_BYTES = crypto_sign_SEEDBYTES,
    MAX_KEY_BYTES = 256,
};

static const char list_name[] = "operators", key_name[] = "operator.key",
                  key_magic[] = "teal-operator-1 ", first_name[] = "operator";

typedef struct operator_entry {
    uint8_t key[TEAL_KEY_BYTES];
    char name[OPERATORS_MAX_NAME + 1];
} operator_entry;

typedef struct operator_list {
    size_t n;
    operator_entry at[OPERATORS_MAX];
} operator_list;

struct operators {
    const char *state;
    pthread_mutex_t lock; /* of current */
    operator_list *current;
};

/* ---- making ---------------------------------------------------------------------------------- */

/* Of the file: `text` itself, or sealed; from malloc. */
static teal_bytes enclose(const sealed_key *lock, teal_bytes text)
{
    teal_bytes file;
    uint8_t *copy;
    if (lock != NULL) {
        sealed_seal(lock, text, &file);
        return file;
    }
    if ((copy = malloc(text.len)) == NULL)
        bug("out of memory");
    memcpy(copy, text.at, text.len);
    return (teal_bytes){ copy, text.len };
}

static void discard(teal_bytes file)
{
    sodium_memzero((void *)file.at, file.len);
    free((void *)file.at);
}

/* "teal-operator-1 ", the seed, a newline. */
static bool make_key(const char *state, const sealed_key *lock,
                     const uint8_t seed[static SEED_BYTES], FILE *errors)
{
    enum { LEN = sizeof key_magic - 1 + KEY_TEXT + 1 };
    char text[LEN + 1];
    memcpy(text, key_magic, sizeof key_magic - 1);
    sodium_bin2base64(text + sizeof key_magic - 1, KEY_TEXT + 1, seed, SEED_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    text[LEN - 1] = '\n';
    teal_bytes file = enclose(lock, (teal_bytes){ (uint8_t *)text, LEN });
    bool made = state_file_make(state, key_name, 0600, file, errors);
    discard(file);
    sodium_memzero(text, sizeof text);
    return made;
}

static bool make_list(const char *state, const uint8_t pk[static TEAL_KEY_BYTES], FILE *errors)
{
    uint8_t line[128];
    teal_writer w = { line, sizeof line, 0 };
    teal_base64url_encode((teal_bytes){ pk, TEAL_KEY_BYTES }, &w);
    teal_write_text(&w, " ");
    teal_write_text(&w, first_name);
    teal_write_text(&w, "\n");
    return state_file_make(state, list_name, 0600, teal_written(&w), errors);
}

bool operators_init(const char *state, const sealed_key *lock, FILE *errors)
{
    uint8_t seed[SEED_BYTES], pk[TEAL_KEY_BYTES], sk[crypto_sign_SECRETKEYBYTES];
    if (state_file_exists(state, list_name))
        return true;
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(pk, sk, seed);
    bool made = make_key(state, lock, seed, errors);
    if (made && !make_list(state, pk, errors)) {
        state_file_remove(state, key_name);
        made = false;
    }
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(sk, sizeof sk);
    return made;
}

/* ---- another passphrase ---------------------------------------------------------------------- */

/* *plain: from sodium_malloc. NULL, or what is wrong. */
static const char *disclose(teal_bytes file, const teal_bytes passphrases[static 2],
                            uint8_t **plain, size_t *len)
{
    sealed_key *key = NULL;
    sealed_result result = sealed_key_derive(file, passphrases[0], &key);
    if (result == SEALED_PASSPHRASE && passphrases[1].len > 0)
        result = sealed_key_derive(file, passphrases[1], &key);
    if (result == SEALED_OK)
        result = sealed_open(file, key, plain, len);
    sealed_key_close(&key);
    if (result == SEALED_OK)
        return NULL;
    return result == SEALED_PASSPHRASE
               ? "this is not its passphrase. Give the one that it was sealed under."
               : "is damaged. Restore it from a backup.";
}

bool operators_reseal(const char *state, const teal_bytes passphrases[static 2],
                      const sealed_key *lock, FILE *errors)
{
    uint8_t *buf = NULL, *plain = NULL;
    size_t len = 0, plain_len = 0;
    bool done = !state_file_exists(state, key_name);
    if (done)
        return true;
    buf = sodium_malloc(MAX_KEY_BYTES);
    if (buf == NULL)
        bug("out of memory for secrets");
    if (!state_file_read(state, key_name, true, buf, MAX_KEY_BYTES, &len, errors))
        goto out;
    teal_bytes text = { buf, len };
    if (sealed_is(text)) {
        const char *wrong = disclose(text, passphrases, &plain, &plain_len);
        text = (teal_bytes){ plain, plain_len };
        if (wrong != NULL) {
            fprintf(errors, "%s/%s: %s\n", state, key_name, wrong);
            goto out;
        }
    }
    teal_bytes file = enclose(lock, text);
    done = private_file_replace(state, key_name, file) == PRIVATE_OK;
    if (!done)
        fprintf(errors, "%s/%s: cannot be written. Check the disk.\n", state, key_name);
    discard(file);
out:
    sodium_free(plain);
    sodium_free(buf);
    return done;
}

/* ---- reading --------------------------------------------------------------------------------- */

static teal_bytes take_line(teal_bytes *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    teal_bytes line = { rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len };
    size_t taken = line.len + (end != NULL);
    *rest = (teal_bytes){ rest->at + taken, rest->len - taken };
    return line;
}

static bool is_name(teal_bytes name)
{
    bool good = name.len > 0 && name.len <= OPERATORS_MAX_NAME && teal_utf8_valid(name);
    for (size_t i = 0; i < name.len && good; i++)
        good = name.at[i] >= ' ' && name.at[i] != 0x7f;
    return good;
}

static const operator_entry *find(const operator_list *l, const uint8_t key[static TEAL_KEY_BYTES])
{
    for (size_t i = 0; i < l->n; i++)
        if (memcmp(l->at[i].key, key, TEAL_KEY_BYTES) == 0)
            return &l->at[i];
    return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(teal_bytes line, operator_list *l)
{
    if (line.len == 0 || line.at[0] == '#')
        return NULL;
    if (l->n == OPERATORS_MAX)
        return "there are more operators than are taken";
    operator_entry *e = &l->at[l->n];
    if (line.len <= KEY_TEXT + 1 || line.at[KEY_TEXT] != ' ' ||
        teal_base64url_decode_exact((teal_bytes){ line.at, KEY_TEXT }, e->key, sizeof e->key,
                                    NULL) != TEAL_OK)
        return "a line begins with a key of 43 characters and a blank";
    teal_bytes name = { line.at + KEY_TEXT + 1, line.len - KEY_TEXT - 1 };
    if (!is_name(name))
        return "a name is UTF-8 of 1 to 64 octets without control characters";
    if (find(l, e->key) != NULL)
        return "the key is there twice";
    memcpy(e->name, name.at, name.len);
    e->name[name.len] = '\0';
    l->n++;
    return NULL;
}

/* NULL: a line on errors. */
static operator_list *read_list(const char *state, FILE *errors)
{
    uint8_t buf[MAX_FILE_BYTES];
    size_t len = 0;
    operator_list *l = calloc(1, sizeof *l);
    if (l == NULL)
        bug("out of memory");
    if (!state_file_exists(state, list_name))
        return l;
    const char *wrong = NULL;
    bool read = state_file_read(state, list_name, true, buf, sizeof buf, &len, errors);
    teal_bytes rest = { buf, len };
    size_t line = 0;
    for (; read && wrong == NULL && rest.len > 0; line++)
        wrong = read_line(take_line(&rest), l);
    if (wrong != NULL)
        fprintf(errors, "%s/%s:%zu: %s. Correct the line.\n", state, list_name, line, wrong);
    if (!read || wrong != NULL) {
        free(l);
        l = NULL;
    }
    return l;
}

operators *operators_load(const char *state, FILE *errors)
{
    operator_list *l = read_list(state, errors);
    if (l == NULL)
        return NULL;
    operators *o = calloc(1, sizeof *o);
    if (o == NULL)
        bug("out of memory");
    *o = (operators){ .state = state, .lock = PTHREAD_MUTEX_INITIALIZER, .current = l };
    return o;
}

bool operators_reload(operators *o, FILE *errors)
{
    operator_list *l = read_list(o->state, errors);
    if (l == NULL)
        return false;
    pthread_mutex_lock(&o->lock);
    operator_list *before = o->current;
    o->current = l;
    pthread_mutex_unlock(&o->lock);
    free(before);
    return true;
}

void operators_close(operators **o)
{
    if (*o == NULL)
        return;
    pthread_mutex_destroy(&(*o)->lock);
    free((*o)->current);
    free(*o);
    *o = NULL;
}

bool operators_name(operators *o, const uint8_t key[static TEAL_KEY_BYTES],
                    char name[static OPERATORS_MAX_NAME + 1])
{
    pthread_mutex_lock(&o->lock);
    const operator_entry *e = find(o->current, key);
    if (e != NULL)
        memcpy(name, e->name, sizeof e->name);
    pthread_mutex_unlock(&o->lock);
    return e != NULL;
}

bool operators_read_key(teal_bytes file, uint8_t sk[static 64])
{
    uint8_t seed[SEED_BYTES], pk[TEAL_KEY_BYTES];
    size_t magic = sizeof key_magic - 1, len = 0;
    if (file.len > 0 && file.at[file.len - 1] == '\n')
        file.len--;
    bool good = file.len == magic + KEY_TEXT && memcmp(file.at, key_magic, magic) == 0 &&
                sodium_base642bin(seed, sizeof seed, (const char *)file.at + magic, KEY_TEXT, NULL,
                                  &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
                len == sizeof seed;
    if (good)
        crypto_sign_seed_keypair(pk, sk, seed);
    sodium_memzero(seed, sizeof seed);
    return good;
}
