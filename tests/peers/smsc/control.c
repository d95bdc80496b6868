/* Handlers run in threads of the HTTP server, and take smsc.lock. */
#include "tests/peers/smsc/control.h"

#include "codecs/sms/segment.h"
#include "tests/peers/shared/clock.h"
#include "tests/peers/smsc/smsc.h"

enum {
    SEND_MAX_SEGMENTS = OUTBOX_WINDOW, /* an ESME answers the first when it has the last */
    SEND_PATIENCE_MS = 25000,
    TON_INTERNATIONAL = 1,
    TON_ALPHANUMERIC = 5,
    NPI_E164 = 1,
};

/* GET /phones/{number} */
static void get_phone(http_call *c, void *arg)
{
    smsc *s = arg;
    char number[TEAL_SMPP_MAX_ADDRESS + 2] = "";
    teal_bytes given = http_parameter(c);
    memcpy(number, given.at, given.len < sizeof number ? given.len : sizeof number - 1);
    pthread_mutex_lock(&s->lock);
    json_t *messages = phones_shown(s->phones, number);
    pthread_mutex_unlock(&s->lock);
    http_answer(c, 200, json_pack("{s:o}", "messages", messages));
}

/* A sender may have a name instead of a number. */
static teal_smpp_address address_of(const char *text)
{
    if (text[0] == '+')
        return (teal_smpp_address){ TON_INTERNATIONAL, NPI_E164, teal_text(text + 1) };
    return (teal_smpp_address){ TON_ALPHANUMERIC, 0, teal_text(text) };
}

/* All segments into the outbox at once, or none. */
static bool post(smsc *s, const char *from, const char *to, const teal_segment *segments, size_t n,
                 letter *of)
{
    if (outbox_waiting(s->outbox) + n > OUTBOX_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        const teal_segment *segment = &segments[i];
        parcel p = { .message = { .source = address_of(from),
                                  .destination = address_of(to),
                                  .esm_class = segment->esm_class,
                                  .data_coding = segment->data_coding,
                                  .short_message = { segment->octets, segment->len } } };
        if (!outbox_put(s->outbox, &p, of))
            return false;
    }
    return true;
}

/* Until the ESME has given its last word on every segment. */
static void await(smsc *s, const letter *l)
{
    struct timespec end = clock_timespec(clock_monotonic_ms() + SEND_PATIENCE_MS);
    int late = 0;
    while (l->open > 0 && late == 0 && !s->stopping)
        late = pthread_cond_timedwait(&s->changed, &s->lock, &end);
}

static void send_text(http_call *c, smsc *s, const char *from, const char *to, const char *text)
{
    teal_segment segments[SEND_MAX_SEGMENTS];
    teal_diag why = { 0 };
    letter sent = { 0 };
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    teal_segment_options options = { .ref = s->last_ref++ };
    teal_result result =
        teal_segment_split(teal_text(text), &options, segments, SEND_MAX_SEGMENTS, &n, &why);
    bool posted = result == TEAL_OK && post(s, from, to, segments, n, &sent);
    if (posted) {
        smsc_wake(s);
        await(s, &sent);
    }
    outbox_forget(s->outbox, &sent);
    pthread_mutex_unlock(&s->lock);

    bool accepted = posted && sent.open == 0 && !sent.refused;
    if (result != TEAL_OK)
        http_problem(c, 422, "text-not-sent", why.rule, "Send a shorter text.", NULL);
    else if (!posted)
        http_problem(c, 503, "overloaded", "REQ-REST-4 the outbox is full", "Try again.", NULL);
    else
        http_answer(c, 200,
                    json_pack("{s:b, s:i, s:b}", "accepted", accepted, "status",
                              accepted ? ESME_ROK : (int)sent.status, "waiting", sent.open > 0));
}

static void refuse_json(http_call *c, json_t *json, const char *remedy)
{
    json_decref(json);
    http_problem(c, 400, "json-malformed", "REQ-REST-9 not the object of this resource", remedy,
                 NULL);
}

static json_t *read_body(http_call *c)
{
    teal_bytes body = http_body(c);
    return json_loadb((const char *)body.at, body.len, JSON_REJECT_DUPLICATES, NULL);
}

/* POST /send {"from","to","text"} */
static void post_send(http_call *c, void *arg)
{
    const char *from = NULL, *to = NULL, *text = NULL;
    json_t *json = read_body(c);
    if (json_unpack(json, "{s:s, s:s, s:s}", "from", &from, "to", &to, "text", &text) != 0 ||
        strlen(from) > TEAL_SMPP_MAX_ADDRESS || strlen(to) > TEAL_SMPP_MAX_ADDRESS) {
        refuse_json(c, json, "Send {\"from\":\"+49…\",\"to\":\"+1…\",\"text\":\"…\"}.");
        return;
    }
    send_text(c, arg, from, to, text);
    json_decref(json);
}

static const char *const submits[] = { "ok", "throttle", "stall", "drop", "refuse", NULL };
static const char *const receipts[] = { "delivered", "failed", "none", "early", NULL };

/* The number of a word; false: it is none of them. NULL leaves *number as it is. */
static bool read_word(const char *const *words, const char *word, unsigned *number)
{
    for (unsigned i = 0; word != NULL; i++) {
        if (words[i] == NULL)
            return false;
        if (strcmp(words[i], word) == 0) {
            *number = i;
            return true;
        }
    }
    return true;
}

/* POST /behave {"submit"?,"times"?,"receipts"?}: what is not named stays. */
static void post_behave(http_call *c, void *arg)
{
    smsc *s = arg;
    const char *submit = NULL, *receipt = NULL;
    int times = 0;
    json_t *json = read_body(c);
    pthread_mutex_lock(&s->lock);
    unsigned new_submit = s->submit, new_receipts = s->receipts;
    bool good = json_unpack(json, "{s?s, s?i, s?s}", "submit", &submit, "times", &times, "receipts",
                            &receipt) == 0 &&
                read_word(submits, submit, &new_submit) &&
                read_word(receipts, receipt, &new_receipts) && times >= 0;
    if (good && submit != NULL)
        s->times = (unsigned)times;
    if (good) {
        s->submit = (smsc_submit)new_submit;
        s->receipts = (smsc_receipts)new_receipts;
    }
    pthread_mutex_unlock(&s->lock);
    if (!good) {
        refuse_json(c, json,
                    "submit: ok, throttle, stall, drop or refuse; times: a number; "
                    "receipts: delivered, failed, none or early.");
        return;
    }
    json_decref(json);
    http_answer(
        c, 200,
        json_pack("{s:s, s:s}", "submit", submits[new_submit], "receipts", receipts[new_receipts]));
}

/* GET /state */
static void get_state(http_call *c, void *arg)
{
    smsc *s = arg;
    pthread_mutex_lock(&s->lock);
    const smsc_counts *n = &s->counts;
    json_t *state =
        json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "bound", smsc_bound(s) != NULL, "binds",
                  (json_int_t)n->binds, "submits", (json_int_t)n->submits, "accepted",
                  (json_int_t)n->accepted, "receipts", (json_int_t)n->receipts, "enquire_links",
                  (json_int_t)n->enquire_links, "waiting", (json_int_t)outbox_waiting(s->outbox));
    pthread_mutex_unlock(&s->lock);
    http_answer(c, 200, state);
}

const http_route control_routes[] = {
    { "GET", "/phones/{}", get_phone },
    { "POST", "/send", post_send },
    { "POST", "/behave", post_behave },
    { "GET", "/state", get_state },
    { 0 },
};
