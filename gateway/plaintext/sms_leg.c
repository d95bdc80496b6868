/* Sends the segments of one text and judges what comes back. A segment that the centre was given is
 * sent again only after the centre itself has said that it did not take it. */
#include "gateway/plaintext/sms_leg.h"

#include "codecs/handle.h"
#include "codecs/sms/segment.h"
#include "gateway/plaintext/outbound.h"

#include <sodium.h>

enum {
    MAX_TRIES = 8,         /* of a message that the centre cannot take now */
    FIRST_RETRY_MS = 1000, /* doubled each time */
    MAX_RETRY_MS = 60000,
    PATIENCE_MS = 600000, /* for a link to come back, when a text has left in part */
    TON_INTERNATIONAL = 1,
    TON_ALPHANUMERIC = 5,
    NPI_ISDN = 1,
};

static bool is_number(teal_bytes s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return s.len > 0;
}

/* "+447700900123", a short code, or a name. */
static teal_smpp_address address_of(teal_bytes shown)
{
    if (shown.len > 0 && shown.at[0] == '+')
        return (teal_smpp_address){ TON_INTERNATIONAL, NPI_ISDN, { shown.at + 1, shown.len - 1 } };
    if (is_number(shown)) /* a short code has no numbering plan beyond its network */
        return (teal_smpp_address){ 0, 0, shown };
    return (teal_smpp_address){ TON_ALPHANUMERIC, 0, shown };
}

teal_smpp_message sms_leg_message(const room *r, teal_bytes number, const teal_segment *segment,
                                  bool wants_receipt)
{
    return (teal_smpp_message){
        .source = address_of(teal_text(r->config->sms_source)),
        .destination = address_of(number),
        .esm_class = segment->esm_class,
        .registered_delivery = wants_receipt ? TEAL_REGISTERED_FINAL : 0,
        .data_coding = segment->data_coding,
        .short_message = { segment->octets, segment->len },
    };
}

static size_t count(const job *j, job_part_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < j->n_parts; i++)
        n += j->parts[i].state == state;
    return n;
}

/* Ends the job when there is nothing more to wait for. A part that was refused outweighs one that
 * was lost: the text will not arrive whole, that much is known. */
static void settle(room *r, job *j)
{
    if (j->n_in_flight > 0)
        return;
    if (count(j, PART_REFUSED) > 0)
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, "sms-refused");
    else if (count(j, PART_LOST) > 0)
        outbound_end(r, j, TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown");
    else if (count(j, PART_ACCEPTED) == j->n_parts)
        outbound_end(r, j, TEAL_STATUS_SENT, "");
}

/* The consent may have lapsed while the text, or the rest of it, waited for a link that is
 * throttled or down. What was submitted comes to its end; nothing more is. */
static bool has_lapsed(room *r, job *j)
{
    if (r->now_ms < j->valid_until_ms || count(j, PART_UNSENT) == 0)
        return false;
    if (j->n_in_flight == 0)
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, j->lapse);
    return true;
}

/* A text that has left in part, but whose link does not come back. */
static bool has_waited_enough(room *r, job *j)
{
    if (smpp_link_is_bound(r->link) || j->n_in_flight > 0 ||
        r->clock_ms - j->since_ms < PATIENCE_MS)
        return false;
    if (count(j, PART_ACCEPTED) > 0)
        outbound_end(r, j, TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown");
    else
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, "sms-refused");
    return true;
}

bool sms_leg_send(room *r, job *j)
{
    if (has_lapsed(r, j) || has_waited_enough(r, j) || r->clock_ms < j->retry_ms ||
        count(j, PART_REFUSED) > 0)
        return true;
    teal_segment *segments = j->text;
    for (size_t i = 0; i < j->n_parts; i++) {
        if (j->parts[i].state != PART_UNSENT)
            continue;
        if (smpp_link_room(r->link, r->clock_ms) == 0)
            return false;
        teal_diag why = { 0 };
        teal_smpp_message m =
            sms_leg_message(r, teal_handle_number(j->subject.recipient), &segments[i], true);
        if (!smpp_link_submit(r->link, &m, jobs_token(j, i), r->clock_ms, &why)) {
            log_event(LOG_ERROR, "room.submit_does_not_encode", "why", why.rule, NULL);
            j->parts[i].state = PART_REFUSED;
            settle(r, j);
            return true;
        }
        j->parts[i].state = PART_IN_FLIGHT;
        j->n_in_flight++;
        j->left = true;
    }
    return true;
}

static void accept_part(job *j, size_t part, teal_bytes id)
{
    teal_segment *segments = j->text;
    job_part *p = &j->parts[part];
    p->state = PART_ACCEPTED;
    teal_writer w = { (uint8_t *)p->id, TEAL_SMPP_MAX_MESSAGE_ID, 0 };
    for (size_t i = 0; i < id.len; i++) /* goes into a protobuf string */
        teal_write_u8(&w, id.at[i] > ' ' && id.at[i] < 0x7f ? id.at[i] : '?');
    p->id_len = (uint8_t)(teal_write_fits(&w) ? w.len : 0);
    sodium_memzero(&segments[part], sizeof segments[part]);
}

static void put_off(const room *r, job *j, size_t part)
{
    j->parts[part].state = ++j->tries > MAX_TRIES ? PART_REFUSED : PART_UNSENT;
    int64_t pause = FIRST_RETRY_MS << (j->tries < 8 ? j->tries - 1 : 7);
    j->retry_ms = r->clock_ms + (pause > MAX_RETRY_MS ? MAX_RETRY_MS : pause);
}

void sms_leg_answered(void *arg, uint64_t token, uint32_t status, teal_bytes id)
{
    room *r = arg;
    size_t part;
    job *j = jobs_of_token(&r->outbound->jobs, token, &part);
    j->n_in_flight--;
    switch (teal_smpp_status_class(status)) {
    case TEAL_SMPP_CLASS_OK:
        accept_part(j, part, id);
        break;
    case TEAL_SMPP_CLASS_THROTTLED: /* the link holds back; this message stays first */
        j->parts[part].state = PART_UNSENT;
        break;
    case TEAL_SMPP_CLASS_RETRY:
        put_off(r, j, part);
        break;
    case TEAL_SMPP_CLASS_FATAL:
        log_event(LOG_WARN, "room.sms_refused", "status", teal_smpp_status_name(status), NULL);
        j->parts[part].state = PART_REFUSED;
        break;
    }
    settle(r, j);
}

void sms_leg_lost(void *arg, uint64_t token)
{
    room *r = arg;
    size_t part;
    job *j = jobs_of_token(&r->outbound->jobs, token, &part);
    j->n_in_flight--;
    j->parts[part].state = PART_LOST;
    settle(r, j);
}
