/* /v1/accounts/{handle}/forwarding: which further devices get what reaches a number below
 * end-to-end encryption, and those that ask for it. REQ-FWD-6, -7. */
#include "gateway/directory/text_forwarding.h"

#include "codecs/handle.h"
#include "gateway/edge/field.h"

#define GRANT_TYPE "application/vnd.teal.forwarding-grant"

enum { REQUEST_MAX_BODY = 1 << 10 };

static rest_next refuse(rest_call *c, const directory_refusal *why)
{
    return field_refuse_directory(c, why, FORWARDING_REQUEST_LIFE_MS);
}

/* ---- grants -----------------------------------------------------------------------------------
 */

static rest_next put(rest_call *c)
{
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    directory_put result =
        directory_put_grant(c->services->directory, c->reader, c->parameter, c->caller->account_key,
                            c->body, c->now_ms, c->arena, &why);
    return field_answer_put(c, result, &why);
}

static json_t *request_json(rest_call *c, const forwarding_request *r)
{
    return json_pack("{s:o, s:o, s:o, s:I}", "device", field_hex(r->said.device), "nonce",
                     field_base64url(TEAL_VIEW(r->said.nonce), c->arena), "signature",
                     field_base64url(TEAL_VIEW(r->said.signature), c->arena), "expires_at_ms",
                     (json_int_t)r->expires_ms);
}

static rest_next list(rest_call *c)
{
    directory_forwarding *all = teal_arena_array(c->arena, 1, sizeof *all);
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (all == NULL)
        return field_refuse_overload(c);
    if (!directory_list_forwarding(c->services->directory, c->reader, c->parameter,
                                   c->caller->account_key, c->now_ms, c->arena, all, &why))
        return refuse(c, &why);
    json_t *grants = json_array(), *requests = json_array();
    for (size_t i = 0; i < all->n_grants; i++)
        json_array_append_new(grants, field_base64url(all->grants[i].encoded, c->arena));
    for (size_t i = 0; i < all->n_requests; i++)
        json_array_append_new(requests, request_json(c, &all->requests[i]));
    return rest_json(c, 200, json_pack("{s:o, s:o}", "grants", grants, "requests", requests));
}

/* ---- requests ---------------------------------------------------------------------------------
 */

static rest_next ask(rest_call *c)
{
    teal_forwarding_request r = { .handle = c->parameter };
    directory_refusal why = { 0 };
    int64_t expires_ms = 0;
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    json_t *body = field_object(c);
    const bool good = field_device(json_string_value(json_object_get(body, "device")), r.device) &&
                      field_octets(body, "nonce", r.nonce, sizeof r.nonce) &&
                      field_octets(body, "signature", r.signature, sizeof r.signature);
    json_decref(body);
    if (!good)
        return field_refuse_json(c, "Send {\"device\":HEX,\"nonce\",\"signature\"}, octets as "
                                    "base64url.");
    if (!field_is_caller(c, r.device))
        return field_refuse_other_device(c);
    if (!directory_ask_forwarding(c->services->directory, c->reader, &r, c->now_ms, c->arena,
                                  &expires_ms, &why))
        return refuse(c, &why);
    return rest_json(c, 201, json_pack("{s:I}", "expires_at_ms", (json_int_t)expires_ms));
}

const rest_route text_forwarding_routes[] = {
    { "GET", "/v1/accounts/{}/forwarding", 0, NULL, CALLER_DEVICE | CALLER_ACCOUNT, list },
    { "PUT", "/v1/accounts/{}/forwarding", TEAL_MAX_FORWARDING_GRANT_BYTES, GRANT_TYPE,
      CALLER_ACCOUNT, put },
    { "POST", "/v1/accounts/{}/forwarding", REQUEST_MAX_BODY, "application/json", CALLER_DEVICE,
      ask },
    { 0 },
};
