/* Outbound: from a Submit to a signed receipt. Nothing leaves unless the sender's own consent
 * allows it and the edge has made durable that it leaves; nothing is ever sent twice. */
#ifndef TEAL_GATEWAY_PLAINTEXT_OUTBOUND_H
#define TEAL_GATEWAY_PLAINTEXT_OUTBOUND_H

#include "gateway/keys.h"
#include "gateway/plaintext/courier.h"
#include "gateway/plaintext/departed.h"
#include "gateway/plaintext/jobs.h"
#include "gateway/plaintext/vault.h"

/* A Submit that waits for a slot, as it came: still sealed. */
typedef struct outbound_waiting {
    struct outbound_waiting *next;
    size_t len;
    uint8_t submit[];
} outbound_waiting;

/* One a path: a peer that stalls must not hold up the SMS link, nor the other way round. */
typedef struct outbound_queue {
    outbound_waiting *first, **last;
} outbound_queue;

typedef struct outbound {
    jobs jobs;
    vault *sms_texts, *plain_texts;
    struct compose_desk *desk;
    uint8_t *arena; /* EVIDENCE_ARENA_BYTES */
    courier *courier;
    departed *departed;
    outbound_queue sms_waiting, plain_waiting;
    size_t n_waiting, waiting_bytes;
    uint8_t next_concat_ref;
} outbound;

outbound *outbound_open(const config *c, const keys_room *keys);
void outbound_close(room *r); /* wipes all texts */

/* Frames of the edge. */
void outbound_submit(room *r, const Teal__V1__Submit *s);
void outbound_go(room *r, const Teal__V1__Go *go);
void outbound_taken(room *r, const Teal__V1__Taken *taken);
/* The edge starts anew: what only waits is its to send again. */
void outbound_forget_waiting(room *r);

/* Once a turn, after links and frames. */
void outbound_run(room *r);
/* When the next outbound_run must be at the latest, by the room's clock. */
int64_t outbound_due_ms(const room *r);
/* Nothing has left whose end is not known yet and taken. */
bool outbound_is_idle(const room *r);

/* The SMS link's news. */
void outbound_link_down(room *r);

/* For the legs. What leaves has an end, one of these, exactly once. */
/* Ends the job: text wiped, receipt signed, Done said. */
void outbound_end(room *r, job *j, teal_status status, const char *reason);
/* Takes back a job of which nothing has left: text wiped, Deferred said. */
void outbound_defer(room *r, job *j, const char *reason, int64_t retry_after_ms);
/* Wipes and gives back the job's text. */
void outbound_drop_text(room *r, job *j);

#endif
