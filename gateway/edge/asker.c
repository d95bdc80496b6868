/* See asker.h. */
#include "gateway/edge/asker.h"

bool asker_owns(const rest_call *c, const uint8_t account_key[static TEAL_KEY_BYTES])
{
    return c->caller->account_key != NULL &&
           memcmp(c->caller->account_key, account_key, TEAL_KEY_BYTES) == 0;
}

bool asker_note(rest_call *c)
{
    const char *kind = c->caller->role == CALLER_PEER       ? "peer "
                       : c->caller->role == CALLER_OPERATOR ? "operator "
                                                            : "";
    const size_t cap = strlen(kind) + c->caller->name.len;
    teal_writer w = { teal_arena_take(c->arena, cap), cap, 0 };
    teal_write_text(&w, kind);
    teal_write_bytes(&w, c->caller->name);
    return w.base != NULL &&
           lookup_log_note(c->services->lookups, teal_written(&w), c->parameter, c->now_ms);
}
