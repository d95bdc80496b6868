/* Strict readers: one value has one text. */
#include "gateway/edge/field.h"

#include "gateway/request_signature.h"

#include "codecs/base64.h"

#include <sodium.h>

enum { RETRY_MS = 1000, PEER_RETRY_MS = 10000, MAX_DIGITS = 18 };

bool field_device(const char *text, uint8_t device[static TEAL_DEVICE_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    const size_t len = (size_t)TEAL_DEVICE_BYTES * 2;
    return text != NULL && strlen(text) == len && strspn(text, digits) == len &&
           sodium_hex2bin(device, TEAL_DEVICE_BYTES, text, len, NULL, NULL, NULL) == 0;
}

bool field_number(const char *text, int64_t least, int64_t most, int64_t otherwise, int64_t *out)
{
    *out = otherwise;
    if (text == NULL)
        return true;
    size_t len = strlen(text);
    if (len == 0 || len > MAX_DIGITS || strspn(text, "0123456789") != len)
        return false;
    *out = 0;
    for (; *text != '\0'; text++)
        *out = *out * 10 + (*text - '0');
    return *out >= least && *out <= most;
}

json_t *field_hex(const uint8_t device[static TEAL_DEVICE_BYTES])
{
    char hex[TEAL_DEVICE_BYTES * 2 + 1];
    return json_string(sodium_bin2hex(hex, sizeof hex, device, TEAL_DEVICE_BYTES));
}

json_t *field_base64url(teal_bytes b, teal_arena *arena)
{
    size_t len = teal_base64url_length(b.len);
    teal_writer w = { teal_arena_take(arena, len), len, 0 };
    if (w.base == NULL)
        return NULL;
    teal_base64url_encode(b, &w);
    return json_stringn_nocheck((const char *)w.base, w.len);
}

json_t *field_text(teal_bytes text)
{
    return json_stringn(text.len > 0 ? (const char *)text.at : "", text.len);
}

json_t *field_object(rest_call *c)
{
    json_t *o = json_loadb((const char *)c->body.at, c->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(o))
        return o;
    json_decref(o);
    return NULL;
}

teal_bytes field_string(const json_t *o, const char *name)
{
    const json_t *text = json_object_get(o, name);
    if (!json_is_string(text))
        return (teal_bytes){ 0 };
    return (teal_bytes){ (const uint8_t *)json_string_value(text), json_string_length(text) };
}

bool field_octets(const json_t *o, const char *name, uint8_t *out, size_t len)
{
    return teal_base64url_decode_exact(field_string(o, name), out, len, NULL) == TEAL_OK;
}

rest_next field_refuse_device(rest_call *c)
{
    return rest_problem(c, 400, "device-malformed",
                        "REQ-REST-7 the device is not 32 lower-case hexadecimal digits",
                        "Give the 16 octets of the device's id as HEX.", NULL);
}

bool field_is_caller(const rest_call *c, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    return c->caller->role == CALLER_DEVICE &&
           memcmp(c->caller->device, device, TEAL_DEVICE_BYTES) == 0;
}

rest_next field_refuse_caller(rest_call *c, const char *rule, const char *remedy)
{
    rest_problem(c, 403, "caller-not-allowed", rule, remedy, NULL);
    c->answer->accept_signature = request_accept(c->body.len > 0);
    return REST_ANSWERED;
}

rest_next field_refuse_other_device(rest_call *c)
{
    return field_refuse_caller(c, "REQ-SIG-12 the resource is another device's",
                               "Sign the request with the key of the device that it names.");
}

rest_next field_refuse_handle(rest_call *c)
{
    return rest_problem(c, 400, "handle-malformed", "REQ-HDL-1 the handle is not canonical",
                        "Write tel:+NUMBER, im:local@host or sip:local@host, lower-case scheme and "
                        "host, without parameters.",
                        NULL);
}

rest_next field_refuse_query(rest_call *c, const char *remedy)
{
    return rest_problem(c, 400, "query-malformed",
                        "REQ-REST-8 a query parameter is no number, or out of its range", remedy,
                        NULL);
}

rest_next field_refuse_json(rest_call *c, const char *remedy)
{
    return rest_problem(c, 400, "json-malformed",
                        "REQ-REST-9 the body is not the JSON object that the resource takes",
                        remedy, NULL);
}

rest_next field_refuse_store(rest_call *c, store_result r)
{
    if (r == STORE_BUSY)
        return field_refuse_overload(c);
    return rest_later(c, 503, "store-failed", "REQ-REST-10 the gateway's store cannot do it now",
                      "Send it again after Retry-After; the operator's log says more.",
                      PEER_RETRY_MS);
}

rest_next field_refuse_overload(rest_call *c)
{
    return rest_later(c, 503, "overloaded", "REQ-REST-4 more waits than the gateway may hold",
                      "Send it again after Retry-After.", RETRY_MS);
}

rest_next field_refuse_directory(rest_call *c, const directory_refusal *why, int64_t retry_ms)
{
    if (why->status == 429)
        return rest_later(c, why->status, why->problem, why->rule, why->remedy, retry_ms);
    return rest_problem(c, why->status, why->problem, why->rule, why->remedy, NULL);
}

rest_next field_answer_put(rest_call *c, directory_put result, const directory_refusal *why)
{
    switch (result) {
    case PUT_NEW:
        return rest_empty(c, 201);
    case PUT_NEXT:
        return rest_empty(c, 200);
    case PUT_REFUSED:
        return field_refuse_directory(c, why, RETRY_MS);
    case PUT_BUSY:
        return field_refuse_overload(c);
    }
    bug("directory_put out of range");
}

rest_next field_refuse_peer(rest_call *c)
{
    return rest_later(c, 503, "peer-unreachable",
                      "REQ-MSG-10 the network that the handle is on cannot be asked now",
                      "Ask again after Retry-After.", PEER_RETRY_MS);
}
