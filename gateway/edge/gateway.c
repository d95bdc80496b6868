/* GET /v1/gateway: who the gateway is, and the key that a consent seals its fallback to. */
#include "gateway/edge/field.h"

enum { PREKEY_MAX_BYTES = 256, RETRY_MS = 1000 };

static rest_next gateway_get(rest_call *c)
{
    const rest_services *s = c->services;
    uint8_t key[PREKEY_MAX_BYTES];
    size_t len = 0;
    if (!core_downgrade_key(s->core, key, sizeof key, &len))
        return rest_later(c, 503, "room-not-ready",
                          "REQ-DIR-25 the plaintext room has not said its downgrade key yet",
                          "Ask again after Retry-After.", RETRY_MS);
    return rest_json(c, 200,
                     json_pack("{s:s, s:o, s:o, s:s, s:s}", "handle", s->config->handle, "manifest",
                               field_base64url(s->gateway_manifest, c->arena), "downgrade_key",
                               field_base64url((teal_bytes){ key, len }, c->arena), "sms_mark",
                               s->config->sms_mark, "plain_mark", s->config->plain_mark));
}

const rest_route gateway_routes[] = {
    { "GET", "/v1/gateway", 0, NULL, CALLER_ANYBODY, gateway_get }, { 0 }
};
