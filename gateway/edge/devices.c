/* /v1/accounts/{handle}/devices: a device that asks to be added, and the account's devices that
 * answer it. What they say proves to the two ends that they know one code; to the gateway it says
 * nothing. REQ-DEV-1 to -5. */
#include "codecs/base64.h"
#include "codecs/handle.h"
#include "gateway/edge/field.h"

enum { LINK_MAX_BODY = 4 << 10 };

static rest_next refuse(rest_call *c, const directory_refusal *why)
{
    return field_refuse_directory(c, why, LINK_LIFE_MS);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static bool read_prekey(const json_t *o, teal_prekey *out)
{
    uint8_t encoded[256];
    teal_writer w = { encoded, sizeof encoded, 0 };
    return teal_base64url_decode(field_string(o, "prekey"), &w, NULL) == TEAL_OK &&
           teal_prekey_decode(teal_written(&w), out, NULL) == TEAL_OK;
}

/* The name is copied. */
static bool read_request(const json_t *o, link_request *out)
{
    teal_bytes name = field_string(o, "name");
    if (name.len > sizeof out->name_room)
        return false;
    if (name.len > 0)
        memcpy(out->name_room, name.at, name.len);
    out->device.name = (teal_bytes){ (const uint8_t *)out->name_room, name.len };
    return field_device(json_string_value(json_object_get(o, "device")), out->device.id) &&
           field_octets(o, "signing_key", out->device.signing_key, TEAL_KEY_BYTES) &&
           field_octets(o, "share", out->share, sizeof out->share) && read_prekey(o, &out->prekey);
}

static json_t *octets(rest_call *c, const uint8_t *at, size_t len)
{
    return field_base64url((teal_bytes){ at, len }, c->arena);
}

static json_t *prekey_json(rest_call *c, const teal_prekey *prekey)
{
    uint8_t encoded[256];
    teal_writer w = { encoded, sizeof encoded, 0 };
    if (teal_prekey_encode(prekey, &w) != TEAL_OK)
        bug("an encoded prekey is longer than its fields");
    return octets(c, encoded, w.len);
}

static json_t *answer_json(rest_call *c, const link_request *r)
{
    if (!r->answered)
        return json_null();
    return json_pack("{s:o, s:o}", "share", octets(c, r->answer_share, sizeof r->answer_share),
                     "tag", octets(c, r->answer_tag, sizeof r->answer_tag));
}

static json_t *request_json(rest_call *c, const link_request *r)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "device", field_hex(r->device.id),
                     "signing_key", octets(c, r->device.signing_key, TEAL_KEY_BYTES), "name",
                     field_text(r->device.name), "prekey", prekey_json(c, &r->prekey), "share",
                     octets(c, r->share, sizeof r->share), "answer", answer_json(c, r), "tag",
                     r->confirmed ? octets(c, r->tag, sizeof r->tag) : json_null(), "expires_at_ms",
                     (json_int_t)r->expires_ms);
}

/* ---- who asks ----------------------------------------------------------------------------------
 */

static rest_next ask(rest_call *c)
{
    link_request r = { 0 };
    directory_refusal why = { 0 };
    int64_t expires_ms = 0;
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    json_t *body = field_object(c);
    const bool good = read_request(body, &r);
    json_decref(body);
    if (!good)
        return field_refuse_json(c, "Send {\"device\":HEX,\"signing_key\",\"name\",\"prekey\","
                                    "\"share\"}, octets as base64url.");
    if (!directory_ask_link(c->services->directory, c->reader, c->parameter, &r, c->now_ms,
                            c->arena, &expires_ms, &why))
        return refuse(c, &why);
    return rest_json(c, 201,
                     json_pack("{s:o, s:I}", "account_key",
                               octets(c, r.account_key, TEAL_KEY_BYTES), "expires_at_ms",
                               (json_int_t)expires_ms));
}

/* The answer for one device, which alone knows its id until it has been added. */
static rest_next get_answer(rest_call *c)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    link_request r;
    size_t n = 0;
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!field_device(rest_query(c, "device"), device))
        return field_refuse_device(c);
    if (!directory_list_links(c->services->directory, c->reader, c->parameter, NULL, device,
                              c->now_ms, c->arena, &r, &n, &why))
        return refuse(c, &why);
    return rest_json(c, 200, json_pack("{s:o}", "answer", answer_json(c, &r)));
}

/* ---- who answers -------------------------------------------------------------------------------
 */

static rest_next list(rest_call *c)
{
    link_request *all = teal_arena_array(c->arena, LINK_REQUESTS_OF_ACCOUNT, sizeof *all);
    size_t n = 0;
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (all == NULL)
        return field_refuse_overload(c);
    if (!directory_list_links(c->services->directory, c->reader, c->parameter,
                              c->caller->account_key, NULL, c->now_ms, c->arena, all, &n, &why))
        return refuse(c, &why);
    json_t *requests = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(requests, request_json(c, &all[i]));
    return rest_json(c, 200, json_pack("{s:o}", "requests", requests));
}

static rest_next take_answer(rest_call *c, bool has_share)
{
    directory_link_answer a = { .has_share = has_share };
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!field_device(rest_query(c, "device"), a.device))
        return field_refuse_device(c);
    json_t *body = field_object(c);
    const bool good = (!has_share || field_octets(body, "share", a.share, sizeof a.share)) &&
                      field_octets(body, "tag", a.tag, sizeof a.tag);
    json_decref(body);
    if (!good)
        return field_refuse_json(c, has_share ? "Send {\"share\",\"tag\"} as base64url."
                                              : "Send {\"tag\"} as base64url.");
    if (!directory_answer_link(c->services->directory, c->reader, c->parameter,
                               has_share ? c->caller->account_key : NULL, &a, c->now_ms, c->arena,
                               &why))
        return refuse(c, &why);
    return rest_empty(c, 204);
}

static rest_next answer(rest_call *c)
{
    return take_answer(c, true);
}

static rest_next confirm(rest_call *c)
{
    return take_answer(c, false);
}

static rest_next drop(rest_call *c)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!field_device(rest_query(c, "device"), device))
        return field_refuse_device(c);
    if (!directory_drop_link(c->services->directory, c->reader, c->parameter,
                             c->caller->account_key, device, c->now_ms, c->arena, &why))
        return refuse(c, &why);
    return rest_empty(c, 204);
}

const rest_route devices_routes[] = {
    { "POST", "/v1/accounts/{}/devices", LINK_MAX_BODY, "application/json", CALLER_ANYBODY, ask },
    { "GET", "/v1/accounts/{}/devices", 0, NULL, CALLER_DEVICE | CALLER_ACCOUNT, list },
    { "DELETE", "/v1/accounts/{}/devices", 0, NULL, CALLER_DEVICE | CALLER_ACCOUNT, drop },
    { "PUT", "/v1/accounts/{}/devices/answer", LINK_MAX_BODY, "application/json",
      CALLER_DEVICE | CALLER_ACCOUNT, answer },
    { "GET", "/v1/accounts/{}/devices/answer", 0, NULL, CALLER_ANYBODY, get_answer },
    { "POST", "/v1/accounts/{}/devices/answer", LINK_MAX_BODY, "application/json", CALLER_ANYBODY,
      confirm },
    { 0 },
};
