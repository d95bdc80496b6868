/* /v1/directory/{handle}: what reaches a handle now, and keys to seal to. REQ-DIR-22, -23,
 * REQ-LOG-14; who asked is kept: REQ-LKP-10. */
#include "gateway/edge/asker.h"
#include "gateway/edge/claim_limits.h"
#include "gateway/edge/field.h"
#include "gateway/edge/log_proof.h"

#include "codecs/handle.h"

enum { ASKERS = CALLER_DEVICE | CALLER_PEER | CALLER_OPERATOR };
enum { CLAIM_MAX_BODY = 1 << 10 }; /* nothing is looked at; what clients send anyway */

static rest_next refuse_unroutable(rest_call *c)
{
    return rest_problem(c, 404, "recipient-unroutable", "REQ-DIR-22 nothing reaches the handle",
                        "Check it; its owner may be on no network that the gateway has a link to.",
                        NULL);
}

static rest_next refuse_unsealed(rest_call *c)
{
    return rest_problem(c, 404, "recipient-not-sealed",
                        "REQ-DIR-23 the handle has no manifest, nobody can seal to it",
                        "Look the handle up: its path says what would reach it.", NULL);
}

static rest_next refuse_broken(rest_call *c)
{
    return field_refuse_store(c, STORE_BROKEN);
}

/* Every path that there is now, the best first; a sealed one is native or rcs, never both. */
static json_t *paths_json(const directory_entry *e)
{
    const struct {
        bool there;
        store_path path;
        teal_level level;
        const char *capability;
    } all[] = {
        { e->has_native, PATH_NATIVE, TEAL_E2EE, "sealed" },
        { e->has_rcs, PATH_RCS, TEAL_E2EE, "sealed" },
        { e->has_plain, PATH_PLAIN, TEAL_TRANSPORT, "plain" },
        { e->has_sms, PATH_SMS, TEAL_PLAINTEXT, "none" },
    };
    json_t *paths = json_array();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].there)
            json_array_append_new(
                paths,
                json_pack("{s:o, s:s, s:s, s:s}", "network",
                          all[i].path == PATH_SMS ? json_string("sms") : field_text(e->network),
                          "capability", all[i].capability, "path", store_path_name(all[i].path),
                          "level", teal_level_name(all[i].level)));
    return paths;
}

static const char *capability(const directory_entry *e)
{
    if (e->has_manifest)
        return "sealed";
    if (e->speaks_mls)
        return "mls";
    return e->has_plain ? "plain" : "none";
}

static json_t *entry_json(rest_call *c, const directory_entry *e)
{
    json_t *paths = paths_json(e), *best = json_array_get(paths, 0);
    json_t *entry = json_pack(
        "{s:o, s:o, s:s, s:O, s:O, s:I}", "handle", field_text(c->parameter), "network",
        field_text(e->network), "capability", capability(e), "path", json_object_get(best, "path"),
        "level", json_object_get(best, "level"), "ttl_s", (json_int_t)(e->ttl_ms / 1000));
    json_object_set_new(entry, "paths", paths);
    if (e->has_manifest)
        json_object_set_new(entry, "manifest", field_base64url(e->encoded, c->arena));
    return entry;
}

/* With the key log's proof of the manifest, where it is of this gateway's own network. */
static rest_next answer(rest_call *c, const directory_entry *e, json_t *body)
{
    json_t *proof = NULL;
    store_result r = STORE_OK;
    if (e->has_native && e->has_manifest)
        r = log_proof_manifest(c, &e->manifest, &proof);
    if (r != STORE_OK) {
        json_decref(body);
        return field_refuse_store(c, r);
    }
    if (proof != NULL)
        json_object_set_new(body, "proof", proof);
    return rest_json(c, 200, body);
}

static rest_next look_up(rest_call *c)
{
    directory_entry e = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!asker_note(c))
        return field_refuse_overload(c);
    switch (directory_look_up(c->services->directory, c->reader, c->parameter, c->now_ms, c->arena,
                              &e)) {
    case DIRECTORY_OK:
        return answer(c, &e, entry_json(c, &e));
    case DIRECTORY_NONE:
        return refuse_unroutable(c);
    case DIRECTORY_UNREACHABLE:
        return field_refuse_peer(c);
    case DIRECTORY_BROKEN:
        return refuse_broken(c);
    }
    bug("directory_result out of range");
}

static json_t *claimed_json(rest_call *c, const directory_entry *e, const directory_prekey *claimed,
                            size_t n)
{
    json_t *prekeys = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(prekeys,
                              json_pack("{s:o, s:o}", "device", field_hex(claimed[i].device),
                                        "prekey", field_base64url(claimed[i].encoded, c->arena)));
    return json_pack("{s:o, s:o, s:o}", "handle", field_text(c->parameter), "manifest",
                     field_base64url(e->encoded, c->arena), "prekeys", prekeys);
}

static rest_next claim(rest_call *c)
{
    directory_entry e = { 0 };
    directory_prekey claimed[TEAL_MAX_DEVICES];
    size_t n = 0;
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!asker_note(c))
        return field_refuse_overload(c);
    claim_answer may = claim_limits_take(c->services->claims, c);
    if (may == CLAIM_LATER)
        return REST_ANSWERED;
    switch (directory_claim(c->services->directory, c->reader, c->parameter,
                            may == CLAIM_LAST_RESORT, c->now_ms, c->arena, &e, claimed, &n)) {
    case DIRECTORY_OK:
        return e.has_manifest ? answer(c, &e, claimed_json(c, &e, claimed, n)) : refuse_unsealed(c);
    case DIRECTORY_NONE:
        return refuse_unsealed(c);
    case DIRECTORY_UNREACHABLE:
        return field_refuse_peer(c);
    case DIRECTORY_BROKEN:
        return refuse_broken(c);
    }
    bug("directory_result out of range");
}

const rest_route directory_routes[] = {
    { "GET", "/v1/directory/{}", 0, NULL, ASKERS, look_up },
    { "POST", "/v1/directory/{}/claim", CLAIM_MAX_BODY, NULL, ASKERS, claim },
    { 0 },
};
