/* A list in the order of arrival; parcels in flight stay in their place. */
#include "tests/peers/smsc/outbox.h"

#include <stdlib.h>
#include <sys/queue.h>

enum { PAUSE_MS = 500 };

typedef struct entry {
    TAILQ_ENTRY(entry) link;
    parcel parcel; /* its views point to `bytes` */
    letter *letter;
    uint32_t sequence; /* of its deliver_sm; 0: not in flight */
    int64_t due_ms;
    uint8_t bytes[];
} entry;

struct outbox {
    TAILQ_HEAD(, entry) entries;
    entry *next; /* what outbox_next gave */
    size_t n, n_in_flight;
};

outbox *outbox_open(void)
{
    outbox *o = calloc(1, sizeof *o);
    if (o != NULL)
        TAILQ_INIT(&o->entries);
    return o;
}

void outbox_close(outbox **o)
{
    if (*o == NULL)
        return;
    for (entry *e; (e = TAILQ_FIRST(&(*o)->entries)) != NULL; free(e))
        TAILQ_REMOVE(&(*o)->entries, e, link);
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

bool outbox_put(outbox *o, const parcel *p, letter *of)
{
    const teal_smpp_message *m = &p->message;
    size_t size =
        m->source.digits.len + m->destination.digits.len + m->short_message.len + p->tlvs.len;
    entry *e = o->n < OUTBOX_MAX ? calloc(1, sizeof *e + size) : NULL;
    if (e == NULL)
        return false;
    teal_writer w = { e->bytes, size, 0 };
    e->parcel = *p;
    keep(&w, &e->parcel.message.source.digits);
    keep(&w, &e->parcel.message.destination.digits);
    keep(&w, &e->parcel.message.short_message);
    keep(&w, &e->parcel.tlvs);
    e->letter = of;
    if (of != NULL)
        of->open++;
    TAILQ_INSERT_TAIL(&o->entries, e, link);
    o->n++;
    return true;
}

void outbox_forget(outbox *o, const letter *of)
{
    entry *e;
    TAILQ_FOREACH(e, &o->entries, link)
    if (e->letter == of)
        e->letter = NULL;
}

const parcel *outbox_next(outbox *o, int64_t now_ms)
{
    o->next = NULL;
    if (o->n_in_flight >= OUTBOX_WINDOW)
        return NULL;
    entry *e;
    TAILQ_FOREACH(e, &o->entries, link)
    {
        if (e->sequence == 0 && e->due_ms <= now_ms) {
            o->next = e;
            return &e->parcel;
        }
    }
    return NULL;
}

void outbox_left(outbox *o, uint32_t sequence)
{
    o->next->sequence = sequence;
    o->next = NULL;
    o->n_in_flight++;
}

static entry *find(outbox *o, uint32_t sequence)
{
    entry *e;
    TAILQ_FOREACH(e, &o->entries, link)
    if (e->sequence == sequence)
        return e;
    return NULL;
}

static void end(outbox *o, entry *e, bool refused)
{
    if (e->letter != NULL) {
        e->letter->open--;
        e->letter->refused |= refused;
    }
    TAILQ_REMOVE(&o->entries, e, link);
    free(e);
    o->n--;
}

void outbox_answered(outbox *o, uint32_t sequence, uint32_t status, int64_t now_ms)
{
    entry *e = sequence != 0 ? find(o, sequence) : NULL;
    if (e == NULL)
        return;
    o->n_in_flight--;
    e->sequence = 0;
    if (e->letter != NULL && status != ESME_ROK)
        e->letter->status = status;
    switch (teal_smpp_status_class(status)) {
    case TEAL_SMPP_CLASS_OK:
        end(o, e, false);
        break;
    case TEAL_SMPP_CLASS_RETRY:
    case TEAL_SMPP_CLASS_THROTTLED:
        e->due_ms = now_ms + PAUSE_MS;
        break;
    case TEAL_SMPP_CLASS_FATAL:
        end(o, e, true);
        break;
    }
}

void outbox_return(outbox *o)
{
    entry *e;
    TAILQ_FOREACH(e, &o->entries, link)
    e->sequence = 0;
    o->n_in_flight = 0;
}

int64_t outbox_due_ms(const outbox *o)
{
    int64_t due_ms = INT64_MAX;
    const entry *e;
    if (o->n_in_flight >= OUTBOX_WINDOW)
        return due_ms;
    TAILQ_FOREACH(e, &o->entries, link)
    if (e->sequence == 0 && e->due_ms < due_ms)
        due_ms = e->due_ms;
    return due_ms;
}

size_t outbox_waiting(const outbox *o)
{
    return o->n;
}
