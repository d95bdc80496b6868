/* Opening and closing. The arena is large, and costs only what of it is used. */
#include "gateway/client/session.h"

#include "gateway/client/home_gateway.h"
#include "gateway/client/operator_key.h"
#include "gateway/client/say.h"
#include "gateway/client/unlock.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>

enum { ARENA_BYTES = 128 << 20 };

static outcome find_home(const options *o, char **out)
{
    const char *home = o->home != NULL ? o->home : getenv("TEAL_HOME");
    const char *user = getenv("HOME");
    *out = NULL;
    if (home != NULL)
        *out = strdup(home);
    else if (user == NULL || asprintf(out, "%s/.teal", user) < 0)
        return say(OUTCOME_USAGE, "where is the keychain? Give --home or set TEAL_HOME");
    if (*out == NULL)
        bug("out of memory");
    return OUTCOME_OK;
}

static bool makes_keychain(const options *o)
{
    return o->command == COMMAND_INIT || o->command == COMMAND_LINK;
}

static outcome open_keychain(const options *o, keychain **out)
{
    char *home;
    passphrase p = { 0 };
    const bool is_new = makes_keychain(o);
    outcome result = find_home(o, &home);
    if (result == OUTCOME_OK)
        result = unlock_passphrase(o->passphrase_file, is_new, &p);
    if (result == OUTCOME_OK) {
        teal_bytes secret = { p.at, p.len };
        result = is_new ? keychain_make(home, secret, out) : keychain_open(home, secret, out);
    }
    passphrase_wipe(&p);
    free(home);
    return result;
}

/* An operator may have no device: with --gateway no keychain is opened. */
static bool needs_keychain(const options *o)
{
    return o->operator_file == NULL || (o->command != COMMAND_SIGN && o->gateway == NULL);
}

static outcome open_api(const options *o, session *out)
{
    bool is_given = makes_keychain(o) || out->keychain == NULL;
    const char *url = is_given ? o->gateway : home_gateway_url(out->keychain);
    const char *ca = is_given ? o->ca : home_gateway_ca(out->keychain);
    if (o->command == COMMAND_SIGN)
        return OUTCOME_OK;
    out->api = url != NULL ? api_open(url, ca, out->keychain) : NULL;
    if (out->api == NULL)
        return say(OUTCOME_USAGE, "the gateway's URL begins with http:// or https://");
    if (out->operator_sk != NULL)
        api_sign_as_operator(out->api, out->operator_sk);
    return OUTCOME_OK;
}

outcome session_open(const options *o, session *out)
{
    *out = (session){ .options = o };
    outcome result = OUTCOME_OK;
    if (o->operator_file != NULL)
        result =
            operator_key_read(o->operator_file, o->operator_passphrase_file, &out->operator_sk);
    if (result == OUTCOME_OK && needs_keychain(o))
        result = open_keychain(o, &out->keychain);
    if (result != OUTCOME_OK)
        return result;
    out->arena = (teal_arena){ calloc(1, ARENA_BYTES), ARENA_BYTES, 0 };
    if (out->arena.base == NULL)
        bug("out of memory");
    return open_api(o, out);
}

void session_forget(session *s)
{
    sodium_memzero(s->arena.base, s->arena.used);
    s->arena.used = 0;
}

void session_close(session *s)
{
    api_close(&s->api);
    keychain_close(&s->keychain);
    operator_key_forget(&s->operator_sk);
    if (s->arena.base != NULL)
        session_forget(s);
    free(s->arena.base);
    s->arena = (teal_arena){ 0 };
}

outcome session_explain(const session *s, outcome o)
{
    return api_explain(s->api, o, s->options->json);
}

void session_print(const json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
}
