/* A keychain's file, whoever wrote it: opened or refused. The first octet says whether the rest is
 * the file, or what is inside it, under the right passphrase. */
#include "gateway/client/keychain.h"
#include "tests/fuzz/require.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As in sealed_file.c. */
enum {
    PASSES = 1,
    MEMORY = 8192,
    CHECK_BYTES = 16,
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    PASSES_AT = 9,
    MAX_OCTETS = 64 << 10,
};

static const char passphrase[] = "correct horse";
static const uint8_t salt[crypto_pwhash_argon2id_SALTBYTES], nonce[NONCE_BYTES];
static uint8_t derived[KEY_BYTES + CHECK_BYTES];
static char folder[] = "/tmp/teal-fuzz-keychain-XXXXXX", path[sizeof folder + 16];

static void clean_up(void)
{
    unlink(path);
    rmdir(folder);
}

static void set_up(void)
{
    require(sodium_init() >= 0 && mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/keychain", folder);
    atexit(clean_up);
    require(crypto_pwhash_argon2id(derived, sizeof derived, passphrase, strlen(passphrase), salt,
                                   PASSES, MEMORY, crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0);
    stderr = fopen("/dev/null", "we"); /* refusals are said to a user */
    require(stderr != NULL);
}

static void write_file(teal_bytes file)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, file.at, file.len) == (ssize_t)file.len);
    close(fd);
}

static teal_bytes seal(teal_bytes plain)
{
    static uint8_t file[MAX_OCTETS + 256];
    teal_writer w = { file, sizeof file, 0 };
    teal_write_text(&w, "TEALKEYS\x01");
    teal_write_u32(&w, PASSES);
    teal_write_u64(&w, MEMORY);
    teal_write_bytes(&w, (teal_bytes){ salt, sizeof salt });
    teal_write_bytes(&w, (teal_bytes){ derived + KEY_BYTES, CHECK_BYTES });
    size_t front = w.len;
    teal_write_bytes(&w, (teal_bytes){ nonce, sizeof nonce });
    crypto_aead_xchacha20poly1305_ietf_encrypt(file + w.len, NULL, plain.at, plain.len, file, front,
                                               NULL, nonce, derived);
    return (teal_bytes){ file, w.len + plain.len + TAG_BYTES };
}

/* The derivation takes what the file asks for, up to its bounds: seconds, by intention. */
static bool asks_for_much(teal_bytes file)
{
    teal_reader r = teal_reader_of(file);
    (void)teal_read_bytes(&r, PASSES_AT);
    return teal_read_u32(&r) > 2 || teal_read_u64(&r) > 16 * MEMORY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready)
        set_up();
    ready = true;
    if (size == 0 || size > MAX_OCTETS)
        return 0;
    teal_bytes in = { data + 1, size - 1 };
    bool sealed = data[0] & 1;
    if (!sealed && asks_for_much(in))
        return 0;
    write_file(sealed ? seal(in) : in);
    keychain *k = NULL;
    if (keychain_open(folder, teal_text(passphrase), &k) == OUTCOME_OK) {
        require(json_is_object(k->state));
        require(k->secrets->n_last_resort <= KEYCHAIN_LAST_RESORTS);
        require(k->secrets->n_one_time <= KEYCHAIN_MAX_ONE_TIME);
    } else {
        require(k == NULL);
    }
    keychain_close(&k);
    return 0;
}
