/* Refuses a file that others may read, as with the keychain. */
#include "gateway/client/operator_key.h"

#include "gateway/client/say.h"
#include "gateway/client/unlock.h"
#include "gateway/log.h"
#include "gateway/operators.h"
#include "gateway/private_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

enum { MAX_FILE_BYTES = 256, SK_BYTES = crypto_sign_SECRETKEYBYTES };

static outcome parse(const char *path, teal_bytes content, uint8_t **sk)
{
    *sk = sodium_malloc(SK_BYTES);
    if (*sk == NULL)
        bug("out of memory for secrets");
    if (operators_read_key(content, *sk))
        return OUTCOME_OK;
    operator_key_forget(sk);
    return say(OUTCOME_KEYCHAIN, "%s: is no operator's key", path);
}

static outcome parse_sealed(const char *path, const char *passphrase_file, teal_bytes file,
                            uint8_t **sk)
{
    passphrase p = { 0 };
    sealed_key *key = NULL;
    uint8_t *plain = NULL;
    size_t len = 0;
    outcome o = unlock_operator_passphrase(passphrase_file, &p);
    if (o != OUTCOME_OK)
        return o;
    sealed_result result = sealed_key_derive(file, (teal_bytes){ p.at, p.len }, &key);
    passphrase_wipe(&p);
    if (result == SEALED_OK)
        result = sealed_open(file, key, &plain, &len);
    if (result == SEALED_OK)
        o = parse(path, (teal_bytes){ plain, len }, sk);
    else
        o = say(OUTCOME_KEYCHAIN, "%s: %s", path,
                result == SEALED_PASSPHRASE ? "this is not its passphrase"
                                            : "is damaged, or there is not enough memory");
    sodium_free(plain);
    sealed_key_close(&key);
    return o;
}

outcome operator_key_read(const char *path, const char *passphrase_file, uint8_t **sk)
{
    teal_bytes content = { 0 };
    outcome o = OUTCOME_KEYCHAIN;
    *sk = NULL;
    switch (private_file_read(path, MAX_FILE_BYTES, &content)) {
    case PRIVATE_OK:
        o = sealed_is(content) ? parse_sealed(path, passphrase_file, content, sk)
                               : parse(path, content, sk);
        break;
    case PRIVATE_NONE:
        say(o, "%s: there is no such file", path);
        break;
    case PRIVATE_OPEN:
        say(o, "%s: others may read or write it; run chmod 600 on it", path);
        break;
    case PRIVATE_TOO_LONG:
        say(o, "%s: is no operator's key", path);
        break;
    case PRIVATE_FAILED:
        say(o, "%s: %s", path, strerror(errno));
        break;
    }
    if (content.at != NULL)
        sodium_memzero((void *)content.at, content.len);
    free((void *)content.at);
    return o;
}

void operator_key_forget(uint8_t **sk)
{
    sodium_free(*sk);
    *sk = NULL;
}
