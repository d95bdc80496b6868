/* Outstanding messages by their centre's ids, receipts that came too early, and Reports. */
#include "gateway/plaintext/reports.h"

#include "codecs/handle.h"
#include "gateway/plaintext/remote_ids.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    MAX_SENT = 32768, /* messages; the oldest is forgotten then, and stays SENT */
    BUCKETS = 65536,
    MAX_EARLY = 512,
    /* For the answer to its submit, or the edge's Outstanding. Far below what centres wait for an
     * answer, far above what an answer to a submit takes. */
    EARLY_MS = 5000,
    AFTER_START_MS = 60000, /* the edge may not have said all that is Outstanding */
};

typedef struct sent sent;

/* One part of a sent message, found by its id. */
typedef struct sent_part {
    struct sent_part *chain;
    sent *owner;
    remote_id id; /* empty: the centre gave none */
    bool delivered, listed;
} sent_part;

struct sent {
    sent *next, *previous; /* in the order of sending; the reported ones in a ring of their own */
    teal_bytes receipt;    /* owned */
    char number[TEAL_SMPP_MAX_ADDRESS + 2];
    uint64_t ref; /* of the Report; 0: not reported yet */
    smpp_link_ticket ticket;
    bool has_ticket;
    bool from_edge; /* which ids are its own is the edge's word only */
    notice notice;
    size_t n_parts, n_delivered;
    sent_part *parts; /* owned */
};

/* A delivery receipt of a message that is not known (yet). */
typedef struct early {
    smpp_link_ticket ticket;
    int64_t at_ms;
    remote_id id;
    teal_dlr_state state;
    char source[TEAL_SMPP_MAX_ADDRESS + 1], destination[TEAL_SMPP_MAX_ADDRESS + 1];
} early;

typedef struct reports {
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* the centre chooses ids */
    sent_part *buckets[BUCKETS];
    sent outstanding, reported; /* heads of rings */
    size_t n_sent;              /* in both */
    early early[MAX_EARLY];
    size_t n_early;
} reports;

static void *needed(void *memory)
{
    if (memory == NULL)
        bug("out of memory");
    return memory;
}

reports *reports_open(void)
{
    reports *rs = needed(calloc(1, sizeof *rs));
    crypto_shorthash_keygen(rs->hash_key);
    rs->outstanding.next = rs->outstanding.previous = &rs->outstanding;
    rs->reported.next = rs->reported.previous = &rs->reported;
    return rs;
}

static sent_part **bucket_of(reports *rs, const remote_id *id)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)id->at, id->len, rs->hash_key);
    return &rs->buckets[hash % BUCKETS];
}

static void unlist_part(reports *rs, sent_part *p)
{
    if (!p->listed)
        return;
    sent_part **at = bucket_of(rs, &p->id);
    while (*at != p)
        at = &(*at)->chain;
    *at = p->chain;
    p->listed = false;
}

static void list_part(reports *rs, sent_part *p)
{
    sent_part **bucket = bucket_of(rs, &p->id);
    p->chain = *bucket;
    *bucket = p;
    p->listed = true;
}

static void unlist(reports *rs, sent *s)
{
    for (size_t i = 0; i < s->n_parts; i++)
        unlist_part(rs, &s->parts[i]);
    s->next->previous = s->previous;
    s->previous->next = s->next;
}

static void put_last(sent *ring, sent *s)
{
    s->next = ring;
    s->previous = ring->previous;
    ring->previous->next = s;
    ring->previous = s;
}

static void forget(room *r, sent *s)
{
    unlist(r->reports, s);
    r->reports->n_sent--;
    notices_drop(&r->notices, &s->notice);
    free((void *)(uintptr_t)s->receipt.at);
    free(s->parts);
    free(s);
}

void reports_close(room *r)
{
    reports *rs = r->reports;
    while (rs->outstanding.next != &rs->outstanding)
        forget(r, rs->outstanding.next);
    while (rs->reported.next != &rs->reported)
        forget(r, rs->reported.next);
    free(rs);
    r->reports = NULL;
}

/* Of an edge that takes no Reports the oldest goes: the centre will say it again. */
static void make_room(room *r)
{
    reports *rs = r->reports;
    bool reported = rs->outstanding.next == &rs->outstanding;
    log_event(LOG_WARN, reported ? "room.reports_full" : "room.outstanding_full", NULL);
    forget(r, reported ? rs->reported.next : rs->outstanding.next);
}

static sent *make_sent(room *r, teal_bytes receipt, teal_bytes number, size_t n_parts)
{
    reports *rs = r->reports;
    if (rs->n_sent >= MAX_SENT)
        make_room(r);
    sent *s = needed(calloc(1, sizeof *s));
    s->parts = needed(calloc(n_parts > 0 ? n_parts : 1, sizeof *s->parts));
    uint8_t *copy = needed(malloc(receipt.len));
    memcpy(copy, receipt.at, receipt.len);
    s->receipt = (teal_bytes){ copy, receipt.len };
    teal_writer w = { (uint8_t *)s->number, sizeof s->number - 1, 0 };
    teal_write_bytes(&w, number);
    s->n_parts = n_parts;
    for (size_t i = 0; i < n_parts; i++)
        s->parts[i].owner = s;
    put_last(&rs->outstanding, s);
    rs->n_sent++;
    return s;
}

static void set_id(reports *rs, sent_part *p, teal_bytes id)
{
    p->id = remote_id_of(id);
    if (p->id.len > 0)
        list_part(rs, p);
}

static void match_early(room *r);

void reports_sent(room *r, const job *j, teal_bytes receipt)
{
    sent *s = make_sent(r, receipt, teal_handle_number(j->subject.recipient), j->n_parts);
    for (size_t i = 0; i < j->n_parts; i++)
        set_id(r->reports, &s->parts[i],
               (teal_bytes){ (const uint8_t *)j->parts[i].id, j->parts[i].id_len });
    match_early(r);
}

/* The edge has started, the room has not. */
static bool is_known(reports *rs, teal_bytes receipt, const remote_id *id)
{
    for (const sent_part *p = *bucket_of(rs, id); p != NULL; p = p->chain)
        if (teal_bytes_equal(p->owner->receipt, receipt))
            return true;
    for (const sent *s = rs->reported.next; s != &rs->reported; s = s->next)
        if (teal_bytes_equal(s->receipt, receipt))
            return true;
    return false;
}

void reports_outstanding(room *r, const Teal__V1__Outstanding *o)
{
    uint8_t scratch[2 * STATEMENT_MAX_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_bytes encoded = { o->receipt.data, o->receipt.len };
    teal_receipt receipt;
    if (!statement_is_own(r, encoded, &arena, &receipt) || receipt.segments == 0 ||
        o->n_remote_ids != receipt.segments) { /* what it left in is signed, too */
        log_event(LOG_ERROR, "room.outstanding_refused", NULL);
        return;
    }
    remote_id first = remote_id_of(teal_text(o->remote_ids[0]));
    if (is_known(r->reports, encoded, &first))
        return;
    sent *s = make_sent(r, encoded, teal_handle_number(receipt.recipient), o->n_remote_ids);
    s->from_edge = true;
    for (size_t i = 0; i < o->n_remote_ids; i++)
        set_id(r->reports, &s->parts[i], teal_text(o->remote_ids[i]));
    match_early(r);
}

static void answer(room *r, smpp_link_ticket ticket, uint32_t status)
{
    if (r->link != NULL)
        smpp_link_answer(r->link, ticket, status);
}

static void say_report(room *r, sent *s, teal_status status, const char *reason)
{
    uint8_t scratch[2 * STATEMENT_MAX_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_receipt first;
    teal_diag why;
    statement_bytes receipt;
    if (teal_receipt_decode(s->receipt, &arena, &first, &why) != TEAL_OK)
        bug("a receipt of the room's own does not decode");
    statement_subject subject = { first.message_id, first.sender, first.recipient,
                                  first.transcript_hash };
    statement st = { status, first.level, reason, first.segments };
    statement_sign(r, &subject, &st, &receipt);

    Teal__V1__Report report = TEAL__V1__REPORT__INIT;
    report.ref = s->ref;
    report.receipt = (ProtobufCBinaryData){ receipt.len, receipt.at };
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_REPORT;
    frame.report = &report;
    notices_put(&r->notices, &s->notice, &frame);
}

/* The final word: on its way to the edge, and no longer to be found by its ids. */
static void report(room *r, sent *s, teal_status status, const char *reason)
{
    unlist(r->reports, s);
    s->ref = room_new_ref(r);
    put_last(&r->reports->reported, s);
    say_report(r, s, status, reason);
}

/* state is final. */
static void apply(room *r, sent_part *p, const early *e)
{
    sent *s = p->owner;
    bool good = e->state == TEAL_DLR_DELIVERED;
    if (good && !p->delivered) {
        p->delivered = true;
        s->n_delivered++;
    }
    if (good && s->n_delivered < s->n_parts) {
        answer(r, e->ticket, ESME_ROK);
        return;
    }
    s->ticket = e->ticket;
    s->has_ticket = true;
    report(r, s, good ? TEAL_STATUS_ARRIVED : TEAL_STATUS_UNDELIVERABLE,
           good ? "" : "sms-undelivered");
}

/* Centres put the phone's number into the receipt's source; some leave the submit's order. */
static bool speaks_of(const sent *s, const early *e)
{
    const char *digits = s->number[0] == '+' ? s->number + 1 : s->number;
    const char *source = e->source[0] == '+' ? e->source + 1 : e->source;
    const char *destination = e->destination[0] == '+' ? e->destination + 1 : e->destination;
    return strcmp(digits, source) == 0 || strcmp(digits, destination) == 0;
}

static sent_part *find_id(reports *rs, const remote_id *id, const early *e, bool any_number)
{
    for (sent_part *p = *bucket_of(rs, id); p != NULL; p = p->chain)
        if (remote_id_equal(&p->id, id) &&
            (speaks_of(p->owner, e) || (any_number && !p->owner->from_edge)))
            return p;
    return NULL;
}

/* By id and number; by the id that this process was given itself, whatever a centre does to the
 * numbers; by the id in the other base, and number. */
static sent_part *find(reports *rs, const early *e)
{
    remote_id other;
    if (e->id.len == 0)
        return NULL;
    sent_part *p = find_id(rs, &e->id, e, false);
    if (p == NULL)
        p = find_id(rs, &e->id, e, true);
    if (p == NULL && remote_id_to_hex(&e->id, &other))
        p = find_id(rs, &other, e, false);
    if (p == NULL && remote_id_to_decimal(&e->id, &other))
        p = find_id(rs, &other, e, false);
    return p;
}

static void match_early(room *r)
{
    reports *rs = r->reports;
    size_t kept = 0;
    for (size_t i = 0; i < rs->n_early; i++) {
        early e = rs->early[i];
        sent_part *p = find(rs, &e);
        if (p != NULL)
            apply(r, p, &e);
        else
            rs->early[kept++] = e;
    }
    rs->n_early = kept;
}

static void copy_digits(char *out, size_t cap, teal_bytes digits)
{
    teal_writer w = { (uint8_t *)out, cap - 1, 0 };
    teal_write_bytes(&w, digits);
    out[teal_write_fits(&w) ? w.len : 0] = '\0';
}

/* It belongs to nothing that is known: final already, forgotten, or another system's. Soon after a
 * start the edge may not have said everything, and the centre is asked to come again. */
static void answer_unknown(room *r, const early *e)
{
    bool starting = r->clock_ms - r->started_ms < AFTER_START_MS;
    log_event(LOG_INFO, "room.dlr_unmatched", NULL);
    answer(r, e->ticket, starting ? (uint32_t)ESME_RX_T_APPN : (uint32_t)ESME_ROK);
}

static void drop_first_early(reports *rs)
{
    rs->n_early--;
    memmove(rs->early, rs->early + 1, rs->n_early * sizeof *rs->early);
}

void reports_delivered(room *r, smpp_link_ticket ticket, const teal_smpp_pdu *pdu,
                       const teal_dlr *dlr)
{
    reports *rs = r->reports;
    if (!teal_dlr_is_final(dlr->state)) {
        answer(r, ticket, ESME_ROK);
        return;
    }
    early e = {
        .ticket = ticket, .at_ms = r->clock_ms, .id = remote_id_of(dlr->id), .state = dlr->state
    };
    copy_digits(e.source, sizeof e.source, pdu->message.source.digits);
    copy_digits(e.destination, sizeof e.destination, pdu->message.destination.digits);
    sent_part *p = find(rs, &e);
    if (p != NULL) {
        apply(r, p, &e);
        return;
    }
    if (rs->n_early == MAX_EARLY) {
        answer_unknown(r, &rs->early[0]);
        drop_first_early(rs);
    }
    rs->early[rs->n_early++] = e;
}

bool reports_taken(room *r, uint64_t ref)
{
    sent *ring = &r->reports->reported;
    for (sent *s = ring->next; s != ring; s = s->next) {
        if (s->ref != ref)
            continue;
        if (s->has_ticket)
            answer(r, s->ticket, ESME_ROK);
        forget(r, s);
        return true;
    }
    return false;
}

void reports_run(room *r)
{
    reports *rs = r->reports;
    while (rs->n_early > 0 && r->clock_ms - rs->early[0].at_ms >= EARLY_MS) {
        answer_unknown(r, &rs->early[0]);
        drop_first_early(rs);
    }
}
