/* One signed HTTP request to the gateway, over libcurl. Any thread; blocks. */
#ifndef TEAL_TESTS_PEERS_FETCH_H
#define TEAL_TESTS_PEERS_FETCH_H

#include "gateway/request_signature.h"

#include <jansson.h>

typedef struct fetch_answer {
    long status;  /* 0: no answer */
    json_t *json; /* NULL: the answer was none; otherwise the caller's to give back */
} fetch_answer;

/* Once, before the first thread. */
bool fetch_init(void);
/* From now on all requests fail, those that run too. */
void fetch_stop(void);

/* body: POST with that content type; NULL content_type: GET. */
fetch_answer fetch(const request_signer *signer, const char *url, const char *content_type,
                   teal_bytes body);

/* `before`, then the handle percent-encoded, then `after`; false: it does not fit. */
bool fetch_url(char *url, size_t cap, const char *before, teal_bytes handle, const char *after);

#endif
