/* /v1/accounts/{handle}/proof: that who holds an account key is reached at a number. The room sends
 * the code and judges it. REQ-PRF-*. */
#include "codecs/handle.h"
#include "gateway/edge/field.h"

enum { PROOF_MAX_BODY = 1 << 10, MAX_CODE_BYTES = 16 };

typedef struct question {
    uint8_t account_key[TEAL_KEY_BYTES];
    char code[MAX_CODE_BYTES];
    bool has_code;
} question;

static bool read_question(const json_t *o, question *out)
{
    const json_t *code = json_object_get(o, "code");
    out->has_code = code != NULL;
    if (code != NULL && (!json_is_string(code) || json_string_length(code) >= sizeof out->code))
        return false;
    if (code != NULL)
        strcpy(out->code, json_string_value(code));
    return field_octets(o, "account_key", out->account_key, sizeof out->account_key);
}

/* ---- refusals --------------------------------------------------------------------------------
 */

static rest_next refuse_number(rest_call *c)
{
    return rest_problem(c, 422, "handle-unprovable",
                        "REQ-PRF-1 only numbers of the gateway's own network are proven",
                        "Give a tel: handle under one of its number prefixes.", NULL);
}

static rest_next refuse_caller(rest_call *c)
{
    return rest_problem(c, 403, "caller-not-allowed",
                        "REQ-PRF-2 account_key is not the key that signed the request",
                        "Sign with the account key that is to have the number.", NULL);
}

static rest_next refuse_wrong(rest_call *c, unsigned tries_left)
{
    return rest_problem(c, 403, "proof-code-wrong", "REQ-PRF-3 that is not the code",
                        tries_left > 0 ? "Read the SMS again." : "Have another code sent.",
                        json_pack("{s:i}", "tries_left", (int)tries_left));
}

static rest_next refuse_no_code(rest_call *c)
{
    return rest_problem(c, 409, "proof-code-none",
                        "REQ-PRF-3 no code is waited for, or it has lapsed",
                        "Have a code sent: the same request without code.", NULL);
}

static rest_next refuse_limited(rest_call *c, int64_t retry_after_ms)
{
    return rest_later(c, 429, "proof-limited", "REQ-PRF-3 too many codes",
                      "Wait, then have one sent.", retry_after_ms);
}

static rest_next refuse_no_link(rest_call *c, int64_t retry_after_ms)
{
    if (retry_after_ms > 0)
        return rest_later(c, 503, "proof-unavailable", "REQ-PRF-2 no code can be sent now",
                          "Ask again later.", retry_after_ms);
    return rest_problem(
        c, 503, "proof-unavailable", "REQ-PRF-2 the gateway has no SMS link to send codes by",
        "Its operator configures [sms], or says prove_numbers = no in [native] where "
        "the network knows by other means whose number it is.",
        NULL);
}

/* ---- the answer ------------------------------------------------------------------------------
 */

static rest_next answer(rest_call *c, const core_proof *proof)
{
    switch (proof->state) {
    case CORE_PROOF_SENT:
        return rest_json(c, 202, json_pack("{s:s}", "state", "sent"));
    case CORE_PROOF_GIVEN:
        if (!directory_put_proof(c->services->directory, &proof->proof, c->now_ms))
            return field_refuse_overload(c);
        return rest_json(c, 200,
                         json_pack("{s:s, s:I}", "state", "proven", "expires_at_ms",
                                   (json_int_t)proof->proof.expires_at_ms));
    case CORE_PROOF_WRONG:
        return refuse_wrong(c, proof->tries_left);
    case CORE_PROOF_NO_CODE:
        return refuse_no_code(c);
    case CORE_PROOF_LIMITED:
        return refuse_limited(c, proof->retry_after_ms);
    case CORE_PROOF_NO_LINK:
        return refuse_no_link(c, proof->retry_after_ms);
    case CORE_PROOF_REFUSED:
        return refuse_number(c);
    }
    bug("core_proof_state out of range");
}

static rest_next prove(rest_call *c)
{
    question q = { 0 };
    core_proof proof = { 0 };
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    json_t *body = field_object(c);
    const bool good = read_question(body, &q);
    json_decref(body);
    if (!good)
        return field_refuse_json(c, "Send {\"account_key\":b64u}, and \"code\" once it has come.");
    if (c->caller->account_key != NULL &&
        memcmp(c->caller->account_key, q.account_key, TEAL_KEY_BYTES) != 0)
        return refuse_caller(c);
    if (teal_handle_number(c->parameter).len == 0)
        return refuse_number(c);
    if (!c->services->config->prove_numbers)
        return rest_json(c, 200, json_pack("{s:s}", "state", "not-needed"));
    if (!core_prove(c->services->core, c->parameter, q.account_key, q.has_code ? q.code : NULL,
                    &proof))
        return field_refuse_overload(c);
    return answer(c, &proof);
}

const rest_route proof_routes[] = {
    { "POST", "/v1/accounts/{}/proof", PROOF_MAX_BODY, "application/json", CALLER_ACCOUNT, prove },
    { 0 },
};
