/* From the fields of a request to its caller. What is cheap comes first; a nonce is used up last,
 * by a request that will be handled, so that nobody who is turned away can fill the memory of them.
 */
#include "gateway/edge/authenticate.h"

#include "gateway/edge/field.h"
enum { RETRY_MS = 1000 };

typedef struct check {
    rest_call *c;
    const http_message *m;
    bool has_body;
    request_claim *claim;
    teal_diag why;
} check;

/* ---- refusals -------------------------------------------------------------------------------- */

static bool refuse(const check *k, unsigned status, const char *problem, const char *rule,
                   const char *remedy)
{
    rest_problem(k->c, status, problem, rule, remedy, NULL);
    k->c->answer->accept_signature = request_accept(k->has_body);
    return false;
}

static bool refuse_invalid(const check *k, const char *rule)
{
    return refuse(k, 401, "signature-invalid", rule,
                  "Sign the request as PROTOCOL.md section 9.0 says; Accept-Signature names what "
                  "is covered.");
}

static bool refuse_stale(const check *k)
{
    return refuse(k, 401, "signature-stale",
                  "REQ-SIG-5 `created` is too far from the gateway's clock, or from before what it "
                  "remembers",
                  "Set the clock, and sign the request anew.");
}

/* ---- whose key ------------------------------------------------------------------------------- */

static bool find_device(check *k, caller *out)
{
    rest_call *c = k->c;
    teal_bytes encoded;
    teal_manifest m;
    store_result r = c->reader->ops->get_device(c->reader, k->claim->id, c->arena, &encoded);
    if (r == STORE_NONE)
        return refuse_invalid(k, "REQ-SIG-7 keyid names a device that no manifest here has");
    if (r == STORE_OK && teal_manifest_decode(encoded, c->arena, &m, NULL) != TEAL_OK)
        r = STORE_SPACE;
    uint8_t *account_key = r == STORE_OK ? teal_arena_take(c->arena, TEAL_KEY_BYTES) : NULL;
    const teal_device *d = r == STORE_OK ? teal_manifest_device(&m, k->claim->id) : NULL;
    if (account_key == NULL || d == NULL) {
        field_refuse_store(c, r == STORE_OK ? STORE_BROKEN : r);
        return false;
    }
    memcpy(account_key, m.account_key, TEAL_KEY_BYTES);
    *out = (caller){ .role = CALLER_DEVICE, .name = m.handles[0], .account_key = account_key };
    memcpy(out->device, d->id, sizeof out->device);
    memcpy(out->key, d->signing_key, sizeof out->key);
    return true;
}

static bool find_account(check *k, caller *out)
{
    teal_bytes key = teal_arena_copy(k->c->arena, TEAL_VIEW(k->claim->key));
    *out = (caller){ .role = CALLER_ACCOUNT, .account_key = key.at };
    memcpy(out->key, k->claim->key, sizeof out->key);
    if (key.at == NULL)
        field_refuse_overload(k->c);
    return key.at != NULL;
}

/* A network's first, then an operator's, else nobody's. */
static bool find_key(check *k, caller *out)
{
    const rest_services *s = k->c->services;
    const networks_view *view = networks_hold(s->networks);
    const bridged_network *n = networks_of_key(view, k->claim->key, k->c->now_ms);
    char operator_name[OPERATORS_MAX_NAME + 1];
    *out = (caller){ .role = CALLER_ANYBODY };
    memcpy(out->key, k->claim->key, sizeof out->key);
    if (n != NULL) {
        out->role = CALLER_PEER;
        out->name = teal_arena_copy(k->c->arena, teal_text(n->name));
    } else if (operators_name(s->operators, k->claim->key, operator_name)) {
        out->role = CALLER_OPERATOR;
        out->name = teal_arena_copy(k->c->arena, teal_text(operator_name));
    }
    networks_let_go(s->networks, &view);
    bool fits = out->role == CALLER_ANYBODY || out->name.at != NULL;
    if (!fits)
        field_refuse_overload(k->c);
    return fits;
}

static bool find_caller(check *k, caller *out)
{
    switch (k->claim->kind) {
    case REQUEST_DEVICE:
        return find_device(k, out);
    case REQUEST_ACCOUNT:
        return find_account(k, out);
    case REQUEST_KEY:
        return find_key(k, out);
    }
    bug("request_key out of range");
}

/* ---- the checks ------------------------------------------------------------------------------ */

static bool verify(check *k, const uint8_t *key)
{
    rest_call *c = k->c;
    if (request_verify(k->m, c->body, k->claim, key, c->arena, &k->why) != TEAL_OK)
        return refuse_invalid(k, k->why.rule);
    return true;
}

/* REQ-TLS-4 */
static bool check_certificate(const check *k, const caller *who)
{
    const rest_services *s = k->c->services;
    const networks_view *view = networks_hold(s->networks);
    const bridged_network *n = networks_named(view, who->name);
    const char *wrong = n != NULL ? rest_client_wrong(k->c, &n->domains) : NULL;
    networks_let_go(s->networks, &view);
    return wrong == NULL || refuse(k, 403, "certificate-required", wrong,
                                   "Come with the network's client certificate.");
}

static bool check_signed(check *k, caller *out)
{
    if (!authorities_have(k->c->services->authorities, k->m))
        return refuse_invalid(k, "REQ-SIG-8 @authority is no name of this gateway");
    if (!request_is_timely(k->claim, k->c->now_ms))
        return refuse_stale(k);
    return find_caller(k, out) && verify(k, out->key) &&
           (out->role != CALLER_PEER || check_certificate(k, out));
}

bool authenticate(rest_call *c, const http_message *m, bool has_body, unsigned callers, caller *out,
                  request_claim *claim)
{
    check k = { .c = c, .m = m, .has_body = has_body, .claim = claim };
    bool found = false;
    *out = (caller){ .role = CALLER_ANYBODY };
    if (request_read(m, has_body, c->arena, &found, claim, &k.why) != TEAL_OK)
        return refuse_invalid(&k, k.why.rule);
    if (found && !check_signed(&k, out))
        return false;
    if ((callers & (CALLER_ANYBODY | (unsigned)out->role)) != 0)
        return true;
    if (!found)
        return refuse(&k, 401, "signature-missing", "REQ-SIG-11 the resource is not for anybody",
                      "Sign the request; Accept-Signature names what is covered.");
    field_refuse_caller(c, "REQ-SIG-12 the resource is for others",
                        "See PROTOCOL.md section 9.0 for whom it is for.");
    return false;
}

/* Whoever can make as many keys as they like is left a part of the memory: the rest is for those
 * that an operator has named. */
static nonces_share share_of(caller_role role)
{
    return role == CALLER_PEER || role == CALLER_OPERATOR ? NONCES_ALL : NONCES_PART;
}

/* What a key that is nobody's signs is anybody's request, which may come again. */
bool authenticate_once(rest_call *c, const request_claim *claim)
{
    const check k = { .c = c, .has_body = c->body.len > 0 };
    if (c->caller->role == CALLER_ANYBODY)
        return true;
    switch (nonces_use(c->services->nonces, share_of(c->caller->role), claim->keyid, claim->nonce,
                       claim->created_s, c->now_ms)) {
    case NONCES_NEW:
        return true;
    case NONCES_SEEN:
        return refuse(&k, 401, "nonce-replayed", "REQ-SIG-6 the nonce was used before",
                      "Sign each request anew, with a nonce of its own.");
    case NONCES_OLD:
        return refuse_stale(&k);
    case NONCES_FULL:
        rest_later(c, 503, "overloaded", "REQ-REST-4 no more nonces can be remembered now",
                   "Send it again after Retry-After.", RETRY_MS);
        return false;
    }
    bug("nonces_result out of range");
}
