/* teal handles: which handles the account has; more of them, or fewer. teal register is the same
 * for the first ones. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/proof.h"
#include "gateway/client/publish.h"
#include "gateway/client/say.h"

static outcome list(session *s)
{
    teal_manifest m;
    if (!account_manifest(s->keychain, &s->arena, &m))
        return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
    for (size_t i = 0; i < m.n_handles; i++) {
        if (!s->options->json) {
            printf("%.*s\n", (int)m.handles[i].len, (const char *)m.handles[i].at);
            continue;
        }
        json_t *line = json_pack("{s:o}", "handle", member_of_text(m.handles[i]));
        session_print(line);
        json_decref(line);
    }
    return OUTCOME_OK;
}

static outcome begin(session *s, teal_manifest *m)
{
    outcome o = publish_allowed(s);
    if (o == OUTCOME_OK)
        o = publish_pending(s);
    if (o == OUTCOME_OK && !account_manifest(s->keychain, &s->arena, m))
        return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
    return o;
}

static outcome add(session *s, teal_bytes handle)
{
    teal_bytes handles[TEAL_MAX_HANDLES];
    teal_manifest m;
    outcome o = begin(s, &m);
    if (o != OUTCOME_OK || teal_manifest_has_handle(&m, handle))
        return o;
    if (m.n_handles == TEAL_MAX_HANDLES)
        return say(OUTCOME_USAGE, "REQ-DIR-2 an account has at most %d handles", TEAL_MAX_HANDLES);
    memcpy(handles, m.handles, m.n_handles * sizeof *handles);
    handles[m.n_handles] = handle;
    o = proof_give(s, handle);
    return o == OUTCOME_OK ? publish_next(s, handles, m.n_handles + 1, m.devices, m.n_devices) : o;
}

static outcome remove_one(session *s, teal_bytes handle)
{
    teal_bytes handles[TEAL_MAX_HANDLES];
    teal_manifest m;
    size_t n = 0;
    outcome o = begin(s, &m);
    if (o != OUTCOME_OK)
        return o;
    for (size_t i = 0; i < m.n_handles; i++)
        if (!teal_bytes_equal(m.handles[i], handle))
            handles[n++] = m.handles[i];
    if (n == m.n_handles)
        return say(OUTCOME_USAGE, "the account does not have that handle");
    if (n == 0)
        return say(OUTCOME_USAGE, "REQ-DIR-2 an account keeps at least one handle");
    return publish_next(s, handles, n, m.devices, m.n_devices);
}

outcome command_handles(session *s)
{
    teal_bytes handle;
    if (s->options->n_args == 0)
        return list(s);
    const bool adds = strcmp(s->options->args[0], "add") == 0;
    if (s->options->n_args != 2 || (!adds && strcmp(s->options->args[0], "remove") != 0))
        return say(OUTCOME_USAGE, "usage: teal handles [add HANDLE [--code=CODE] | remove HANDLE]");
    outcome o = people_handle(s, s->options->args[1], &handle);
    if (o == OUTCOME_OK)
        o = adds ? add(s, handle) : remove_one(s, handle);
    return o == OUTCOME_OK ? list(s) : o;
}
