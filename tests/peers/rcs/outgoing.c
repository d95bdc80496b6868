/* A queue of jobs, the due ones first come, first served. */
#include "tests/peers/rcs/outgoing.h"

#include "tests/peers/rcs/compose.h"
#include "tests/peers/rcs/fetch.h"
#include "tests/peers/shared/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    ARENA = 2 * GATEWAY_ARENA + COMPOSE_ARENA,
    PATIENCE_MS = 25000,
    RECEIPT_TRIES = 6,
    FIRST_PAUSE_MS = 250, /* doubled after each try */
    MAX_JOBS = 10000,     /* further receipts are dropped */
};

typedef struct job {
    STAILQ_ENTRY(job) link;
    const user *from;
    teal_bytes sender, to, text; /* of `bytes` */
    bool is_receipt;
    teal_level floor;

    int64_t due_ms;
    unsigned tries;
    bool waited_for, done; /* who waits frees it, otherwise the worker does */
    outgoing_result result;
    uint8_t bytes[];
} job;

struct outgoing {
    network *network;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping;
    STAILQ_HEAD(, job) jobs;
    size_t n_jobs;
};

/* The devices to seal for. None is no failure: the gateway decides what such a message may do. */
static bool ask_gateway(network *n, const job *j, draft *d, teal_seal_to *devices,
                        gateway_card *card, teal_arena *arena)
{
    gateway_result claim = gateway_claim(n, j->to, arena, devices, &d->n_devices);
    if (claim != GATEWAY_OK && claim != GATEWAY_NONE)
        return false;
    d->devices = devices;
    d->card = card;
    return j->floor == TEAL_E2EE || gateway_ask_card(n, arena, card) == GATEWAY_OK;
}

static void post(network *n, job *j, const composed *message)
{
    char url[1024];
    snprintf(url, sizeof url, "%s/v1/messages", n->gateway);
    snprintf(j->result.message_id, sizeof j->result.message_id, "%s", message->message_id);
    fetch_answer answer = fetch(&n->signer, url, "message/cpim", message->cpim);
    json_decref(j->result.answer);
    j->result.status = answer.status;
    j->result.answer = answer.json;
}

static void carry_out(network *n, job *j)
{
    teal_seal_to devices[TEAL_MAX_DEVICES];
    gateway_card card;
    composed message;
    teal_arena arena = { malloc(ARENA), ARENA, 0 };
    draft d = { .account = j->from->account,
                .sender = j->sender,
                .to = j->to,
                .is_receipt = j->is_receipt,
                .text = j->text,
                .floor = j->floor };
    if (arena.base != NULL && ask_gateway(n, j, &d, devices, &card, &arena) &&
        compose(n, &d, clock_unix_ms(), &arena, &message))
        post(n, j, &message);
    sodium_memzero(arena.base, arena.used); /* it held plaintext */
    free(arena.base);
}

static void free_job(job *j)
{
    json_decref(j->result.answer);
    free(j);
}

/* The first job that is due; else *due_ms is when one will be. */
static job *take_job(outgoing *o, int64_t *due_ms)
{
    job *j;
    *due_ms = INT64_MAX;
    int64_t now_ms = clock_monotonic_ms();
    STAILQ_FOREACH(j, &o->jobs, link)
    {
        if (j->due_ms <= now_ms) {
            STAILQ_REMOVE(&o->jobs, j, job, link);
            o->n_jobs--;
            return j;
        }
        *due_ms = j->due_ms < *due_ms ? j->due_ms : *due_ms;
    }
    return NULL;
}

static void add_job(outgoing *o, job *j)
{
    STAILQ_INSERT_TAIL(&o->jobs, j, link);
    o->n_jobs++;
    pthread_cond_broadcast(&o->changed);
}

static bool comes_again(const job *j)
{
    long status = j->result.status;
    bool temporary = status == 0 || status == 408 || status == 429 || status >= 500;
    return j->is_receipt && temporary && j->tries < RECEIPT_TRIES;
}

static void finish(outgoing *o, job *j)
{
    j->tries++;
    if (comes_again(j)) {
        j->due_ms = clock_monotonic_ms() + ((int64_t)FIRST_PAUSE_MS << j->tries);
        add_job(o, j);
        return;
    }
    if (j->is_receipt && j->result.status / 100 != 2)
        fprintf(stderr, "rcs: a device receipt was not sent: %ld\n", j->result.status);
    j->done = true;
    if (j->waited_for)
        pthread_cond_broadcast(&o->changed);
    else
        free_job(j);
}

static void *work(void *arg)
{
    outgoing *o = arg;
    pthread_mutex_lock(&o->lock);
    while (!o->stopping) {
        int64_t due_ms;
        job *j = take_job(o, &due_ms);
        if (j != NULL) {
            pthread_mutex_unlock(&o->lock);
            carry_out(o->network, j);
            pthread_mutex_lock(&o->lock);
            finish(o, j);
        } else if (due_ms == INT64_MAX) {
            pthread_cond_wait(&o->changed, &o->lock);
        } else {
            struct timespec due = clock_timespec(due_ms);
            pthread_cond_timedwait(&o->changed, &o->lock, &due);
        }
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

outgoing *outgoing_start(network *n)
{
    outgoing *o = calloc(1, sizeof *o);
    if (o == NULL)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    o->network = n;
    STAILQ_INIT(&o->jobs);
    if (pthread_create(&o->thread, NULL, work, o) != 0) {
        free(o);
        return NULL;
    }
    return o;
}

void outgoing_stop(outgoing *o)
{
    pthread_mutex_lock(&o->lock);
    o->stopping = true;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->lock);
    fetch_stop();
    pthread_join(o->thread, NULL);
}

void outgoing_close(outgoing **o)
{
    if (*o == NULL)
        return;
    for (job *j; (j = STAILQ_FIRST(&(*o)->jobs)) != NULL; free_job(j))
        STAILQ_REMOVE_HEAD(&(*o)->jobs, link);
    pthread_cond_destroy(&(*o)->changed);
    pthread_mutex_destroy(&(*o)->lock);
    free(*o);
    *o = NULL;
}

/* Copies what *view shows and lets it show the copy. */
static void keep(teal_writer *w, teal_bytes *view)
{
    const uint8_t *copy = w->base + w->len;
    teal_write_bytes(w, *view);
    *view = (teal_bytes){ copy, view->len };
}

/* template: without `bytes`. */
static job *new_job(const job *template)
{
    size_t size = template->sender.len + template->to.len + template->text.len;
    job *j = calloc(1, sizeof *j + size);
    if (j == NULL)
        return NULL;
    *j = *template;
    teal_writer w = { j->bytes, size, 0 };
    keep(&w, &j->sender);
    keep(&w, &j->to);
    keep(&w, &j->text);
    return j;
}

outgoing_result outgoing_send_text(outgoing *o, const user *from, teal_bytes sender, teal_bytes to,
                                   teal_bytes text, teal_level floor)
{
    outgoing_result result = { 0 };
    job *j = new_job(&(job){ .from = from,
                             .sender = sender,
                             .to = to,
                             .text = text,
                             .floor = floor,
                             .waited_for = true });
    if (j == NULL)
        return result;
    struct timespec end = clock_timespec(clock_monotonic_ms() + PATIENCE_MS);
    int late = 0;
    pthread_mutex_lock(&o->lock);
    add_job(o, j);
    while (!j->done && !o->stopping && late == 0)
        late = pthread_cond_timedwait(&o->changed, &o->lock, &end);
    if (j->done) {
        result = j->result;
        free(j);
    } else {
        j->waited_for = false;
    }
    pthread_mutex_unlock(&o->lock);
    return result;
}

void outgoing_send_receipt(outgoing *o, const user *from, teal_bytes sender, teal_bytes to,
                           teal_bytes message_id)
{
    job *j = new_job(&(job){ .from = from,
                             .sender = sender,
                             .to = to,
                             .text = message_id,
                             .is_receipt = true,
                             .floor = TEAL_E2EE });
    pthread_mutex_lock(&o->lock);
    if (j != NULL && o->n_jobs < MAX_JOBS)
        add_job(o, j);
    else
        free(j);
    pthread_mutex_unlock(&o->lock);
}
