/* Accepts a message: the checks of PROTOCOL.md section 9.1 in their order, the decision for each
 * recipient, then the plan of what is to be written. */
#include "codecs/native/transcript.h"
#include "gateway/core/delivery.h"
#include "gateway/core/plan.h"
#include "gateway/core/room_client.h"
#include "gateway/core/route.h"
#include "gateway/core/state.h"

#include <sodium.h>

enum {
    MAX_AHEAD_MS = 5 * 60 * 1000,
    RETRY_SOON_MS = 1000,
    RETRY_PEER_MS = 5000,
};
#define MAX_BEHIND_MS (INT64_C(30) * 24 * 60 * 60 * 1000)

typedef struct submission {
    core *c;
    store *reader;
    const teal_envelope *e;
    int64_t now_ms;
    teal_arena *arena;
    core_outcome *out;
    teal_hash ciphertext_hash;
    directory_entry sender;
    uint8_t gateway_key[TEAL_GATEWAY_KEY_BYTES];
    bool has_gateway_key;
    route *routes; /* of the recipients that are this gateway's to serve */
    size_t n_routes;
    store_message message;
    core_plan *plan;
} submission;

/* ---- refusals ---- */

typedef struct refusal {
    const char *problem;
    unsigned status;
    const char *rule, *remedy;
    int64_t retry_after_ms;
} refusal;

static const refusal origin_reserved = {
    "origin-reserved", 403, "REQ-MSG-1 only a gateway seals with an origin, in its own name",
    "Leave origin out.", 0
};
static const refusal network_suspended = {
    "network-suspended", 403, "REQ-NET-7 the sender's network is suspended",
    "Ask the gateway's operator; send the same message again once it is resumed.", 0
};
static const refusal sender_unknown = { "sender-unknown", 403,
                                        "REQ-MSG-2 the directory has no account for the sender",
                                        "Register the sender's manifest first.", 0 };
static const refusal device_unknown = { "device-unknown", 403,
                                        "REQ-MSG-3 the sender's manifest has no such device",
                                        "Put the device into the manifest's next version.", 0 };
static const refusal signature_invalid = {
    "signature-invalid", 403, "REQ-MSG-4 the device's signature does not verify",
    "Sign the transcript with the signing key of the device that the envelope names.", 0
};
static const refusal id_reused = { "message-id-reused", 409,
                                   "REQ-MSG-5 the device sent another message under this id",
                                   "Give each message a new id.", 0 };
static const refusal message_expired = { "message-expired", 422,
                                         "REQ-MSG-6 expires_at_ms has passed",
                                         "Send a new message with a later expires_at_ms.", 0 };
static const refusal sent_at_out_of_range = {
    "sent-at-out-of-range", 422, "REQ-MSG-7 sent_at_ms is over 5 minutes ahead or 30 days behind",
    "Set the device's clock.", 0
};
static const refusal unroutable = { "recipient-unroutable", 422,
                                    "REQ-MSG-8 no path exists to a recipient",
                                    "Look the handle up; leave out who cannot be reached.", 0 };
static const refusal keys_stale = {
    "keys-stale", 409, "REQ-MSG-9 wrapped keys do not match the recipients' current devices",
    "Claim prekeys for the devices of these manifests, seal again under a new id.", 0
};
static const refusal peer_unreachable = { "peer-unreachable", 503,
                                          "REQ-MSG-10 a network cannot be asked now",
                                          "Send the same message again later.", RETRY_PEER_MS };
static const refusal overloaded = { "overloaded", 503, "REQ-REST-4 the gateway is overloaded",
                                    "Send the same message again later.", RETRY_SOON_MS };

static core_result refuse(submission *s, const refusal *why)
{
    s->out->problem = why->problem;
    s->out->status = why->status;
    s->out->rule = why->rule;
    s->out->remedy = why->remedy;
    s->out->retry_after_ms = why->retry_after_ms;
    return why == &overloaded ? CORE_OVERLOADED : CORE_REFUSED;
}

/* What stays the same for all of the store's and the arena's failures: come back. */
static core_result give_up(submission *s, store_result result)
{
    if (result != STORE_BUSY)
        log_event(LOG_ERROR, "submit.failed", "result", store_result_name(result), NULL);
    return refuse(s, &overloaded);
}

/* CORE_ACCEPTED stands for "go on" in all that follows. */

/* ---- the sender ---- */

static const refusal *check_device(const submission *s)
{
    const teal_device *device = teal_manifest_device(&s->sender.manifest, s->e->sender_device);
    if (device == NULL)
        return &device_unknown;
    if (teal_envelope_verify(s->e, &s->ciphertext_hash, device->signing_key, s->arena, NULL) !=
        TEAL_OK)
        return &signature_invalid;
    return NULL;
}

static core_result look_up_sender(submission *s)
{
    switch (directory_look_up(s->c->parts.directory, s->reader, s->e->sender, s->now_ms, s->arena,
                              &s->sender)) {
    case DIRECTORY_OK:
        return s->sender.has_manifest ? CORE_ACCEPTED : refuse(s, &sender_unknown);
    case DIRECTORY_NONE:
        return refuse(s, &sender_unknown);
    case DIRECTORY_UNREACHABLE:
        return refuse(s, &peer_unreachable);
    case DIRECTORY_BROKEN:
        return refuse(s, &overloaded);
    }
    bug("directory_result out of range");
}

static core_result check_sender(submission *s)
{
    if (s->e->has_origin)
        return refuse(s, &origin_reserved);
    if (core_speaks_suspended(s->c, s->e->sender))
        return refuse(s, &network_suspended);
    core_result result = look_up_sender(s);
    if (result == CORE_ACCEPTED)
        crypto_hash_sha256(s->ciphertext_hash.at, s->e->ciphertext.at, s->e->ciphertext.len);
    const refusal *why = result == CORE_ACCEPTED ? check_device(s) : NULL;
    if (why != NULL && !s->sender.has_native) { /* what is remembered of a peer's may be old */
        directory_forget(s->c->parts.directory, s->e->sender);
        result = look_up_sender(s);
        why = result == CORE_ACCEPTED ? check_device(s) : NULL;
    }
    return why != NULL ? refuse(s, why) : result;
}

/* ---- seen before ---- */

static store_result tell_stored(submission *s, int64_t message_seq)
{
    store_delivery *all = teal_arena_take(s->arena, TEAL_MAX_RECIPIENTS * sizeof *all);
    core_fate *fates = teal_arena_array(s->arena, TEAL_MAX_RECIPIENTS, sizeof *fates);
    size_t n = 0;
    if (all == NULL || fates == NULL)
        return STORE_SPACE;
    store_result result = s->reader->ops->list_deliveries(s->reader, message_seq, s->arena, all,
                                                          TEAL_MAX_RECIPIENTS, &n);
    for (size_t i = 0; i < n; i++)
        fates[i] = (core_fate){ .recipient = all[i].recipient,
                                .path = all[i].path,
                                .level = policy_level(all[i].path),
                                .state = all[i].state };
    s->out->fates = fates;
    s->out->n_fates = n;
    return result;
}

static core_result check_seen(submission *s)
{
    store_message seen;
    store_result result = s->reader->ops->find_message(s->reader, s->e->sender_device, s->e->sender,
                                                       s->e->message_id, s->arena, &seen);
    if (result == STORE_NONE)
        return CORE_ACCEPTED;
    if (result != STORE_OK)
        return give_up(s, result);
    if (memcmp(&seen.transcript_hash, &s->message.transcript_hash, sizeof(teal_hash)) != 0)
        return refuse(s, &id_reused);
    result = tell_stored(s, seen.seq);
    return result == STORE_OK ? CORE_DUPLICATE : give_up(s, result);
}

static core_result check_times(submission *s)
{
    uint64_t now_ms = (uint64_t)s->now_ms, sent_ms = s->e->sent_at_ms;
    if (s->e->expires_at_ms != 0 && s->e->expires_at_ms <= now_ms)
        return refuse(s, &message_expired);
    if (sent_ms > now_ms + MAX_AHEAD_MS || sent_ms + MAX_BEHIND_MS < now_ms)
        return refuse(s, &sent_at_out_of_range);
    return CORE_ACCEPTED;
}

/* ---- recipients ---- */

/* REQ-MSG-17: a peer's message to its own people is that network's business, also beside
 * ours: to bring it back would be a loop. */
static bool is_ours(const submission *s, teal_bytes recipient)
{
    int slot = core_slot_for(s->c, recipient);
    return s->sender.has_native || slot < 0 || slot != core_slot_of(s->c, s->sender.network);
}

static store_result look_up(submission *s, route *r)
{
    r->found = directory_look_up(s->c->parts.directory, s->reader, r->recipient, s->now_ms,
                                 s->arena, &r->entry);
    if (r->found == DIRECTORY_BROKEN)
        return STORE_BUSY;
    return route_decide(r, s->reader, s->e, s->has_gateway_key ? s->gateway_key : NULL, s->now_ms);
}

static core_result find_routes(submission *s)
{
    store_result result = STORE_OK;
    s->has_gateway_key =
        room_client_key_id(s->c->room, s->e->has_downgrade ? s->e->downgrade.gateway_key : NULL,
                           s->now_ms, s->gateway_key);
    s->routes = teal_arena_array(s->arena, s->e->n_recipients, sizeof *s->routes);
    if (s->routes == NULL)
        return give_up(s, STORE_SPACE);
    for (size_t i = 0; result == STORE_OK && i < s->e->n_recipients; i++) {
        if (!is_ours(s, s->e->recipients[i]))
            continue;
        route *r = &s->routes[s->n_routes++];
        r->recipient = s->e->recipients[i];
        result = look_up(s, r);
    }
    return result == STORE_OK ? CORE_ACCEPTED : give_up(s, result);
}

static const char *code_of(const route *r)
{
    if (r->found == DIRECTORY_UNREACHABLE)
        return peer_unreachable.problem;
    return r->answer.verdict == POLICY_GO ? NULL : policy_code(r->answer.verdict);
}

static core_result tell_fates(submission *s)
{
    core_fate *fates = teal_arena_array(s->arena, s->n_routes, sizeof *fates);
    if (fates == NULL)
        return give_up(s, STORE_SPACE);
    for (size_t i = 0; i < s->n_routes; i++)
        fates[i] = (core_fate){ .recipient = s->routes[i].recipient,
                                .path = s->routes[i].answer.path,
                                .level = s->routes[i].answer.level,
                                .state = STATE_WAITING,
                                .code = code_of(&s->routes[i]) };
    s->out->fates = fates;
    s->out->n_fates = s->n_routes;
    return CORE_ACCEPTED;
}

static bool is_reachable(const route *r)
{
    return r->found != DIRECTORY_UNREACHABLE;
}

static core_result check_routable(submission *s)
{
    bool all = s->n_routes > 0;
    for (size_t i = 0; i < s->n_routes; i++)
        all = all &&
              (!is_reachable(&s->routes[i]) || s->routes[i].answer.verdict != POLICY_UNROUTABLE);
    return all ? CORE_ACCEPTED : refuse(s, &unroutable);
}

static core_result tell_stale(submission *s)
{
    core_stale *stale = teal_arena_array(s->arena, s->n_routes, sizeof *stale);
    if (stale == NULL)
        return give_up(s, STORE_SPACE);
    for (size_t i = 0; i < s->n_routes; i++)
        if (s->routes[i].stale)
            stale[s->out->n_stale++] =
                (core_stale){ s->routes[i].recipient, s->routes[i].entry.encoded };
    s->out->stale = stale;
    return refuse(s, &keys_stale);
}

static bool all_reachable(const submission *s)
{
    bool all = true;
    for (size_t i = 0; i < s->n_routes; i++)
        all = all && is_reachable(&s->routes[i]);
    return all;
}

static store_result fit_keys(submission *s)
{
    return route_check_keys(s->routes, s->n_routes, &s->sender.manifest, s->e, all_reachable(s),
                            s->arena);
}

/* Asks again where a peer's manifest that was remembered does not fit: the sender may know better.
 * *asked: there was one. */
static store_result refresh_stale(submission *s, bool *asked)
{
    store_result result = STORE_OK;
    *asked = false;
    for (size_t i = 0; result == STORE_OK && i < s->n_routes; i++) {
        route *r = &s->routes[i];
        if (!r->stale || r->answer.path != PATH_RCS)
            continue;
        *asked = true;
        directory_forget(s->c->parts.directory, r->recipient);
        result = look_up(s, r);
    }
    return result;
}

static core_result check_keys(submission *s)
{
    bool asked = false;
    store_result fits = fit_keys(s);
    store_result result = fits == STORE_NONE ? refresh_stale(s, &asked) : STORE_OK;
    if (result != STORE_OK)
        return give_up(s, result);
    if (asked)
        fits = fit_keys(s);
    if (fits != STORE_OK && fits != STORE_NONE)
        return give_up(s, fits);
    core_result told = asked ? check_routable(s) : CORE_ACCEPTED;
    if (told != CORE_ACCEPTED)
        return told;
    return fits == STORE_OK ? CORE_ACCEPTED : tell_stale(s);
}

static core_result check_consents(submission *s)
{
    for (size_t i = 0; i < s->n_routes; i++) {
        policy_verdict verdict = s->routes[i].answer.verdict;
        if (!is_reachable(&s->routes[i]) || verdict == POLICY_GO)
            continue;
        if (verdict == POLICY_GATEWAY_KEY && !s->has_gateway_key)
            return refuse(s, &overloaded); /* the room has not started yet */
        s->out->wrong_gateway_key = verdict == POLICY_GATEWAY_KEY;
        const refusal why = { policy_code(verdict), 403, policy_rule(verdict),
                              policy_remedy(verdict), 0 };
        return refuse(s, &why);
    }
    return CORE_ACCEPTED;
}

/* REQ-MSG-8 .. -12, REQ-DGR: for all or for none. */
static core_result check_recipients(submission *s)
{
    static core_result (*const checks[])(submission *) = { find_routes, check_routable, check_keys,
                                                           check_consents };
    core_result result = CORE_ACCEPTED;
    for (size_t i = 0; result == CORE_ACCEPTED && i < sizeof checks / sizeof checks[0]; i++)
        result = checks[i](s);
    if (result == CORE_ACCEPTED && !all_reachable(s))
        result = refuse(s, &peer_unreachable);
    if (result == CORE_OVERLOADED)
        return result;
    core_result told = tell_fates(s);
    return told == CORE_ACCEPTED ? result : told;
}

/* ---- the plan ---- */

/* A fallback is plaintext that waits: it is kept only where somebody may need it. */
static bool keeps_fallback(const submission *s)
{
    bool or_failed = s->e->has_downgrade && s->e->downgrade.when == TEAL_OR_FAILED;
    bool keeps = false;
    for (size_t i = 0; i < s->n_routes; i++)
        keeps = keeps || !route_is_e2ee(&s->routes[i]) ||
                (or_failed && s->routes[i].answer.path == PATH_RCS);
    return keeps && s->e->has_downgrade && s->e->downgrade.sealed.len > 0;
}

/* What is stored has all keys that came, and no fallback. */
static store_result encode_stored(submission *s)
{
    teal_envelope bare = *s->e;
    teal_writer w = { 0 };
    bare.downgrade.enc = bare.downgrade.sealed = (teal_bytes){ 0 };
    teal_result result = teal_envelope_encode(&bare, &w); /* which measures */
    w = (teal_writer){ teal_arena_take(s->arena, w.len), w.len, 0 };
    if (w.base == NULL)
        return STORE_SPACE;
    result = teal_envelope_encode(&bare, &w);
    s->message.envelope = teal_written(&w);
    return result == TEAL_OK ? STORE_OK : STORE_SPACE;
}

static void fill_message(submission *s)
{
    const teal_envelope *e = s->e;
    store_message *m = &s->message;
    memcpy(m->sender_device, e->sender_device, sizeof m->sender_device);
    m->message_id = e->message_id;
    m->conversation_id = e->conversation_id;
    m->sender = e->sender;
    m->accepted_ms = s->now_ms;
    m->expires_ms = e->expires_at_ms != 0 ? (int64_t)e->expires_at_ms
                                          : s->now_ms + s->c->parts.config->give_up_after_ms;
    m->kind = e->kind;
    m->network = s->sender.network;
    teal_transcript_hash(e, &s->ciphertext_hash, &m->transcript_hash);
}

/* Whether the sender is among those whose every device has its item already. */
static bool sends_to_itself(const submission *s)
{
    bool found = false;
    for (size_t i = 0; !found && i < s->n_routes; i++)
        found = s->routes[i].answer.path == PATH_NATIVE &&
                memcmp(s->routes[i].entry.manifest.account_key, s->sender.manifest.account_key,
                       TEAL_KEY_BYTES) == 0;
    return found;
}

/* Another device of the sender, for which it wrapped the key. */
static bool gets_own_copy(const submission *s, const uint8_t *device)
{
    return memcmp(device, s->e->sender_device, TEAL_DEVICE_BYTES) != 0 &&
           teal_manifest_device(&s->sender.manifest, device) != NULL;
}

static plan_size measure(const submission *s)
{
    plan_size size = { .deliveries = s->n_routes, .items = s->e->n_keys };
    if (s->e->has_downgrade)
        size.octets = s->e->downgrade.enc.len + s->e->downgrade.sealed.len;
    for (size_t i = 0; i < s->n_routes; i++) {
        const route *r = &s->routes[i];
        size.octets += r->recipient.len + route_network(r).len;
        size.items += r->answer.path == PATH_NATIVE ? r->entry.manifest.n_devices : 0;
    }
    return size;
}

static void add_route(submission *s, const route *r)
{
    const teal_manifest *m = &r->entry.manifest;
    const store_delivery d = { .recipient = r->recipient,
                               .path = r->answer.path,
                               .network = route_network(r),
                               .state = STATE_WAITING,
                               .due_ms = s->now_ms };
    plan_add_delivery(s->plan, &d);
    for (size_t i = 0; d.path == PATH_NATIVE && i < m->n_devices; i++)
        plan_add_item(s->plan, m->devices[i].id, false);
}

static core_result make_plan(submission *s)
{
    store_result result = encode_stored(s);
    if (result != STORE_OK)
        return give_up(s, result);
    const plan_size size = measure(s);
    s->plan = plan_open(s->c, &s->message, &size);
    for (size_t i = 0; i < s->n_routes; i++)
        add_route(s, &s->routes[i]);
    bool own = s->sender.has_native && !sends_to_itself(s);
    for (size_t i = 0; own && i < s->e->n_keys; i++)
        if (gets_own_copy(s, s->e->keys[i].device))
            plan_add_item(s->plan, s->e->keys[i].device, true);
    if (keeps_fallback(s))
        plan_add_fallback(s->plan, s->e->downgrade.enc, s->e->downgrade.sealed);
    return CORE_ACCEPTED;
}

core_result core_submit(core *c, store *reader, const teal_envelope *e, int64_t now_ms,
                        teal_arena *arena, core_outcome *out, core_plan **plan)
{
    static core_result (*const steps[])(submission *) = { check_seen, check_times, check_recipients,
                                                          make_plan };
    submission s = {
        .c = c, .reader = reader, .e = e, .now_ms = now_ms, .arena = arena, .out = out
    };
    *out = (core_outcome){ 0 };
    core_result result = check_sender(&s);
    if (result == CORE_ACCEPTED)
        fill_message(&s);
    for (size_t i = 0; result == CORE_ACCEPTED && i < sizeof steps / sizeof steps[0]; i++)
        result = steps[i](&s);
    *plan = s.plan;
    return result;
}
