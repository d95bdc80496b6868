/* teal disclose: for an operator, all that the gateway holds on a handle, table by table. Must
 * never leave a row out: what follows on the next page is asked for. */
#include "gateway/client/commands.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/say.h"
#include "gateway/client/tamed.h"
#include "gateway/http_client.h"
#include "gateway/log.h"

#include <stdlib.h>
#include <time.h>

enum { MAX_PATH_BYTES = 3 * TEAL_MAX_HANDLE_BYTES + 256, SHOWN_CHARACTERS = 32 };

/* table NULL: all of them, from their first rows. */
static outcome ask(session *s, teal_bytes handle, const char *table, json_int_t from, json_t **out)
{
    char path[MAX_PATH_BYTES], query[128] = "";
    teal_writer w = { (uint8_t *)path, sizeof path - 1, 0 };
    if (table != NULL)
        snprintf(query, sizeof query, "?table=%s&from=%lld", table, (long long)from);
    teal_write_text(&w, "/v1/operator/disclosure/");
    http_write_path_segment(&w, handle);
    teal_write_text(&w, query);
    if (!teal_write_fits(&w))
        bug("a path outgrew its buffer");
    path[w.len] = '\0';
    return session_explain(s, api_operate(s->api, "GET", path, NULL, out));
}

/* ---- values ---------------------------------------------------------------------------------- */

static void print_text(const json_t *text)
{
    char *tame = tamed_line(
        (teal_bytes){ (const uint8_t *)json_string_value(text), json_string_length(text) });
    if (strlen(tame) > SHOWN_CHARACTERS && strchr(tame, ':') == NULL) /* octets, not a handle */
        printf("%.*s…", SHOWN_CHARACTERS, tame);
    else
        fputs(tame, stdout);
    free(tame);
}

static bool is_time(const char *column)
{
    size_t len = strlen(column);
    return len > 3 && strcmp(column + len - 3, "_ms") == 0;
}

static void print_number(const char *column, json_int_t n)
{
    char text[32];
    struct tm utc;
    time_t seconds = (time_t)(n / 1000);
    if (is_time(column) && n > 0 && gmtime_r(&seconds, &utc) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        fputs(text, stdout);
    else
        printf("%lld", (long long)n);
}

static void print_object(json_t *object);

static void print_value(const char *column, json_t *value)
{
    size_t i;
    const json_t *element;
    if (json_is_string(value))
        print_text(value);
    else if (json_is_integer(value))
        print_number(column, json_integer_value(value));
    else if (json_is_object(value))
        print_object(value);
    else if (json_is_array(value))
        json_array_foreach(value, i, element)
        {
            fputs(i > 0 ? " " : "", stdout);
            if (json_is_string(element))
                print_text(element);
        }
    else
        fputs("-", stdout);
}

static void print_member(const char *column, json_t *value, const char *before)
{
    json_t *name = json_string(column);
    fputs(before, stdout);
    print_text(name);
    putchar(' ');
    print_value(column, value);
    json_decref(name);
}

static void print_object(json_t *object)
{
    const char *column, *before = "(";
    json_t *value;
    json_object_foreach(object, column, value)
    {
        print_member(column, value, before);
        before = ", ";
    }
    putchar(')');
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void print_rows(const json_t *rows)
{
    size_t i;
    json_t *row, *value;
    const char *column;
    json_array_foreach(rows, i, row)
    {
        const char *before = "  - ";
        json_object_foreach(row, column, value)
        {
            print_member(column, value, before);
            before = ", ";
        }
        putchar('\n');
    }
}

static void print_heading(const json_t *table, const char *why)
{
    print_text(json_object_get(table, "table"));
    fputs(": ", stdout);
    char *holds = tamed_line(member_text(table, why));
    printf("%s%s\n", json_array_size(json_object_get(table, "rows")) == 0 ? "nothing of " : "",
           holds);
    free(holds);
}

/* One page of one table. *next: where the next one begins; 0: there is none. */
static void print_table(const session *s, const json_t *table, bool is_first, json_int_t *next)
{
    *next = json_integer_value(json_object_get(table, "next"));
    if (s->options->json) {
        session_print(table);
        return;
    }
    if (is_first)
        print_heading(table, "holds");
    print_rows(json_object_get(table, "rows"));
}

static outcome print_rest(session *s, teal_bytes handle, const char *name, json_int_t next)
{
    outcome o = OUTCOME_OK;
    while (o == OUTCOME_OK && next > 0) {
        json_t *answer;
        const json_int_t from = next;
        next = 0;
        o = ask(s, handle, name, from, &answer);
        if (o == OUTCOME_OK)
            print_table(s, json_array_get(json_object_get(answer, "tables"), 0), false, &next);
        json_decref(answer);
    }
    return o;
}

static bool is_name(const char *text)
{
    return text != NULL && strlen(text) <= 64 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static void print_nothing(const session *s, const json_t *answer)
{
    size_t i;
    const json_t *table;
    if (s->options->json)
        return;
    json_array_foreach(json_object_get(answer, "nothing"), i, table) print_heading(table, "why");
}

outcome command_disclose(session *s)
{
    teal_bytes handle;
    json_t *answer = NULL;
    size_t i;
    const json_t *table;
    outcome o = people_handle(s, s->options->args[0], &handle);
    if (o == OUTCOME_OK)
        o = ask(s, handle, NULL, 0, &answer);
    json_array_foreach(json_object_get(answer, "tables"), i, table)
    {
        json_int_t next;
        const char *name = json_string_value(json_object_get(table, "table"));
        if (o != OUTCOME_OK)
            break;
        print_table(s, table, true, &next);
        if (next > 0 && !is_name(name))
            o = say(OUTCOME_FAILED, "the gateway names a table that cannot be asked for");
        else
            o = print_rest(s, handle, name, next);
    }
    if (o == OUTCOME_OK)
        print_nothing(s, answer);
    json_decref(answer);
    return o;
}
