/* Requests are gathered whole, then handed to the first route that fits. */
#include "tests/peers/shared/http_server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 256, IDLE_S = 60, MAX_FIELDS = 64 };

struct http_server {
    struct MHD_Daemon *daemon;
    const http_route *routes;
    void *arg;
};

struct http_call {
    struct MHD_Connection *connection;
    teal_bytes parameter;
    uint8_t *body;
    size_t body_len;
    bool begun, too_long;
    http_message message;
    http_field fields[MAX_FIELDS];

    unsigned status;
    const char *content_type;
    char *answer;
    char target[];
};

teal_bytes http_parameter(const http_call *c)
{
    return c->parameter;
}

teal_bytes http_body(const http_call *c)
{
    return (teal_bytes){ c->body, c->body_len };
}

const char *http_query(const http_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const http_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result take_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    http_call *c = arg;
    (void)kind;
    if (c->message.n_fields == MAX_FIELDS)
        return MHD_NO;
    c->fields[c->message.n_fields++] =
        (http_field){ teal_text(name), teal_text(value != NULL ? value : "") };
    return MHD_YES;
}

const http_message *http_message_of(http_call *c)
{
    const char *host = http_header(c, "Host");
    c->message.scheme = teal_text("http");
    c->message.authority = teal_text(host != NULL ? host : "");
    c->message.target = teal_text(c->target);
    c->message.fields = c->fields;
    c->message.n_fields = 0;
    MHD_get_connection_values(c->connection, MHD_HEADER_KIND, take_field, c);
    return &c->message;
}

static void set_answer(http_call *c, unsigned status, const char *content_type, json_t *json)
{
    free(c->answer);
    c->answer = json_dumps(json, JSON_COMPACT);
    c->status = c->answer != NULL ? status : 500;
    c->content_type = content_type;
    json_decref(json);
}

void http_answer(http_call *c, unsigned status, json_t *json)
{
    set_answer(c, status, "application/json", json);
}

/* "keys-stale" reads "Keys stale". */
static void write_title(char *title, size_t cap, const char *problem)
{
    snprintf(title, cap, "%s", problem);
    title[0] = (char)toupper((unsigned char)title[0]);
    for (char *at = title; (at = strchr(at, '-')) != NULL;)
        *at = ' ';
}

void http_problem(http_call *c, unsigned status, const char *problem, const char *rule,
                  const char *remedy, json_t *extra)
{
    char type[96], title[64];
    snprintf(type, sizeof type, "urn:teal:problem:%s", problem);
    write_title(title, sizeof title, problem);
    json_t *document = json_pack("{s:s, s:s, s:i, s:s, s:s%, s:s}", "type", type, "title", title,
                                 "status", (int)status, "detail", rule, "requirement", rule,
                                 strcspn(rule, " "), "remedy", remedy);
    json_object_update_missing(document, extra);
    json_decref(extra);
    set_answer(c, status, "application/problem+json", document);
}

static enum MHD_Result send_answer(const http_call *c)
{
    char *text = c->answer != NULL ? c->answer : "";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    if (c->content_type != NULL)
        MHD_add_response_header(response, "Content-Type", c->content_type);
    if (c->status == 503)
        MHD_add_response_header(response, "Retry-After", "1");
    enum MHD_Result queued = MHD_queue_response(c->connection, c->status, response);
    MHD_destroy_response(response);
    return queued;
}

static bool fits(const char *pattern, const char *path, teal_bytes *parameter)
{
    size_t before = strcspn(pattern, "{"), len = strlen(path);
    if (pattern[before] == '\0')
        return strcmp(pattern, path) == 0;
    const char *behind = pattern + before + strlen("{}");
    size_t after = strlen(behind);
    if (len <= before + after || strncmp(pattern, path, before) != 0 ||
        strcmp(path + len - after, behind) != 0)
        return false;
    *parameter = (teal_bytes){ (const uint8_t *)path + before, len - before - after };
    return true;
}

static void dispatch(const http_server *s, http_call *c, const char *path, const char *method)
{
    bool known = false;
    for (const http_route *r = s->routes; r->path != NULL; r++) {
        if (!fits(r->path, path, &c->parameter))
            continue;
        known = true;
        if (strcmp(r->method, method) == 0) {
            r->handle(c, s->arg);
            return;
        }
    }
    if (known)
        http_problem(c, 405, "method-unknown", "REQ-REST-2 the resource has no such method",
                     "Use the method that PROTOCOL.md section 9 names.", NULL);
    else
        http_problem(c, 404, "resource-unknown", "REQ-REST-2 there is no such resource",
                     "See PROTOCOL.md section 9.", NULL);
}

static bool gather(http_call *c, const char *data, size_t len)
{
    if (c->too_long || len > HTTP_MAX_BODY_BYTES - c->body_len) {
        c->too_long = true;
        return true;
    }
    uint8_t *grown = realloc(c->body, c->body_len + len);
    if (grown == NULL)
        return false;
    memcpy(grown + c->body_len, data, len);
    c->body = grown;
    c->body_len += len;
    return true;
}

/* libmicrohttpd's, before it takes the request line apart. */
static void *on_target(void *server, const char *target, struct MHD_Connection *connection)
{
    (void)server, (void)connection;
    http_call *c = calloc(1, sizeof *c + strlen(target) + 1);
    if (c != NULL)
        strcpy(c->target, target);
    return c;
}

/* libmicrohttpd calls this first with the header fields, then for each piece of the body, then
 * once more without a piece. */
static enum MHD_Result on_request(void *server, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    (void)version;
    http_call *c = *state;
    if (c == NULL)
        return MHD_NO;
    if (!c->begun) {
        c->begun = true;
        c->connection = connection;
        c->message.method = teal_text(method);
        return MHD_YES;
    }
    if (*len > 0) {
        bool taken = gather(c, data, *len);
        *len = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    if (c->too_long)
        http_problem(c, 413, "body-too-large", "REQ-REST-2 the body is over the resource's limit",
                     "Send less.", NULL);
    else
        dispatch(server, c, path, method);
    return send_answer(c);
}

static void on_completed(void *server, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    (void)server, (void)connection, (void)how;
    http_call *c = *state;
    if (c == NULL)
        return;
    free(c->body);
    free(c->answer);
    free(c);
    *state = NULL;
}

static uint16_t port_of(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}

http_server *http_server_start(uint16_t *port, const http_route *routes, void *arg)
{
    http_server *s = calloc(1, sizeof *s);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(*port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    if (s == NULL)
        return NULL;
    s->routes = routes;
    s->arg = arg;
    s->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        NULL, MHD_OPTION_END);
    if (s->daemon == NULL) {
        fprintf(stderr, "http: cannot listen on 127.0.0.1:%u: %s\n", *port, strerror(errno));
        free(s);
        return NULL;
    }
    *port = port_of(s->daemon);
    return s;
}

void http_server_stop(http_server **s)
{
    if (*s == NULL)
        return;
    MHD_stop_daemon((*s)->daemon);
    free(*s);
    *s = NULL;
}
