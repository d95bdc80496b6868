/* The SMPP session: its states, its timers, and what each unit from the centre does to it. */
#include "gateway/links/sms_smpp.h"

#include "gateway/links/dial.h"
#include "gateway/log.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SUBMIT_OCTETS = 512,        /* a submit_sm without optional parameters is shorter */
    OUT_BASE_OCTETS = 64 << 10, /* answers and timers, beside a window of submits */
    MAX_ODD_UNITS = 16,         /* that do not parse, in one session */
    LAST_SEQUENCE = 0x7FFFFFFF,
};

typedef enum link_state { WAITING, DIALING, BINDING, BOUND } link_state;

/* A submit without an answer; sequence 0: free. */
typedef struct flight {
    uint32_t sequence;
    uint64_t token;
    int64_t sent_ms;
} flight;

struct smpp_link {
    smpp_link_options options;
    smpp_link_events events;
    link_state state;
    dial *dial;
    int fd;
    uint32_t session, sequence;
    int64_t now_ms;   /* of the last run or submit */
    int64_t since_ms; /* of this state */
    int64_t wake_ms;  /* WAITING: until then */
    int64_t backoff_ms;
    int64_t heard_ms;    /* the last unit from the centre */
    int64_t enquired_ms; /* enquire_link is out since; 0: none */
    int64_t look_ms;     /* when the oldest submit may be overdue */
    int64_t pause_ms, paused_until_ms;
    bool proved;      /* the centre said more than bind_resp: the next back-off starts anew */
    const char *doom; /* why the session ends with this turn; NULL: it does not */
    unsigned odd_units;
    flight *flights; /* by sequence & mask */
    uint32_t mask;
    size_t in_flight;
    uint8_t *in, *out; /* sodium_malloc: they hold message text */
    size_t in_len, out_len, out_cap;
};

static void *needed(void *memory)
{
    if (memory == NULL)
        bug("out of memory");
    return memory;
}

smpp_link *smpp_link_open(const smpp_link_options *o, const smpp_link_events *e, int64_t now_ms)
{
    if (o->window < 1 || o->window > SMPP_LINK_MAX_WINDOW)
        bug("smpp window out of range");
    smpp_link *l = needed(calloc(1, sizeof *l));
    l->options = *o;
    l->events = *e;
    l->fd = -1;
    l->now_ms = l->wake_ms = now_ms;
    l->look_ms = INT64_MAX;
    l->mask = 1;
    while (l->mask <
           4 * o->window) /* sparse: a late answer must not hold up the numbers after it */
        l->mask <<= 1;
    l->mask--;
    l->flights = needed(calloc(l->mask + 1, sizeof *l->flights));
    l->out_cap = OUT_BASE_OCTETS + o->window * SUBMIT_OCTETS;
    l->in = needed(sodium_malloc(TEAL_SMPP_MAX_OCTETS));
    l->out = needed(sodium_malloc(l->out_cap));
    return l;
}

static bool put(smpp_link *l, const teal_smpp_pdu *pdu, teal_diag *why)
{
    teal_writer w = { l->out + l->out_len, l->out_cap - l->out_len, 0 };
    teal_result result = teal_smpp_encode(pdu, &w, why);
    if (result == TEAL_OK)
        l->out_len += w.len;
    return result == TEAL_OK;
}

/* Whatever the link says on its own account must fit: a centre that does not read is dead. */
static void say(smpp_link *l, const teal_smpp_pdu *pdu)
{
    teal_diag why = { 0 };
    if (!put(l, pdu, &why))
        l->doom = "centre-does-not-read";
}

static uint32_t next_sequence(smpp_link *l)
{
    do
        l->sequence = l->sequence >= LAST_SEQUENCE ? 1 : l->sequence + 1;
    while (l->flights[l->sequence & l->mask].sequence != 0);
    return l->sequence;
}

void smpp_link_close(smpp_link **link)
{
    smpp_link *l = *link;
    if (l == NULL)
        return;
    if (l->state == BOUND) {
        say(l, &(teal_smpp_pdu){ .command = TEAL_SMPP_UNBIND, .sequence = next_sequence(l) });
        smpp_link_flush(l);
    }
    if (l->fd >= 0)
        close(l->fd);
    dial_close(&l->dial);
    sodium_free(l->in); /* wipes */
    sodium_free(l->out);
    free(l->flights);
    free(l);
    *link = NULL;
}

static void wait_before_next(smpp_link *l)
{
    if (l->proved || l->backoff_ms == 0)
        l->backoff_ms = l->options.reconnect_first_ms;
    else
        l->backoff_ms *= 2;
    l->proved = false; /* said once, it does not count for attempts that reach nobody */
    if (l->backoff_ms > SMPP_LINK_RECONNECT_MAX_MS)
        l->backoff_ms = SMPP_LINK_RECONNECT_MAX_MS;
    /* Up to a quarter off, so that gateways do not all come back at once. */
    int64_t jitter = randombytes_uniform((uint32_t)(l->backoff_ms / 4 + 1));
    l->wake_ms = l->now_ms + l->backoff_ms - jitter;
    l->state = WAITING;
}

static void report_lost(smpp_link *l)
{
    for (uint32_t i = 0; i <= l->mask; i++) {
        if (l->flights[i].sequence == 0)
            continue;
        uint64_t token = l->flights[i].token;
        l->flights[i] = (flight){ 0 };
        l->in_flight--;
        l->events.lost(l->events.arg, token);
    }
}

static void end_session(smpp_link *l)
{
    bool was_bound = l->state == BOUND;
    char in_flight[24], wait[24];
    const char *why = l->doom;
    l->doom = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    dial_close(&l->dial);
    sodium_memzero(l->in, l->in_len);
    sodium_memzero(l->out, l->out_len);
    l->in_len = l->out_len = 0;
    l->look_ms = INT64_MAX;
    l->enquired_ms = 0;
    l->session++; /* tickets of this one are void */
    wait_before_next(l);
    log_event(LOG_WARN, was_bound ? "sms.unbound" : "sms.bind_failed", "reason", why, "in_flight",
              log_number(in_flight, (int64_t)l->in_flight), "retry_ms",
              log_number(wait, l->wake_ms - l->now_ms), NULL);
    report_lost(l);
    if (was_bound)
        l->events.unbound(l->events.arg);
}

static teal_bytes text_or_empty(const char *s)
{
    return s == NULL ? (teal_bytes){ 0 } : teal_text(s);
}

static void bind_to_centre(smpp_link *l)
{
    l->fd = dial_take(l->dial);
    dial_close(&l->dial);
    l->state = BINDING;
    l->since_ms = l->heard_ms = l->now_ms;
    l->odd_units = 0;
    teal_smpp_pdu bind = { .command = TEAL_SMPP_BIND_TRANSCEIVER, .sequence = next_sequence(l) };
    bind.bind = (teal_smpp_bind){ .system_id = text_or_empty(l->options.system_id),
                                  .password = text_or_empty(l->options.password),
                                  .system_type = text_or_empty(l->options.system_type),
                                  .interface_version = TEAL_SMPP_VERSION };
    teal_diag why = { 0 };
    if (!put(l, &bind, &why))
        l->doom = why.rule;
}

static void run_dial(smpp_link *l)
{
    switch (dial_run(l->dial)) {
    case DIAL_CONNECTED:
        bind_to_centre(l);
        break;
    case DIAL_FAILED:
        l->doom = dial_error(l->dial);
        break;
    case DIAL_CONNECTING:
        if (l->now_ms - l->since_ms >= l->options.response_ms)
            l->doom = "connect-timeout";
        break;
    case DIAL_RESOLVING: /* the resolver has its own time-outs */
        break;
    }
}

static void begin_dial(smpp_link *l)
{
    l->dial = dial_open(l->options.host, l->options.port);
    l->state = DIALING;
    l->since_ms = l->now_ms;
    run_dial(l);
}

static void on_bind_resp(smpp_link *l, const teal_smpp_pdu *pdu)
{
    if (l->state != BINDING)
        return;
    if (pdu->status != ESME_ROK) {
        l->doom = teal_smpp_status_name(pdu->status);
        return;
    }
    l->state = BOUND;
    l->since_ms = l->now_ms;
    log_event(LOG_INFO, "sms.bound", NULL);
    l->events.bound(l->events.arg);
}

static void slow_down(smpp_link *l)
{
    if (l->now_ms < l->paused_until_ms) /* answers to what was in flight already */
        return;
    l->pause_ms = l->pause_ms == 0 ? SMPP_LINK_PAUSE_FIRST_MS : l->pause_ms * 2;
    if (l->pause_ms > SMPP_LINK_PAUSE_MAX_MS)
        l->pause_ms = SMPP_LINK_PAUSE_MAX_MS;
    l->paused_until_ms = l->now_ms + l->pause_ms;
    char pause[24];
    log_event(LOG_INFO, "sms.throttled", "pause_ms", log_number(pause, l->pause_ms), NULL);
}

static void on_submit_answered(smpp_link *l, uint32_t sequence, uint32_t status, teal_bytes id)
{
    flight *f = &l->flights[sequence & l->mask];
    if (sequence == 0 || f->sequence != sequence) /* answers nothing of ours */
        return;
    uint64_t token = f->token;
    *f = (flight){ 0 };
    l->in_flight--;
    if (teal_smpp_status_class(status) == TEAL_SMPP_CLASS_THROTTLED)
        slow_down(l);
    else if (status == ESME_ROK && l->now_ms >= l->paused_until_ms)
        l->pause_ms = 0;
    l->events.answered(l->events.arg, token, status, id);
}

static void on_nack(smpp_link *l, const teal_smpp_pdu *pdu)
{
    if (l->state == BINDING) {
        l->doom = "bind-not-understood";
        return;
    }
    /* A nack without a fault is still no success. */
    uint32_t status = pdu->status == ESME_ROK ? (uint32_t)ESME_RUNKNOWNERR : pdu->status;
    on_submit_answered(l, pdu->sequence, status, (teal_bytes){ 0 });
}

static void on_deliver(smpp_link *l, const teal_smpp_pdu *pdu)
{
    smpp_link_ticket ticket = { l->session, pdu->sequence, pdu->command | TEAL_SMPP_RESP };
    if (l->state == BOUND)
        l->events.delivered(l->events.arg, ticket, pdu);
    else
        say(l, &(teal_smpp_pdu){ .command = ticket.command,
                                 .status = ESME_RINVBNDSTS,
                                 .sequence = pdu->sequence });
}

static void refuse_unit(smpp_link *l, const teal_smpp_pdu *pdu, uint32_t status)
{
    say(l, &(teal_smpp_pdu){
               .command = TEAL_SMPP_GENERIC_NACK, .status = status, .sequence = pdu->sequence });
}

static void answer_plainly(smpp_link *l, const teal_smpp_pdu *pdu)
{
    say(l, &(teal_smpp_pdu){ .command = pdu->command | TEAL_SMPP_RESP, .sequence = pdu->sequence });
}

static void on_unit(smpp_link *l, const teal_smpp_pdu *pdu)
{
    switch (pdu->command) {
    case TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP:
        on_bind_resp(l, pdu);
        return;
    case TEAL_SMPP_SUBMIT_SM | TEAL_SMPP_RESP:
        on_submit_answered(l, pdu->sequence, pdu->status, pdu->id);
        break;
    case TEAL_SMPP_GENERIC_NACK:
        on_nack(l, pdu);
        break;
    case TEAL_SMPP_DELIVER_SM:
    case TEAL_SMPP_DATA_SM:
        on_deliver(l, pdu);
        break;
    case TEAL_SMPP_OUTBIND:
    case TEAL_SMPP_ALERT_NOTIFICATION: /* have no answer, and change nothing here */
        break;
    case TEAL_SMPP_ENQUIRE_LINK:
        answer_plainly(l, pdu);
        break;
    case TEAL_SMPP_ENQUIRE_LINK | TEAL_SMPP_RESP:
        break;
    case TEAL_SMPP_UNBIND:
        answer_plainly(l, pdu);
        smpp_link_flush(l);
        l->doom = "centre-unbinds";
        return;
    case TEAL_SMPP_BIND_RECEIVER:
    case TEAL_SMPP_BIND_TRANSMITTER:
    case TEAL_SMPP_BIND_TRANSCEIVER:
        refuse_unit(l, pdu, ESME_RINVBNDSTS);
        break;
    default: /* another response: to nothing that we asked; a request: not ours to serve */
        if ((pdu->command & TEAL_SMPP_RESP) == 0)
            refuse_unit(l, pdu, ESME_RINVCMDID);
        break;
    }
    l->proved = true;
}

/* A unit that has a length, but not the rest of its grammar. */
static void on_odd_unit(smpp_link *l, teal_bytes unit, teal_result result, const teal_diag *why)
{
    const teal_smpp_pdu head = teal_smpp_head(unit);
    log_event(LOG_WARN, "sms.unit_refused", "command", teal_smpp_command_name(head.command), "why",
              why->rule, NULL);
    bool response = (head.command & TEAL_SMPP_RESP) != 0;
    if (result == TEAL_UNSUPPORTED && !response)
        refuse_unit(l, &head, ESME_RINVCMDID);
    else if (!response)
        refuse_unit(l, &head, ESME_RINVCMDLEN);
    else if (result != TEAL_UNSUPPORTED)
        l->doom = "response-malformed"; /* what it answered is of unknown outcome */
    if (++l->odd_units > MAX_ODD_UNITS)
        l->doom = "too-many-odd-units";
}

static void read_units(smpp_link *l)
{
    teal_bytes stream = { l->in, l->in_len };
    teal_bytes unit;
    teal_diag why = { 0 };
    teal_result result = TEAL_MORE;
    while (l->doom == NULL && (result = teal_smpp_frame(stream, &unit, &why)) == TEAL_OK) {
        teal_smpp_pdu pdu;
        l->heard_ms = l->now_ms;
        l->enquired_ms = 0;
        result = teal_smpp_decode(unit, &pdu, &why);
        if (result == TEAL_OK)
            on_unit(l, &pdu);
        else
            on_odd_unit(l, unit, result, &why);
        stream.at += unit.len;
        stream.len -= unit.len;
    }
    if (l->doom == NULL && result != TEAL_MORE)
        l->doom = "unit-length-impossible";
    size_t used = l->in_len - stream.len;
    memmove(l->in, stream.at, stream.len);
    sodium_memzero(l->in + stream.len, used);
    l->in_len = stream.len;
}

static void receive(smpp_link *l)
{
    ssize_t n = recv(l->fd, l->in + l->in_len, TEAL_SMPP_MAX_OCTETS - l->in_len, MSG_DONTWAIT);
    if (n == 0)
        l->doom = "centre-closed";
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        l->doom = "connection-broken";
    if (n > 0) {
        l->in_len += (size_t)n;
        read_units(l);
    }
}

static void look_for_overdue(smpp_link *l)
{
    int64_t oldest = INT64_MAX;
    for (uint32_t i = 0; i <= l->mask; i++)
        if (l->flights[i].sequence != 0 && l->flights[i].sent_ms < oldest)
            oldest = l->flights[i].sent_ms;
    l->look_ms = oldest == INT64_MAX ? INT64_MAX : oldest + l->options.response_ms;
    if (l->look_ms <= l->now_ms)
        l->doom = "submit-timeout";
}

static void mind_timers(smpp_link *l)
{
    if (l->state == BINDING && l->now_ms - l->since_ms >= l->options.response_ms)
        l->doom = "bind-timeout";
    if (l->state != BOUND)
        return;
    if (l->now_ms >= l->look_ms)
        look_for_overdue(l);
    if (l->enquired_ms != 0 && l->now_ms - l->enquired_ms >= l->options.response_ms)
        l->doom = "enquire-timeout";
    if (l->enquired_ms == 0 && l->now_ms - l->heard_ms >= l->options.enquire_ms) {
        say(l, &(teal_smpp_pdu){ .command = TEAL_SMPP_ENQUIRE_LINK, .sequence = next_sequence(l) });
        l->enquired_ms = l->now_ms;
    }
}

int64_t smpp_link_due_ms(const smpp_link *l)
{
    int64_t due = INT64_MAX;
    if (l->doom != NULL)
        return l->now_ms;
    switch (l->state) {
    case WAITING:
        return l->wake_ms;
    case DIALING:
        if (dial_where(l->dial) != DIAL_CONNECTING)
            return l->now_ms + DIAL_RESOLVE_POLL_MS;
        return l->since_ms + l->options.response_ms;
    case BINDING:
        return l->since_ms + l->options.response_ms;
    case BOUND:
        due = l->enquired_ms != 0 ? l->enquired_ms + l->options.response_ms
                                  : l->heard_ms + l->options.enquire_ms;
        if (l->look_ms < due)
            due = l->look_ms;
        if (l->paused_until_ms > l->now_ms && l->paused_until_ms < due)
            due = l->paused_until_ms; /* its owner has messages to go on with */
        break;
    }
    return due;
}

void smpp_link_poll(const smpp_link *l, struct pollfd *p)
{
    *p = (struct pollfd){ .fd = l->fd, .events = POLLIN };
    if (l->state == DIALING)
        *p = (struct pollfd){ .fd = dial_fd(l->dial), .events = POLLOUT };
    else if (l->out_len > 0)
        p->events = POLLIN | POLLOUT;
}

void smpp_link_run(smpp_link *l, short revents, int64_t now_ms)
{
    l->now_ms = now_ms;
    if (l->state == WAITING && now_ms >= l->wake_ms)
        begin_dial(l);
    else if (l->state == DIALING)
        run_dial(l);
    if (l->state == BINDING || l->state == BOUND) {
        if (l->doom == NULL && (revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            receive(l);
        if (l->doom == NULL)
            mind_timers(l);
    }
    smpp_link_flush(l);
    if (l->doom != NULL)
        end_session(l);
}

void smpp_link_flush(smpp_link *l)
{
    if (l->fd < 0 || l->out_len == 0)
        return;
    ssize_t n = send(l->fd, l->out, l->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR && l->doom == NULL)
            l->doom = "connection-broken";
        return;
    }
    size_t left = l->out_len - (size_t)n;
    memmove(l->out, l->out + n, left);
    sodium_memzero(l->out + left, (size_t)n);
    l->out_len = left;
}

bool smpp_link_is_bound(const smpp_link *l)
{
    return l->state == BOUND && l->doom == NULL;
}

int64_t smpp_link_pause_ms(const smpp_link *l, int64_t now_ms)
{
    return now_ms < l->paused_until_ms ? l->paused_until_ms - now_ms : 0;
}

size_t smpp_link_room(const smpp_link *l, int64_t now_ms)
{
    if (!smpp_link_is_bound(l) || now_ms < l->paused_until_ms)
        return 0;
    size_t window = l->options.window - l->in_flight;
    size_t space = (l->out_cap - l->out_len) / SUBMIT_OCTETS;
    return window < space ? window : space;
}

size_t smpp_link_in_flight(const smpp_link *l)
{
    return l->in_flight;
}

bool smpp_link_submit(smpp_link *l, const teal_smpp_message *m, uint64_t token, int64_t now_ms,
                      teal_diag *why)
{
    *why = (teal_diag){ 0 };
    if (smpp_link_room(l, now_ms) == 0)
        return false;
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_SUBMIT_SM,
                          .sequence = next_sequence(l),
                          .message = *m };
    if (!put(l, &pdu, why))
        return false;
    l->flights[pdu.sequence & l->mask] = (flight){ pdu.sequence, token, now_ms };
    l->in_flight++;
    if (l->look_ms == INT64_MAX)
        l->look_ms = now_ms + l->options.response_ms;
    return true;
}

bool smpp_link_answer(smpp_link *l, smpp_link_ticket ticket, uint32_t status)
{
    if (!smpp_link_is_bound(l) || ticket.session != l->session)
        return false;
    say(l, &(teal_smpp_pdu){
               .command = ticket.command, .status = status, .sequence = ticket.sequence });
    return l->doom == NULL;
}
