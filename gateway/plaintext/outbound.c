/* Admission of Submits, Leaving and Go, and the ends of jobs. The legs do the sending. */
#include "gateway/plaintext/outbound.h"

#include "codecs/sms/segment.h"
#include "gateway/plaintext/compose.h"
#include "gateway/plaintext/plain_leg.h"
#include "gateway/plaintext/reports.h"
#include "gateway/plaintext/sms_leg.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    MIN_SMS_TEXTS = 64, /* on their way at once, at least: the edge commits them in batches */
    PLAIN_TEXTS = 32,
    MAX_WAITING = 4096, /* Submits without a slot */
    MAX_WAITING_BYTES = 16 << 20,
    GO_TIMEOUT_MS = 60000, /* text is not kept longer for an edge that does not answer */
    LINK_DOWN_RETRY_MS = 2000,
    BUSY_RETRY_MS = 1000,
    MALFORMED_RETRY_MS = 60000,
};

static void *needed(void *memory)
{
    if (memory == NULL)
        bug("out of memory");
    return memory;
}

outbound *outbound_open(const config *c, const keys_room *keys)
{
    outbound *o = needed(calloc(1, sizeof *o));
    const request_signer signer = { .kind = REQUEST_KEY, .sk = keys->device.sk };
    size_t sms_texts = 4 * (size_t)c->sms_window;
    jobs_open(&o->jobs);
    if (c->sms_host != NULL)
        o->sms_texts = vault_open(sms_texts > MIN_SMS_TEXTS ? sms_texts : MIN_SMS_TEXTS,
                                  c->sms_max_segments * sizeof(teal_segment));
    if (c->n_peers > 0)
        o->plain_texts = vault_open(PLAIN_TEXTS, COMPOSE_PLAIN_BYTES);
    o->desk = compose_open();
    o->arena = needed(malloc(EVIDENCE_ARENA_BYTES));
    o->courier = courier_open(c, &signer, PLAIN_TEXTS);
    o->departed = departed_open();
    o->sms_waiting.last = &o->sms_waiting.first;
    o->plain_waiting.last = &o->plain_waiting.first;
    randombytes_buf(&o->next_concat_ref, sizeof o->next_concat_ref);
    return o;
}

static outbound_waiting *take_waiting(outbound *o, outbound_queue *q)
{
    outbound_waiting *w = q->first;
    q->first = w->next;
    if (q->first == NULL)
        q->last = &q->first;
    o->n_waiting--;
    o->waiting_bytes -= w->len;
    return w;
}

void outbound_forget_waiting(room *r)
{
    outbound *o = r->outbound;
    while (o->sms_waiting.first != NULL)
        free(take_waiting(o, &o->sms_waiting));
    while (o->plain_waiting.first != NULL)
        free(take_waiting(o, &o->plain_waiting));
}

void outbound_close(room *r)
{
    outbound *o = r->outbound;
    courier_close(&o->courier); /* its threads read texts */
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (o->jobs.slots[i] == NULL)
            continue;
        notices_drop(&r->notices, &o->jobs.slots[i]->notice);
        jobs_free(&o->jobs, o->jobs.slots[i]);
    }
    outbound_forget_waiting(r);
    vault_close(&o->sms_texts);
    vault_close(&o->plain_texts);
    compose_close(&o->desk);
    departed_close(&o->departed);
    free(o->arena);
    free(o);
    r->outbound = NULL;
}

static Teal__V1__RoomFrame frame_of(Teal__V1__RoomFrame__FrameCase which)
{
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = which;
    return frame;
}

/* What has been Leaving is remembered until it is taken or sent again, because the edge's store
 * says that it leaves. What never was is only told: in the edge's store it waits. */
static void say_deferred(room *r, uint64_t ref, const char *reason, int64_t retry_after_ms,
                         job *remembered)
{
    Teal__V1__Deferred deferred = TEAL__V1__DEFERRED__INIT;
    deferred.ref = ref;
    deferred.job = remembered != NULL ? remembered->number : 0;
    deferred.reason = (char *)(uintptr_t)reason;
    deferred.retry_after_ms = (uint64_t)retry_after_ms;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_DEFERRED);
    frame.deferred = &deferred;
    if (remembered != NULL)
        notices_put(&r->notices, &remembered->notice, &frame);
    else
        notices_tell(&r->notices, &frame);
}

static void say_leaving(room *r, job *j)
{
    Teal__V1__Leaving leaving = TEAL__V1__LEAVING__INIT;
    leaving.ref = j->ref;
    leaving.job = j->number;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_LEAVING);
    frame.leaving = &leaving;
    notices_put(&r->notices, &j->notice, &frame);
}

static void say_done(room *r, job *j, statement_bytes *receipt)
{
    char *ids[TEAL_SEGMENTS_MAX];
    Teal__V1__Done done = TEAL__V1__DONE__INIT;
    done.ref = j->ref;
    done.job = j->number;
    done.receipt = (ProtobufCBinaryData){ receipt->len, receipt->at };
    if (j->path == PATH_SMS && j->left) {
        done.remote_ids = ids;
        done.n_remote_ids = j->n_parts;
        for (size_t i = 0; i < j->n_parts; i++)
            ids[i] = j->parts[i].id; /* empty for a part that has none: one a segment */
    }
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_DONE);
    frame.done = &done;
    notices_put(&r->notices, &j->notice, &frame);
}

void outbound_drop_text(room *r, job *j)
{
    if (j->text != NULL)
        vault_give_back(j->path == PATH_SMS ? r->outbound->sms_texts : r->outbound->plain_texts,
                        j->text);
    j->text = NULL;
}

static void enter(room *r, job *j, job_state state, job *list)
{
    j->state = state;
    j->since_ms = r->clock_ms;
    jobs_list(list, j);
}

void outbound_end(room *r, job *j, teal_status status, const char *reason)
{
    statement s = { .status = status,
                    .level = j->left ? j->level : TEAL_LEVEL_NONE,
                    .reason = reason,
                    .segments = j->left && j->path == PATH_SMS ? (uint32_t)j->n_parts : 0 };
    statement_bytes receipt;
    outbound_drop_text(r, j);
    statement_sign(r, &j->subject, &s, &receipt);
    enter(r, j, JOB_ENDED, NULL);
    say_done(r, j, &receipt);
    if (status == TEAL_STATUS_SENT && j->path == PATH_SMS)
        reports_sent(r, j, (teal_bytes){ receipt.at, receipt.len });
}

void outbound_defer(room *r, job *j, const char *reason, int64_t retry_after_ms)
{
    if (j->left)
        bug("what has left cannot be deferred");
    if (j->state == JOB_SENDING)
        departed_drop(r->outbound->departed, &j->subject.transcript_hash, j->subject.recipient);
    outbound_drop_text(r, j);
    enter(r, j, JOB_DEFERRED, &r->outbound->jobs.deferred);
    say_deferred(r, j->ref, reason, retry_after_ms, j);
}

static void forget(room *r, job *j)
{
    outbound_drop_text(r, j);
    notices_drop(&r->notices, &j->notice);
    jobs_free(&r->outbound->jobs, j);
}

static job *make_job(room *r, uint64_t ref)
{
    jobs *js = &r->outbound->jobs;
    uint64_t number = room_new_ref(r);
    job *j = jobs_make(js, ref, number);
    if (j == NULL && js->deferred.next != &js->deferred) {
        forget(r, js->deferred.next); /* the edge will find out when it asks again */
        j = jobs_make(js, ref, number);
    }
    return j;
}

static teal_bytes keep(uint8_t *names, size_t *used, teal_bytes name)
{
    teal_bytes kept = { names + *used, name.len };
    memcpy(names + *used, name.at, name.len);
    *used += name.len;
    return kept;
}

static void limit(job *j, uint64_t until_ms, const char *lapse)
{
    if (until_ms >= (uint64_t)j->valid_until_ms)
        return;
    j->valid_until_ms = (int64_t)until_ms;
    j->lapse = lapse;
}

/* Lengths were checked with the envelope. */
static void fill(const room *r, job *j, const evidence *e)
{
    const teal_envelope *env = &e->envelope;
    size_t used = 0;
    j->subject.message_id = keep(j->names, &used, env->message_id);
    j->subject.sender = keep(j->names, &used, env->sender);
    j->subject.recipient = keep(j->names, &used, e->recipient);
    j->subject.transcript_hash = e->transcript_hash;
    memcpy(j->account_key, e->account_key, sizeof j->account_key);
    j->path = e->path;
    j->level = e->level;
    j->peer = e->peer;
    j->valid_until_ms =
        r->now_ms + r->config->give_up_after_ms; /* for a link that only throttles */
    j->lapse = "expired";
    if (env->expires_at_ms != 0)
        limit(j, env->expires_at_ms, "expired");
    if (env->has_downgrade)
        limit(j, env->downgrade.expires_at_ms, "consent-expired");
}

/* The evidence holds: opens the text and asks whether it may leave. */
static void prepare(room *r, job *j, const evidence *e)
{
    outbound *o = r->outbound;
    j->text = vault_take(j->path == PATH_SMS ? o->sms_texts : o->plain_texts);
    if (j->text == NULL)
        bug("no slot, after one was found free");
    const char *code = compose_text(r, o->desk, e, o->next_concat_ref++, j);
    if (code != NULL) {
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, code);
        return;
    }
    j->parts = needed(calloc(j->n_parts, sizeof *j->parts));
    enter(r, j, JOB_ASKED, &o->jobs.asked);
    say_leaving(r, j);
}

static void admit_again(room *r, job *j, evidence_verdict verdict, const char *reason)
{
    j->left = verdict == EVIDENCE_HOLDS;
    if (verdict == EVIDENCE_HOLDS)
        outbound_end(r, j, TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown");
    else
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, reason);
}

/* *again: it has left once, by the edge's word or by what is remembered here. Then time and paths
 * do not count any more, so it is weighed as that. */
static evidence_verdict weigh(room *r, const Teal__V1__Submit *s, evidence *e, bool *again,
                              const char **reason)
{
    outbound *o = r->outbound;
    teal_arena arena = { o->arena, EVIDENCE_ARENA_BYTES, 0 };
    evidence_verdict verdict = EVIDENCE_ABSENT;
    *again = s->left_before;
    if (!*again) {
        verdict = evidence_weigh(r, s, &arena, e, reason);
        *again = verdict != EVIDENCE_ABSENT &&
                 departed_has(o->departed, &e->transcript_hash, e->recipient);
    }
    arena.used = 0;
    return *again ? evidence_recall(r, s, &arena, e, reason) : verdict;
}

/* A slot for its path is free. */
static void admit(room *r, const Teal__V1__Submit *s)
{
    evidence e;
    bool again;
    const char *reason = "";
    evidence_verdict verdict = weigh(r, s, &e, &again, &reason);
    job *j = verdict == EVIDENCE_ABSENT ? NULL : make_job(r, s->ref);
    if (verdict == EVIDENCE_ABSENT)
        say_deferred(r, s->ref, "submit-malformed", MALFORMED_RETRY_MS, NULL);
    else if (j == NULL)
        say_deferred(r, s->ref, "room-busy", BUSY_RETRY_MS, NULL);
    if (j == NULL)
        return;
    fill(r, j, &e);
    if (again)
        admit_again(r, j, verdict, reason);
    else if (verdict == EVIDENCE_REFUSES)
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, reason);
    else
        prepare(r, j, &e);
}

/* Why a message on that path cannot even be considered now; NULL: it can. */
static const char *hindrance(const room *r, bool sms, int64_t *retry_after_ms)
{
    *retry_after_ms = LINK_DOWN_RETRY_MS;
    if (r->stopping)
        return "room-stops";
    if (!sms || r->link == NULL) /* without a link the evidence refuses it, for good */
        return NULL;
    if (!smpp_link_is_bound(r->link))
        return "sms-link-down";
    *retry_after_ms = smpp_link_pause_ms(r->link, r->clock_ms);
    return *retry_after_ms > 0 ? "sms-throttled" : NULL;
}

static bool has_slot(const outbound *o, bool sms)
{
    const vault *texts = sms ? o->sms_texts : o->plain_texts;
    return texts == NULL || vault_left(texts) > 0;
}

static bool is_sms(const Teal__V1__Submit *s)
{
    return strcmp(s->path, "plain") != 0;
}

static outbound_queue *queue_of(outbound *o, bool sms)
{
    return sms ? &o->sms_waiting : &o->plain_waiting;
}

static void wait_for_slot(room *r, const Teal__V1__Submit *s)
{
    outbound *o = r->outbound;
    outbound_queue *q = queue_of(o, is_sms(s));
    size_t len = teal__v1__submit__get_packed_size(s);
    if (o->n_waiting >= MAX_WAITING || len > MAX_WAITING_BYTES - o->waiting_bytes) {
        say_deferred(r, s->ref, "room-busy", BUSY_RETRY_MS, NULL);
        return;
    }
    outbound_waiting *w = needed(malloc(sizeof *w + len));
    *w = (outbound_waiting){ .len = len };
    teal__v1__submit__pack(s, w->submit);
    *q->last = w;
    q->last = &w->next;
    o->n_waiting++;
    o->waiting_bytes += len;
}

/* Whether the ref is free for a new Submit; frees it where nothing has left under it. */
static bool make_way(room *r, uint64_t ref)
{
    job *j = jobs_find(&r->outbound->jobs, ref);
    if (j == NULL)
        return true;
    switch (j->state) {
    case JOB_ASKED:
    case JOB_DEFERRED:
        forget(r, j);
        return true;
    case JOB_SENDING: /* its end will be said */
        return false;
    case JOB_ENDED:
        notices_repeat(&r->notices, &j->notice);
        return false;
    }
    bug("job state out of range");
}

/* A Submit that comes to nothing now. In the edge's store the one before it may be LEAVING: then
 * Deferred is said of that, and remembered. */
static void turn_away(room *r, uint64_t ref, const char *why_not, int64_t retry_after_ms)
{
    job *j = jobs_find(&r->outbound->jobs, ref);
    if (j != NULL && (j->state == JOB_ASKED || j->state == JOB_DEFERRED))
        outbound_defer(r, j, why_not, retry_after_ms);
    else if (make_way(r, ref))
        say_deferred(r, ref, why_not, retry_after_ms, NULL);
}

void outbound_submit(room *r, const Teal__V1__Submit *s)
{
    int64_t retry_after_ms;
    if ((s->ref & ROOM_REF_BIT) != 0) {
        log_event(LOG_ERROR, "room.submit_malformed", "why", "ref", NULL);
        return;
    }
    const char *why_not = s->left_before ? NULL : hindrance(r, is_sms(s), &retry_after_ms);
    if (why_not != NULL)
        turn_away(r, s->ref, why_not, retry_after_ms);
    else if (!make_way(r, s->ref))
        return;
    else if (s->left_before ||
             (queue_of(r->outbound, is_sms(s))->first == NULL && has_slot(r->outbound, is_sms(s))))
        admit(r, s);
    else
        wait_for_slot(r, s);
}

/* Of the ref, if it is what an answer is about: the edge may be behind by a Submit. */
static job *find_answered(const room *r, uint64_t ref, uint64_t number)
{
    job *j = jobs_find(&r->outbound->jobs, ref);
    return j != NULL && j->number == number ? j : NULL;
}

void outbound_go(room *r, const Teal__V1__Go *go)
{
    job *j = find_answered(r, go->ref, go->job);
    if (j == NULL || j->state != JOB_ASKED)
        return; /* deferred since, or said twice */
    outbound *o = r->outbound;
    notices_drop(&r->notices, &j->notice);
    if (departed_has(o->departed, &j->subject.transcript_hash, j->subject.recipient)) {
        admit_again(r, j, EVIDENCE_HOLDS, ""); /* under another ref, since this one was asked */
        return;
    }
    departed_put(o->departed, &j->subject.transcript_hash, j->subject.recipient);
    pins_put(r->pins, j->subject.sender, j->account_key);
    enter(r, j, JOB_SENDING, &o->jobs.sending);
}

void outbound_taken(room *r, const Teal__V1__Taken *taken)
{
    job *j = find_answered(r, taken->ref, taken->job);
    if (j != NULL && (j->state == JOB_ENDED || j->state == JOB_DEFERRED))
        forget(r, j);
}

void outbound_link_down(room *r)
{
    jobs *js = &r->outbound->jobs;
    job *lists[] = { &js->asked, &js->sending };
    for (size_t i = 0; i < 2; i++) {
        for (job *j = lists[i]->next, *next; j != lists[i]; j = next) {
            next = j->next;
            if (j->path == PATH_SMS && !j->left)
                outbound_defer(r, j, "sms-link-down", LINK_DOWN_RETRY_MS);
        }
    }
}

static void time_out_asked(room *r)
{
    job *asked = &r->outbound->jobs.asked;
    while (asked->next != asked && r->clock_ms - asked->next->since_ms >= GO_TIMEOUT_MS)
        outbound_defer(r, asked->next, "no-go", BUSY_RETRY_MS);
}

/* In the order of Go, so that what the centre has thrown back stays before what came after it. */
static void send_ready(room *r)
{
    job *sending = &r->outbound->jobs.sending;
    bool sms_open = true;
    for (job *j = sending->next, *next; j != sending; j = next) {
        next = j->next;
        if (j->path == PATH_PLAIN)
            plain_leg_send(r, j);
        else if (sms_open)
            sms_open = sms_leg_send(r, j);
    }
}

static void admit_first(room *r, bool sms, const char *why_not, int64_t retry_after_ms)
{
    outbound *o = r->outbound;
    outbound_waiting *w = take_waiting(o, queue_of(o, sms));
    Teal__V1__Submit *s = teal__v1__submit__unpack(NULL, w->len, w->submit);
    if (s == NULL)
        bug("what was packed does not unpack");
    if (why_not != NULL)
        turn_away(r, s->ref, why_not, retry_after_ms);
    else if (make_way(r, s->ref))
        admit(r, s);
    teal__v1__submit__free_unpacked(s, NULL);
    free(w);
}

static void admit_waiting(room *r, bool sms)
{
    int64_t retry_after_ms;
    const char *why_not = hindrance(r, sms, &retry_after_ms);
    while (queue_of(r->outbound, sms)->first != NULL &&
           (why_not != NULL || has_slot(r->outbound, sms)))
        admit_first(r, sms, why_not, retry_after_ms);
}

void outbound_run(room *r)
{
    plain_leg_collect(r);
    time_out_asked(r);
    admit_waiting(r, true);
    admit_waiting(r, false);
    send_ready(r);
}

int64_t outbound_due_ms(const room *r)
{
    const jobs *js = &r->outbound->jobs;
    int64_t due = INT64_MAX;
    if (js->asked.next != &js->asked)
        due = js->asked.next->since_ms + GO_TIMEOUT_MS;
    for (const job *j = js->sending.next; j != &js->sending; j = j->next)
        if (j->retry_ms > r->clock_ms && j->retry_ms < due)
            due = j->retry_ms;
    return due;
}

bool outbound_is_idle(const room *r)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        const job *j = r->outbound->jobs.slots[i];
        if (j != NULL && j->state != JOB_DEFERRED && j->state != JOB_ASKED)
            return false;
    }
    return true;
}
