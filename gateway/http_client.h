/* One HTTP request, over libcurl: what the links to peers, the directory and the command line use.
 * A client is used by one thread at a time and keeps its connection alive between calls. */
#ifndef TEAL_GATEWAY_HTTP_CLIENT_H
#define TEAL_GATEWAY_HTTP_CLIENT_H

#include "gateway/request_signature.h"

typedef struct http_client http_client;

typedef struct http_answer {
    long status;           /* 0: no answer; `error` says why */
    char content_type[64]; /* lower case, without parameters; "" when there is none */
    const uint8_t *body;   /* until the next call; NUL-terminated beyond len */
    size_t len;
    int64_t retry_after_ms; /* 0: not said */
    bool sent;       /* octets of the request have left: the other end may have acted on it */
    bool sent_again; /* a first time without an answer: the other end may have acted on that too */
    bool untrusted;  /* no answer, since the other end's certificate does not verify */
    char error[160];
} http_answer;

/* max_body: an answer that is longer is an error. */
http_client *http_client_open(size_t max_body);
void http_client_close(http_client **c);

/* For https:// (TLS 1.2 or later; the certificate has to name the URL's host). Files in PEM, each
 * NULL or "" for none: ca: whom to trust in the system's place; certificate, key: what to show.
 * ca_pem: not a file but what would stand in one, in the place of ca. What is no good fails the
 * calls. */
typedef struct http_credentials {
    const char *ca, *certificate, *key;
    const char *ca_pem;
} http_credentials;
/* Once, before the first call. Copied. */
void http_client_use(http_client *c, const http_credentials *k);
/* Whether the client uses what is the same. */
bool http_client_uses(const http_client *c, const http_credentials *k);

/* From now on requests are signed (PROTOCOL.md section 9.0); NULL: no more. Copied, but for the
 * secret key, which outlives its use. Each call reads the clock and takes a new nonce. */
void http_client_sign(http_client *c, const request_signer *signer);

/* http:// and https:// only, no redirects, no proxy. content_type NULL and body empty for GET.
 * timeout_ms: for the whole call, from 1. */
void http_client_call(http_client *c, const char *method, const char *url, const char *content_type,
                      teal_bytes body, int64_t timeout_ms, http_answer *out);

/* Appends `segment` to the writer, percent-encoded for a path (RFC 3986 pchar stays as it is). */
void http_write_path_segment(teal_writer *w, teal_bytes segment);

#endif
