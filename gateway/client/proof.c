/* See proof.h. */
#include "gateway/client/proof.h"

#include "codecs/handle.h"
#include "gateway/client/account.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"

#include <sodium.h>
#include <unistd.h>

enum { MAX_TRIES = 3, CODE_BYTES = 16 };

/* A line without what stands around the digits; false: none. */
static bool read_code(teal_bytes handle, char code[static CODE_BYTES])
{
    char line[64];
    size_t n = 0;
    fprintf(stderr, "The code that has been sent to %.*s by SMS: ", (int)handle.len,
            (const char *)handle.at);
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    for (const char *c = line; *c != '\0' && n < CODE_BYTES - 1; c++)
        if (*c >= '0' && *c <= '9')
            code[n++] = *c;
    code[n] = '\0';
    return n > 0;
}

/* *state: what the gateway says. */
static outcome ask(session *s, teal_bytes handle, const char *code, char state[static 16])
{
    json_t *answer = NULL;
    outcome o = api_prove(s->api, handle, account_key(s->keychain), code, &answer);
    teal_bytes said = member_text(answer, "state");
    snprintf(state, 16, "%.*s", (int)said.len, said.len > 0 ? (const char *)said.at : "");
    json_decref(answer);
    return o;
}

static outcome type_codes(session *s, teal_bytes handle)
{
    char code[CODE_BYTES], state[16];
    outcome o = OUTCOME_REFUSED;
    for (int i = 0; i < MAX_TRIES; i++) {
        if (!read_code(handle, code))
            return say(OUTCOME_USAGE, "no code was typed");
        o = session_explain(s, ask(s, handle, code, state));
        if (o != OUTCOME_REFUSED || !api_refused_as(s->api, "proof-code-wrong"))
            return o;
    }
    return o;
}

outcome proof_give(session *s, teal_bytes handle)
{
    char state[16];
    if (teal_handle_number(handle).len == 0)
        return OUTCOME_OK;
    outcome o = session_explain(s, ask(s, handle, s->options->code, state));
    if (o != OUTCOME_OK || strcmp(state, "sent") != 0)
        return o;
    if (!s->options->json && isatty(STDIN_FILENO))
        return type_codes(s, handle);
    return say(OUTCOME_REFUSED, "a code has been sent to %.*s by SMS: repeat this with --code=CODE",
               (int)handle.len, (const char *)handle.at);
}
