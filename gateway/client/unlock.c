/* Files, environment and terminal, in this order. */
#include "gateway/client/unlock.h"

#include "gateway/client/say.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

static outcome read_file(const char *path, passphrase *out)
{
    if (passphrase_read_file(path, out))
        return OUTCOME_OK;
    return say(OUTCOME_KEYCHAIN, "%s: no passphrase to be read: %s", path,
               errno != 0 ? strerror(errno) : "its first line is too long");
}

static outcome ask(const char *question, bool twice, const char *option, passphrase *out)
{
    switch (passphrase_ask(question, twice, out)) {
    case PASSPHRASE_OK:
        return OUTCOME_OK;
    case PASSPHRASE_DIFFERS:
        return say(OUTCOME_KEYCHAIN, "the two passphrases differ");
    case PASSPHRASE_NO_TERMINAL:
        break;
    }
    return say(OUTCOME_KEYCHAIN, "no passphrase: give %s where there is no terminal", option);
}

static outcome take_environment(passphrase *out)
{
    char *value = getenv("TEAL_PASSPHRASE");
    size_t len = strlen(value);
    if (len > PASSPHRASE_MAX_BYTES)
        return say(OUTCOME_KEYCHAIN, "TEAL_PASSPHRASE is longer than %d octets",
                   PASSPHRASE_MAX_BYTES);
    memcpy(out->at, value, len);
    out->len = len;
    sodium_memzero(value, len);
    unsetenv("TEAL_PASSPHRASE");
    return OUTCOME_OK;
}

/* Wipes it unless all is well. */
static outcome finish(outcome o, passphrase *p)
{
    if (o == OUTCOME_OK && p->len == 0)
        o = say(OUTCOME_KEYCHAIN, "the passphrase is empty");
    if (o != OUTCOME_OK)
        passphrase_wipe(p);
    return o;
}

outcome unlock_passphrase(const char *file, bool is_new, passphrase *out)
{
    outcome o;
    *out = passphrase_make();
    if (file == NULL)
        file = getenv("TEAL_PASSPHRASE_FILE");
    if (file != NULL)
        o = read_file(file, out);
    else if (getenv("TEAL_PASSPHRASE") != NULL)
        o = take_environment(out);
    else
        o = ask("Passphrase of the keychain: ", is_new, "--passphrase-file or set TEAL_PASSPHRASE",
                out);
    return finish(o, out);
}

outcome unlock_operator_passphrase(const char *file, passphrase *out)
{
    *out = passphrase_make();
    outcome o = file != NULL ? read_file(file, out)
                             : ask("Passphrase of the operator's key: ", false,
                                   "--operator-passphrase-file", out);
    return finish(o, out);
}

outcome unlock_new_passphrase(const char *file, passphrase *out)
{
    *out = passphrase_make();
    outcome o = file != NULL ? read_file(file, out)
                             : ask("New passphrase: ", true, "--new-passphrase-file", out);
    return finish(o, out);
}
