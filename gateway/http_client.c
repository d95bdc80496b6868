/* One request at a time over libcurl. Must never follow a redirect, use a proxy that the
 * environment names, or take in more than it was told to. */
#include "gateway/http_client.h"

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/version.h"

#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum { N_CREDENTIALS = 4 };

struct http_client {
    char *credentials[N_CREDENTIALS]; /* those in use; NULL: none yet */
    CURL *curl;
    bool signs;
    request_signer signer;
    size_t max_body;
    uint8_t *body; /* cap octets, of which len are filled; cap <= max_body + 1 */
    size_t cap, len;
    bool too_long;
    unsigned n_connected; /* how often the request had a connection to leave on */
    char error[CURL_ERROR_SIZE];
};

static void start_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        bug("libcurl does not start");
}

static bool grow(http_client *c, size_t need)
{
    if (need <= c->cap)
        return true;
    size_t cap = c->cap < 4096 ? 4096 : c->cap;
    while (cap < need)
        cap *= 2;
    if (cap > c->max_body + 1)
        cap = c->max_body + 1;
    uint8_t *body = realloc(c->body, cap);
    if (body == NULL)
        return false;
    c->body = body;
    c->cap = cap;
    return true;
}

/* libcurl's: anything but `size * n` ends the transfer. */
static size_t take_body(char *data, size_t size, size_t n, void *client)
{
    http_client *c = client;
    size_t len = size * n;
    if (len > c->max_body - c->len) {
        c->too_long = true;
        return 0;
    }
    if (!grow(c, c->len + len + 1))
        return 0;
    memcpy(c->body + c->len, data, len);
    c->len += len;
    return len;
}

/* libcurl's, before it sends: again, where a connection that it kept has closed on the request. */
static int count_connection(void *client, char *ip, char *own_ip, int port, int own_port)
{
    http_client *c = client;
    (void)ip, (void)own_ip, (void)port, (void)own_port;
    c->n_connected++;
    return CURL_PREREQFUNC_OK;
}

http_client *http_client_open(size_t max_body)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);

    http_client *c = calloc(1, sizeof *c);
    CURL *curl = curl_easy_init();
    if (c == NULL || curl == NULL)
        bug("out of memory");
    c->curl = curl;
    c->max_body = max_body;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "teal/" TEAL_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, count_connection);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, c);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->error);
    return c;
}

/* libcurl copies what it is given. */
static void set_file(CURL *curl, CURLoption option, const char *path)
{
    if (path != NULL && path[0] != '\0')
        curl_easy_setopt(curl, option, path);
}

static bool is_there(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static void trust(CURL *curl, const char *pem)
{
    struct curl_blob blob = { (void *)(uintptr_t)pem, strlen(pem), CURL_BLOB_COPY };
    if (curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob) != CURLE_OK)
        bug("libcurl takes no authorities from memory");
    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
}

/* NULL and "" are one. */
static char *copy_text(const char *text)
{
    char *copy = strdup(text != NULL ? text : "");
    if (copy == NULL)
        bug("out of memory");
    return copy;
}

void http_client_use(http_client *c, const http_credentials *k)
{
    const char *const from[] = { k->ca, k->certificate, k->key, k->ca_pem };
    for (size_t i = 0; i < N_CREDENTIALS; i++)
        c->credentials[i] = copy_text(from[i]);
    set_file(c->curl, CURLOPT_CAINFO, k->ca);
    set_file(c->curl, CURLOPT_SSLCERT, k->certificate);
    set_file(c->curl, CURLOPT_SSLKEY, k->key);
    if (is_there(k->ca_pem))
        trust(c->curl, k->ca_pem);
    if (is_there(k->ca) || is_there(k->ca_pem))
        curl_easy_setopt(c->curl, CURLOPT_CAPATH, NULL); /* that one alone */
}

bool http_client_uses(const http_client *c, const http_credentials *k)
{
    const char *const wanted[] = { k->ca, k->certificate, k->key, k->ca_pem };
    bool same = true;
    for (size_t i = 0; same && i < N_CREDENTIALS; i++)
        same = strcmp(c->credentials[i] != NULL ? c->credentials[i] : "",
                      wanted[i] != NULL ? wanted[i] : "") == 0;
    return same;
}

void http_client_close(http_client **c)
{
    if (*c == NULL)
        return;
    curl_easy_cleanup((*c)->curl);
    for (size_t i = 0; i < N_CREDENTIALS; i++)
        free((*c)->credentials[i]);
    free((*c)->body);
    free(*c);
    *c = NULL;
}

void http_client_sign(http_client *c, const request_signer *signer)
{
    c->signs = signer != NULL;
    if (signer != NULL)
        c->signer = *signer;
}

/* name NULL: value is the whole line. */
static void add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[600];
    snprintf(line, sizeof line, "%s%s%s", name != NULL ? name : "", name != NULL ? ": " : "",
             value);
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        bug("out of memory");
    *list = longer;
}

/* The header lines of one request; freed by the caller. */
static struct curl_slist *list_headers(const char *content_type)
{
    struct curl_slist *headers = NULL;
    /* Waiting to be asked for the body (Expect) costs a round trip and helps nobody here. */
    add_header(&headers, NULL, "Expect:");
    if (content_type == NULL)
        add_header(&headers, NULL, "Content-Type:"); /* libcurl sends none of its own */
    else
        add_header(&headers, "Content-Type", content_type);
    return headers;
}

/* False: there is nothing to sign in that URL. */
static bool add_signature(const http_client *c, const char *method, const char *url,
                          const char *content_type, teal_bytes body, struct curl_slist **headers)
{
    uint8_t nonce[REQUEST_NONCE_BYTES];
    http_field field = { teal_text("Content-Type"), { 0 } };
    http_message m;
    request_signed made;
    if (!http_message_of_url(teal_text(url), &m))
        return false;
    m.method = teal_text(method);
    if (content_type != NULL) {
        field.value = teal_text(content_type);
        m.fields = &field;
        m.n_fields = 1;
    }
    randombytes_buf(nonce, sizeof nonce);
    if (request_sign(&m, body, &c->signer, clock_unix_ms(), nonce, &made, NULL) != TEAL_OK)
        return false;
    if (made.content_digest[0] != '\0')
        add_header(headers, "Content-Digest", made.content_digest);
    add_header(headers, "Signature-Input", made.signature_input);
    add_header(headers, "Signature", made.signature);
    return true;
}

static void set_request(http_client *c, const char *method, const char *content_type,
                        teal_bytes body)
{
    CURL *curl = c->curl;
    if (body.len == 0 && content_type == NULL && strcmp(method, "GET") == 0) {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL);
    } else {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.len > 0 ? (const char *)body.at : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    }
}

/* "Application/JSON; charset=utf-8" becomes "application/json"; too long becomes "". */
static void copy_media_type(const char *value, char *out, size_t cap)
{
    size_t len = value != NULL ? strcspn(value, "; \t") : 0;
    if (len >= cap)
        len = 0;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)tolower((unsigned char)value[i]);
    out[len] = '\0';
}

static void fill_answer(http_client *c, http_answer *out)
{
    const char *content_type = NULL;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &content_type);
    curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
    copy_media_type(content_type, out->content_type, sizeof out->content_type);
    if (retry_after_s > 0 && retry_after_s < INT32_MAX)
        out->retry_after_ms = (int64_t)retry_after_s * 1000;
    if (!grow(c, c->len + 1))
        bug("out of memory");
    c->body[c->len] = '\0';
    out->body = c->body;
    out->len = c->len;
}

void http_client_call(http_client *c, const char *method, const char *url, const char *content_type,
                      teal_bytes body, int64_t timeout_ms, http_answer *out)
{
    struct curl_slist *headers = list_headers(content_type);
    long limit_ms = timeout_ms < 1 ? 1 : timeout_ms > INT32_MAX ? INT32_MAX : (long)timeout_ms;
    *out = (http_answer){ 0 };
    c->len = 0;
    c->too_long = false;
    c->n_connected = 0;
    c->error[0] = '\0';
    if (c->signs && !add_signature(c, method, url, content_type, body, &headers)) {
        snprintf(out->error, sizeof out->error, "the URL cannot be signed");
        curl_slist_free_all(headers);
        return;
    }
    set_request(c, method, content_type, body);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, limit_ms);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, limit_ms);

    CURLcode result = curl_easy_perform(c->curl);
    long sent = 0;
    curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &sent);
    out->sent = sent > 0;
    out->sent_again = c->n_connected > 1;
    out->untrusted = result == CURLE_PEER_FAILED_VERIFICATION;
    if (result == CURLE_OK)
        fill_answer(c, out);
    else if (c->too_long)
        snprintf(out->error, sizeof out->error, "the answer is longer than %zu octets",
                 c->max_body);
    else
        snprintf(out->error, sizeof out->error, "%.159s",
                 c->error[0] != '\0' ? c->error : curl_easy_strerror(result));
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
}

/* RFC 3986 section 3.3: pchar without pct-encoded, whose `%` stands for itself in a segment. */
static bool stands_in_path(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~!$&'()*+,;=:@", c) != NULL);
}

void http_write_path_segment(teal_writer *w, teal_bytes segment)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < segment.len; i++) {
        uint8_t c = segment.at[i];
        if (stands_in_path(c)) {
            teal_write_u8(w, c);
        } else {
            teal_write_u8(w, '%');
            teal_write_u8(w, (uint8_t)digits[c >> 4]);
            teal_write_u8(w, (uint8_t)digits[c & 15]);
        }
    }
}
