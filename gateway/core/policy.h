/* The one place that decides on which path, at which level, a message goes to one recipient.
 * Pure: no I/O, no clock, no configuration. The edge calls it and so does the plaintext room, on
 * its own evidence. PROTOCOL.md section 7, REQ-DGR-*. */
#ifndef TEAL_GATEWAY_CORE_POLICY_H
#define TEAL_GATEWAY_CORE_POLICY_H

#include "codecs/native/envelope.h"
#include "gateway/store/store.h"

typedef enum policy_verdict {
    POLICY_GO = 0,
    POLICY_UNROUTABLE,     /* recipient-unroutable */
    POLICY_KIND,           /* consent-kind */
    POLICY_NO_CONSENT,     /* consent-missing */
    POLICY_EXPIRED,        /* consent-expired */
    POLICY_FLOOR,          /* consent-floor-too-high */
    POLICY_NO_FALLBACK,    /* consent-fallback-missing */
    POLICY_E2EE_LOSS,      /* consent-e2ee-loss */
    POLICY_GATEWAY_KEY,    /* consent-gateway-key */
    POLICY_NOT_FAILED_YET, /* consent-not-failed-yet */
} policy_verdict;

typedef struct policy_case {
    teal_kind kind;
    const teal_consent *consent; /* NULL: none. enc/sealed empty: no fallback content */
    bool has_native, has_rcs, has_plain, has_sms; /* paths the directory shows now */
    bool better_failed;                           /* the E2EE path has been tried and fails */
    int64_t failing_since_ms;                     /* since when; 0: not */
    bool e2ee_before;                             /* E2EE was delivered in this conversation */
    const uint8_t *gateway_key;                   /* id of the downgrade key in force, 16 octets */
    int64_t now_ms;
} policy_case;

typedef struct policy_answer {
    policy_verdict verdict;
    store_path path;  /* PATH_NONE unless POLICY_GO */
    teal_level level; /* TEAL_LEVEL_NONE unless POLICY_GO */
} policy_answer;

policy_answer policy_decide(const policy_case *c);
/* TEAL_LEVEL_NONE for PATH_NONE. */
teal_level policy_level(store_path path);

/* "consent-missing", ...; "" for POLICY_GO. "REQ-DGR-3 ...": which rule, in words. Static text. */
const char *policy_code(policy_verdict v);
const char *policy_rule(policy_verdict v);
/* What a sender can do about it. Static text. */
const char *policy_remedy(policy_verdict v);

#endif
