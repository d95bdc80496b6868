/* teal inbox. The order of a round holds, whenever it is cut off: show, make the keychain durable,
 * acknowledge, send the receipts that were asked for. An item may be shown twice, never lost. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/delivery_receipt.h"
#include "gateway/client/home_gateway.h"
#include "gateway/client/incoming.h"
#include "gateway/client/interrupt.h"
#include "gateway/client/prekeys.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <time.h>

enum {
    MAX_ITEMS = 100,
    MAX_POLL_S = 60, /* what a gateway allows */
    FOLLOW_POLL_S = 30,
    PAUSE_S = 3, /* before asking again what could not be had */
};

typedef struct inbox {
    session *s;
    show look;
    uint8_t device[TEAL_DEVICE_BYTES];
    size_t shown, later; /* later: of the last round */
    size_t prekeys_left; /* as the gateway said last */
    bool unverified;

    /* Of one round; in the session's arena. */
    incoming *items;
    size_t n_items;
    person *senders;
    people_answer *answers; /* of the look-up of each */
    size_t n_senders;
    bool owes[MAX_ITEMS];
    verify_gateway gateway;
} inbox;

/* ---- fetching -------------------------------------------------------------------------------- */

static void *take(session *s, size_t count, size_t size)
{
    void *taken = teal_arena_array(&s->arena, count, size);
    if (taken == NULL)
        bug("the arena is full");
    return taken;
}

static outcome fetch(inbox *b, unsigned wait_s)
{
    json_t *answer;
    session *s = b->s;
    session_forget(s);
    b->n_items = b->n_senders = b->later = 0;
    b->items = take(s, MAX_ITEMS, sizeof *b->items);
    b->senders = take(s, MAX_ITEMS, sizeof *b->senders);
    b->answers = take(s, MAX_ITEMS, sizeof *b->answers);
    if (s->options->follow)
        interrupt_idle();
    outcome o = api_inbox(s->api, b->device, wait_s, &answer);
    interrupt_busy();
    if (o != OUTCOME_OK)
        return o;
    json_int_t left = json_integer_value(json_object_get(answer, "prekeys_left"));
    b->prekeys_left = left > 0 ? (size_t)left : 0;
    const json_t *items = json_object_get(answer, "items");
    for (size_t i = 0; i < json_array_size(items) && b->n_items < MAX_ITEMS; i++)
        if (incoming_read(s, json_array_get(items, i), &b->items[b->n_items]))
            b->n_items++;
    json_decref(answer);
    return OUTCOME_OK;
}

/* ---- who it is from -------------------------------------------------------------------------- */

/* Asks for each sender once a round. */
static size_t find_sender(inbox *b, teal_bytes handle)
{
    size_t i = 0;
    while (i < b->n_senders && !teal_bytes_equal(b->senders[i].handle, handle))
        i++;
    if (i == b->n_senders)
        b->answers[b->n_senders++] = people_find(b->s, handle, &b->senders[i]);
    return i;
}

/* What the directory does not know now it may know later, unless it says that there is nobody. */
static void know_sender(inbox *b, incoming *in)
{
    if (teal_bytes_equal(in->envelope.sender, b->gateway.handle))
        return;
    size_t i = find_sender(b, in->envelope.sender);
    const people_answer *a = &b->answers[i];
    if (a->wrong != NULL)
        in->wrong = a->wrong;
    else if (a->call == OUTCOME_OK && b->senders[i].has_manifest)
        in->sender = &b->senders[i];
    else
        in->later = a->call == OUTCOME_UNREACHABLE || a->call == OUTCOME_FAILED || a->temporary;
}

static bool is_gateway_device(const inbox *b, const incoming *in)
{
    if (!in->decoded)
        return true; /* there is nothing to ask for */
    if (in->kind == INCOMING_ENVELOPE && !in->envelope.has_origin)
        return true;
    return in->kind == INCOMING_RECEIPT
               ? verify_gateway_then(&b->gateway, in->receipt.device, in->receipt.at_ms) != NULL
               : verify_gateway_then(&b->gateway, in->envelope.sender_device,
                                     in->envelope.sent_at_ms) != NULL;
}

/* The gateway as it is known; asked again where a device of it is not known. */
static void know_gateway(inbox *b)
{
    bool known = true;
    verify_gateway now;
    home_gateway_known(b->s, &b->gateway);
    for (size_t i = 0; i < b->n_items; i++)
        known = known && is_gateway_device(b, &b->items[i]);
    if (!known && home_gateway_ask(b->s, &now) == OUTCOME_OK)
        b->gateway = now;
}

/* ---- one round ------------------------------------------------------------------------------- */

static void show_verdict(inbox *b, const incoming_verdict *v)
{
    b->shown++;
    b->unverified = b->unverified || v->aside.wrong != NULL;
    if (b->s->options->json)
        session_print(v->item);
    else
        show_item(&b->look, v->item, &v->aside);
}

/* Shows all that can be judged now. seqs: of what may be acknowledged once this is durable. */
static outcome take_items(inbox *b, json_t *seqs)
{
    outcome o = keychain_begin(b->s->keychain);
    if (o != OUTCOME_OK)
        return o;
    for (size_t i = 0; i < b->n_items; i++) {
        incoming_verdict v;
        b->owes[i] = false;
        if (b->items[i].later) {
            b->later++;
            continue;
        }
        incoming_judge(b->s, &b->gateway, &b->items[i], &v);
        b->owes[i] = v.owes_receipt;
        if (v.item != NULL)
            show_verdict(b, &v);
        json_decref(v.item);
        json_array_append_new(seqs, json_integer(b->items[i].seq));
    }
    if (fflush(stdout) != 0) {
        keychain_rollback(b->s->keychain);
        return say(OUTCOME_FAILED, "standard output cannot be written: nothing is acknowledged");
    }
    return keychain_commit(b->s->keychain);
}

static outcome take_round(inbox *b)
{
    json_t *seqs = json_array();
    session *s = b->s;
    know_gateway(b);
    for (size_t i = 0; i < b->n_items; i++)
        if (b->items[i].decoded && b->items[i].kind == INCOMING_ENVELOPE)
            know_sender(b, &b->items[i]);
    outcome o = take_items(b, seqs);
    if (o == OUTCOME_OK && json_array_size(seqs) > 0)
        o = session_explain(s, api_acknowledge(s->api, b->device, seqs));
    for (size_t i = 0; i < b->n_items && o == OUTCOME_OK; i++)
        if (b->owes[i])
            delivery_receipt_send(s, &b->items[i].envelope, b->items[i].sender);
    json_decref(seqs);
    return o;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void pause_s(int seconds)
{
    const struct timespec time = { seconds, 0 };
    interrupt_idle();
    nanosleep(&time, NULL);
    interrupt_busy();
}

static outcome conclude(inbox *b, outcome o)
{
    outcome waits = OUTCOME_OK;
    if (o == OUTCOME_OK)
        o = prekeys_keep(b->s, b->prekeys_left);
    if (o != OUTCOME_OK)
        return o;
    if (b->shown == 0 && b->later == 0 && !b->s->options->json)
        puts("Nothing new.");
    if (b->later > 0)
        waits = say(OUTCOME_UNREACHABLE,
                    "%zu more cannot be verified now, because the sender's network does not "
                    "answer; nothing of it is lost",
                    b->later);
    return b->unverified ? OUTCOME_UNVERIFIED : waits;
}

/* Until nothing more comes. */
static outcome take_all(inbox *b)
{
    const int64_t until_ms = clock_monotonic_ms() + (int64_t)b->s->options->wait_s * 1000;
    for (;;) {
        int64_t left_s = (until_ms - clock_monotonic_ms() + 999) / 1000;
        bool waits = b->shown == 0 && left_s > 0;
        outcome o = fetch(b, !waits ? 0 : left_s < MAX_POLL_S ? (unsigned)left_s : MAX_POLL_S);
        if (o != OUTCOME_OK)
            return session_explain(b->s, o);
        if (b->n_items == 0 && waits)
            continue;
        if (b->n_items == 0)
            return OUTCOME_OK;
        o = take_round(b);
        if (o != OUTCOME_OK || b->later == b->n_items)
            return o;
    }
}

/* Whether the last call may go better when it is made again. */
static bool may_recover(const inbox *b, outcome o)
{
    return o == OUTCOME_UNREACHABLE || (o == OUTCOME_REFUSED && api_is_temporary(b->s->api));
}

/* *away: the gateway has not answered the last time, which is said once. */
static outcome follow_once(inbox *b, bool *away)
{
    outcome o = fetch(b, FOLLOW_POLL_S);
    const bool was_away = *away;
    *away = may_recover(b, o);
    if (*away && !was_away)
        say_note("the gateway does not answer now; trying on");
    if (o == OUTCOME_OK && b->n_items > 0)
        o = take_round(b);
    else if (o != OUTCOME_OK && !*away)
        session_explain(b->s, o);
    if (o == OUTCOME_OK)
        prekeys_keep(b->s, b->prekeys_left);
    if (!may_recover(b, o) && b->later == 0)
        return o;
    pause_s(PAUSE_S);
    return OUTCOME_OK;
}

/* Until Ctrl-C; a gateway that does not answer may be there again later. */
static outcome follow(inbox *b)
{
    bool away = false;
    outcome o = OUTCOME_OK;
    interrupt_catch();
    while (o == OUTCOME_OK && !interrupt_asked())
        o = follow_once(b, &away);
    return o;
}

outcome command_inbox(session *s)
{
    inbox own = { .s = s, .look = show_for(stdout) };
    account_device(s->keychain, own.device);
    if (account_handle(s->keychain, &s->arena).len == 0)
        return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
    return s->options->follow ? follow(&own) : conclude(&own, take_all(&own));
}
