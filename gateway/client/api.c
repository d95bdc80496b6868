/* One gateway, one connection. An answer counts only in the shape that the protocol gives it. */
#include "gateway/client/api.h"

#include "gateway/client/account.h"
#include "gateway/client/member.h"
#include "gateway/client/problem.h"
#include "gateway/client/say.h"
#include "gateway/http_client.h"
#include "gateway/log.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    MAX_ANSWER_BYTES = 16 << 20,
    TIMEOUT_MS = 30000, /* longer than a gateway waits for a peer */
    MAX_PATH_BYTES = 3 * TEAL_MAX_HANDLE_BYTES + 256,
    SENDS = 2,
};

struct api {
    http_client *http;
    char *url; /* without a slash at its end */
    const keychain *keychain;
    const uint8_t *operator_sk; /* NULL: the device signs for itself */
    http_answer answer;
    json_t *problem;
    bool in_doubt; /* the last message has left, at least once, without an answer */
};

/* Who signs a call (REQ-SIG-12). */
typedef enum signs_as { AS_NOBODY, AS_DEVICE, AS_ACCOUNT } signs_as;

api *api_open(const char *url, const char *ca, const keychain *k)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return NULL;
    api *a = calloc(1, sizeof *a);
    if (a == NULL || (a->url = strdup(url)) == NULL)
        bug("out of memory");
    for (size_t len = strlen(a->url); len > 0 && a->url[len - 1] == '/'; len--)
        a->url[len - 1] = '\0';
    const http_credentials credentials = { .ca = ca };
    a->http = http_client_open(MAX_ANSWER_BYTES);
    http_client_use(a->http, &credentials);
    a->keychain = k;
    return a;
}

void api_sign_as_operator(api *a, const uint8_t sk[static 64])
{
    a->operator_sk = sk;
}

void api_close(api **a)
{
    if (*a == NULL)
        return;
    http_client_close(&(*a)->http);
    json_decref((*a)->problem);
    free((*a)->url);
    free(*a);
    *a = NULL;
}

static json_t *parse_object(const http_answer *answer)
{
    json_t *o = json_loadb((const char *)answer->body, answer->len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(o))
        return o;
    json_decref(o);
    return NULL;
}

/* json: NULL where the answer has no body that matters. */
static outcome judge(api *a, json_t **json)
{
    if (a->answer.status == 0)
        return a->answer.untrusted ? OUTCOME_UNVERIFIED : OUTCOME_UNREACHABLE;
    if (a->answer.status >= 200 && a->answer.status < 300) {
        if (json == NULL)
            return OUTCOME_OK;
        *json = parse_object(&a->answer);
        return *json != NULL ? OUTCOME_OK : OUTCOME_FAILED;
    }
    if (strcmp(a->answer.content_type, "application/problem+json") == 0)
        a->problem = parse_object(&a->answer);
    return a->problem != NULL ? OUTCOME_REFUSED : OUTCOME_FAILED;
}

/* Keys are taken from the keychain each time: a transaction reads it anew. */
static void choose_signer(api *a, signs_as who)
{
    const keychain *k = a->keychain; /* NULL: only an operator signs */
    request_signer s = { .kind = REQUEST_KEY, .sk = a->operator_sk };
    if (who == AS_ACCOUNT) {
        s = (request_signer){ .kind = REQUEST_ACCOUNT, .sk = k->secrets->account_sk };
    } else if (who == AS_DEVICE && a->operator_sk == NULL) {
        s = (request_signer){ .kind = REQUEST_DEVICE, .sk = k->secrets->device_sk };
        account_device(k, s.id);
    }
    http_client_sign(a->http, who == AS_NOBODY ? NULL : &s);
}

static outcome call_once(api *a, const char *method, const char *url, const char *type,
                         teal_bytes body, int64_t timeout_ms, json_t **json)
{
    json_decref(a->problem);
    a->problem = NULL;
    if (json != NULL)
        *json = NULL;
    http_client_call(a->http, method, url, type, body, timeout_ms, &a->answer);
    return judge(a, json);
}

/* A request that libcurl has sent a second time, for a connection that closed on it, is taken for a
 * replay: it is signed anew. */
static outcome call(api *a, signs_as who, const char *method, const char *path, const char *type,
                    teal_bytes body, int64_t timeout_ms, json_t **json)
{
    char *url;
    if (asprintf(&url, "%s%s", a->url, path) < 0)
        bug("out of memory");
    choose_signer(a, who);
    say_waiting(timeout_ms > TIMEOUT_MS ? "waiting for messages" : "waiting for the gateway");
    outcome o = call_once(a, method, url, type, body, timeout_ms, json);
    if (o == OUTCOME_REFUSED && problem_is(a->problem, "nonce-replayed"))
        o = call_once(a, method, url, type, body, timeout_ms, json);
    say_done();
    free(url);
    return o;
}

/* "/v1/accounts/", the handle, "/prekeys?device=", the device. */
static const char *write_path(char buf[static MAX_PATH_BYTES], const char *before,
                              teal_bytes handle, const char *behind, const uint8_t *device)
{
    char hex[2 * TEAL_DEVICE_BYTES + 1] = "";
    teal_writer w = { (uint8_t *)buf, MAX_PATH_BYTES - 1, 0 };
    if (device != NULL)
        sodium_bin2hex(hex, sizeof hex, device, TEAL_DEVICE_BYTES);
    teal_write_text(&w, before);
    http_write_path_segment(&w, handle);
    teal_write_text(&w, behind);
    teal_write_text(&w, hex);
    if (!teal_write_fits(&w))
        bug("a path outgrew its buffer");
    buf[w.len] = '\0';
    return buf;
}

outcome api_gateway(api *a, json_t **json)
{
    return call(a, AS_NOBODY, "GET", "/v1/gateway", NULL, (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

outcome api_gateway_version(api *a, uint64_t version, json_t **json)
{
    char path[64];
    snprintf(path, sizeof path, "/v1/gateway?version=%llu", (unsigned long long)version);
    return call(a, AS_NOBODY, "GET", path, NULL, (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

outcome api_look_up(api *a, teal_bytes handle, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_DEVICE, "GET", write_path(path, "/v1/directory/", handle, "", NULL), NULL,
                (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

outcome api_claim(api *a, teal_bytes handle, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_DEVICE, "POST", write_path(path, "/v1/directory/", handle, "/claim", NULL),
                NULL, (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

outcome api_put_manifest(api *a, teal_bytes handle, teal_bytes manifest)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_ACCOUNT, "PUT", write_path(path, "/v1/accounts/", handle, "", NULL),
                "application/vnd.teal.manifest", manifest, TIMEOUT_MS, NULL);
}

outcome api_get_manifest(api *a, teal_bytes handle, teal_arena *arena, teal_bytes *manifest)
{
    char path[MAX_PATH_BYTES];
    outcome o = call(a, AS_DEVICE, "GET", write_path(path, "/v1/accounts/", handle, "", NULL), NULL,
                     (teal_bytes){ 0 }, TIMEOUT_MS, NULL);
    *manifest = (teal_bytes){ 0 };
    if (o == OUTCOME_OK)
        *manifest = teal_arena_copy(arena, (teal_bytes){ a->answer.body, a->answer.len });
    return o == OUTCOME_OK && manifest->len == 0 ? OUTCOME_FAILED : o;
}

outcome api_put_prekeys(api *a, teal_bytes handle, teal_bytes prekeys, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_DEVICE, "PUT", write_path(path, "/v1/accounts/", handle, "/prekeys", NULL),
                "application/vnd.teal.prekeys", prekeys, TIMEOUT_MS, json);
}

outcome api_count_prekeys(api *a, teal_bytes handle, const uint8_t *device, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_DEVICE, "GET",
                write_path(path, "/v1/accounts/", handle, "/prekeys?device=", device), NULL,
                (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

static outcome get(api *a, signs_as who, const char *path, json_t **json)
{
    return call(a, who, "GET", path, NULL, (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

outcome api_manifests(api *a, teal_bytes handle, uint64_t from, json_t **json)
{
    char path[MAX_PATH_BYTES], query[64];
    snprintf(query, sizeof query, "/manifests?from=%" PRIu64, from);
    return get(a, AS_DEVICE, write_path(path, "/v1/accounts/", handle, query, NULL), json);
}

outcome api_log_head(api *a, json_t **json)
{
    return get(a, AS_NOBODY, "/v1/log/keys/head", json);
}

outcome api_log_entries(api *a, uint64_t from, unsigned max, json_t **json)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/log/keys/entries?from=%" PRIu64 "&max=%u", from, max);
    return get(a, AS_NOBODY, path, json);
}

outcome api_log_consistency(api *a, uint64_t from, uint64_t to, json_t **json)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/log/keys/consistency?from=%" PRIu64 "&to=%" PRIu64, from, to);
    return get(a, AS_NOBODY, path, json);
}

outcome api_send(api *a, teal_bytes envelope, json_t **json)
{
    outcome o;
    int sends = 0;
    a->in_doubt = false;
    do {
        o = call(a, AS_NOBODY, "POST", "/v1/messages", "application/vnd.teal.envelope", envelope,
                 TIMEOUT_MS, json);
        a->in_doubt =
            a->in_doubt || a->answer.sent_again || (a->answer.status == 0 && a->answer.sent);
    } while (o == OUTCOME_UNREACHABLE && a->answer.sent && ++sends < SENDS);
    return o;
}

outcome api_inbox(api *a, const uint8_t *device, unsigned wait_s, json_t **json)
{
    char path[MAX_PATH_BYTES], query[64];
    snprintf(query, sizeof query, "?wait_s=%u&device=", wait_s);
    return call(a, AS_DEVICE, "GET",
                write_path(path, "/v1/inbox", (teal_bytes){ 0 }, query, device), NULL,
                (teal_bytes){ 0 }, TIMEOUT_MS + (int64_t)wait_s * 1000, json);
}

/* Takes the body. */
static outcome call_json(api *a, signs_as who, const char *method, const char *path, json_t *body,
                         json_t **json)
{
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (text == NULL)
        bug("out of memory");
    outcome o = call(a, who, method, path, "application/json", teal_text(text), TIMEOUT_MS, json);
    free(text);
    return o;
}

outcome api_acknowledge(api *a, const uint8_t *device, json_t *seqs)
{
    char hex[2 * TEAL_DEVICE_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, device, TEAL_DEVICE_BYTES);
    return call_json(a, AS_DEVICE, "POST", "/v1/inbox/ack",
                     json_pack("{s:s, s:O}", "device", hex, "seqs", seqs), NULL);
}

outcome api_prove(api *a, teal_bytes handle, const uint8_t account_key[static TEAL_KEY_BYTES],
                  const char *code, json_t **json)
{
    char path[MAX_PATH_BYTES];
    json_t *body = json_pack("{s:o}", "account_key",
                             member_of_bytes((teal_bytes){ account_key, TEAL_KEY_BYTES }));
    if (code != NULL)
        json_object_set_new(body, "code", json_string(code));
    return call_json(a, AS_ACCOUNT, "POST",
                     write_path(path, "/v1/accounts/", handle, "/proof", NULL), body, json);
}

/* ---- devices that ask to be added ------------------------------------------------------------ */

static const char *write_answer_path(char buf[static MAX_PATH_BYTES], teal_bytes handle,
                                     const uint8_t *device)
{
    return write_path(buf, "/v1/accounts/", handle, "/devices/answer?device=", device);
}

outcome api_ask_link(api *a, teal_bytes handle, json_t *body, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call_json(a, AS_NOBODY, "POST",
                     write_path(path, "/v1/accounts/", handle, "/devices", NULL), body, json);
}

outcome api_link_answer(api *a, teal_bytes handle, const uint8_t *device, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_NOBODY, "GET", write_answer_path(path, handle, device), NULL,
                (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

outcome api_confirm_link(api *a, teal_bytes handle, const uint8_t *device, json_t *body)
{
    char path[MAX_PATH_BYTES];
    return call_json(a, AS_NOBODY, "POST", write_answer_path(path, handle, device), body, NULL);
}

outcome api_links(api *a, teal_bytes handle, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_DEVICE, "GET", write_path(path, "/v1/accounts/", handle, "/devices", NULL),
                NULL, (teal_bytes){ 0 }, TIMEOUT_MS, json);
}

outcome api_answer_link(api *a, teal_bytes handle, const uint8_t *device, json_t *body)
{
    char path[MAX_PATH_BYTES];
    return call_json(a, AS_DEVICE, "PUT", write_answer_path(path, handle, device), body, NULL);
}

outcome api_drop_link(api *a, teal_bytes handle, const uint8_t *device)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_DEVICE, "DELETE",
                write_path(path, "/v1/accounts/", handle, "/devices?device=", device), NULL,
                (teal_bytes){ 0 }, TIMEOUT_MS, NULL);
}

static const char *write_forwarding_path(char buf[static MAX_PATH_BYTES], teal_bytes handle)
{
    return write_path(buf, "/v1/accounts/", handle, "/forwarding", NULL);
}

outcome api_forwarding(api *a, teal_bytes handle, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return get(a, AS_DEVICE, write_forwarding_path(path, handle), json);
}

outcome api_ask_forwarding(api *a, teal_bytes handle, json_t *body, json_t **json)
{
    char path[MAX_PATH_BYTES];
    return call_json(a, AS_DEVICE, "POST", write_forwarding_path(path, handle), body, json);
}

outcome api_put_grant(api *a, teal_bytes handle, teal_bytes grant)
{
    char path[MAX_PATH_BYTES];
    return call(a, AS_ACCOUNT, "PUT", write_forwarding_path(path, handle),
                "application/vnd.teal.forwarding-grant", grant, TIMEOUT_MS, NULL);
}

outcome api_operate(api *a, const char *method, const char *path, json_t *body, json_t **json)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body != NULL && text == NULL)
        bug("out of memory");
    json_decref(body);
    outcome o = call(a, AS_DEVICE, method, path, text != NULL ? "application/json" : NULL,
                     teal_text(text != NULL ? text : ""), TIMEOUT_MS, json);
    free(text);
    return o;
}

const json_t *api_problem(const api *a)
{
    return a->problem;
}

bool api_refused_as(const api *a, const char *problem)
{
    return a->problem != NULL && problem_is(a->problem, problem);
}

bool api_is_temporary(const api *a)
{
    return a->problem != NULL && a->answer.status >= 500;
}

/* Who took it would say so now, unless it cannot say anything. */
bool api_took_nothing(const api *a)
{
    bool refused = a->problem != NULL && a->answer.status != 429 && !api_is_temporary(a);
    return refused || !a->in_doubt;
}

outcome api_explain(const api *a, outcome o, bool json)
{
    switch (o) {
    case OUTCOME_REFUSED:
        problem_say(a->problem, stderr);
        if (json) {
            json_t *line = json_pack("{s:O}", "problem", a->problem);
            json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
            putchar('\n');
            json_decref(line);
        }
        break;
    case OUTCOME_UNREACHABLE:
        say(o, "no answer from the gateway at %s: %s", a->url, a->answer.error);
        break;
    case OUTCOME_FAILED:
        say(o, "%s answered %ld, but not as a Teal gateway does", a->url, a->answer.status);
        break;
    case OUTCOME_UNVERIFIED:
        say(o, "the certificate of %s does not verify (REQ-TLS-3): %s", a->url, a->answer.error);
        break;
    case OUTCOME_OK:
    case OUTCOME_USAGE:
    case OUTCOME_KEYCHAIN:
        break;
    }
    return o;
}
