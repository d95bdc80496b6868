/* /v1/accounts/{handle} and its prekeys. The rules are the directory's (REQ-DIR-20, -21). */
#include "gateway/edge/asker.h"
#include "gateway/edge/field.h"

#include "codecs/handle.h"

#define MANIFEST_TYPE "application/vnd.teal.manifest"
#define PREKEYS_TYPE  "application/vnd.teal.prekeys"

enum { READERS = CALLER_DEVICE | CALLER_ACCOUNT | CALLER_PEER | CALLER_OPERATOR };

/* TEAL_MAX_PREKEYS of about 110 octets each. */
enum { PREKEYS_MAX_BODY = 32 << 10 };

/* What does not decode is for the directory to refuse. */
static bool is_others(rest_call *c)
{
    teal_manifest m;
    return teal_manifest_decode(c->body, c->arena, &m, NULL) == TEAL_OK &&
           !asker_owns(c, m.account_key);
}

static rest_next manifest_put(rest_call *c)
{
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (is_others(c))
        return field_refuse_caller(c, "REQ-SIG-12 the manifest is another account's",
                                   "Sign the request with the account key that it names.");
    directory_put result = directory_put_manifest(c->services->directory, c->parameter, c->body,
                                                  c->now_ms, c->arena, &why);
    return field_answer_put(c, result, &why);
}

static rest_next refuse_account(rest_call *c)
{
    return rest_problem(c, 404, "account-unknown",
                        "REQ-DIR-26 the gateway has no account for the handle",
                        "Register it with PUT, or look it up at /v1/directory/{handle}.", NULL);
}

static bool is_own(rest_call *c, teal_bytes encoded)
{
    teal_manifest m;
    return teal_manifest_decode(encoded, c->arena, &m, NULL) == TEAL_OK &&
           asker_owns(c, m.account_key);
}

/* What others see of an account they look up, which is noted; a key that anybody can make sees its
 * own account alone, and not whether there are others. */
static rest_next manifest_get(rest_call *c)
{
    teal_bytes encoded = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    store_result r = c->reader->ops->get_manifest(c->reader, c->parameter, c->arena, &encoded);
    const bool own = r == STORE_OK && is_own(c, encoded);
    if (!own && c->caller->role == CALLER_ACCOUNT)
        return field_refuse_caller(c, "REQ-SIG-12 the account is another key's",
                                   "Look the handle up, as a device of an account.");
    if (!own && !asker_note(c))
        return field_refuse_overload(c);
    if (r == STORE_NONE)
        return refuse_account(c);
    if (r != STORE_OK)
        return field_refuse_store(c, r);
    return rest_bytes(c, 200, MANIFEST_TYPE, encoded);
}

static rest_next answer_left(rest_call *c, const store_prekeys_left *left)
{
    return rest_json(c, 200,
                     json_pack("{s:I, s:I}", "one_time_left", (json_int_t)left->one_time, "last_id",
                               (json_int_t)left->last_id));
}

static bool are_others(rest_call *c)
{
    teal_prekeys p;
    return teal_prekeys_decode(c->body, c->arena, &p, NULL) == TEAL_OK &&
           !field_is_caller(c, p.device);
}

static rest_next prekeys_put(rest_call *c)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    store_prekeys_left left = { 0 };
    directory_refusal why = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (are_others(c))
        return field_refuse_other_device(c);
    directory_put result = directory_put_prekeys(c->services->directory, c->reader, c->parameter,
                                                 c->body, c->arena, device, &left, &why);
    return result == PUT_NEW || result == PUT_NEXT ? answer_left(c, &left)
                                                   : field_answer_put(c, result, &why);
}

/* STORE_NONE: no account, or the device is not in its manifest (*known tells which). */
static store_result find_device(rest_call *c, const uint8_t *device, bool *known)
{
    teal_bytes encoded;
    teal_manifest m;
    store_result r = c->reader->ops->get_manifest(c->reader, c->parameter, c->arena, &encoded);
    *known = r == STORE_OK;
    if (r != STORE_OK)
        return r;
    if (teal_manifest_decode(encoded, c->arena, &m, NULL) != TEAL_OK)
        return STORE_BROKEN;
    return teal_manifest_device(&m, device) != NULL ? STORE_OK : STORE_NONE;
}

static rest_next prekeys_get(rest_call *c)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    bool known = false;
    store_prekeys_left left = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!field_device(rest_query(c, "device"), device))
        return field_refuse_device(c);
    if (!field_is_caller(c, device))
        return field_refuse_other_device(c);
    store_result r = find_device(c, device, &known);
    if (r == STORE_NONE && !known)
        return refuse_account(c);
    if (r == STORE_NONE)
        return rest_problem(c, 404, "device-unknown",
                            "REQ-DIR-21 the device is not in the account's manifest",
                            "Register it in the next version of the manifest.", NULL);
    if (r == STORE_OK)
        r = c->reader->ops->count_prekeys(c->reader, device, &left);
    if (r != STORE_OK && r != STORE_NONE)
        return field_refuse_store(c, r);
    return answer_left(c, &left);
}

const rest_route accounts_routes[] = {
    { "PUT", "/v1/accounts/{}", TEAL_MAX_MANIFEST_BYTES, MANIFEST_TYPE, CALLER_ACCOUNT,
      manifest_put },
    { "GET", "/v1/accounts/{}", 0, NULL, READERS, manifest_get },
    { "PUT", "/v1/accounts/{}/prekeys", PREKEYS_MAX_BODY, PREKEYS_TYPE, CALLER_DEVICE,
      prekeys_put },
    { "GET", "/v1/accounts/{}/prekeys", 0, NULL, CALLER_DEVICE, prekeys_get },
    { 0 },
};
