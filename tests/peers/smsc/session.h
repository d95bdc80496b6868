/* One SMPP connection of an ESME: octets to units and back. Knows no message: what a unit asks for
 * is smsc.c's to decide. One thread at a time. */
#ifndef TEAL_TESTS_PEERS_SESSION_H
#define TEAL_TESTS_PEERS_SESSION_H

#include "codecs/sms/smpp.h"

enum {
    SESSION_OUT_OCTETS = 256 << 10,
    SESSION_ENQUIRE_MS = 10000, /* silence before enquire_link, and then before the end */
};

typedef struct session {
    int fd;             /* -1: no connection */
    bool bound, ending; /* ending: to be closed */
    uint32_t last_sequence;
    int64_t heard_ms;
    bool enquired; /* enquire_link is not answered yet */
    size_t in_len, out_len;
    uint8_t in[TEAL_SMPP_MAX_OCTETS], out[SESSION_OUT_OCTETS];
} session;

/* fd: taken over, does not block. */
void session_open(session *s, int fd, int64_t now_ms);
void session_close(session *s);

/* What to poll for. An ESME that does not read is not read from. */
short session_events(const session *s);
/* Takes in what has come, then gives it away unit by unit; *s may be ending afterwards. */
void session_receive(session *s, int64_t now_ms);
bool session_next(session *s, size_t *done, teal_bytes *unit);
void session_consume(session *s, size_t done);
/* Writes what was put together. */
void session_flush(session *s);

/* Whether there is room to begin something, other than an answer. */
bool session_has_room(const session *s);
void session_put(session *s, const teal_smpp_pdu *pdu);
/* The answer to a unit: to a command that has none, generic_nack. id and tlvs may be empty. */
void session_answer(session *s, const teal_smpp_pdu *to, uint32_t status, teal_bytes id,
                    teal_bytes tlvs);
uint32_t session_new_sequence(session *s);

/* Asks whether the ESME is still there, or ends the session. */
void session_tick(session *s, int64_t now_ms);
int64_t session_due_ms(const session *s);

#endif
