/* The link to an SMS centre: an SMPP 3.4 transceiver session that is kept up, or brought up again.
 * Non-blocking and without threads: its owner's poll loop drives it. Whatever the centre sends can
 * cost the session, never the process. Never sends a message twice: what was in flight when a
 * session ended is reported lost, and is its owner's to judge. PROTOCOL.md REQ-SMPP-*. */
#ifndef TEAL_GATEWAY_LINKS_SMS_SMPP_H
#define TEAL_GATEWAY_LINKS_SMS_SMPP_H

#include "codecs/sms/smpp.h"

#include <poll.h>

enum {
    SMPP_LINK_MAX_WINDOW = 1000,
    SMPP_LINK_RECONNECT_MAX_MS = 30000, /* growing back-off ends here */
    SMPP_LINK_PAUSE_FIRST_MS = 250,     /* after ESME_RTHROTTLED or ESME_RMSGQFUL */
    SMPP_LINK_PAUSE_MAX_MS = 30000,
};

typedef struct smpp_link smpp_link;

/* Strings are borrowed and outlive the link. */
typedef struct smpp_link_options {
    const char *host; /* name or address; names are resolved anew for each connection */
    uint16_t port;
    const char *system_id, *password, *system_type; /* NULL: empty */
    uint32_t window;                                /* submits without an answer: 1..1000 */
    int64_t enquire_ms;                             /* silence before enquire_link */
    int64_t response_ms;        /* a request without an answer for so long ends the session */
    int64_t reconnect_first_ms; /* doubled after each failure */
} smpp_link_options;

/* Names one deliver_sm or data_sm; no longer valid when its session is over. */
typedef struct smpp_link_ticket {
    uint32_t session, sequence;
    uint32_t command; /* of the answer */
} smpp_link_ticket;

/* Called from smpp_link_run only. smpp_link_submit and smpp_link_answer may be called from them. */
typedef struct smpp_link_events {
    void *arg;
    void (*bound)(void *arg);
    /* The centre's verdict on a submit. After ESME_RTHROTTLED and ESME_RMSGQFUL the link has paused
     * itself. id: empty where there is none. */
    void (*answered)(void *arg, uint64_t token, uint32_t status, teal_bytes id);
    /* The session ended between submit and answer: the outcome is unknown. */
    void (*lost)(void *arg, uint64_t token);
    /* A deliver_sm or data_sm, to be answered with smpp_link_answer, at any later time. pdu: for
     * the call. */
    void (*delivered)(void *arg, smpp_link_ticket ticket, const teal_smpp_pdu *pdu);
    void (*unbound)(void *arg); /* after every lost() of that session */
} smpp_link_events;

/* Connects with the first smpp_link_run. Never fails. Times are of a clock that never goes back. */
smpp_link *smpp_link_open(const smpp_link_options *o, const smpp_link_events *e, int64_t now_ms);
/* Says unbind if it can without waiting, calls nothing back, wipes its buffers. */
void smpp_link_close(smpp_link **l);

/* What to poll for; fd -1: nothing. */
void smpp_link_poll(const smpp_link *l, struct pollfd *p);
/* When smpp_link_run must be called at the latest; INT64_MAX: only when poll says so. */
int64_t smpp_link_due_ms(const smpp_link *l);
/* Reads, calls back, minds the timers. revents: of smpp_link_poll. */
void smpp_link_run(smpp_link *l, short revents, int64_t now_ms);
/* Writes what was put together, in one write: call once a turn, when everything is in. */
void smpp_link_flush(smpp_link *l);

bool smpp_link_is_bound(const smpp_link *l);
/* How long it still holds back because the centre throttles; 0: it does not. */
int64_t smpp_link_pause_ms(const smpp_link *l, int64_t now_ms);
/* How many submits it takes now: 0 when not bound, paused, or the window is full. */
size_t smpp_link_room(const smpp_link *l, int64_t now_ms);
size_t smpp_link_in_flight(const smpp_link *l);

/* Sends submit_sm. token: the owner's; comes back once, in answered() or lost().
 * False: nothing sent (no room, or the message does not encode: *why; NULL rule for no room). */
bool smpp_link_submit(smpp_link *l, const teal_smpp_message *m, uint64_t token, int64_t now_ms,
                      teal_diag *why);
/* Answers a delivery. False: its session is over, the centre will never see the answer. */
bool smpp_link_answer(smpp_link *l, smpp_link_ticket ticket, uint32_t status);

#endif
