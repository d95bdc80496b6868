/* Which kind of message it is, and how the network behaves today. */
#include "tests/peers/rcs/receive.h"

#include "codecs/handle.h"
#include "codecs/rcs/cpim.h"
#include "tests/peers/rcs/signed.h"
#include "tests/peers/rcs/take.h"

#include <sodium.h>
#include <stdlib.h>

/* The mode that answers, and whether the network goes on at all: a stalled one answers nobody until
 * it is told otherwise. */
static network_mode await_mode(network *n)
{
    pthread_mutex_lock(&n->lock);
    bool stalled = n->mode == MODE_STALL;
    while (n->mode == MODE_STALL && !n->stopping)
        pthread_cond_wait(&n->changed, &n->lock);
    network_mode mode = stalled ? MODE_UNAVAILABLE : n->mode;
    pthread_mutex_unlock(&n->lock);
    return mode;
}

/* Whether a mode other than normal has answered. */
static bool misbehaves(network *n, http_call *c)
{
    switch (await_mode(n)) {
    case MODE_NORMAL:
        return false;
    case MODE_STALL:
    case MODE_UNAVAILABLE:
        http_problem(c, 503, "overloaded", "REQ-REST-4 the network is told to be unavailable",
                     "Try again.", NULL);
        return true;
    case MODE_REFUSE:
        http_problem(c, 403, "peer-refused", "REQ-MSG-15 the network is told to refuse",
                     "Do not try again.", NULL);
        return true;
    case MODE_STALE:
        http_problem(c, 409, "keys-stale", "REQ-MSG-9 the network is told to have other devices",
                     "Claim again, reseal.", NULL);
        return true;
    }
    abort();
}

/* A handle that stands outside of the CPIM; what is not canonical counts as not given. */
static teal_bytes routing_handle(const http_call *c, const char *field)
{
    const char *value = http_header(c, field);
    teal_bytes handle = value != NULL ? teal_text(value) : (teal_bytes){ 0 };
    return teal_handle_is_canonical(handle) ? handle : (teal_bytes){ 0 };
}

static bool is_cpim(const http_call *c)
{
    const char *type = http_header(c, "Content-Type");
    teal_bytes name = { (const uint8_t *)type, type != NULL ? strcspn(type, "; ") : 0 };
    return teal_ascii_same(name, teal_text("message/cpim"));
}

static void receive(network *n, http_call *c, teal_arena *arena)
{
    teal_diag why = { 0 };
    teal_cpim m;
    incoming in = { .network = n, .call = c, .cpim = &m, .arena = arena };
    in.routing = (teal_rcs_routing){ .from = routing_handle(c, "Rcs-From"),
                                     .to = routing_handle(c, "Rcs-To") };
    if (teal_cpim_decode(http_body(c), arena, &m, &why) != TEAL_OK) {
        take_refuse_malformed(&in, &why);
        return;
    }
    switch (teal_rcs_form_of(&m)) {
    case TEAL_RCS_E2EE:
        take_sealed(&in);
        break;
    case TEAL_RCS_PLAIN:
        take_plain(&in);
        break;
    case TEAL_RCS_IMDN:
        take_imdn(&in);
        break;
    case TEAL_RCS_MLS:
    case TEAL_RCS_OTHER:
        http_problem(c, 422, "not-translatable",
                     "REQ-REST-11 a media type that this network does not carry",
                     "Send text, sealed or plain, or a notification.", NULL);
        break;
    }
}

void receive_post(http_call *c, void *arg)
{
    if (misbehaves(arg, c) || !signed_by_gateway(arg, c))
        return;
    if (!is_cpim(c)) {
        http_problem(c, 415, "media-type-unknown", "REQ-REST-2 the body is not message/cpim",
                     "Send message/cpim.", NULL);
        return;
    }
    size_t size = take_arena_bytes(http_body(c).len);
    teal_arena arena = { malloc(size), size, 0 };
    if (arena.base == NULL)
        http_problem(c, 503, "overloaded", "REQ-REST-4 out of memory", "Try again.", NULL);
    else
        receive(arg, c, &arena);
    sodium_memzero(arena.base, arena.used); /* plain messages stood in it */
    free(arena.base);
}
