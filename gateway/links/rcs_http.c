/* Posts CPIM to a peer and reads its answer; see rcs_http.h. */
#include "gateway/links/rcs_http.h"

#include "gateway/log.h"

#include <jansson.h>
#include <stdlib.h>

#define RESOURCE "/v1/messages"
enum { MAX_ANSWER_BYTES = 256 << 10 }; /* keys-stale comes with manifests */

struct rcs_http {
    http_client *client;
    char *url;
    int64_t timeout_ms;
    char why[160];
};

rcs_http *rcs_http_open(const char *url, const http_credentials *credentials,
                        const request_signer *signer, int64_t timeout_ms)
{
    rcs_http *l = calloc(1, sizeof *l);
    if (l == NULL || asprintf(&l->url, "%s" RESOURCE, url) < 0)
        bug("out of memory");
    l->client = http_client_open(MAX_ANSWER_BYTES);
    http_client_use(l->client, credentials);
    http_client_sign(l->client, signer);
    l->timeout_ms = timeout_ms;
    return l;
}

bool rcs_http_leads_to(const rcs_http *l, const char *url, const http_credentials *credentials)
{
    size_t len = strlen(url);
    return strncmp(l->url, url, len) == 0 && strcmp(l->url + len, RESOURCE) == 0 &&
           http_client_uses(l->client, credentials);
}

void rcs_http_close(rcs_http **l)
{
    if (*l == NULL)
        return;
    http_client_close(&(*l)->client);
    free((*l)->url);
    free(*l);
    *l = NULL;
}

static bool says(const http_answer *a, const char *wanted)
{
    json_t *problem = json_loadb((const char *)a->body, a->len, 0, NULL);
    const char *type = json_string_value(json_object_get(problem, "type"));
    bool found = type != NULL && strcmp(type, wanted) == 0;
    json_decref(problem);
    return found;
}

/* What an intermediary says when it lost sight of a request. */
static bool is_lost(long status)
{
    return status == 502 || status == 504;
}

static rcs_http_outcome judge_answer(const http_answer *a)
{
    if (a->status == 0)
        return a->sent ? RCS_HTTP_UNKNOWN : RCS_HTTP_FAILED;
    if (a->status >= 200 && a->status < 300)
        return RCS_HTTP_TAKEN;
    if (a->status == 409 && says(a, "urn:teal:problem:keys-stale"))
        return RCS_HTTP_KEYS_STALE;
    if (a->status == 401) /* libcurl sends a request again where a connection closes on it */
        return says(a, "urn:teal:problem:nonce-replayed") ? RCS_HTTP_UNKNOWN : RCS_HTTP_FAILED;
    if (a->status == 408 || a->status == 425 || a->status == 429)
        return RCS_HTTP_FAILED;
    if (a->status >= 400 && a->status < 500)
        return RCS_HTTP_REFUSED;
    return is_lost(a->status) ? RCS_HTTP_UNKNOWN : RCS_HTTP_FAILED;
}

/* A peer that takes nothing now may have taken what it was sent just before. */
static rcs_http_outcome judge(const http_answer *a)
{
    rcs_http_outcome outcome = judge_answer(a);
    return outcome == RCS_HTTP_FAILED && a->sent_again ? RCS_HTTP_UNKNOWN : outcome;
}

void rcs_http_post(rcs_http *l, teal_bytes cpim, rcs_http_answer *out)
{
    http_answer a;
    http_client_call(l->client, "POST", l->url, "message/cpim", cpim, l->timeout_ms, &a);
    if (a.status == 0)
        snprintf(l->why, sizeof l->why, "%s", a.error);
    else
        snprintf(l->why, sizeof l->why, "HTTP status %ld", a.status);
    *out = (rcs_http_answer){ .outcome = judge(&a),
                              .peer_fails = a.status == 0 || a.status == 401 || a.status == 429 ||
                                            a.status == 503 || is_lost(a.status),
                              .retry_after_ms = a.retry_after_ms,
                              .why = l->why };
}
