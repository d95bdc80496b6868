/* What the room says of deliveries, made durable. Runs in the writer's thread, in the order in
 * which the frames came; must never let a room that is confused, or lies, change what it was not
 * asked about. */
#include "gateway/clock.h"
#include "gateway/core/delivery.h"
#include "gateway/core/receipts.h"
#include "gateway/core/room_job.h"
#include "gateway/core/state.h"

#include <stdlib.h>

enum { RECEIPT_ARENA_BYTES = 4096 };

/* ---- jobs ---- */

static store_result run(store *s, void *arg)
{
    room_job *j = arg;
    return j->run(j, s, core_scratch(j->rc->c));
}

static void push_answer(room_client *rc, const room_job *j)
{
    if (rc->n_answers == rc->cap_answers) {
        rc->cap_answers = rc->cap_answers == 0 ? 64 : 2 * rc->cap_answers;
        rc->answers = reallocarray(rc->answers, rc->cap_answers, sizeof *rc->answers);
        if (rc->answers == NULL)
            bug("out of memory");
    }
    rc->answers[rc->n_answers++] = (room_answer){ j->says_go, j->ref, j->number };
}

/* The room says everything again: what is not durable is not lost. */
static void lose_count(room_client *rc)
{
    int64_t hello_ms = clock_unix_ms() + WAKER_SOON_MS;
    if (hello_ms < rc->hello_ms)
        rc->hello_ms = hello_ms;
}

static void note_end(room_client *rc, const room_job *j, bool durable)
{
    pthread_mutex_lock(&rc->lock);
    if (!durable)
        lose_count(rc);
    if (durable && j->ends_entry)
        room_end_entry(rc, (int64_t)j->ref);
    if (durable && (j->says_go || j->says_taken))
        push_answer(rc, j);
    pthread_mutex_unlock(&rc->lock);
}

/* The answer is there before anybody is told that something is due, so that it is said first. */
static void finish(void *arg, store_result result)
{
    room_job *j = arg;
    room_client *rc = j->rc;
    bool durable = result == STORE_OK || result == STORE_EXISTS || result == STORE_NONE;
    note_end(rc, j, durable);
    if (durable)
        news_tell(&j->news, rc->c);
    else
        news_drop(&j->news);
    room_job_free(j);
    waker_ring(&rc->waker);
    pthread_mutex_lock(&rc->lock);
    rc->n_jobs--;
    pthread_cond_signal(&rc->jobs_done); /* the client may be freed as soon as the lock is free */
    pthread_mutex_unlock(&rc->lock);
}

room_job *room_job_make(room_client *rc, uint64_t ref, size_t arena_bytes,
                        store_result (*what)(room_job *j, store *s, teal_arena *scratch))
{
    room_job *j = calloc(1, sizeof *j);
    uint8_t *memory = malloc(arena_bytes);
    if (j == NULL || memory == NULL)
        bug("out of memory");
    *j = (room_job){ .job = { run, finish, j, NULL },
                     .rc = rc,
                     .run = what,
                     .ref = ref,
                     .now_ms = clock_unix_ms(),
                     .arena = { memory, arena_bytes, 0 } };
    pthread_mutex_lock(&rc->lock);
    memcpy(j->generation, rc->generation, sizeof j->generation);
    pthread_mutex_unlock(&rc->lock);
    return j;
}

void room_job_free(room_job *j)
{
    free(j->arena.base);
    free(j);
}

void room_job_submit(room_job *j)
{
    room_client *rc = j->rc;
    pthread_mutex_lock(&rc->lock);
    rc->n_jobs++;
    pthread_mutex_unlock(&rc->lock);
    if (writer_submit(rc->c->parts.writer, &j->job))
        return;
    finish(j, STORE_BUSY);
}

/* ---- Leaving, Deferred ---- */

static bool is_lower(const store_delivery *d)
{
    return d->path == PATH_PLAIN || d->path == PATH_SMS;
}

static bool is_leaving_here(const room_job *j, const store_delivery *d)
{
    return d->state == STATE_LEAVING &&
           memcmp(d->generation, j->generation, sizeof d->generation) == 0;
}

/* REQ-DGR-11: that it leaves is durable before Go. */
static store_result leave(room_job *j, store *s, teal_arena *scratch)
{
    store_delivery d;
    store_result result = s->ops->get_delivery(s, (int64_t)j->ref, scratch, &d);
    if (result != STORE_OK)
        return result;
    if (is_leaving_here(j, &d)) { /* Go was not said, or not heard */
        j->says_go = true;
        return STORE_OK;
    }
    if (d.state != STATE_WAITING || !is_lower(&d))
        return STORE_OK; /* it has ended meanwhile: the room will hear no Go */
    d.state = STATE_LEAVING;
    memcpy(d.generation, j->generation, sizeof d.generation);
    result = s->ops->update_delivery(s, &d);
    j->says_go = result == STORE_OK;
    return result;
}

void room_job_leaving(room_client *rc, const Teal__V1__Leaving *leaving)
{
    room_job *j = room_job_make(rc, leaving->ref, 1, leave);
    j->number = leaving->job;
    room_job_submit(j);
}

/* Nothing left, so it waits again. */
static store_result defer(room_job *j, store *s, teal_arena *scratch)
{
    store_delivery d;
    store_result result = s->ops->get_delivery(s, (int64_t)j->ref, scratch, &d);
    if (result != STORE_OK)
        return result;
    if (!is_lower(&d) || !(d.state == STATE_WAITING || is_leaving_here(j, &d)))
        return STORE_OK;
    d.state = STATE_WAITING;
    d.due_ms = j->due_ms;
    news_of_queue(&j->news, j->rc->c, d.path, d.network);
    return s->ops->update_delivery(s, &d);
}

void room_job_deferred(room_client *rc, const Teal__V1__Deferred *deferred, int64_t retry_after_ms)
{
    room_job *j = room_job_make(rc, deferred->ref, 1, defer);
    j->number = deferred->job;
    j->due_ms = j->now_ms + retry_after_ms;
    j->ends_entry = j->says_taken = true;
    room_job_submit(j);
}

/* ---- Done, Report ---- */

/* REQ-RCPT-1, -2: by the device `plaintext` of this gateway. Copies into the job. */
static bool take_receipt(room_job *j, ProtobufCBinaryData receipt)
{
    const core *c = j->rc->c;
    teal_receipt *r = &j->receipt;
    teal_diag why = { "REQ-RCPT-1 another gateway or device", 0 };
    j->encoded = teal_arena_copy(&j->arena, core_view(receipt.data, receipt.len));
    bool good = teal_receipt_decode(j->encoded, &j->arena, r, &why) == TEAL_OK &&
                core_is_text(r->gateway, c->parts.config->handle) &&
                memcmp(r->device, c->room_id, sizeof r->device) == 0 &&
                teal_receipt_verify(r, c->room_key, &why) == TEAL_OK;
    if (!good)
        log_event(LOG_ERROR, "room.receipt_refused", "rule", why.rule, NULL);
    return good;
}

static void take_remote_ids(room_job *j, const Teal__V1__Done *done)
{
    j->remote_ids = teal_arena_array(&j->arena, done->n_remote_ids, sizeof *j->remote_ids);
    if (j->remote_ids == NULL)
        bug("a job's arena is too small");
    for (size_t i = 0; i < done->n_remote_ids; i++)
        j->remote_ids[i] = teal_arena_copy(&j->arena, teal_text(done->remote_ids[i]));
    j->n_remote_ids = done->n_remote_ids;
}

static store_state state_after(teal_status status)
{
    switch (status) {
    case TEAL_STATUS_SENT:
        return STATE_SENT;
    case TEAL_STATUS_ARRIVED:
        return STATE_ARRIVED;
    case TEAL_STATUS_UNDELIVERABLE:
    case TEAL_STATUS_OUTCOME_UNKNOWN:
        return STATE_FAILED;
    }
    bug("teal_status out of range");
}

/* Whether the receipt speaks of this delivery, and of no other path than the one it was given. */
static bool speaks_of(const teal_receipt *r, const store_message *m, const store_delivery *d)
{
    bool path = r->level == TEAL_LEVEL_NONE || core_is_text(r->path, store_path_name(d->path));
    bool good = is_lower(d) && path && receipts_names(r, m, d->recipient);
    if (!good)
        log_event(LOG_ERROR, "room.receipt_of_another", NULL);
    return good;
}

static store_result keep_outstanding(const room_job *j, store *s, const store_delivery *d)
{
    store_outstanding o = { .delivery_id = d->id,
                            .receipt = j->encoded,
                            .remote_ids = j->remote_ids,
                            .n_remote_ids = j->n_remote_ids };
    receipts_subject(&j->receipt, &o.subject);
    return s->ops->put_outstanding(s, &o);
}

static store_result record(room_job *j, store *s, const store_message *m, store_delivery *d,
                           teal_arena *scratch)
{
    const core *c = j->rc->c;
    store_result result =
        delivery_end(c, s, m, d, state_after(j->receipt.status), scratch, &j->news);
    if (result == STORE_OK)
        result = receipts_put(c, s, m, &j->receipt, j->encoded, &j->news);
    return result;
}

/* Said again where it was recorded before: the room did not hear Taken. */
static store_result record_done(room_job *j, store *s, teal_arena *scratch)
{
    store_delivery d;
    store_message m;
    store_result result = s->ops->get_delivery(s, (int64_t)j->ref, scratch, &d);
    bool open = result == STORE_OK && (d.state == STATE_WAITING || d.state == STATE_LEAVING);
    j->says_taken = result == STORE_OK || result == STORE_NONE;
    if (!open)
        return result;
    result = s->ops->get_message(s, d.message_seq, scratch, &m);
    if (result != STORE_OK || !speaks_of(&j->receipt, &m, &d)) {
        j->says_taken = false;
        return result;
    }
    if (d.state == STATE_WAITING && j->receipt.level != TEAL_LEVEL_NONE)
        log_event(LOG_ERROR, "room.left_without_go", NULL); /* it did: to send it again is worse */
    result = record(j, s, &m, &d, scratch);
    if (result == STORE_OK && j->receipt.status == TEAL_STATUS_SENT && j->n_remote_ids > 0)
        result = keep_outstanding(j, s, &d);
    return result;
}

void room_job_done(room_client *rc, const Teal__V1__Done *done)
{
    size_t bytes = RECEIPT_ARENA_BYTES + 2 * done->receipt.len;
    for (size_t i = 0; i < done->n_remote_ids; i++)
        bytes += strlen(done->remote_ids[i]) + 32 + sizeof(teal_bytes);
    room_job *j = room_job_make(rc, done->ref, bytes, record_done);
    j->number = done->job;
    j->ends_entry = true;
    if (!take_receipt(j, done->receipt)) {
        room_job_free(j);
        return;
    }
    take_remote_ids(j, done);
    room_job_submit(j);
}

static store_result record_report(room_job *j, store *s, teal_arena *scratch)
{
    teal_hash subject;
    int64_t id;
    store_delivery d;
    store_message m;
    receipts_subject(&j->receipt, &subject);
    store_result result = s->ops->find_outstanding(s, &subject, &id);
    j->says_taken = result == STORE_OK || result == STORE_NONE; /* NONE: it was reported before */
    if (result != STORE_OK)
        return result;
    result = s->ops->get_delivery(s, id, scratch, &d);
    if (result == STORE_OK)
        result = s->ops->get_message(s, d.message_seq, scratch, &m);
    if (result != STORE_OK || !speaks_of(&j->receipt, &m, &d)) {
        j->says_taken = false;
        return result;
    }
    if (d.state == STATE_SENT)
        result = record(j, s, &m, &d, scratch);
    return result == STORE_OK ? s->ops->drop_outstanding(s, id) : result;
}

void room_job_report(room_client *rc, const Teal__V1__Report *report)
{
    room_job *j = room_job_make(rc, report->ref, RECEIPT_ARENA_BYTES + 2 * report->receipt.len,
                                record_report);
    bool good = take_receipt(j, report->receipt);
    if (good && j->receipt.status == TEAL_STATUS_SENT) {
        log_event(LOG_ERROR, "room.report_is_not_final", NULL);
        good = false;
    }
    if (good)
        room_job_submit(j);
    else
        room_job_free(j);
}
