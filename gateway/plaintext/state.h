/* What the files of the plaintext room share: one process, one thread, one of each. */
#ifndef TEAL_GATEWAY_PLAINTEXT_STATE_H
#define TEAL_GATEWAY_PLAINTEXT_STATE_H

#include "gateway/config.h"
#include "gateway/keys.h"
#include "gateway/links/sms_smpp.h"
#include "gateway/plaintext/granted.h"
#include "gateway/plaintext/notices.h"
#include "gateway/plaintext/pins.h"
#include "gateway/plaintext/verified.h"

/* References of the room's own (Report, WhoIs, Inbound) have this bit; the edge's do not. */
#define ROOM_REF_BIT (UINT64_C(1) << 63)

typedef struct room {
    const config *config;
    keys_room *keys;
    const sealed_key *lock;  /* of their file; NULL: it is not sealed */
    int64_t now_ms;          /* Unix time of this turn: consents, receipts */
    int64_t clock_ms;        /* a clock that never goes back, of this turn: time-outs */
    int64_t started_ms;      /* clock_ms then */
    int64_t retire_again_ms; /* clock_ms when keys are looked at next; 0: in each turn */
    uint64_t next_ref;
    bool stopping; /* lets what has left come to its end, takes nothing new */
    notices notices;
    pins *pins;
    granted *granted;
    verified *verified;
    smpp_link *link; /* NULL: none is configured */
    struct outbound *outbound;
    struct inbound *inbound;
    struct reports *reports;
    struct proofs *proofs;
} room;

uint64_t room_new_ref(room *r);

#endif
