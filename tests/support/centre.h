/* An SMS centre for tests, on a loopback socket: as polite or as rude as the test wants. */
#ifndef TEAL_TESTS_SUPPORT_CENTRE_H
#define TEAL_TESTS_SUPPORT_CENTRE_H

#include "codecs/sms/smpp.h"

enum { CENTRE_PATIENCE_MS = 10000 }; /* for what must come; nothing waits for it to pass */

typedef struct centre {
    int listener, fd; /* fd: of the session, -1: none */
    uint16_t port;
    uint8_t in[TEAL_SMPP_MAX_OCTETS];
    size_t in_len, used; /* used: of the unit that was read last */
    uint32_t next_sequence;
} centre;

void centre_open(centre *c);
void centre_close(centre *c);

/* Takes the next connection, replacing the last. False: none came in time. */
bool centre_accept(centre *c, int timeout_ms);
/* Accepts a connection and the bind on it. */
void centre_bind(centre *c);
/* The next unit; its views live until the next call. False: nothing came in time, or the other end
 * has closed. */
bool centre_read(centre *c, teal_smpp_pdu *out, int timeout_ms);
/* The same, but fails the test unless a unit of that command comes; enquire_link is answered. */
teal_smpp_pdu centre_expect(centre *c, uint32_t command);

void centre_write(centre *c, const teal_smpp_pdu *pdu);
void centre_write_bytes(centre *c, teal_bytes bytes);
/* Answers a submit_sm. id: NULL for none. */
void centre_answer(centre *c, uint32_t sequence, uint32_t status, const char *id);
/* Sends a deliver_sm of GSM text; returns its sequence number. */
uint32_t centre_deliver(centre *c, const char *source, const char *destination, uint8_t esm_class,
                        teal_bytes short_message);
/* A delivery receipt: "DELIVRD", "UNDELIV", ... */
uint32_t centre_report(centre *c, const char *number, const char *id, const char *state);
void centre_hang_up(centre *c);

#endif
