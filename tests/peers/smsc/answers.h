/* What the SMS centre does about each unit of an ESME, and what it sends it. Under smsc.lock. */
#ifndef TEAL_TESTS_PEERS_ANSWERS_H
#define TEAL_TESTS_PEERS_ANSWERS_H

#include "tests/peers/smsc/smsc.h"

void answers_take(smsc *s, session *e, teal_bytes unit, int64_t now_ms);

/* Sends deliver_sm as far as window and buffer have room. e: bound. */
void answers_deliver(smsc *s, session *e, int64_t now_ms);

#endif
