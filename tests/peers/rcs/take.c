/* What the three kinds have in common. */
#include "tests/peers/rcs/take.h"

#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/plain.h"
#include "tests/peers/rcs/gateway.h"

size_t take_arena_bytes(size_t body_len)
{
    /* either form and its text, and what the gateway says of the sender */
    return TEAL_E2EE_ARENA(body_len) + TEAL_PLAIN_ARENA(body_len) + 32 * body_len + GATEWAY_ARENA;
}

void take_refuse_malformed(const incoming *in, const teal_diag *why)
{
    http_problem(in->call, 400, "cpim-malformed", why->rule,
                 "Send one message/cpim, as PROTOCOL.md section 5 writes it.",
                 json_pack("{s:I}", "at", (json_int_t)why->at));
}

void take_refuse_recipient(const incoming *in)
{
    http_problem(in->call, 422, "recipient-unroutable",
                 "REQ-MSG-8 no recipient of this form is on this network",
                 "Look the recipient up again.", NULL);
}

void take_refuse_unreachable(const incoming *in)
{
    http_problem(in->call, 503, "peer-unreachable",
                 "REQ-MSG-10 the gateway does not say who it or the sender is", "Try again.", NULL);
}

void take_refuse_reused(const incoming *in)
{
    http_problem(in->call, 409, "message-id-reused",
                 "REQ-MSG-5 another message of this sender has the id", "Choose a new id.", NULL);
}

void take_answer(const incoming *in, teal_bytes message_id, bool before)
{
    http_answer(in->call, before ? 200 : 202,
                json_pack("{s:s%, s:s}", "message_id", (const char *)message_id.at, message_id.len,
                          "state", "accepted"));
}

take_seen take_look(const network *n, const teal_hash *name, const teal_hash *value)
{
    const teal_hash *known = book_find(&n->taken, name);
    if (known == NULL)
        return SEEN_NEVER;
    return memcmp(known, value, sizeof *value) == 0 ? SEEN_BEFORE : SEEN_OTHER;
}

void take_show(const incoming *in, user *u, teal_bytes message_id, teal_bytes from, teal_bytes text,
               teal_level level, bool verified)
{
    network_keep(u->messages,
                 json_pack("{s:s%, s:s%, s:s%, s:s, s:b, s:I}", "message_id",
                           (const char *)message_id.at, message_id.len, "from",
                           (const char *)from.at, from.len, "text", (const char *)text.at, text.len,
                           "level", teal_level_name(level), "verified", verified, "cpim_bytes",
                           (json_int_t)http_body(in->call).len));
}
