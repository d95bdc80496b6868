/* Follows no redirect, uses no proxy, takes at most MAX_ANSWER_BYTES. */
#include "tests/peers/rcs/fetch.h"

#include "tests/peers/shared/clock.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_ANSWER_BYTES = 1 << 20, TIMEOUT_MS = 10000 };

typedef struct gathered {
    char *at;
    size_t len;
} gathered;

static atomic_bool stopping;

bool fetch_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == 0;
}

void fetch_stop(void)
{
    stopping = true;
}

/* libcurl's, about once a second: anything but 0 ends the transfer. */
static int is_stopped(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                      curl_off_t up)
{
    (void)arg, (void)down_total, (void)down, (void)up_total, (void)up;
    return stopping;
}

/* libcurl's: anything but `size * n` ends the transfer. */
static size_t gather(char *data, size_t size, size_t n, void *arg)
{
    gathered *g = arg;
    size_t len = size * n;
    if (len > MAX_ANSWER_BYTES - g->len)
        return 0;
    char *grown = realloc(g->at, g->len + len + 1);
    if (grown == NULL)
        return 0;
    memcpy(grown + g->len, data, len);
    g->at = grown;
    g->len += len;
    return len;
}

static void set_up(CURL *curl, const char *url, gathered *g)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_stopped);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, g);
}

static void add_line(struct curl_slist **list, const char *name, const char *value)
{
    char line[600];
    snprintf(line, sizeof line, "%s: %s", name, value);
    *list = curl_slist_append(*list, line);
}

static bool sign(const request_signer *signer, const char *url, const char *content_type,
                 teal_bytes body, struct curl_slist **headers)
{
    uint8_t nonce[REQUEST_NONCE_BYTES];
    http_field type = { teal_text("Content-Type"), { 0 } };
    http_message m;
    request_signed made;
    if (!http_message_of_url(teal_text(url), &m))
        return false;
    m.method = teal_text(content_type != NULL ? "POST" : "GET");
    if (content_type != NULL) {
        type.value = teal_text(content_type);
        m.fields = &type;
        m.n_fields = 1;
    }
    randombytes_buf(nonce, sizeof nonce);
    if (request_sign(&m, body, signer, clock_unix_ms(), nonce, &made, NULL) != TEAL_OK)
        return false;
    if (made.content_digest[0] != '\0')
        add_line(headers, "Content-Digest", made.content_digest);
    add_line(headers, "Signature-Input", made.signature_input);
    add_line(headers, "Signature", made.signature);
    return true;
}

fetch_answer fetch(const request_signer *signer, const char *url, const char *content_type,
                   teal_bytes body)
{
    fetch_answer answer = { 0 };
    gathered g = { 0 };
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    CURL *curl = curl_easy_init();
    if (curl == NULL || !sign(signer, url, content_type, body, &headers))
        goto out;
    set_up(curl, url, &g);
    if (content_type != NULL) {
        add_line(&headers, "Content-Type", content_type);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.len > 0 ? (const char *)body.at : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode result = curl_easy_perform(curl);
    if (result == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
        answer.json = json_loadb(g.at, g.len, JSON_REJECT_DUPLICATES, NULL);
    } else {
        fprintf(stderr, "rcs: %s: %s\n", url, curl_easy_strerror(result));
    }
out:
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(g.at);
    return answer;
}

bool fetch_url(char *url, size_t cap, const char *before, teal_bytes handle, const char *after)
{
    char *escaped = curl_easy_escape(NULL, (const char *)handle.at, (int)handle.len);
    int len = escaped != NULL ? snprintf(url, cap, "%s%s%s", before, escaped, after) : -1;
    curl_free(escaped);
    return len >= 0 && (size_t)len < cap;
}
