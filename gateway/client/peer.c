/* teal peer: the networks that a gateway bridges, for its operator. */
#include "codecs/base64.h"
#include "gateway/client/commands.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/client/tamed.h"
#include "gateway/clock.h"
#include "gateway/http_client.h"
#include "gateway/log.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_PATH_BYTES = 512, MAX_CA_BYTES = 16 << 10 };

/* ---- requests -------------------------------------------------------------------------------- */

/* "/v1/peers/", the name, what is below it. */
static outcome ask(session *s, const char *method, const char *name, const char *below,
                   json_t *body)
{
    char path[MAX_PATH_BYTES];
    teal_writer w = { (uint8_t *)path, sizeof path - 1, 0 };
    teal_write_text(&w, "/v1/peers/");
    http_write_path_segment(&w, teal_text(name));
    teal_write_text(&w, below);
    if (!teal_write_fits(&w)) {
        json_decref(body);
        return say(OUTCOME_USAGE, "%s is too long for a network's name", name);
    }
    path[w.len] = '\0';
    return session_explain(s, api_operate(s->api, method, path, body, NULL));
}

/* A list as people write it, "a, b", to an array; NULL: an empty one. */
static json_t *list_of(const char *text)
{
    json_t *list = json_array();
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ", ");
        if (len > 0)
            json_array_append_new(list, json_stringn(text, len));
        text += len + strspn(text + len, ", ");
    }
    return list;
}

/* *ca: NULL where no file is named. */
static outcome read_ca(const char *path, json_t **ca)
{
    char pem[MAX_CA_BYTES + 1];
    *ca = NULL;
    if (path == NULL)
        return OUTCOME_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return say(OUTCOME_USAGE, "--ca-file %s: %s", path, strerror(errno));
    size_t len = fread(pem, 1, sizeof pem, file);
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (failed || len == 0 || len > MAX_CA_BYTES)
        return say(OUTCOME_USAGE, "--ca-file %s: not 1 to %d octets", path, MAX_CA_BYTES);
    *ca = json_stringn(pem, len);
    return *ca != NULL ? OUTCOME_OK : say(OUTCOME_USAGE, "--ca-file %s: not in PEM", path);
}

static outcome add(session *s, char *const *args)
{
    json_t *ca;
    outcome o = read_ca(s->options->ca_file, &ca);
    if (o != OUTCOME_OK)
        return o;
    return ask(s, "PUT", args[0], "",
               json_pack("{s:s, s:o, s:o, s:o*}", "url", args[1], "domains",
                         list_of(s->options->domains), "numbers", list_of(s->options->numbers),
                         "ca", ca));
}

static outcome remove_peer(session *s, char *const *args)
{
    return ask(s, "DELETE", args[0], s->options->force ? "?force=1" : "", NULL);
}

static outcome suspend(session *s, char *const *args)
{
    return ask(s, "PUT", args[0], "/suspension", NULL);
}

static outcome resume(session *s, char *const *args)
{
    return ask(s, "DELETE", args[0], "/suspension", NULL);
}

/* Before it stands in a URL. */
static outcome check_key(const char *text)
{
    uint8_t key[TEAL_KEY_BYTES];
    if (teal_base64url_decode_exact(teal_text(text), key, sizeof key, NULL) == TEAL_OK)
        return OUTCOME_OK;
    return say(OUTCOME_USAGE, "%s is no key: 43 characters of base64url", text);
}

static outcome key_add(session *s, char *const *args)
{
    outcome o = check_key(args[1]);
    return o != OUTCOME_OK ? o
                           : ask(s, "PUT", args[0], "/keys", json_pack("{s:s}", "key", args[1]));
}

static outcome key_retire(session *s, char *const *args)
{
    char below[128], until[48] = "";
    outcome o = check_key(args[1]);
    if (s->options->in_s > 0)
        snprintf(until, sizeof until, "&until_ms=%lld",
                 (long long)(clock_unix_ms() + (int64_t)s->options->in_s * 1000));
    snprintf(below, sizeof below, "/keys?key=%s%s", args[1], until);
    return o != OUTCOME_OK ? o : ask(s, "DELETE", args[0], below, NULL);
}

/* ---- list ------------------------------------------------------------------------------------ */

static void print_field(const json_t *peer, const char *member)
{
    char *text = tamed_line(member_text(peer, member));
    printf("%s", text);
    free(text);
}

static void print_list(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *element = json_array_get(list, i);
        char *text = tamed_line((teal_bytes){ (const uint8_t *)json_string_value(element),
                                              json_string_length(element) });
        printf(" %s", text);
        free(text);
    }
}

static void print_keys(const json_t *keys)
{
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i), *until = json_object_get(key, "until_ms");
        bool over = until != NULL && json_integer_value(until) <= clock_unix_ms();
        printf("  key ");
        print_field(key, "key");
        printf("%s\n", over ? ", retired" : until != NULL ? ", to be retired" : "");
    }
}

static void print_words(const json_t *peer)
{
    print_field(peer, "name");
    printf("  ");
    print_field(peer, "url");
    printf("%s%s\n ", json_is_true(json_object_get(peer, "configured")) ? "  configured" : "",
           json_is_true(json_object_get(peer, "suspended")) ? "  suspended" : "");
    print_list(json_object_get(peer, "domains"));
    print_list(json_object_get(peer, "numbers"));
    putchar('\n');
    print_keys(json_object_get(peer, "keys"));
}

static outcome list(session *s, char *const *args)
{
    json_t *answer;
    (void)args;
    outcome o = session_explain(s, api_operate(s->api, "GET", "/v1/peers", NULL, &answer));
    const json_t *peers = json_object_get(answer, "peers");
    for (size_t i = 0; i < json_array_size(peers); i++) {
        if (s->options->json)
            session_print(json_array_get(peers, i));
        else
            print_words(json_array_get(peers, i));
    }
    json_decref(answer);
    return o;
}

/* ---- which ----------------------------------------------------------------------------------- */

static const struct {
    const char *words[2]; /* the second may be missing */
    size_t n_args;        /* behind them */
    outcome (*run)(session *s, char *const *args);
} actions[] = {
    { { "list" }, 0, list },
    { { "add" }, 2, add },
    { { "remove" }, 1, remove_peer },
    { { "key", "add" }, 2, key_add },
    { { "key", "retire" }, 2, key_retire },
    { { "suspend" }, 1, suspend },
    { { "resume" }, 1, resume },
};

outcome command_peer(session *s)
{
    const options *o = s->options;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        const char *const *words = actions[i].words;
        size_t n_words = words[1] == NULL ? 1 : 2;
        if (o->n_args == n_words + actions[i].n_args && strcmp(o->args[0], words[0]) == 0 &&
            (n_words == 1 || strcmp(o->args[1], words[1]) == 0))
            return actions[i].run(s, o->args + n_words);
    }
    return say(OUTCOME_USAGE, "what to do with which network? See teal peer --help");
}
