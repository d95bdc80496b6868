/* Takes a network away although something is under way to it. REQ-NET-8. */
#include "gateway/core/give_up.h"
#include "gateway/core/state.h"

#include <stdlib.h>

enum { BATCH = 256, LIST_BYTES = 512 << 10 };

typedef struct ending {
    core *c;
    teal_bytes name;
    int64_t now_ms;
    size_t n_found, n_ended;
    news news;
} ending;

static store_result end_some(store *s, void *arg)
{
    ending *e = arg;
    teal_arena list = { malloc(LIST_BYTES), LIST_BYTES, 0 };
    if (list.base == NULL)
        bug("out of memory");
    store_delivery *found = teal_arena_array(&list, BATCH, sizeof *found);
    store_result result = s->ops->list_active(s, e->name, &list, found, BATCH, &e->n_found);
    if (result == STORE_SPACE && e->n_found > 0)
        result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < e->n_found; i++) {
        bool ended = false;
        result = give_up(e->c, s, found[i].id, "network-removed", e->now_ms, core_scratch(e->c),
                         &e->news, &ended);
        e->n_ended += ended;
    }
    free(list.base);
    return result;
}

/* Until nothing is under way, or all that is will be ended by somebody else. */
static store_result end_all(core *c, teal_bytes name, int64_t now_ms)
{
    store_result result = STORE_OK;
    bool goes_on = true;
    while (result == STORE_OK && goes_on) {
        ending e = { .c = c, .name = name, .now_ms = now_ms };
        result = writer_do(c->parts.writer, end_some, &e);
        goes_on = e.n_ended > 0;
        if (result == STORE_OK)
            news_tell(&e.news, c);
        else
            news_drop(&e.news);
    }
    return result;
}

networks_result core_remove_network(core *c, store *reader, teal_bytes name, int64_t now_ms,
                                    networks_refusal *why)
{
    const networks_tools tools = { c->parts.networks, c->parts.writer, reader };
    networks_result result = networks_check_removal(&tools, name, why);
    if (result == NETWORKS_CHANGED) /* so that nothing new is sent meanwhile */
        result = networks_suspend(&tools, name, now_ms, why);
    if (result != NETWORKS_CHANGED)
        return result;
    if (end_all(c, name, now_ms) != STORE_OK)
        return NETWORKS_BUSY;
    return networks_remove(&tools, name, now_ms, why);
}
