/* The link to an RCS-like peer over HTTP: one POST of a CPIM message, and what its answer means
 * (REQ-MSG-15). Used by one thread; keeps its connection. */
#ifndef TEAL_GATEWAY_LINKS_RCS_HTTP_H
#define TEAL_GATEWAY_LINKS_RCS_HTTP_H

#include "gateway/http_client.h"

typedef enum rcs_http_outcome {
    RCS_HTTP_TAKEN,      /* 2xx: the peer answers for it from now on */
    RCS_HTTP_KEYS_STALE, /* 409 of that type */
    RCS_HTTP_REFUSED,    /* another 4xx: to try again is no use */
    RCS_HTTP_FAILED,     /* the peer does not have it: no connection, or it says so */
    RCS_HTTP_UNKNOWN,    /* it may have it: no answer after octets had left, 502, 504 */
} rcs_http_outcome;

typedef struct rcs_http_answer {
    rcs_http_outcome outcome;
    bool peer_fails;        /* not this message: nothing gets through now */
    int64_t retry_after_ms; /* 0: not said */
    const char *why;        /* for the log, until the next post; never of the peer's wording */
} rcs_http_answer;

typedef struct rcs_http rcs_http;

/* url: of the peer, no trailing slash; copied, like the credentials. signer: as http_client_sign
 * has it. */
rcs_http *rcs_http_open(const char *url, const http_credentials *credentials,
                        const request_signer *signer, int64_t timeout_ms);
bool rcs_http_leads_to(const rcs_http *l, const char *url, const http_credentials *credentials);
void rcs_http_close(rcs_http **l); /* NULL-safe */
void rcs_http_post(rcs_http *l, teal_bytes cpim, rcs_http_answer *out);

#endif
