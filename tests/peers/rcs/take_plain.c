/* A plain text message: for users without end-to-end encryption only. Nobody has proven who it is
 * from but the gateway, by its word. */
#include "tests/peers/rcs/take.h"

#include "codecs/rcs/plain.h"

#include <sodium.h>

void take_plain(incoming *in)
{
    network *n = in->network;
    teal_diag why = { 0 };
    teal_plain p;
    teal_hash said;
    if (teal_plain_read(in->cpim, in->arena, &in->routing, &p, &why) != TEAL_OK) {
        take_refuse_malformed(in, &why);
        return;
    }
    user *u = network_find(n, p.to);
    if (u == NULL) {
        take_refuse_recipient(in);
        return;
    }
    if (u->account != NULL) {
        http_problem(in->call, 403, "recipient-sealed",
                     "REQ-DGR-1 the recipient has end-to-end encryption, nothing below it is taken",
                     "Claim prekeys and seal the message.", NULL);
        return;
    }
    teal_hash name = book_name(p.from, p.message_id, p.to);
    crypto_hash_sha256(said.at, p.text.at, p.text.len);
    pthread_mutex_lock(&n->lock);
    take_seen seen = take_look(n, &name, &said);
    if (seen == SEEN_NEVER) {
        take_show(in, u, p.message_id, p.from, p.text, TEAL_TRANSPORT, false);
        book_put(&n->taken, &name, &said);
    }
    pthread_mutex_unlock(&n->lock);
    if (seen == SEEN_OTHER)
        take_refuse_reused(in);
    else
        take_answer(in, p.message_id, seen == SEEN_BEFORE);
}
