/* Bodies of answers, built on the heap because their last owner is another thread. */
#include "gateway/edge/rest_answer.h"

#include "gateway/edge/rest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void rest_answer_clear(rest_answer *a)
{
    free(a->body);
    *a = (rest_answer){ 0 };
}

/* Takes the body, from malloc. */
static void set(rest_answer *a, unsigned status, const char *content_type, char *body, size_t len)
{
    free(a->body);
    a->status = status;
    a->content_type = content_type;
    a->body = body;
    a->len = len;
}

static void set_json(rest_answer *a, unsigned status, const char *content_type, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (text == NULL)
        rest_answer_empty(a, 503);
    else
        set(a, status, content_type, text, strlen(text));
}

void rest_answer_json(rest_answer *a, unsigned status, json_t *body)
{
    set_json(a, status, "application/json", body);
}

void rest_answer_bytes(rest_answer *a, unsigned status, const char *content_type, teal_bytes body)
{
    char *copy = malloc(body.len > 0 ? body.len : 1);
    if (copy == NULL) {
        rest_answer_empty(a, 503);
        return;
    }
    if (body.len > 0)
        memcpy(copy, body.at, body.len);
    set(a, status, content_type, copy, body.len);
}

void rest_answer_empty(rest_answer *a, unsigned status)
{
    set(a, status, NULL, NULL, 0);
}

/* "keys-stale" reads "Keys stale": the type in words, as RFC 9457 wants it. */
static void write_title(char *title, size_t cap, const char *problem)
{
    snprintf(title, cap, "%s", problem);
    title[0] = (char)toupper((unsigned char)title[0]);
    for (char *c = title; *c != '\0'; c++)
        if (*c == '-')
            *c = ' ';
}

void rest_answer_problem(rest_answer *a, unsigned status, const char *problem, const char *rule,
                         const char *remedy, json_t *extra)
{
    char type[96], title[64];
    snprintf(type, sizeof type, "urn:teal:problem:%s", problem);
    write_title(title, sizeof title, problem);
    json_t *body = json_pack("{s:s, s:s, s:i, s:s, s:s%, s:s}", "type", type, "title", title,
                             "status", (int)status, "detail", rule, "requirement", rule,
                             strcspn(rule, " "), "remedy", remedy);
    if (body != NULL && extra != NULL)
        json_object_update_missing(body, extra);
    json_decref(extra);
    set_json(a, status, "application/problem+json", body);
}

void rest_answer_retry_after(rest_answer *a, int64_t retry_after_ms)
{
    a->retry_after_s = retry_after_ms > 0 ? (retry_after_ms - 1) / 1000 + 1 : 0;
}

rest_next rest_json(rest_call *c, unsigned status, json_t *body)
{
    rest_answer_json(c->answer, status, body);
    return REST_ANSWERED;
}

rest_next rest_bytes(rest_call *c, unsigned status, const char *content_type, teal_bytes body)
{
    rest_answer_bytes(c->answer, status, content_type, body);
    return REST_ANSWERED;
}

rest_next rest_empty(rest_call *c, unsigned status)
{
    rest_answer_empty(c->answer, status);
    return REST_ANSWERED;
}

rest_next rest_problem(rest_call *c, unsigned status, const char *problem, const char *rule,
                       const char *remedy, json_t *extra)
{
    rest_answer_problem(c->answer, status, problem, rule, remedy, extra);
    return REST_ANSWERED;
}

rest_next rest_later(rest_call *c, unsigned status, const char *problem, const char *rule,
                     const char *remedy, int64_t retry_after_ms)
{
    rest_answer_retry_after(c->answer, retry_after_ms);
    return rest_problem(c, status, problem, rule, remedy, NULL);
}
