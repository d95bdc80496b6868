/* /v1/gateway: who the gateway is and was, and the key that a consent seals its fallback to. */
#include "gateway/edge/field.h"

enum { PREKEY_MAX_BYTES = 256, RETRY_MS = 1000 };

static rest_next not_ready(rest_call *c)
{
    return rest_later(c, 503, "room-not-ready",
                      "REQ-DIR-25 the plaintext room has not said its downgrade key yet",
                      "Ask again after Retry-After.", RETRY_MS);
}

/* ?version=N: the manifest of that version, by which receipts of devices that have gone verify. */
static rest_next version_get(rest_call *c)
{
    uint8_t *buf = teal_arena_take(c->arena, TEAL_MAX_MANIFEST_BYTES);
    size_t len = 0;
    int64_t version;
    if (buf == NULL)
        return field_refuse_overload(c);
    if (!field_number(rest_query(c, "version"), 1, INT32_MAX, 0, &version))
        return field_refuse_query(c, "Give a version from 1 on.");
    if (!keys_load_manifest_version(c->services->config, (uint64_t)version, buf, &len))
        return rest_problem(c, 404, "manifest-unknown",
                            "REQ-KEY-6 the gateway has no such version of its manifest",
                            "Ask for versions from 1 up to that of GET /v1/gateway.", NULL);
    return rest_json(c, 200,
                     json_pack("{s:s, s:o}", "handle", c->services->config->handle, "manifest",
                               field_base64url((teal_bytes){ buf, len }, c->arena)));
}

static rest_next gateway_get(rest_call *c)
{
    const rest_services *s = c->services;
    uint8_t key[PREKEY_MAX_BYTES];
    size_t len = 0;
    if (rest_query(c, "version") != NULL)
        return version_get(c);
    if (!core_downgrade_key(s->core, key, sizeof key, &len))
        return not_ready(c);
    return rest_json(c, 200,
                     json_pack("{s:s, s:o, s:o, s:s, s:s}", "handle", s->config->handle, "manifest",
                               field_base64url(s->gateway_manifest, c->arena), "downgrade_key",
                               field_base64url((teal_bytes){ key, len }, c->arena), "sms_mark",
                               s->config->sms_mark, "plain_mark", s->config->plain_mark));
}

static rest_next downgrade_post(rest_call *c)
{
    switch (core_rotate_downgrade(c->services->core)) {
    case CORE_ROTATED:
        return gateway_get(c);
    case CORE_ROTATION_TOO_SOON:
        return rest_problem(c, 409, "rotation-too-soon",
                            "REQ-KEY-4 as many downgrade keys are kept as may be",
                            "Wait until the overlap of one has ended; [keys] downgrade_overlap_s "
                            "says how long that is.",
                            NULL);
    case CORE_ROTATION_FAILED:
        return rest_problem(c, 500, "rotation-failed",
                            "REQ-KEY-3 the room could not write its key file",
                            "Look into the gateway's log; the key in force has not changed.", NULL);
    case CORE_ROTATION_NO_ROOM:
        return not_ready(c);
    case CORE_ROTATION_UNKNOWN:
        return rest_later(c, 503, "rotation-unknown",
                          "REQ-KEY-3 the room has not answered whether it made another key",
                          "Compare the downgrade key of GET /v1/gateway before asking again.",
                          RETRY_MS);
    }
    bug("core_rotation out of range");
}

const rest_route gateway_routes[] = {
    { "GET", "/v1/gateway", 0, NULL, CALLER_ANYBODY, gateway_get },
    { "POST", "/v1/gateway/keys/downgrade", 0, NULL, CALLER_OPERATOR, downgrade_post },
    { 0 },
};
