/* teal register: the manifest, then prekeys. What is put is in the keychain before it leaves, so
 * that an answer that is lost can be asked for again. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/prekeys.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"
#include "gateway/log.h"

static outcome settle(session *s, bool taken)
{
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    account_settle(s->keychain, taken);
    return keychain_commit(s->keychain);
}

/* Puts the pending manifest, if there is one; otherwise the one that the gateway has taken before,
 * which costs nothing and mends a gateway that lost it. */
static outcome put(session *s)
{
    teal_bytes encoded;
    teal_manifest m;
    const bool pending = account_encoded(s->keychain, true, &s->arena, &encoded);
    if (!pending && !account_encoded(s->keychain, false, &s->arena, &encoded))
        return OUTCOME_OK;
    if (teal_manifest_decode(encoded, &s->arena, &m, NULL) != TEAL_OK)
        bug("the own manifest does not decode");
    outcome put = api_put_manifest(s->api, m.handles[0], encoded);
    session_explain(s, put);
    outcome settled = OUTCOME_OK;
    if (pending && (put == OUTCOME_OK || (put == OUTCOME_REFUSED && !api_is_temporary(s->api))))
        settled = settle(s, put == OUTCOME_OK);
    return put != OUTCOME_OK ? put : settled;
}

/* Those that the account has, and then the new ones of `wanted`. */
static size_t unite(const session *s, const teal_manifest *m, const teal_bytes *wanted, size_t n,
                    teal_bytes *out)
{
    size_t total = 0;
    for (size_t i = 0; i < m->n_handles; i++)
        out[total++] = m->handles[i];
    for (size_t i = 0; i < n; i++) {
        bool there = account_has_handle(s->keychain, wanted[i]);
        for (size_t j = 0; j < i && !there; j++)
            there = teal_bytes_equal(wanted[i], wanted[j]);
        if (!there)
            out[total++] = wanted[i];
    }
    return total;
}

static outcome propose(session *s, const teal_bytes *wanted, size_t n)
{
    teal_bytes handles[2 * TEAL_MAX_HANDLES];
    teal_manifest m = { 0 };
    account_manifest(s->keychain, &s->arena, &m);
    size_t total = unite(s, &m, wanted, n, handles);
    if (total == m.n_handles)
        return OUTCOME_OK;
    if (total > TEAL_MAX_HANDLES)
        return say(OUTCOME_USAGE, "REQ-DIR-2 an account has at most %d handles", TEAL_MAX_HANDLES);
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    account_propose(s->keychain, handles, total, clock_unix_ms(), &s->arena);
    o = keychain_commit(s->keychain);
    return o == OUTCOME_OK ? put(s) : o;
}

static void report(session *s, size_t left)
{
    teal_manifest m;
    if (!account_manifest(s->keychain, &s->arena, &m))
        return;
    if (s->options->json) {
        json_t *handles = json_array();
        for (size_t i = 0; i < m.n_handles; i++)
            json_array_append_new(handles, member_of_text(m.handles[i]));
        json_t *line = json_pack("{s:o, s:I, s:I}", "handles", handles, "version",
                                 (json_int_t)m.version, "one_time_left", (json_int_t)left);
        session_print(line);
        json_decref(line);
        return;
    }
    for (size_t i = 0; i < m.n_handles; i++)
        printf("registered: %.*s\n", (int)m.handles[i].len, (const char *)m.handles[i].at);
    printf("one-time keys at the gateway: %zu\n", left);
}

outcome command_register(session *s)
{
    teal_bytes wanted[TEAL_MAX_HANDLES];
    size_t left = 0;
    outcome o = OUTCOME_OK;
    for (size_t i = 0; i < s->options->n_args && o == OUTCOME_OK; i++)
        o = people_handle(s, s->options->args[i], &wanted[i]);
    if (o == OUTCOME_OK)
        o = put(s);
    if (o == OUTCOME_OK)
        o = propose(s, wanted, s->options->n_args);
    if (o == OUTCOME_OK)
        o = prekeys_replenish(s, &left);
    if (o == OUTCOME_OK)
        report(s, left);
    return o;
}
