/* teal register: the manifest, then prekeys. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/prekeys.h"
#include "gateway/client/proof.h"
#include "gateway/client/publish.h"
#include "gateway/client/say.h"

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
    for (size_t i = m.n_handles; i < total; i++) {
        outcome o = proof_give(s, handles[i]);
        if (o != OUTCOME_OK)
            return o;
    }
    const teal_device own = account_this(s->keychain, &s->arena);
    return publish_next(s, handles, total, m.n_devices > 0 ? m.devices : &own,
                        m.n_devices > 0 ? m.n_devices : 1);
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
        o = publish_pending(s);
    if (o == OUTCOME_OK)
        o = propose(s, wanted, s->options->n_args);
    if (o == OUTCOME_OK)
        o = prekeys_replenish(s, &left);
    if (o == OUTCOME_OK)
        report(s, left);
    return o;
}
