/* The three kinds of message that the gateway brings to the network: each is checked, kept for its
 * user, and answered. */
#ifndef TEAL_TESTS_PEERS_TAKE_H
#define TEAL_TESTS_PEERS_TAKE_H

#include "codecs/rcs/message.h"
#include "tests/peers/rcs/network.h"
#include "tests/peers/shared/http_server.h"

typedef struct incoming {
    network *network;
    http_call *call;
    const teal_cpim *cpim;
    teal_rcs_routing routing;
    teal_arena *arena; /* of take_arena_bytes */
} incoming;

size_t take_arena_bytes(size_t body_len);

void take_sealed(incoming *in); /* take_sealed.c */
void take_plain(incoming *in);  /* take_plain.c */
void take_imdn(incoming *in);   /* take_imdn.c */

void take_refuse_malformed(const incoming *in, const teal_diag *why);
void take_refuse_recipient(const incoming *in);
void take_refuse_unreachable(const incoming *in);
void take_refuse_reused(const incoming *in);
/* 202, or 200 for what was taken before. */
void take_answer(const incoming *in, teal_bytes message_id, bool before);

/* Whether a message of that name is new to the network, has come before, or is another one of the
 * same name. network.lock is held. */
typedef enum take_seen { SEEN_NEVER = 0, SEEN_BEFORE, SEEN_OTHER } take_seen;
take_seen take_look(const network *n, const teal_hash *name, const teal_hash *value);

/* A message as the user sees it. text: UTF-8. network.lock is held. */
void take_show(const incoming *in, user *u, teal_bytes message_id, teal_bytes from, teal_bytes text,
               teal_level level, bool verified);

#endif
