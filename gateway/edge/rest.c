/* The libmicrohttpd side: reads requests whole, hands them to workers, sends what they answered.
 * One thread runs libmicrohttpd; while a request is with a worker, or parked, its connection is
 * suspended, and nothing but the worker touches it. Must never block in libmicrohttpd's thread. */
#include "gateway/edge/rest.h"

#include "gateway/clock.h"
#include "gateway/edge/admission.h"
#include "gateway/edge/authenticate.h"
#include "gateway/edge/rest_body.h"
#include "gateway/edge/rest_fields.h"
#include "gateway/edge/rest_head.h"
#include "gateway/edge/rest_listen.h"
#include "gateway/edge/rest_worker.h"
#include "gateway/edge/route.h"
#include "gateway/edge/tls.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    HEADER_MAX_BYTES = 32 << 10, /* request line and header fields of one connection */
    IDLE_DEFAULT_S = 30,
    DRAIN_MAX_BYTES = 64 << 10, /* of a refused request whose length is known, so that the
                                   connection lives on; a longer one ends it */
    DRAIN_LAST_BYTES = 8 << 20, /* of a refused request that goes on and on: then it is cut */
    STOP_MAX_S = 10,            /* that rest_stop waits for answers to be taken */
    OVERLOAD_RETRY_MS = 1000,
};

struct rest {
    const config *config;
    const rest_services *services;
    const rest_route *const *tables;
    tls *tls; /* NULL: clear text */
    int listener;
    uint16_t port;
    struct MHD_Daemon *daemon;
    calls *calls;
    rest_workers *workers;
    admission *admission;
    size_t body_bytes; /* libmicrohttpd's thread only */

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t answered;
    size_t in_hand; /* requests from their hand-over to a worker until they are completed */
    size_t pending; /* of them, those that wait for rest_settle */
    bool stopping;
};

/* From the first header to libmicrohttpd's word that it is completed. Owned by its thread, lent to
 * a worker while the connection is suspended. */
struct rest_request {
    calls_entry entry; /* first: calls hand it back */
    uint64_t ticket;
    rest *rest;
    struct MHD_Connection *connection;
    rest_head head;
    rest_answer answer;
    caller_kept caller;
    bool begun, in_hand, parked_before, has_body;
    rest_body body;
    size_t received;    /* of the body, kept or not */
    const char *method; /* libmicrohttpd's, for the life of the request */
    teal_bytes target;  /* as the request line has it */
    teal_writer parameter;
    uint8_t room[]; /* of target and parameter */
};

/* What libmicrohttpd keeps of a connection for us. It ends a request that it finds wrong between
 * the request line and the last header field without a word, so what was made of it hangs here,
 * too. */
typedef struct connection_state {
    rest_request *open;
} connection_state;

static void refuse(rest_request *q, unsigned status, const char *problem, const char *rule,
                   const char *remedy)
{
    rest_answer_problem(&q->answer, status, problem, rule, remedy, NULL);
}

static void refuse_overload(rest_request *q)
{
    refuse(q, 503, "overloaded", "REQ-REST-4 more requests wait than the gateway may hold",
           "Send it again after Retry-After.");
    rest_answer_retry_after(&q->answer, OVERLOAD_RETRY_MS);
}

static const char *header(rest_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

/* REQ-SIG-11. A handle has nothing that a quoted string would escape. */
static void add_challenge(struct MHD_Response *response, const config *c)
{
    char challenge[TEAL_MAX_HANDLE_BYTES + 32];
    snprintf(challenge, sizeof challenge, "Signature realm=\"%s\"", c->handle);
    MHD_add_response_header(response, "WWW-Authenticate", challenge);
}

static void add_headers(struct MHD_Response *response, const config *c, const rest_answer *a)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)a->retry_after_s);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (a->content_type != NULL)
        MHD_add_response_header(response, "Content-Type", a->content_type);
    if (a->allow[0] != '\0')
        MHD_add_response_header(response, "Allow", a->allow);
    if (a->accept_signature != NULL)
        MHD_add_response_header(response, "Accept-Signature", a->accept_signature);
    if (a->status == 401)
        add_challenge(response, c);
    if (a->retry_after_s > 0)
        MHD_add_response_header(response, "Retry-After", seconds);
    if (a->rate[0] != '\0') {
        MHD_add_response_header(response, "RateLimit-Policy", a->rate_policy);
        MHD_add_response_header(response, "RateLimit", a->rate);
    }
    if (a->closes)
        MHD_add_response_header(response, "Connection", "close");
}

static enum MHD_Result send_answer(rest_request *q)
{
    char status[24];
    const rest_route *route = q->head.route;
    log_event(LOG_DEBUG, "rest.answered", "resource", route != NULL ? route->path : "", "method",
              route != NULL ? route->method : "", "status", log_number(status, q->answer.status),
              NULL);
    struct MHD_Response *response =
        q->answer.body != NULL
            ? MHD_create_response_from_buffer(q->answer.len, q->answer.body, MHD_RESPMEM_MUST_FREE)
            : MHD_create_response_from_buffer(0, (char[]){ "" }, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    q->answer.body = NULL;
    add_headers(response, q->rest->config, &q->answer);
    enum MHD_Result queued = MHD_queue_response(q->connection, q->answer.status, response);
    MHD_destroy_response(response);
    return queued;
}

/* However it ended. NULL: there is none. */
static void forget_request(connection_state *s)
{
    rest_request *q = s->open;
    s->open = NULL;
    if (q == NULL)
        return;
    if (q->in_hand) {
        rest *r = q->rest;
        pthread_mutex_lock(&r->lock);
        r->in_hand--;
        pthread_cond_signal(&r->answered);
        pthread_mutex_unlock(&r->lock);
    }
    rest_body_clear(&q->body, &q->rest->body_bytes);
    rest_answer_clear(&q->answer);
    free(q);
}

/* NULL: there was no memory for it. */
static connection_state *state_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/* libmicrohttpd's, with the request line, before anything is taken apart. NULL: out of memory. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    size_t len = strlen(target);
    connection_state *s = state_of(connection);
    rest_request *q = s != NULL ? calloc(1, sizeof *q + 2 * len) : NULL;
    if (q == NULL)
        return NULL;
    forget_request(s);
    s->open = q;
    q->rest = arg;
    q->connection = connection;
    q->caller.who.role = CALLER_ANYBODY;
    memcpy(q->room, target, len);
    q->target = (teal_bytes){ q->room, len };
    q->parameter = (teal_writer){ q->room + len, len, 0 };
    return q;
}

/* The request line and the header fields are there, nothing of the body yet. */
static enum MHD_Result begin(rest_request *q, const char *method, const char *path)
{
    const char *length = header(q, "Content-Length");
    uint64_t content_length = length == NULL ? 0 : strtoull(length, NULL, 10);
    q->begun = true;
    q->method = method;
    q->has_body = content_length > 0 || header(q, "Transfer-Encoding") != NULL;
    rest_head_check(q->rest->tables, method, path, header(q, "Content-Type"), content_length,
                    &q->parameter, &q->head, &q->answer);
    /* Answered before its body, a request ends the connection; a short body is read over instead.
     * Who waits for a 100 (Continue) has not sent it at all. */
    bool refused = q->answer.status != 0;
    if (refused && (content_length > DRAIN_MAX_BYTES || header(q, "Expect") != NULL))
        q->answer.closes = true;
    if (!refused || !q->has_body || !q->answer.closes)
        return MHD_YES;
    return send_answer(q);
}

static enum MHD_Result gather(rest_request *q, const char *data, size_t *len)
{
    size_t n = *len;
    *len = 0;
    q->received += n;
    if (q->answer.status != 0) /* libmicrohttpd takes no answer in the middle of a body */
        return q->received <= DRAIN_LAST_BYTES ? MHD_YES : MHD_NO;
    size_t max_body = q->head.route->max_body;
    if (q->received > max_body)
        rest_head_refuse_large(&q->answer);
    else if (!rest_body_append(&q->body, (teal_bytes){ (const uint8_t *)data, n }, max_body,
                               &q->rest->body_bytes, REST_BODY_BUDGET_BYTES))
        refuse_overload(q);
    return MHD_YES;
}

/* Counts the request as one that rest_stop waits for. */
static bool take_in_hand(rest_request *q)
{
    rest *r = q->rest;
    pthread_mutex_lock(&r->lock);
    q->in_hand = !r->stopping;
    if (q->in_hand)
        r->in_hand++;
    pthread_mutex_unlock(&r->lock);
    return q->in_hand;
}

/* The request is whole. Suspended before it is handed over: a worker may be faster than we are. */
static enum MHD_Result hand_over(rest_request *q)
{
    if (!take_in_hand(q)) {
        refuse_overload(q);
        q->answer.closes = true;
        return send_answer(q);
    }
    MHD_suspend_connection(q->connection);
    if (!calls_push(q->rest->calls, &q->entry)) {
        refuse_overload(q);
        MHD_resume_connection(q->connection);
    }
    return MHD_YES;
}

/* Called with the header, then with each piece of the body, then once with none; and again when
 * the connection was resumed. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    (void)arg, (void)connection, (void)version;
    rest_request *q = *state;
    if (q == NULL)
        return MHD_NO;
    if (!q->begun)
        return begin(q, method, path);
    if (*len > 0)
        return gather(q, data, len);
    return q->answer.status == 0 ? hand_over(q) : send_answer(q);
}

/* Answered, hung up, timed out, shut down. Never while it is suspended. */
static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    (void)arg, (void)how;
    if (*state != NULL)
        forget_request(state_of(connection));
    *state = NULL;
}

/* Paths and queries are decoded by us, once, after they have been taken apart. */
static size_t keep_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *arg, const char *format,
                                                                 va_list values)
{
    char text[200];
    (void)arg;
    vsnprintf(text, sizeof text, format, values);
    log_event(LOG_DEBUG, "rest.http", "text", text, NULL);
}

static const struct sockaddr *remote_of(const rest_request *q)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL ? info->client_addr : NULL;
}

/* False: it is answered. */
static bool identify(rest_request *q, rest_call *c, request_claim *claim)
{
    caller who;
    http_message m = { .method = teal_text(q->method),
                       .scheme = teal_text(q->rest->tls != NULL ? "https" : "http"),
                       .target = q->target };
    if (!rest_fields_read(q->connection, c->arena, &m)) {
        refuse_overload(q);
        return false;
    }
    if (!authenticate(c, &m, q->received > 0, q->head.route->callers, &who, claim))
        return false;
    caller_keep(&who, &q->caller);
    return true;
}

/* Who asks, and whether they may now: once for each request, since its nonce is used up by it.
 * Knocks as nobody, then as who it is: neither costs those a token whose request is played again.
 * False: it is answered. */
static bool admit(rest_request *q, rest_call *c)
{
    admission *a = q->rest->admission;
    request_claim claim;
    if (q->caller.there)
        return true;
    if (!admission_knock(a, c))
        return false;
    if (identify(q, c, &claim) && admission_knock(a, c) && authenticate_once(c, &claim))
        return admission_enter(a, c);
    if (q->answer.status == 401 || q->answer.status == 403)
        admission_turned_away(a, c);
    return false;
}

/* Must not touch the request once it pends, is parked or resumed: it is another thread's then. */
static void serve(calls_entry *e, store *reader, teal_arena *arena)
{
    rest_request *q = (rest_request *)(void *)e;
    rest_call c = {
        .services = q->rest->services,
        .reader = reader,
        .arena = arena,
        .remote = remote_of(q),
        .caller = &q->caller.who,
        .now_ms = clock_unix_ms(),
        .turn = q->entry.turn,
        .method = q->head.route->method,
        .parameter = teal_written(&q->parameter),
        .content_type = q->head.content_type,
        .body = { q->body.at, q->body.len },
        .answer = &q->answer,
        .request = q,
    };
    switch (admit(q, &c) ? q->head.route->handle(&c) : REST_ANSWERED) {
    case REST_PENDING: /* settled already, perhaps */
        break;
    case REST_PARKED:
        calls_park(q->rest->calls, &q->entry, q->ticket);
        break;
    case REST_ANSWERED:
        if (q->answer.status == 0)
            bug("a handler ended without an answer");
        MHD_resume_connection(q->connection);
        break;
    }
}

const char *rest_query(rest_call *c, const char *name)
{
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(c->request->connection, MHD_GET_ARGUMENT_KIND, name,
                                      strlen(name), &value, &len) != MHD_YES)
        return NULL;
    uint8_t *decoded = teal_arena_take(c->arena, len + 1);
    teal_writer w = { decoded, len, 0 };
    if (value == NULL || decoded == NULL ||
        !route_decode((teal_bytes){ (const uint8_t *)value, len }, &w))
        return "";
    decoded[w.len] = '\0';
    return (const char *)decoded;
}

const char *rest_header(rest_call *c, const char *name)
{
    return header(c->request, name);
}

uint64_t rest_ticket(rest_call *c, const uint8_t key[static REST_KEY_BYTES])
{
    return calls_ticket(c->request->rest->calls, key);
}

rest_next rest_park(rest_call *c, const uint8_t key[static REST_KEY_BYTES], uint64_t ticket,
                    int64_t wait_ms)
{
    rest_request *q = c->request;
    if (c->turn == REST_TIMED_OUT)
        bug("a handler parked a call whose time is over");
    memcpy(q->entry.key, key, REST_KEY_BYTES);
    q->ticket = ticket;
    if (!q->parked_before)
        q->entry.deadline_ms = clock_monotonic_ms() + wait_ms;
    q->parked_before = true;
    return REST_PARKED;
}

rest_request *rest_pend(rest_call *c)
{
    rest *r = c->request->rest;
    pthread_mutex_lock(&r->lock);
    r->pending++;
    pthread_mutex_unlock(&r->lock);
    return c->request;
}

/* True: a worker has it. */
static bool run_again(rest_request *q)
{
    rest_answer_clear(&q->answer);
    if (calls_push(q->rest->calls, &q->entry))
        return true;
    refuse_overload(q);
    return false;
}

void rest_settle(rest_request *q, rest_verdict v)
{
    rest *r = q->rest;
    if (v == REST_OVERLOADED)
        refuse_overload(q);
    if (v != REST_RUN_AGAIN || !run_again(q))
        MHD_resume_connection(q->connection);
    pthread_mutex_lock(&r->lock);
    r->pending--;
    pthread_cond_signal(&r->answered);
    pthread_mutex_unlock(&r->lock);
}

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info != NULL ? info->tls_session : NULL;
}

static void begin_connection(rest *r, gnutls_session_t session, void **state)
{
    *state = calloc(1, sizeof(connection_state));
    if (session != NULL)
        tls_begin(r->tls, session);
}

static void end_connection(rest *r, gnutls_session_t session, void **state)
{
    if (*state != NULL)
        forget_request(*state);
    free(*state);
    *state = NULL;
    if (session != NULL)
        tls_end(r->tls, session);
}

/* libmicrohttpd's, around the life of a connection. */
static void on_connection(void *arg, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode how)
{
    gnutls_session_t session = session_of(connection);
    if (how == MHD_CONNECTION_NOTIFY_STARTED)
        begin_connection(arg, session, state);
    else
        end_connection(arg, session, state);
}

const char *rest_client_wrong(rest_call *c, const config_list *domains)
{
    const rest_request *q = c->request;
    return q->rest->tls != NULL ? tls_client_wrong(session_of(q->connection), domains) : NULL;
}

void rest_reload(rest *r)
{
    if (r->tls != NULL)
        tls_reload(r->tls);
}

rest *rest_open(const config *c, FILE *errors)
{
    rest *r = calloc(1, sizeof *r);
    calls *waiting = calls_open(c->max_waiting);
    if (r == NULL || waiting == NULL)
        bug("no memory at start");
    r->config = c;
    r->calls = waiting;
    r->admission = admission_open();
    r->port = c->listen_port;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->answered, NULL);
    bool anywhere = c->clear_text_anywhere || c->tls_certificate != NULL;
    r->listener = rest_listen(c->listen_host, anywhere, &r->port, errors);
    if (r->listener >= 0 && c->tls_certificate != NULL)
        r->tls = tls_open(c, errors);
    if (r->listener < 0 || (c->tls_certificate != NULL && r->tls == NULL))
        rest_close(&r);
    return r;
}

uint16_t rest_port(const rest *r)
{
    return r->port;
}

void rest_wake(rest *r, const uint8_t key[static REST_KEY_BYTES])
{
    calls_wake(r->calls, key);
}

static struct MHD_Daemon *start_daemon(rest *r)
{
    unsigned idle_s = r->services->idle_s > 0 ? r->services->idle_s : IDLE_DEFAULT_S;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem under_tls[] = {
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)tls_retrieve },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, NULL },
        { MHD_OPTION_END, 0, NULL },
    };
    if (r->tls != NULL) {
        flags |= MHD_USE_TLS;
        under_tls[1].ptr_value = (void *)tls_priorities(r->tls);
    } else {
        under_tls[0].option = MHD_OPTION_END;
    }
    return MHD_start_daemon(
        flags, r->port, NULL, NULL, on_request, r, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, r->listener, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)r->config->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MAX_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, r, MHD_OPTION_NOTIFY_CONNECTION, on_connection, r,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, r, MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, under_tls, MHD_OPTION_END);
}

bool rest_start(rest *r, const rest_services *services, const store_ops *back_end,
                const rest_route *const *tables, FILE *errors)
{
    r->services = services;
    r->tables = tables;
    r->workers = rest_workers_start(r->config, back_end, r->calls, serve, errors);
    if (r->workers == NULL)
        return false;
    r->daemon = start_daemon(r);
    if (r->daemon == NULL) {
        fprintf(errors, "rest: the HTTP server did not start. Check the limit of open files.\n");
        rest_workers_stop(&r->workers);
    }
    return r->daemon != NULL;
}

static void await_answers(rest *r)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_MAX_S;
    pthread_mutex_lock(&r->lock);
    while (r->in_hand > 0)
        if (pthread_cond_timedwait(&r->answered, &r->lock, &until) != 0)
            break;
    pthread_mutex_unlock(&r->lock);
}

/* However long it takes: what pends has its connection suspended. */
static void await_settlements(rest *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->pending > 0)
        pthread_cond_wait(&r->answered, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

void rest_stop(rest *r)
{
    if (r->daemon == NULL)
        return;
    MHD_quiesce_daemon(r->daemon);
    shutdown(r->listener, SHUT_RDWR); /* refuses; the daemon's thread may still look at it */
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_mutex_unlock(&r->lock);
    calls_expire_all(r->calls);
    await_answers(r);
    rest_workers_stop(&r->workers);
    await_settlements(r);
    MHD_stop_daemon(r->daemon); /* asks that no connection is suspended any more */
    r->daemon = NULL;
    close(r->listener);
    r->listener = -1;
}

void rest_close(rest **r)
{
    if (*r == NULL)
        return;
    rest_stop(*r);
    if ((*r)->listener >= 0)
        close((*r)->listener);
    tls_close(&(*r)->tls);
    calls_close(&(*r)->calls);
    admission_close(&(*r)->admission);
    pthread_cond_destroy(&(*r)->answered);
    pthread_mutex_destroy(&(*r)->lock);
    free(*r);
    *r = NULL;
}
