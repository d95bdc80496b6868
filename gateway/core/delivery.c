/* Ends deliveries; see delivery.h. */
#include "gateway/core/delivery.h"

#include "gateway/core/state.h"

bool delivery_in_doubt(const store_delivery *d)
{
    return d->failing_since_ms < 0;
}

void delivery_set_doubt(store_delivery *d, bool doubt)
{
    if (doubt == delivery_in_doubt(d))
        return;
    if (doubt)
        d->failing_since_ms = d->failing_since_ms == 0 ? -1 : -d->failing_since_ms;
    else
        d->failing_since_ms = d->failing_since_ms == -1 ? 0 : -d->failing_since_ms;
}

static bool is_active(const store_delivery *d)
{
    return d->state == STATE_WAITING || d->state == STATE_LEAVING;
}

/* Whether a recipient whose better path is still being tried could fall back. */
static bool may_fall_back(const store_message *m, teal_arena *arena)
{
    teal_envelope e;
    if (teal_envelope_decode(m->envelope, arena, &e, NULL) != TEAL_OK)
        return true; /* to keep it a while is the lesser harm: it goes when the message ends */
    return e.has_downgrade && e.downgrade.when == TEAL_OR_FAILED;
}

static store_result is_fallback_needed(store *s, const store_message *m, teal_arena *arena,
                                       bool *needed)
{
    size_t n = 0;
    bool below = false, better = false;
    store_delivery *all = teal_arena_take(arena, TEAL_MAX_RECIPIENTS * sizeof *all);
    if (all == NULL)
        return STORE_SPACE;
    store_result result = s->ops->list_deliveries(s, m->seq, arena, all, TEAL_MAX_RECIPIENTS, &n);
    for (size_t i = 0; result == STORE_OK && i < n; i++) {
        below = below || (is_active(&all[i]) && policy_level(all[i].path) != TEAL_E2EE);
        better = better || (is_active(&all[i]) && all[i].path == PATH_RCS);
    }
    *needed = below || (better && may_fall_back(m, arena));
    return result;
}

static store_result mark_e2ee(store *s, const store_message *m, const store_delivery *d)
{
    store_result result = s->ops->mark_e2ee(s, m->conversation_id, d->recipient);
    return result == STORE_OK ? s->ops->mark_e2ee(s, m->conversation_id, m->sender) : result;
}

static store_result drop_fallback(store *s, const store_message *m, teal_arena *arena)
{
    bool needed = true;
    size_t mark = arena->used;
    store_result result = is_fallback_needed(s, m, arena, &needed);
    arena->used = mark;
    return result == STORE_OK && !needed ? s->ops->drop_fallback(s, m->seq) : result;
}

store_result delivery_end(const core *c, store *s, const store_message *m, store_delivery *d,
                          store_state state, teal_arena *arena, news *told)
{
    d->state = state;
    store_result result = s->ops->update_delivery(s, d);
    bool encrypted = policy_level(d->path) == TEAL_E2EE && !core_is_text(m->network, CORE_GATEWAY);
    if (result == STORE_OK && encrypted && state != STATE_FAILED)
        result = mark_e2ee(s, m, d);
    if (result == STORE_OK && state == STATE_FAILED)
        result = s->ops->drop_items(s, d->id);
    if (result == STORE_OK)
        result = drop_fallback(s, m, arena);
    if (result == STORE_OK)
        news_of_end(told, c, d->recipient);
    return result;
}
