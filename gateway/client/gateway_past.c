/* A chain that has a hole, or goes back, is the mark of a gateway that shows people different
 * selves: nothing of it is believed. */
#include "gateway/client/gateway_past.h"

#include "gateway/client/member.h"
#include "gateway/client/say.h"

enum { MAX_STEPS = 64, MAX_FORMER = 16 };

static bool read_manifest(teal_bytes encoded, teal_arena *arena, teal_manifest *out)
{
    return teal_manifest_decode(encoded, arena, out, NULL) == TEAL_OK &&
           teal_manifest_verify(out, NULL) == TEAL_OK;
}

bool gateway_past_read(const json_t *gateway, teal_arena *arena, verify_gateway *out)
{
    const json_t *past = json_object_get(gateway, "past");
    size_t n = json_array_size(past), first = n > VERIFY_MAX_PAST ? n - VERIFY_MAX_PAST : 0;
    out->n_past = 0;
    for (size_t i = first; i < n; i++) {
        json_t *one = json_pack("{s:O}", "manifest", json_array_get(past, i));
        teal_bytes encoded;
        bool good = member_bytes(one, "manifest", arena, &encoded) &&
                    read_manifest(encoded, arena, &out->past[out->n_past]);
        json_decref(one);
        if (!good)
            return false;
        out->n_past++;
    }
    return true;
}

/* NULL, or why `next` is not what follows `before`. */
static const char *check_step(const teal_manifest *before, const teal_manifest *next)
{
    teal_hash hash;
    teal_manifest_hash(before, &hash);
    if (next->version != before->version + 1 ||
        memcmp(next->account_key, before->account_key, TEAL_KEY_BYTES) != 0)
        return "REQ-KEY-6 a version that does not follow the one before";
    if (!teal_bytes_equal(next->previous, (teal_bytes){ hash.at, sizeof hash.at }))
        return "REQ-KEY-6 a version that does not name the one before";
    return NULL;
}

static outcome fetch(session *s, uint64_t version, teal_manifest *out)
{
    json_t *json = NULL;
    teal_bytes encoded;
    outcome o = api_gateway_version(s->api, version, &json);
    if (o != OUTCOME_OK)
        return session_explain(s, o);
    bool good = member_bytes(json, "manifest", &s->arena, &encoded) &&
                read_manifest(encoded, &s->arena, out) && out->version == version;
    json_decref(json);
    return good ? OUTCOME_OK
                : say(OUTCOME_UNVERIFIED,
                      "version %llu of the gateway's manifest does not verify "
                      "(REQ-KEY-6)",
                      (unsigned long long)version);
}

static json_t *encode(const teal_manifest *m)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES];
    teal_writer w = { buf, sizeof buf, 0 };
    return teal_manifest_encode(m, &w) == TEAL_OK ? member_of_bytes(teal_written(&w)) : json_null();
}

static void add(verify_gateway *now, const teal_manifest *m, json_t *past)
{
    if (now->n_past == VERIFY_MAX_PAST) {
        memmove(&now->past[0], &now->past[1], (VERIFY_MAX_PAST - 1) * sizeof now->past[0]);
        now->n_past--;
        json_array_remove(past, 0);
    }
    now->past[now->n_past++] = *m;
    json_array_append_new(past, encode(m));
}

static outcome walk(session *s, const verify_gateway *known, verify_gateway *now, json_t *past)
{
    const teal_manifest *newest = &now->manifest;
    teal_manifest before = known->manifest, next;
    while (before.version < newest->version) {
        outcome o = OUTCOME_OK;
        if (before.version + 1 == newest->version)
            next = *newest;
        else
            o = fetch(s, before.version + 1, &next);
        if (o != OUTCOME_OK)
            return o;
        const char *wrong = check_step(&before, &next);
        if (wrong != NULL)
            return say(OUTCOME_UNVERIFIED, "the gateway's manifests are no chain: %s", wrong);
        add(now, &before, past);
        before = next;
    }
    return OUTCOME_OK;
}

outcome gateway_past_follow(session *s, const verify_gateway *known, verify_gateway *now,
                            json_t **past)
{
    const uint64_t from = known->manifest.version, to = now->manifest.version;
    *past = NULL;
    if (to < from || (to == from && memcmp(known->manifest.signature, now->manifest.signature,
                                           TEAL_SIGNATURE_BYTES) != 0))
        return say(
            OUTCOME_UNVERIFIED,
            "the gateway shows version %llu of its manifest; version %llu is known here, and "
            "another (REQ-KEY-6)",
            (unsigned long long)to, (unsigned long long)from);
    if (to - from > MAX_STEPS)
        return say(OUTCOME_FAILED, "the gateway's manifest has changed more than %d times",
                   MAX_STEPS);
    *past = json_array();
    now->n_past = 0;
    for (size_t i = 0; i < known->n_past; i++)
        add(now, &known->past[i], *past);
    outcome o = walk(s, known, now, *past);
    if (o != OUTCOME_OK) {
        json_decref(*past);
        *past = NULL;
    }
    return o;
}

static bool is_key(json_t *encoded, const uint8_t key[static TEAL_KEY_BYTES])
{
    uint8_t buf[512];
    teal_arena arena = { buf, sizeof buf, 0 };
    teal_bytes octets;
    teal_prekey p;
    json_t *one = json_pack("{s:O*}", "key", encoded);
    bool same = member_bytes(one, "key", &arena, &octets) &&
                teal_prekey_decode(octets, &p, NULL) == TEAL_OK &&
                memcmp(p.key, key, TEAL_KEY_BYTES) == 0;
    json_decref(one);
    return same;
}

/* The same key under the signature of another device has not gone. */
void gateway_past_keep_key(json_t *gateway, const verify_gateway *now)
{
    json_t *former = json_object_get(gateway, "former");
    json_t *goes = json_object_get(gateway, "downgrade_key");
    if (goes == NULL || is_key(goes, now->downgrade_key.key))
        return;
    if (former == NULL) {
        former = json_array();
        json_object_set_new(gateway, "former", former);
    }
    if (json_array_size(former) == MAX_FORMER)
        json_array_remove(former, 0);
    json_array_append(former, goes);
}

bool gateway_past_has_key(const json_t *gateway, const uint8_t key[static TEAL_KEY_BYTES])
{
    const json_t *former = json_object_get(gateway, "former");
    bool found = false;
    for (size_t i = 0; !found && i < json_array_size(former); i++)
        found = is_key(json_array_get(former, i), key);
    return found;
}
