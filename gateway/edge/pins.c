/* /v1/operator/pins/{handle}: the account key by which a handle of another network is known here,
 * which only an operator can have forgotten. REQ-LKP-30. */
#include "gateway/edge/field.h"

#include "codecs/handle.h"

static rest_next refuse_unknown(rest_call *c)
{
    return rest_problem(c, 404, "pin-unknown", "REQ-LKP-30 no account key is pinned for the handle",
                        "Check the handle: only those of other networks are pinned.", NULL);
}

static rest_next pin_delete(rest_call *c)
{
    uint8_t key[TEAL_KEY_BYTES];
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    store_result r = directory_drop_pin(c->services->directory, c->parameter, c->caller->name, key);
    if (r == STORE_NONE)
        return refuse_unknown(c);
    if (r != STORE_OK)
        return field_refuse_store(c, r);
    return rest_json(c, 200,
                     json_pack("{s:o, s:o}", "handle", field_text(c->parameter), "account_key",
                               field_base64url((teal_bytes){ key, sizeof key }, c->arena)));
}

const rest_route pins_routes[] = {
    { "DELETE", "/v1/operator/pins/{}", 0, NULL, CALLER_OPERATOR, pin_delete },
    { 0 },
};
