/* Member of the keychain's state: gateway {url, ca?, handle, manifest, downgrade_key, past?,
 * former?}.
 */
#include "gateway/client/home_gateway.h"

#include "gateway/client/contacts.h"
#include "gateway/client/gateway_past.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/log.h"

#include <errno.h>
#include <stdlib.h>

const char *home_gateway_url(const keychain *k)
{
    return json_string_value(json_object_get(json_object_get(k->state, "gateway"), "url"));
}

const char *home_gateway_ca(const keychain *k)
{
    return json_string_value(json_object_get(json_object_get(k->state, "gateway"), "ca"));
}

/* The members that the gateway's answer and the keychain both have. */
static bool read(const json_t *object, teal_arena *arena, verify_gateway *out)
{
    teal_bytes manifest, key;
    out->n_past = 0;
    out->handle = teal_arena_copy(arena, member_text(object, "handle"));
    return out->handle.len > 0 && member_bytes(object, "manifest", arena, &manifest) &&
           teal_manifest_decode(manifest, arena, &out->manifest, NULL) == TEAL_OK &&
           member_bytes(object, "downgrade_key", arena, &key) &&
           teal_prekey_decode(key, &out->downgrade_key, NULL) == TEAL_OK;
}

void home_gateway_known(session *s, verify_gateway *out)
{
    const json_t *gateway = json_object_get(s->keychain->state, "gateway");
    if (!read(gateway, &s->arena, out) || !gateway_past_read(gateway, &s->arena, out))
        bug("a keychain without gateway");
}

static outcome fetch(session *s, verify_gateway *out, json_t **json)
{
    outcome o = api_gateway(s->api, json);
    if (o != OUTCOME_OK)
        return session_explain(s, o);
    if (!read(*json, &s->arena, out)) {
        json_decref(*json);
        *json = NULL;
        return say(OUTCOME_FAILED, "the gateway does not say who it is (REQ-DIR-25)");
    }
    const char *wrong = verify_gateway_keys(out);
    return wrong == NULL ? OUTCOME_OK
                         : say(OUTCOME_UNVERIFIED, "the gateway's keys do not verify: %s", wrong);
}

static void keep(json_t *gateway, const json_t *json)
{
    static const char *const members[] = { "handle", "manifest", "downgrade_key" };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set(gateway, members[i], json_object_get(json, members[i]));
}

outcome home_gateway_meet(session *s, const char *url, const char *ca, verify_gateway *out)
{
    json_t *json = NULL;
    char *path = ca != NULL ? realpath(ca, NULL) : NULL; /* the next command runs elsewhere */
    if (ca != NULL && path == NULL)
        return say(OUTCOME_USAGE, "--ca %s: %s", ca, strerror(errno));
    outcome o = fetch(s, out, &json);
    if (o == OUTCOME_OK) {
        json_t *gateway = json_pack("{s:s, s:s*}", "url", url, "ca", path);
        keep(gateway, json);
        json_object_set_new(s->keychain->state, "gateway", gateway);
    }
    free(path);
    json_decref(json);
    return o;
}

static outcome compare(const session *s, const verify_gateway *known, const verify_gateway *now)
{
    if (teal_bytes_equal(known->handle, now->handle) &&
        memcmp(known->manifest.account_key, now->manifest.account_key, TEAL_KEY_BYTES) == 0)
        return OUTCOME_OK;
    char text[CONTACTS_FINGERPRINT_BYTES];
    say_note("THE GATEWAY'S ACCOUNT KEY HAS CHANGED.");
    say_note("  known: %s", contacts_fingerprint(known->manifest.account_key, text));
    say_note("  now:   %s", contacts_fingerprint(now->manifest.account_key, text));
    if (s->options->accept_key_change)
        return OUTCOME_OK;
    return say(OUTCOME_UNVERIFIED, "  Ask its operator by other means; if it is theirs: "
                                   "--accept-key-change");
}

/* Of the same account: its manifest goes on from the known one, and its downgrade key was not
 * replaced before, as one that has leaked may be. */
static outcome check_past(session *s, const verify_gateway *known, verify_gateway *now,
                          json_t **past)
{
    *past = NULL;
    if (memcmp(known->manifest.account_key, now->manifest.account_key, TEAL_KEY_BYTES) != 0)
        return OUTCOME_OK;
    if (gateway_past_has_key(json_object_get(s->keychain->state, "gateway"),
                             now->downgrade_key.key))
        return say(OUTCOME_UNVERIFIED,
                   "the gateway shows a downgrade key that it had replaced (REQ-KEY-8)");
    return gateway_past_follow(s, known, now, past);
}

outcome home_gateway_ask(session *s, verify_gateway *out)
{
    verify_gateway known;
    json_t *json = NULL, *past = NULL;
    home_gateway_known(s, &known);
    outcome o = fetch(s, out, &json);
    if (o == OUTCOME_OK)
        o = compare(s, &known, out);
    if (o == OUTCOME_OK)
        o = check_past(s, &known, out, &past);
    const bool is_new =
        o == OUTCOME_OK &&
        (memcmp(known.manifest.signature, out->manifest.signature, TEAL_SIGNATURE_BYTES) != 0 ||
         memcmp(known.downgrade_key.key, out->downgrade_key.key, TEAL_KEY_BYTES) != 0);
    if (is_new && (o = keychain_begin(s->keychain)) == OUTCOME_OK) {
        json_t *gateway = json_object_get(s->keychain->state, "gateway");
        gateway_past_keep_key(gateway, out);
        keep(gateway, json);
        json_object_set(gateway, "past", past != NULL ? past : json_null());
        o = keychain_commit(s->keychain);
    }
    json_decref(past);
    json_decref(json);
    return o;
}
