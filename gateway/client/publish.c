/* See publish.h. */
#include "gateway/client/publish.h"

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

outcome publish_pending(session *s)
{
    teal_bytes encoded;
    teal_manifest m;
    if (!account_signs(s->keychain))
        return OUTCOME_OK;
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

outcome publish_allowed(const session *s)
{
    if (account_signs(s->keychain))
        return OUTCOME_OK;
    return say(OUTCOME_USAGE, "REQ-DEV-7 this device does not hold the account key: do it on the "
                              "device that made the account");
}

outcome publish_next(session *s, const teal_bytes *handles, size_t n_handles,
                     const teal_device *devices, size_t n_devices)
{
    outcome o = publish_allowed(s);
    if (o == OUTCOME_OK)
        o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    account_propose(s->keychain, handles, n_handles, devices, n_devices, clock_unix_ms(),
                    &s->arena);
    o = keychain_commit(s->keychain);
    return o == OUTCOME_OK ? publish_pending(s) : o;
}
