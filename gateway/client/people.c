/* Reads the directory's answers. */
#include "gateway/client/people.h"

#include "codecs/handle.h"
#include "gateway/client/account.h"
#include "gateway/client/home_gateway.h"
#include "gateway/client/log_answer.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/client/seen_heads.h"
#include "gateway/log.h"

#include <sodium.h>

outcome people_handle(session *s, const char *typed, teal_bytes *out)
{
    teal_diag why = { 0 };
    teal_writer w = { teal_arena_take(&s->arena, TEAL_MAX_HANDLE_BYTES), TEAL_MAX_HANDLE_BYTES, 0 };
    if (w.base == NULL)
        bug("the arena is full");
    if (teal_handle_canonicalize(teal_text(typed), &w, &why) != TEAL_OK)
        return say(OUTCOME_USAGE,
                   "%s is no handle: %s. Write im:NAME@HOST, sip:NAME@HOST or "
                   "tel:+NUMBER",
                   typed, why.rule != NULL ? why.rule : "REQ-HDL-2 longer than 256 octets");
    *out = teal_written(&w);
    return OUTCOME_OK;
}

/* A short word of the answer; false: missing, or not of visible ASCII. */
static bool take_word(const json_t *object, const char *name, char out[static PEOPLE_WORD_BYTES])
{
    teal_bytes word = member_text(object, name);
    if (word.len == 0 || word.len >= PEOPLE_WORD_BYTES)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] <= ' ' || word.at[i] >= 0x7F)
            return false;
    memcpy(out, word.at, word.len);
    out[word.len] = '\0';
    return true;
}

/* NULL, or what is wrong. */
static const char *take_manifest(session *s, const json_t *answer, person *p)
{
    teal_bytes encoded;
    teal_diag why = { 0 };
    if (!member_bytes(answer, "manifest", &s->arena, &encoded))
        return "REQ-DIR-22 no manifest in base64url";
    if (teal_manifest_decode(encoded, &s->arena, &p->manifest, &why) != TEAL_OK)
        return why.rule;
    const char *wrong = verify_manifest(&p->manifest, p->handle);
    if (wrong == NULL)
        wrong = contacts_order(s->keychain, p->handle, &p->manifest);
    if (wrong != NULL)
        return wrong;
    p->has_manifest = true;
    p->trust = contacts_check(s->keychain, p->handle, p->manifest.account_key);
    return NULL;
}

static teal_bytes host_of(teal_bytes handle)
{
    const uint8_t *at = memchr(handle.at, '@', handle.len);
    if (at == NULL)
        return (teal_bytes){ 0 };
    return (teal_bytes){ at + 1, (size_t)(handle.at + handle.len - at) - 1 };
}

/* Whatever the gateway says of the network: it is its own, or was once. REQ-LOG-15 */
static bool needs_proof(session *s, const person *p)
{
    verify_gateway gateway;
    const teal_bytes host = host_of(p->handle);
    home_gateway_known(s, &gateway);
    return strcmp(p->path, "native") == 0 || account_has_handle(s->keychain, p->handle) ||
           contacts_was_logged(s->keychain, p->handle) ||
           (host.len > 0 && teal_bytes_equal(host, host_of(gateway.handle)));
}

/* That the manifest stands in the key log. Returns the outcome of the calls that it took. */
static outcome check_log(session *s, const json_t *answer, person *p, const char **wrong)
{
    tree_head head;
    const json_t *proof = json_object_get(answer, "proof");
    *wrong = NULL;
    if (proof == NULL) {
        if (needs_proof(s, p))
            *wrong = "REQ-LOG-15 no proof that the manifest is in the gateway's key log";
        return OUTCOME_OK;
    }
    if (!log_answer_head(json_object_get(proof, "head"), &head))
        *wrong = "REQ-LOG-14 the proof has no head";
    else
        *wrong = log_answer_leaf(proof, &head, &p->manifest, &s->arena);
    if (*wrong != NULL)
        return OUTCOME_OK;
    p->logged = true;
    return seen_heads_take(s, &head, wrong);
}

people_answer people_find(session *s, teal_bytes handle, person *out)
{
    json_t *answer;
    *out = (person){ .handle = handle };
    people_answer a = { .call = api_look_up(s->api, handle, &answer) };
    a.temporary = a.call == OUTCOME_REFUSED && api_is_temporary(s->api);
    if (a.call != OUTCOME_OK)
        return a;
    if (!take_word(answer, "path", out->path) || !take_word(answer, "level", out->level) ||
        !take_word(answer, "capability", out->capability) ||
        !take_word(answer, "network", out->network))
        a.wrong = "REQ-DIR-22 no path, level, capability or network";
    else if (strcmp(out->capability, "sealed") == 0)
        a.wrong = take_manifest(s, answer, out);
    else if (strcmp(out->level, "E2EE") == 0)
        a.wrong = "REQ-DIR-22 E2EE without a manifest";
    if (a.wrong == NULL && out->has_manifest) {
        a.call = check_log(s, answer, out, &a.wrong);
        a.temporary = a.call == OUTCOME_REFUSED && api_is_temporary(s->api);
    }
    json_decref(answer);
    return a;
}

static outcome refuse(const person *p, const char *wrong)
{
    return say(OUTCOME_UNVERIFIED, "%.*s: what the directory says does not verify: %s",
               (int)p->handle.len, (const char *)p->handle.at, wrong);
}

outcome people_look_up(session *s, teal_bytes handle, person *out)
{
    people_answer a = people_find(s, handle, out);
    if (a.wrong != NULL)
        return refuse(out, a.wrong);
    session_explain(s, a.call);
    if (a.call == OUTCOME_REFUSED)
        say_note("the handle was %.*s", (int)handle.len, (const char *)handle.at);
    return a.call;
}

static bool has_device(const people_keys *keys, const uint8_t *device)
{
    for (size_t i = 0; i < keys->n; i++)
        if (memcmp(keys->to[i].device, device, TEAL_DEVICE_BYTES) == 0)
            return true;
    return false;
}

/* Appends it, unless it is there already or excepted. */
static const char *take_prekey(session *s, const json_t *object, const teal_manifest *m,
                               const uint8_t *except, people_keys *keys)
{
    uint8_t id[TEAL_DEVICE_BYTES];
    size_t len = 0;
    teal_diag why = { 0 };
    teal_prekey prekey;
    teal_bytes hex = member_text(object, "device"), encoded;
    if (hex.len != 2 * sizeof id ||
        sodium_hex2bin(id, sizeof id, (const char *)hex.at, hex.len, NULL, &len, NULL) != 0 ||
        len != sizeof id)
        return "REQ-DIR-23 a prekey without device";
    const teal_device *device = teal_manifest_device(m, id);
    if (device == NULL)
        return "REQ-DIR-24 a prekey for a device that is not in the manifest";
    if (!member_bytes(object, "prekey", &s->arena, &encoded))
        return "REQ-DIR-23 no prekey in base64url";
    if (teal_prekey_decode(encoded, &prekey, &why) != TEAL_OK ||
        teal_prekey_verify(&prekey, id, device->signing_key, &why) != TEAL_OK)
        return why.rule;
    if (has_device(keys, id) || (except != NULL && memcmp(id, except, sizeof id) == 0))
        return NULL;
    if (keys->n == TEAL_MAX_KEYS)
        return "REQ-ENV-11 more than 1024 devices";
    teal_seal_to *to = &keys->to[keys->n++];
    memcpy(to->device, id, sizeof to->device);
    to->prekey_id = prekey.id;
    memcpy(to->prekey, prekey.key, sizeof to->prekey);
    return NULL;
}

/* A device of p that got no key. */
static bool lacks_key(const person *p, const uint8_t *except, const people_keys *keys)
{
    bool lacks = false;
    for (size_t i = 0; !lacks && i < p->manifest.n_devices; i++) {
        const uint8_t *id = p->manifest.devices[i].id;
        lacks =
            !has_device(keys, id) && (except == NULL || memcmp(id, except, TEAL_DEVICE_BYTES) != 0);
    }
    return lacks;
}

static const char *take_claim(session *s, const json_t *answer, person *p, const uint8_t *except,
                              people_keys *keys)
{
    uint8_t account[TEAL_KEY_BYTES];
    const uint64_t version = p->manifest.version;
    memcpy(account, p->manifest.account_key, sizeof account);
    const char *wrong = take_manifest(s, answer, p);
    if (wrong != NULL)
        return wrong;
    if (memcmp(account, p->manifest.account_key, sizeof account) != 0)
        return "REQ-DIR-24 another account key than a moment ago";
    if (p->manifest.version < version)
        return "REQ-DEV-10 an older manifest than the known one";
    const json_t *prekeys = json_object_get(answer, "prekeys");
    for (size_t i = 0; i < json_array_size(prekeys); i++) {
        wrong = take_prekey(s, json_array_get(prekeys, i), &p->manifest, except, keys);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

outcome people_claim(session *s, person *p, const uint8_t *except, people_keys *keys)
{
    json_t *answer;
    outcome o = api_claim(s->api, p->handle, &answer);
    if (o != OUTCOME_OK)
        return session_explain(s, o);
    const char *wrong = take_claim(s, answer, p, except, keys);
    if (wrong == NULL && lacks_key(p, except, keys))
        wrong = "REQ-DIR-23 a device has no prekey: nobody can seal to it";
    if (wrong == NULL)
        o = session_explain(s, check_log(s, answer, p, &wrong));
    json_decref(answer);
    return wrong == NULL ? o : refuse(p, wrong);
}

void people_claim_copies(session *s, person *own, const uint8_t *device, people_keys *keys)
{
    json_t *answer = NULL;
    const size_t before = keys->n;
    const char *wrong = "the gateway does not hand out their keys now";
    if (api_claim(s->api, own->handle, &answer) == OUTCOME_OK)
        wrong = take_claim(s, answer, own, device, keys);
    if (wrong == NULL && check_log(s, answer, own, &wrong) != OUTCOME_OK)
        wrong = "the key log cannot be asked now";
    json_decref(answer);
    if (wrong != NULL)
        keys->n = before;
    else if (lacks_key(own, device, keys))
        wrong = "one of them has published no keys";
    if (wrong != NULL)
        say_note("your other devices do not all get a copy: %s", wrong);
}

outcome people_trust(const session *s, const person *p)
{
    if (!p->has_manifest || p->trust != CONTACTS_CHANGED || s->options->accept_key_change)
        return OUTCOME_OK;
    return contacts_refuse(s->keychain, p->handle, p->manifest.account_key);
}

outcome people_pin(session *s, const person *p)
{
    if (!p->has_manifest)
        return OUTCOME_OK;
    const uint8_t *key = p->manifest.account_key;
    if (contacts_check(s->keychain, p->handle, key) == CONTACTS_CHANGED &&
        !s->options->accept_key_change)
        return contacts_refuse(s->keychain, p->handle, key);
    contacts_pin(s->keychain, p->handle, key);
    contacts_note(s->keychain, p->handle, &p->manifest);
    if (p->logged)
        contacts_note_logged(s->keychain, p->handle);
    return OUTCOME_OK;
}
