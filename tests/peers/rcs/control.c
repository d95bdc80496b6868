/* Handlers run in threads of the HTTP server. */
#include "tests/peers/rcs/control.h"

#include "codecs/handle.h"
#include "tests/peers/rcs/compose.h"
#include "tests/peers/rcs/outgoing.h"

static json_t *read_body(const http_call *c)
{
    teal_bytes body = http_body(c);
    return json_loadb((const char *)body.at, body.len, JSON_REJECT_DUPLICATES, NULL);
}

static void refuse_json(http_call *c, const char *remedy)
{
    http_problem(c, 400, "json-malformed", "REQ-REST-9 not the object of this resource", remedy,
                 NULL);
}

/* The user that the query names; NULL: nobody, which has been answered. */
static user *queried_user(http_call *c, network *n)
{
    const char *handle = http_query(c, "user");
    user *u = handle != NULL ? network_find(n, teal_text(handle)) : NULL;
    if (u == NULL)
        http_problem(c, 404, "user-unknown", "REQ-REST-2 nobody here has the handle",
                     "Give ?user=HANDLE of a user of this network.", NULL);
    return u;
}

static bool read_floor(const char *fallback, teal_level *floor)
{
    *floor = TEAL_E2EE;
    if (fallback == NULL)
        return true;
    *floor = strcmp(fallback, "sms") == 0 ? TEAL_PLAINTEXT : TEAL_TRANSPORT;
    return *floor == TEAL_PLAINTEXT || strcmp(fallback, "rcs") == 0;
}

/* POST /sandbox/send {"from","to","text","fallback"?} */
void control_send(http_call *c, void *arg)
{
    network *n = arg;
    const char *from = "", *to = "", *text = "", *fallback = NULL;
    teal_level floor;
    json_t *json = read_body(c);
    bool good = json_unpack(json, "{s:s, s:s, s:s, s?s}", "from", &from, "to", &to, "text", &text,
                            "fallback", &fallback) == 0 &&
                read_floor(fallback, &floor) && strlen(text) <= COMPOSE_MAX_TEXT_BYTES &&
                teal_handle_is_canonical(teal_text(to));
    const user *u = network_find(n, teal_text(from));
    if (!good) {
        refuse_json(c, "Send {\"from\",\"to\",\"text\"}, and \"fallback\":\"sms\" or \"rcs\".");
    } else if (u == NULL || u->account == NULL) {
        http_problem(c, 404, "user-unknown", "REQ-MSG-2 no user with keys has the handle",
                     "Send from a sealed user of this network.", NULL);
    } else {
        outgoing_result r = outgoing_send_text(n->outgoing, u, teal_text(from), teal_text(to),
                                               teal_text(text), floor);
        http_answer(c, 200,
                    json_pack("{s:s, s:I, s:o?}", "message_id", r.message_id, "status",
                              (json_int_t)r.status, "answer", r.answer));
    }
    json_decref(json);
}

/* GET /sandbox/messages?user=HANDLE */
void control_messages(http_call *c, void *arg)
{
    network *n = arg;
    const user *u = queried_user(c, n);
    if (u == NULL)
        return;
    pthread_mutex_lock(&n->lock);
    json_t *messages = json_deep_copy(u->messages);
    pthread_mutex_unlock(&n->lock);
    http_answer(c, 200, json_pack("{s:o}", "messages", messages));
}

/* GET /sandbox/receipts?user=HANDLE */
void control_receipts(http_call *c, void *arg)
{
    network *n = arg;
    const user *u = queried_user(c, n);
    if (u == NULL)
        return;
    pthread_mutex_lock(&n->lock);
    json_t *answer = json_pack("{s:o, s:o}", "receipts", json_deep_copy(u->receipts),
                               "device_receipts", json_deep_copy(u->device_receipts));
    pthread_mutex_unlock(&n->lock);
    http_answer(c, 200, answer);
}

/* POST /sandbox/behave {"mode"} */
void control_behave(http_call *c, void *arg)
{
    static const char *const modes[] = { "normal", "stall", "unavailable", "refuse", "stale" };
    network *n = arg;
    const char *mode = NULL;
    json_t *json = read_body(c);
    size_t i = sizeof modes / sizeof modes[0];
    if (json_unpack(json, "{s:s}", "mode", &mode) == 0)
        for (i = 0; i < sizeof modes / sizeof modes[0] && strcmp(modes[i], mode) != 0;)
            i++;
    json_decref(json);
    if (i == sizeof modes / sizeof modes[0]) {
        refuse_json(c, "mode: normal, stall, unavailable, refuse or stale.");
        return;
    }
    pthread_mutex_lock(&n->lock);
    n->mode = (network_mode)i;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    http_answer(c, 200, json_pack("{s:s}", "mode", modes[i]));
}
