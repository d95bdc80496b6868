/* What a peer's answer to a plain message means.
 *   2xx                       SENT
 *   no octet left             Deferred: nothing happened
 *   408 425 429 503           the peer says that it did not take it: again after a pause, a few
 *                             times, in here, because the text has been shown to it already
 *   other 4xx                 UNDELIVERABLE, peer-refused
 *   other 5xx, or silence     OUTCOME_UNKNOWN: it may have been delivered, so it is not repeated */
#include "gateway/plaintext/plain_leg.h"

#include "gateway/plaintext/outbound.h"

enum { MAX_TRIES = 5, FIRST_RETRY_MS = 1000, MAX_RETRY_MS = 60000, UNREACHED_RETRY_MS = 5000 };

void plain_leg_send(room *r, job *j)
{
    if (j->n_in_flight > 0 || r->clock_ms < j->retry_ms)
        return;
    if (r->now_ms >= j->valid_until_ms) {
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, j->lapse);
        return;
    }
    j->parts[0].state = PART_IN_FLIGHT;
    j->n_in_flight = 1;
    courier_post(r->outbound->courier, j->peer, jobs_token(j, 0),
                 (teal_bytes){ j->text, j->text_len });
}

static void put_off(room *r, job *j, int64_t retry_after_ms)
{
    j->left = true;
    if (++j->tries >= MAX_TRIES) {
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, "peer-refused");
        return;
    }
    int64_t pause = (int64_t)FIRST_RETRY_MS << j->tries;
    if (retry_after_ms > pause)
        pause = retry_after_ms;
    j->parts[0].state = PART_UNSENT;
    j->retry_ms = r->clock_ms + (pause > MAX_RETRY_MS ? MAX_RETRY_MS : pause);
}

static void judge(room *r, const courier_result *result)
{
    size_t part;
    job *j = jobs_of_token(&r->outbound->jobs, result->token, &part);
    j->n_in_flight = 0;
    j->parts[part].state = PART_ACCEPTED;
    if (result->outcome != COURIER_NOT_SENT)
        j->left = true;
    switch (result->outcome) {
    case COURIER_ACCEPTED:
        outbound_end(r, j, TEAL_STATUS_SENT, "");
        break;
    case COURIER_REFUSED:
        outbound_end(r, j, TEAL_STATUS_UNDELIVERABLE, "peer-refused");
        break;
    case COURIER_UNKNOWN:
        outbound_end(r, j, TEAL_STATUS_OUTCOME_UNKNOWN, "outcome-unknown");
        break;
    case COURIER_LATER:
        put_off(r, j, result->retry_after_ms);
        break;
    case COURIER_NOT_SENT:
        if (j->left) /* by an earlier try: it stays the room's to bring to an end */
            put_off(r, j, 0);
        else
            outbound_defer(r, j, "peer-unreachable", UNREACHED_RETRY_MS);
        break;
    }
}

void plain_leg_collect(room *r)
{
    courier_result result;
    while (courier_collect(r->outbound->courier, &result))
        judge(r, &result);
}
