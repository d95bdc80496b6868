/* Decides on path and level. Must stay pure: what it does not find in its argument it does not
 * know. The checks stand in the order of REQ-DGR, so that edge and room name the same refusal. */
#include "gateway/core/policy.h"

#include "gateway/log.h"

static bool reaches_e2ee(const policy_case *c)
{
    return c->has_native || c->has_rcs;
}

static policy_answer refuse(policy_verdict verdict)
{
    return (policy_answer){ verdict, PATH_NONE, TEAL_LEVEL_NONE };
}

static policy_answer go_e2ee(const policy_case *c)
{
    return (policy_answer){ POLICY_GO, c->has_native ? PATH_NATIVE : PATH_RCS, TEAL_E2EE };
}

/* The highest level at or above the floor; POLICY_FLOOR where there is none. */
static policy_answer find_lower_path(const policy_case *c, teal_level floor)
{
    if (c->has_plain && floor <= TEAL_TRANSPORT)
        return (policy_answer){ POLICY_GO, PATH_PLAIN, TEAL_TRANSPORT };
    if (c->has_sms && floor <= TEAL_PLAINTEXT)
        return (policy_answer){ POLICY_GO, PATH_SMS, TEAL_PLAINTEXT };
    return refuse(POLICY_FLOOR);
}

static bool is_key_in_force(const policy_case *c)
{
    return c->gateway_key != NULL &&
           memcmp(c->gateway_key, c->consent->gateway_key, TEAL_GATEWAY_KEY_BYTES) == 0;
}

/* Whether the case that the consent was given for has come. */
static bool has_come(const policy_case *c)
{
    if (!reaches_e2ee(c))
        return true;
    return c->consent->when == TEAL_OR_FAILED && c->failing_since_ms > 0 &&
           c->now_ms >= c->failing_since_ms &&
           (uint64_t)(c->now_ms - c->failing_since_ms) >= c->consent->failed_after_ms;
}

/* A clock before 1970 has passed nothing and proves nothing: consent counts as expired then. */
static bool has_expired(const policy_case *c)
{
    return c->now_ms < 0 || c->consent->expires_at_ms <= (uint64_t)c->now_ms;
}

policy_answer policy_decide(const policy_case *c)
{
    if (reaches_e2ee(c) && !c->better_failed)
        return go_e2ee(c);
    if (!c->has_plain && !c->has_sms)
        return refuse(POLICY_UNROUTABLE);
    if (c->kind != TEAL_KIND_MESSAGE)
        return refuse(POLICY_KIND);
    if (c->consent == NULL)
        return refuse(POLICY_NO_CONSENT);
    if (has_expired(c))
        return refuse(POLICY_EXPIRED);
    policy_answer lower = find_lower_path(c, c->consent->floor);
    if (lower.verdict != POLICY_GO)
        return lower;
    if (c->consent->sealed.len == 0)
        return refuse(POLICY_NO_FALLBACK);
    if (c->e2ee_before && !c->consent->accepts_e2ee_loss)
        return refuse(POLICY_E2EE_LOSS);
    if (!is_key_in_force(c))
        return refuse(POLICY_GATEWAY_KEY);
    if (!has_come(c))
        return refuse(POLICY_NOT_FAILED_YET);
    return lower;
}

teal_level policy_level(store_path path)
{
    switch (path) {
    case PATH_NATIVE:
    case PATH_RCS:
        return TEAL_E2EE;
    case PATH_PLAIN:
        return TEAL_TRANSPORT;
    case PATH_SMS:
        return TEAL_PLAINTEXT;
    case PATH_NONE:
        return TEAL_LEVEL_NONE;
    }
    bug("store_path out of range");
}

static const struct {
    const char *code, *rule, *remedy;
} words[] = {
    [POLICY_GO] = { "", "", "" },
    [POLICY_UNROUTABLE] = { "recipient-unroutable", "REQ-MSG-8 no path exists to a recipient",
                            "Look the handle up; leave out who cannot be reached." },
    [POLICY_KIND] = { "consent-kind", "REQ-DGR-2 only kind MESSAGE can be downgraded",
                      "Do not send receipts, typing or control below end-to-end encryption." },
    [POLICY_NO_CONSENT] = { "consent-missing",
                            "REQ-DGR-3 a recipient is reachable only below end-to-end encryption "
                            "and there is no consent",
                            "Ask the user, then send with a consent and a fallback." },
    [POLICY_EXPIRED] = { "consent-expired", "REQ-DGR-4 the consent has expired",
                         "Sign a new message with a later expires_at_ms in its consent." },
    [POLICY_FLOOR] = { "consent-floor-too-high",
                       "REQ-DGR-5 every path that is left is below the consent's floor",
                       "Ask the user whether a lower level will do, then lower the floor." },
    [POLICY_NO_FALLBACK] = { "consent-fallback-missing",
                             "REQ-DGR-6 the consent holds no fallback content",
                             "Seal a fallback to the key that GET /v1/gateway gives." },
    [POLICY_E2EE_LOSS] = { "consent-e2ee-loss",
                           "REQ-DGR-7 this conversation was end-to-end encrypted before and the "
                           "consent does not accept its loss",
                           "Tell the user; send again with accepts_e2ee_loss if they agree." },
    [POLICY_GATEWAY_KEY] = { "consent-gateway-key",
                             "REQ-DGR-8 the fallback is sealed to a key that the gateway does not "
                             "have",
                             "Fetch GET /v1/gateway and seal the fallback to that key." },
    [POLICY_NOT_FAILED_YET] = { "consent-not-failed-yet",
                                "REQ-DGR-9 the better path has not failed for as long as the "
                                "consent names",
                                "Wait: the better path is still being tried." },
};

static size_t index_of(policy_verdict v)
{
    if ((size_t)v >= sizeof words / sizeof words[0])
        bug("policy_verdict out of range");
    return (size_t)v;
}

const char *policy_code(policy_verdict v)
{
    return words[index_of(v)].code;
}

const char *policy_rule(policy_verdict v)
{
    return words[index_of(v)].rule;
}

const char *policy_remedy(policy_verdict v)
{
    return words[index_of(v)].remedy;
}
