/* Attempts; see attempt.h. Must never fall back after an attempt whose outcome is unknown: the peer
 * may have the message, and one message reaches one recipient by one path (I7). Such a delivery is
 * in doubt, and so are those of the other recipients that the POST was for. REQ-MSG-15, -16. */
#include "gateway/core/attempt.h"

#include "gateway/core/delivery.h"
#include "gateway/core/parcel.h"
#include "gateway/core/receipts.h"
#include "gateway/core/room_client.h"
#include "gateway/core/state.h"
#include "gateway/core/waker.h"

#include <sodium.h>

enum { MAX_RETRY_AFTER_MS = 60 * 60 * 1000 }; /* of what a peer asks for */

int64_t attempt_pause_ms(const config *c, unsigned n)
{
    int64_t pause_ms = c->retry_first_ms;
    for (; n > 0 && pause_ms < c->retry_max_ms; n--)
        pause_ms *= 2;
    if (pause_ms > c->retry_max_ms)
        pause_ms = c->retry_max_ms;
    if (pause_ms > UINT32_MAX)
        pause_ms = UINT32_MAX;
    return pause_ms - randombytes_uniform((uint32_t)(pause_ms / 2) + 1);
}

void attempt_judge_peer(attempt_peer *p, const rcs_http_answer *answer, int64_t now_ms)
{
    if (!answer->peer_fails) {
        p->failures = 0;
        return;
    }
    int64_t pause_ms = attempt_pause_ms(p->c->parts.config, p->failures++);
    int64_t asked_ms = answer->retry_after_ms;
    if (asked_ms > MAX_RETRY_AFTER_MS)
        asked_ms = MAX_RETRY_AFTER_MS;
    p->paused_until_ms = now_ms + (asked_ms > pause_ms ? asked_ms : pause_ms);
}

/* ---- doubt ---- */

/* Inside a transaction: of all that one POST for that message speaks for. */
static store_result spread_doubt(store *s, const store_delivery *d, bool doubt, teal_arena *arena)
{
    size_t n = 0;
    store_delivery *all = teal_arena_take(arena, TEAL_MAX_RECIPIENTS * sizeof *all);
    if (all == NULL)
        return STORE_SPACE;
    store_result result = parcel_recipients(s, d->message_seq, d->network, arena, all, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++) {
        if (all[i].state != STATE_WAITING || delivery_in_doubt(&all[i]) == doubt)
            continue;
        delivery_set_doubt(&all[i], doubt);
        result = s->ops->update_delivery(s, &all[i]);
    }
    return result;
}

typedef struct announcement {
    core *c;
    const store_delivery *d;
    bool waits;
} announcement;

static store_result announce(store *s, void *arg)
{
    announcement *a = arg;
    store_delivery now;
    teal_arena *arena = core_scratch(a->c);
    store_result result = s->ops->get_delivery(s, a->d->id, arena, &now);
    a->waits = result == STORE_OK && now.state == STATE_WAITING && now.path == PATH_RCS;
    return a->waits ? spread_doubt(s, &now, true, arena) : result;
}

/* What could fall back is in doubt from before the first octet until the answer is durable: else
 * a process that dies in between would forget that the peer may have it. False: not now. */
static bool may_post(attempt_peer *p, const attempt *a, const teal_envelope *e)
{
    announcement it = { .c = p->c, .d = &a->d };
    if (!e->has_downgrade || e->downgrade.when != TEAL_OR_FAILED || delivery_in_doubt(&a->d))
        return true;
    return writer_do(p->c->parts.writer, announce, &it) == STORE_OK && it.waits;
}

/* ---- what fails ---- */

/* The lower path that the consent allows now that this one fails; PATH_NONE: none (yet). That the
 * peer fails is the same for its plain path, so SMS is what is left. */
static store_result find_fallback(attempt_peer *p, const teal_envelope *e, const store_delivery *d,
                                  int64_t now_ms, teal_arena *arena, store_path *path)
{
    uint8_t key[TEAL_GATEWAY_KEY_BYTES];
    teal_consent consent = e->downgrade;
    store *s = p->reader;
    policy_case c = {
        .kind = e->kind,
        .consent = e->has_downgrade ? &consent : NULL,
        .has_rcs = true,
        .has_sms = config_reaches_sms(p->c->parts.config, d->recipient),
        .better_failed = true,
        .failing_since_ms = d->failing_since_ms,
        .gateway_key =
            room_client_key_id(p->c->room, consent.gateway_key, now_ms, key) ? key : NULL,
        .now_ms = now_ms,
    };
    *path = PATH_NONE;
    store_result result =
        s->ops->get_fallback(s, d->message_seq, arena, &consent.enc, &consent.sealed);
    if (result == STORE_OK || result == STORE_NONE)
        result = s->ops->seen_e2ee(s, e->conversation_id, d->recipient, &c.e2ee_before);
    if (result != STORE_OK)
        return result;
    policy_answer answer = policy_decide(&c);
    if (answer.verdict == POLICY_GO)
        *path = answer.path;
    return STORE_OK;
}

/* Where the consent waits for failure: decides at the time that it names, not at the next
 * attempt. */
static void consider_fallback(attempt_peer *p, const teal_envelope *e, store_delivery *d,
                              int64_t now_ms, teal_arena *arena)
{
    store_path path;
    if (!e->has_downgrade || e->downgrade.when != TEAL_OR_FAILED || d->failing_since_ms <= 0)
        return;
    int64_t time_ms = d->failing_since_ms + (int64_t)e->downgrade.failed_after_ms;
    if (time_ms > now_ms) {
        if (time_ms < d->due_ms)
            d->due_ms = time_ms;
    } else if (find_fallback(p, e, d, now_ms, arena, &path) == STORE_OK && path != PATH_NONE) {
        d->path = path;
        d->network = teal_text(CORE_SMS);
        d->due_ms = now_ms;
    }
}

static void log_retry(const attempt_peer *p, const store_delivery *d, const char *why)
{
    char id[24], attempts[24];
    log_event(LOG_WARN, "queue.retry", "peer", p->peer->name, "delivery", log_number(id, d->id),
              "attempts", log_number(attempts, d->attempts), "why", why, NULL);
}

/* tried: an attempt was made, rather than none because the peer is paused. */
static void fail(attempt_peer *p, attempt *a, const teal_envelope *e, bool tried, bool unknown,
                 int64_t now_ms, teal_arena *arena)
{
    store_delivery *d = &a->d;
    a->end = ATTEMPT_WAITS;
    d->due_ms = now_ms;
    if (tried)
        d->due_ms += attempt_pause_ms(p->c->parts.config, d->attempts++);
    if (d->due_ms < p->paused_until_ms)
        d->due_ms = p->paused_until_ms;
    if (unknown)
        delivery_set_doubt(d, true);
    else if (d->failing_since_ms == 0)
        d->failing_since_ms = now_ms;
    consider_fallback(p, e, d, now_ms, arena);
}

/* ---- one attempt ---- */

static void end(attempt *a, attempt_end how, const char *reason)
{
    a->end = how;
    a->reason = reason;
}

/* REQ-MSG-9, the far side's: what is remembered of these recipients is old. */
static void forget_recipients(attempt_peer *p, const teal_envelope *e)
{
    for (size_t i = 0; i < e->n_recipients; i++)
        if (networks_for(p->view, e->recipients[i]) == p->peer)
            directory_forget(p->c->parts.directory, e->recipients[i]);
}

static void post(attempt_peer *p, attempt *a, const teal_envelope *e, teal_bytes cpim,
                 int64_t now_ms, teal_arena *arena)
{
    rcs_http_answer answer;
    if (!may_post(p, a, e)) {
        a->d.due_ms = now_ms + WAKER_SOON_MS;
        return;
    }
    a->posted = true;
    rcs_http_post(p->link, cpim, &answer);
    attempt_judge_peer(p, &answer, now_ms);
    switch (answer.outcome) {
    case RCS_HTTP_TAKEN:
        end(a, ATTEMPT_SENT, "");
        return;
    case RCS_HTTP_KEYS_STALE:
        forget_recipients(p, e);
        end(a, ATTEMPT_REFUSED, "keys-stale");
        return;
    case RCS_HTTP_REFUSED:
        end(a, ATTEMPT_REFUSED, "peer-refused");
        return;
    case RCS_HTTP_FAILED:
    case RCS_HTTP_UNKNOWN:
        fail(p, a, e, true, answer.outcome == RCS_HTTP_UNKNOWN, now_ms, arena);
        log_retry(p, &a->d, answer.why);
        return;
    }
    bug("rcs_http_outcome out of range");
}

static void send_parcel(attempt_peer *p, attempt *a, const teal_envelope *e, int64_t now_ms,
                        teal_arena *arena)
{
    teal_bytes cpim;
    switch (parcel_make(p->c, p->reader, e, &a->d, now_ms, arena, &cpim)) {
    case PARCEL_READY:
        post(p, a, e, cpim, now_ms, arena);
        return;
    case PARCEL_STALE:
        end(a, ATTEMPT_STALE, "keys-stale");
        return;
    case PARCEL_UNREACHABLE:
        fail(p, a, e, true, false, now_ms, arena);
        log_retry(p, &a->d, "its network cannot be asked");
        return;
    case PARCEL_FAILED:
        a->d.due_ms = now_ms + WAKER_SOON_MS;
        return;
    }
    bug("parcel_result out of range");
}

void attempt_make(attempt_peer *p, attempt *a, int64_t now_ms, teal_arena *arena)
{
    store_message m;
    teal_envelope e;
    size_t mark = arena->used;
    a->end = ATTEMPT_WAITS;
    if (p->reader->ops->get_message(p->reader, a->d.message_seq, arena, &m) != STORE_OK ||
        teal_envelope_decode(m.envelope, arena, &e, NULL) != TEAL_OK) {
        log_event(LOG_ERROR, "queue.unreadable", "peer", p->peer->name, NULL);
        a->d.due_ms = now_ms + WAKER_SOON_MS;
    } else if (m.expires_ms <= now_ms) { /* not to be delivered any more: expiry will end it */
        a->d.due_ms = now_ms + WAKER_SOON_MS;
    } else if (now_ms < p->paused_until_ms) {
        fail(p, a, &e, false, false, now_ms, arena);
    } else {
        send_parcel(p, a, &e, now_ms, arena);
    }
    arena->used = mark;
}

/* ---- the transaction ---- */

typedef struct settlement {
    attempt_peer *p;
    const attempt *all;
    size_t n;
    int64_t now_ms;
    news news;
} settlement;

static store_result end_one(settlement *t, store *s, const store_message *m, store_delivery *d,
                            const attempt *a, teal_arena *arena)
{
    bool sent = a->end == ATTEMPT_SENT;
    receipt_fact fact = { sent ? TEAL_STATUS_SENT : TEAL_STATUS_UNDELIVERABLE,
                          a->end == ATTEMPT_STALE ? PATH_NONE : PATH_RCS, a->reason };
    store_result result =
        delivery_end(t->p->c, s, m, d, sent ? STATE_SENT : STATE_FAILED, arena, &t->news);
    if (result == STORE_OK)
        result = receipts_state(t->p->c, s, m, d->recipient, &fact, t->now_ms, &t->news);
    return result;
}

/* One POST speaks for all recipients that the message has on that peer. */
static store_result end_all(settlement *t, store *s, const store_message *m, const attempt *a,
                            teal_arena *arena)
{
    size_t n = 0;
    store_delivery *all = teal_arena_take(arena, TEAL_MAX_RECIPIENTS * sizeof *all);
    if (all == NULL)
        return STORE_SPACE;
    store_result result = parcel_recipients(s, m->seq, teal_text(t->p->peer->name), arena, all, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++)
        if (all[i].state == STATE_WAITING && (a->end != ATTEMPT_STALE || all[i].id == a->d.id))
            result = end_one(t, s, m, &all[i], a, arena);
    return result;
}

static store_result wait_on(settlement *t, store *s, const store_delivery *now, const attempt *a,
                            teal_arena *arena)
{
    bool doubt = delivery_in_doubt(&a->d);
    store_result result = STORE_OK;
    if (delivery_in_doubt(now) != doubt)
        result = spread_doubt(s, now, doubt, arena);
    if (a->d.path != PATH_RCS)
        news_of_queue(&t->news, t->p->c, a->d.path, a->d.network);
    return result == STORE_OK ? s->ops->update_delivery(s, &a->d) : result;
}

static store_result settle_one(settlement *t, store *s, const attempt *a, teal_arena *arena)
{
    store_delivery now;
    store_message m;
    store_result result = s->ops->get_delivery(s, a->d.id, arena, &now);
    if (result != STORE_OK || now.state != STATE_WAITING || now.path != PATH_RCS)
        return result; /* it has expired meanwhile, or another POST of the batch spoke for it */
    if (a->end == ATTEMPT_WAITS)
        return wait_on(t, s, &now, a, arena);
    result = s->ops->get_message(s, now.message_seq, arena, &m);
    return result == STORE_OK ? end_all(t, s, &m, a, arena) : result;
}

static store_result settle(store *s, void *arg)
{
    settlement *t = arg;
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < t->n; i++)
        result = settle_one(t, s, &t->all[i], core_scratch(t->p->c));
    return result;
}

store_result attempt_settle(attempt_peer *p, const attempt *all, size_t n, int64_t now_ms)
{
    settlement t = { .p = p, .all = all, .n = n, .now_ms = now_ms };
    store_result result = writer_do(p->c->parts.writer, settle, &t);
    if (result == STORE_OK)
        news_tell(&t.news, p->c);
    else
        news_drop(&t.news);
    return result;
}
