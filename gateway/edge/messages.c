/* POST /v1/messages, GET /v1/messages/{id}. A 2xx means durable (REQ-REST-3): it is sent after the
 * commit. */
#include "gateway/core/policy.h"
#include "gateway/edge/field.h"
#include "gateway/edge/message_body.h"
#include "gateway/request_signature.h"

enum { MAX_RECEIPTS = 4 * TEAL_MAX_RECIPIENTS, PREKEY_MAX_BYTES = 256 };

static json_t *recipient_json(teal_bytes recipient, store_path path, teal_level level)
{
    return json_pack("{s:o, s:s, s:s}", "recipient", field_text(recipient), "path",
                     store_path_name(path), "level", teal_level_name(level));
}

static json_t *accepted_json(const teal_envelope *e, const core_outcome *out)
{
    json_t *recipients = json_array();
    for (size_t i = 0; i < out->n_fates; i++)
        json_array_append_new(recipients, recipient_json(out->fates[i].recipient,
                                                         out->fates[i].path, out->fates[i].level));
    return json_pack("{s:o, s:s, s:o}", "message_id", field_text(e->message_id), "state",
                     "accepted", "recipients", recipients);
}

static json_t *refusals_json(const core_outcome *out)
{
    json_t *refusals = json_array();
    for (size_t i = 0; i < out->n_fates; i++)
        if (out->fates[i].code != NULL)
            json_array_append_new(refusals, json_pack("{s:o, s:s}", "recipient",
                                                      field_text(out->fates[i].recipient), "code",
                                                      out->fates[i].code));
    return refusals;
}

static json_t *manifests_json(const core_outcome *out, teal_arena *arena)
{
    json_t *manifests = json_object();
    for (size_t i = 0; i < out->n_stale; i++)
        json_object_setn_new(manifests, (const char *)out->stale[i].handle.at,
                             out->stale[i].handle.len,
                             field_base64url(out->stale[i].manifest, arena));
    return manifests;
}

static rest_next refuse(rest_call *c, const core_outcome *out)
{
    uint8_t key[PREKEY_MAX_BYTES];
    size_t len;
    json_t *extra = json_object();
    json_t *refusals = refusals_json(out);
    if (json_array_size(refusals) > 0)
        json_object_set(extra, "refusals", refusals);
    json_decref(refusals);
    if (out->n_stale > 0)
        json_object_set_new(extra, "manifests", manifests_json(out, c->arena));
    if (out->wrong_gateway_key && core_downgrade_key(c->services->core, key, sizeof key, &len))
        json_object_set_new(extra, "downgrade_key",
                            field_base64url((teal_bytes){ key, len }, c->arena));
    rest_answer_retry_after(c->answer, out->retry_after_ms);
    return rest_problem(c, out->status, out->problem, out->rule, out->remedy, extra);
}

static void on_committed(void *request, core_result result)
{
    switch (result) {
    case CORE_ACCEPTED:
        rest_settle(request, REST_SEND);
        return;
    case CORE_DUPLICATE: /* of another submission that was under way: now there is one to find */
        rest_settle(request, REST_RUN_AGAIN);
        return;
    case CORE_OVERLOADED:
        rest_settle(request, REST_OVERLOADED);
        return;
    case CORE_REFUSED: /* was decided before */
        break;
    }
    bug("core_result out of range");
}

/* REQ-SIG-13: a device speaks for itself by its envelope, a network by its request. NULL: the
 * caller may send for this handle; otherwise the rule. */
static const char *who_must_send(rest_call *c, teal_bytes sender)
{
    const caller *who = c->caller;
    const networks_view *view = networks_hold(c->services->networks);
    const bridged_network *n = networks_for(view, sender);
    bool is_its =
        n != NULL && who->role == CALLER_PEER && teal_bytes_equal(who->name, teal_text(n->name));
    bool is_free = n == NULL && who->role != CALLER_PEER;
    networks_let_go(c->services->networks, &view);
    if (is_its || is_free)
        return NULL;
    return who->role == CALLER_PEER ? "REQ-NET-6 the sender is not one of the network's own people"
                                    : "REQ-SIG-13 the sender's network has not signed the request";
}

static rest_next refuse_sender(rest_call *c, const char *rule)
{
    static const uint8_t nobody[TEAL_KEY_BYTES];
    bool is_signed =
        c->caller->role != CALLER_ANYBODY || memcmp(c->caller->key, nobody, sizeof nobody) != 0;
    rest_problem(c, is_signed ? 403 : 401, is_signed ? "handle-foreign" : "signature-missing", rule,
                 "Send messages from handles under the network's domains and number prefixes only, "
                 "signed by it; a longer prefix may be another's.",
                 NULL);
    c->answer->accept_signature = request_accept(true);
    return REST_ANSWERED;
}

static rest_next messages_post(rest_call *c)
{
    teal_envelope e;
    core_outcome out = { 0 };
    core_plan *plan = NULL;
    if (!message_body_read(c, &e))
        return REST_ANSWERED;
    const char *wrong = who_must_send(c, e.sender);
    if (wrong != NULL)
        return refuse_sender(c, wrong);
    switch (core_submit(c->services->core, c->reader, &e, c->now_ms, c->arena, &out, &plan)) {
    case CORE_ACCEPTED:
        rest_json(c, 202, accepted_json(&e, &out));
        core_commit(plan, on_committed, rest_pend(c));
        return REST_PENDING;
    case CORE_DUPLICATE:
        return rest_json(c, 200, accepted_json(&e, &out));
    case CORE_REFUSED:
        return refuse(c, &out);
    case CORE_OVERLOADED:
        return field_refuse_overload(c);
    }
    bug("core_result out of range");
}

/* Whether it waits for nothing but its network to be resumed (REQ-NET-7). */
static bool is_held(rest_call *c, const store_delivery *d)
{
    networks *all = c->services->networks;
    if (d->state != STATE_WAITING)
        return false;
    const networks_view *view = networks_hold(all);
    const bridged_network *n = networks_named(view, d->network);
    bool held = n != NULL && n->suspended;
    networks_let_go(all, &view);
    return held;
}

static store_result states_json(rest_call *c, int64_t message_seq, json_t *states)
{
    size_t n = 0;
    store_delivery *d = teal_arena_array(c->arena, TEAL_MAX_RECIPIENTS, sizeof *d);
    if (d == NULL)
        return STORE_SPACE;
    store_result r = c->reader->ops->list_deliveries(c->reader, message_seq, c->arena, d,
                                                     TEAL_MAX_RECIPIENTS, &n);
    for (size_t i = 0; r == STORE_OK && i < n; i++) {
        json_t *state = recipient_json(d[i].recipient, d[i].path, policy_level(d[i].path));
        json_object_set_new(state, "state", json_string(store_state_name(d[i].state)));
        if (is_held(c, &d[i]))
            json_object_set_new(state, "held", json_string("network-suspended"));
        json_array_append_new(states, state);
    }
    return r;
}

static store_result receipts_json(rest_call *c, int64_t message_seq, json_t *receipts)
{
    size_t n = 0;
    store_receipt *all = teal_arena_array(c->arena, MAX_RECEIPTS, sizeof *all);
    if (all == NULL)
        return STORE_SPACE;
    store_result r =
        c->reader->ops->list_receipts(c->reader, message_seq, c->arena, all, MAX_RECEIPTS, &n);
    for (size_t i = 0; r == STORE_OK && i < n; i++)
        json_array_append_new(receipts, field_base64url(all[i].data, c->arena));
    return r;
}

/* The device is named by the request too, for ids are the sender's choice. */
static rest_next messages_get(rest_call *c)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    store_message m;
    if (!field_device(rest_query(c, "device"), device))
        return field_refuse_device(c);
    if (!field_is_caller(c, device))
        return field_refuse_other_device(c);
    store_result r = c->reader->ops->find_sent(c->reader, device, c->parameter, c->arena, &m);
    if (r == STORE_NONE)
        return rest_problem(c, 404, "message-unknown",
                            "REQ-REST-12 the device has sent no such message",
                            "Give the message's id, and the device that sent it.", NULL);
    json_t *states = json_array(), *receipts = json_array();
    if (r == STORE_OK)
        r = states_json(c, m.seq, states);
    if (r == STORE_OK)
        r = receipts_json(c, m.seq, receipts);
    if (r == STORE_OK)
        return rest_json(c, 200,
                         json_pack("{s:o, s:I, s:o, s:o}", "message_id", field_text(m.message_id),
                                   "accepted_at_ms", (json_int_t)m.accepted_ms, "recipients",
                                   states, "receipts", receipts));
    json_decref(states);
    json_decref(receipts);
    return field_refuse_store(c, r);
}

const rest_route messages_routes[] = {
    { "POST", "/v1/messages", MESSAGE_MAX_BODY, MESSAGE_TYPES, CALLER_ANYBODY, messages_post },
    { "GET", "/v1/messages/{}", 0, NULL, CALLER_DEVICE, messages_get },
    { 0 },
};
