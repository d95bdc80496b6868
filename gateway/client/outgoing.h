/* One message on its way out of this device: sealed for devices, with or without consent, signed.
 */
#ifndef TEAL_CLIENT_OUTGOING_H
#define TEAL_CLIENT_OUTGOING_H

#include "codecs/native/manifest.h"
#include "gateway/client/people.h"
#include "gateway/client/session.h"

enum { OUTGOING_ID_BYTES = 24 };

typedef struct outgoing {
    /* Set by the caller; views outlive it. */
    teal_bytes sender;
    const teal_bytes *recipients;
    size_t n_recipients;
    teal_bytes conversation_id; /* empty: the one that they have */
    teal_kind kind;
    uint32_t wants;
    uint64_t expires_at_ms;
    teal_bytes content; /* encoded */
    people_keys keys;   /* what it is sealed to */
    bool consents;
    teal_consent consent; /* floor to accepts_e2ee_loss */
    teal_bytes fallback;  /* encoded */
    uint8_t downgrade_key[TEAL_KEY_BYTES];

    /* Made by outgoing_begin. */
    uint8_t message_id[OUTGOING_ID_BYTES];
    uint64_t sent_at_ms;

    /* Made by outgoing_seal; in the session's arena. */
    teal_envelope envelope;
    teal_hash transcript;
    teal_bytes encoded;
} outgoing;

/* A new message id ("Mx" and a UUIDv7) and the time. */
void outgoing_begin(outgoing *m, int64_t now_ms);

/* Can be repeated, with other keys: the id stays. Has said what breaks a rule. */
outcome outgoing_seal(session *s, outgoing *m);

#endif
