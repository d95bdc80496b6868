/* teal forwarding: which further devices get what reaches a number of the account as a text. A
 * device asks and shows a code; the one that holds the account key signs. */
#include "codecs/handle.h"
#include "codecs/native/forwarding_request.h"
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/grants.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/publish.h"
#include "gateway/client/say.h"
#include "gateway/client/tamed.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

enum { DEFAULT_DAYS = 90, LEAST_PREFIX = 4, MAX_DEVICES_LISTED = 64 };
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static outcome begin(session *s, teal_manifest *m)
{
    if (account_manifest(s->keychain, &s->arena, m))
        return OUTCOME_OK;
    return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
}

static bool is_number(teal_bytes handle)
{
    return teal_handle_number(handle).len > 0;
}

/* ---- what the gateway shows -------------------------------------------------------------------
 */

typedef struct shown {
    json_t *answer; /* the caller's */
    uint64_t highest_sequence;
    teal_forwarding_grant grants[MAX_DEVICES_LISTED]; /* those that verify */
    size_t n_grants;
    const char *wrong; /* of one that does not; NULL: none */
} shown;

static void read_grants(session *s, const teal_manifest *m, shown *out)
{
    const json_t *list = json_object_get(out->answer, "grants");
    for (size_t i = 0; i < json_array_size(list) && out->n_grants < MAX_DEVICES_LISTED; i++) {
        teal_bytes encoded = { 0 };
        teal_forwarding_grant *g = &out->grants[out->n_grants];
        const char *wrong = "REQ-FWD-7 a grant without octets";
        if (member_value(member_string(json_array_get(list, i)), &s->arena, &encoded))
            wrong = grants_read(encoded, m->account_key, g);
        if (wrong != NULL)
            out->wrong = wrong;
        else
            out->n_grants++;
        if (wrong == NULL && g->sequence > out->highest_sequence)
            out->highest_sequence = g->sequence;
    }
}

static outcome fetch(session *s, const teal_manifest *m, teal_bytes handle, shown *out)
{
    *out = (shown){ 0 };
    outcome o = session_explain(s, api_forwarding(s->api, handle, &out->answer));
    if (o == OUTCOME_OK)
        read_grants(s, m, out);
    return o;
}

/* ---- the list ---------------------------------------------------------------------------------
 */

static const char *day_of(uint64_t time_ms, char buf[static 32])
{
    time_t at = (time_t)(time_ms / 1000);
    struct tm local;
    if (localtime_r(&at, &local) == NULL || strftime(buf, 32, "%Y-%m-%d %H:%M", &local) == 0)
        buf[0] = '\0';
    return buf;
}

static void print_grant(const session *s, const teal_manifest *m, const teal_forwarding_grant *g)
{
    char day[32];
    json_t *item = grants_item(g, m, clock_unix_ms());
    if (s->options->json) {
        session_print(item);
    } else {
        char *name = tamed_line(member_text(item, "name"));
        printf("%.*s: %s (%.8s) %s, until %s\n", (int)g->handle.len, (const char *)g->handle.at,
               name, json_string_value(json_object_get(item, "device")),
               json_string_value(json_object_get(item, "state")), day_of(g->expires_at_ms, day));
        free(name);
    }
    json_decref(item);
}

static outcome list_one(session *s, const teal_manifest *m, teal_bytes handle, size_t *n)
{
    shown *all = teal_arena_array(&s->arena, 1, sizeof *all);
    if (all == NULL)
        bug("the arena is full");
    outcome o = fetch(s, m, handle, all);
    for (size_t i = 0; i < all->n_grants; i++)
        print_grant(s, m, &all->grants[i]);
    *n += all->n_grants;
    json_decref(all->answer);
    if (o == OUTCOME_OK && all->wrong != NULL)
        return say(OUTCOME_UNVERIFIED, "the gateway shows what the account key did not sign: %s",
                   all->wrong);
    return o;
}

static outcome list(session *s)
{
    teal_manifest m;
    size_t n = 0;
    outcome o = begin(s, &m);
    for (size_t i = 0; i < m.n_handles && o == OUTCOME_OK; i++)
        if (is_number(m.handles[i]))
            o = list_one(s, &m, m.handles[i], &n);
    if (o == OUTCOME_OK && n == 0 && !s->options->json)
        puts("Texts go to the first device alone: no other one has been granted them.");
    return o;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static void show_code(const session *s, teal_bytes handle, const char *code)
{
    if (s->options->json) {
        json_t *line = json_pack("{s:s, s:o}", "code", code, "handle", member_of_text(handle));
        session_print(line);
        json_decref(line);
    } else {
        printf("Code: %.3s %s\n"
               "Type it on the device that made the account, within ten minutes:\n"
               "  teal forwarding allow %s\n",
               code, code + 3, code);
    }
}

static outcome request(session *s, const char *typed)
{
    char code[TEAL_FORWARDING_CODE_DIGITS + 1];
    teal_forwarding_request r = { 0 };
    teal_manifest m;
    json_t *answer = NULL;
    outcome o = begin(s, &m);
    if (o == OUTCOME_OK)
        o = people_handle(s, typed, &r.handle);
    if (o != OUTCOME_OK)
        return o;
    if (!is_number(r.handle) || !teal_manifest_has_handle(&m, r.handle))
        return say(OUTCOME_USAGE, "give a number of the account: teal handles");
    const teal_device own = account_this(s->keychain, &s->arena);
    memcpy(r.device, own.id, sizeof r.device);
    memcpy(r.signing_key, own.signing_key, sizeof r.signing_key);
    memcpy(r.account_key, m.account_key, sizeof r.account_key);
    randombytes_buf(r.nonce, sizeof r.nonce);
    teal_forwarding_request_sign(&r, s->keychain->secrets->device_sk);
    json_t *body = json_pack("{s:o, s:o, s:o}", "device", member_of_hex(TEAL_VIEW(r.device)),
                             "nonce", member_of_bytes(TEAL_VIEW(r.nonce)), "signature",
                             member_of_bytes(TEAL_VIEW(r.signature)));
    o = session_explain(s, api_ask_forwarding(s->api, r.handle, body, &answer));
    json_decref(answer);
    teal_forwarding_request_code(&r, code);
    if (o == OUTCOME_OK)
        show_code(s, r.handle, code);
    return o;
}

/* ---- signing ----------------------------------------------------------------------------------
 */

/* The account key's next word. What is put is one above all that was seen, so that an answer that
 * is lost costs nothing but a number. */
static outcome put_word(session *s, teal_forwarding_grant *g, uint64_t seen)
{
    uint8_t buf[TEAL_MAX_FORWARDING_GRANT_BYTES];
    teal_writer w = { buf, sizeof buf, 0 };
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    g->sequence = grants_next_sequence(s->keychain, seen);
    o = keychain_commit(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    teal_forwarding_grant_sign(g, s->keychain->secrets->account_sk);
    if (teal_forwarding_grant_encode(g, &w) != TEAL_OK)
        bug("a grant does not fit");
    return session_explain(s, api_put_grant(s->api, g->handle, teal_written(&w)));
}

/* Of a device of the manifest that signed it itself. */
static bool read_request(const json_t *said, const teal_manifest *m, teal_bytes handle,
                         teal_forwarding_request *out)
{
    const teal_bytes hex = member_text(said, "device");
    size_t got = 0;
    *out = (teal_forwarding_request){ .handle = handle };
    if (hex.len != 2 * TEAL_DEVICE_BYTES ||
        sodium_hex2bin(out->device, sizeof out->device, (const char *)hex.at, hex.len, NULL, &got,
                       NULL) != 0 ||
        !member_copy(said, "nonce", out->nonce, sizeof out->nonce) ||
        !member_copy(said, "signature", out->signature, sizeof out->signature))
        return false;
    const teal_device *device = teal_manifest_device(m, out->device);
    if (device == NULL)
        return false;
    memcpy(out->signing_key, device->signing_key, sizeof out->signing_key);
    memcpy(out->account_key, m->account_key, sizeof out->account_key);
    return teal_forwarding_request_verify(out, NULL) == TEAL_OK;
}

typedef struct match {
    teal_forwarding_request request;
    uint64_t seen; /* the highest sequence of its handle */
    size_t n;      /* requests that have the code */
} match;

static outcome look_for(session *s, const teal_manifest *m, teal_bytes handle, const char *code,
                        match *out)
{
    shown *all = teal_arena_array(&s->arena, 1, sizeof *all);
    if (all == NULL)
        bug("the arena is full");
    outcome o = fetch(s, m, handle, all);
    const json_t *list_of = json_object_get(all->answer, "requests");
    for (size_t i = 0; i < json_array_size(list_of); i++) {
        char theirs[TEAL_FORWARDING_CODE_DIGITS + 1];
        teal_forwarding_request r;
        if (!read_request(json_array_get(list_of, i), m, handle, &r))
            continue;
        teal_forwarding_request_code(&r, theirs);
        if (strcmp(theirs, code) != 0)
            continue;
        *out = (match){ r, all->highest_sequence, out->n + 1 };
    }
    json_decref(all->answer);
    return o;
}

static bool read_code(const char *typed, char code[static TEAL_FORWARDING_CODE_DIGITS + 1])
{
    size_t n = 0;
    for (; *typed != '\0'; typed++) {
        if (*typed == ' ' || *typed == '-')
            continue;
        if (*typed < '0' || *typed > '9' || n == TEAL_FORWARDING_CODE_DIGITS)
            return false;
        code[n++] = *typed;
    }
    code[n] = '\0';
    return n == TEAL_FORWARDING_CODE_DIGITS;
}

static outcome grant(session *s, const teal_manifest *m, const match *found)
{
    const uint64_t days = s->options->days != 0 ? s->options->days : DEFAULT_DAYS;
    teal_forwarding_grant g = { .handle = found->request.handle,
                                .granted_at_ms = (uint64_t)clock_unix_ms() };
    g.expires_at_ms = g.granted_at_ms + days * (uint64_t)DAY_MS;
    memcpy(g.device, found->request.device, sizeof g.device);
    memcpy(g.signing_key, found->request.signing_key, sizeof g.signing_key);
    outcome o = put_word(s, &g, found->seen);
    if (o == OUTCOME_OK)
        print_grant(s, m, &g);
    return o;
}

static outcome allow(session *s, const char *typed)
{
    char code[TEAL_FORWARDING_CODE_DIGITS + 1];
    teal_manifest m;
    match found = { .n = 0 };
    if (!read_code(typed, code))
        return say(OUTCOME_USAGE, "a code is 6 digits");
    outcome o = publish_allowed(s);
    if (o == OUTCOME_OK)
        o = begin(s, &m);
    for (size_t i = 0; o == OUTCOME_OK && i < m.n_handles; i++)
        if (is_number(m.handles[i]))
            o = look_for(s, &m, m.handles[i], code, &found);
    if (o != OUTCOME_OK)
        return o;
    if (found.n != 1)
        return say(OUTCOME_UNVERIFIED,
                   found.n == 0 ? "REQ-FWD-6 no device of the account asks with this code: nothing "
                                  "is signed"
                                : "REQ-FWD-6 several requests have this code: ask anew");
    return grant(s, &m, &found);
}

/* ---- taking back ------------------------------------------------------------------------------
 */

static bool begins_with(const char *prefix, const uint8_t *id)
{
    char hex[2 * TEAL_DEVICE_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, id, TEAL_DEVICE_BYTES);
    return strlen(prefix) >= LEAST_PREFIX && strncmp(hex, prefix, strlen(prefix)) == 0;
}

static outcome find_device(const teal_manifest *m, const char *typed, const teal_device **out)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_devices; i++)
        if (begins_with(typed, m->devices[i].id)) {
            *out = &m->devices[i];
            n++;
        }
    if (n == 1)
        return OUTCOME_OK;
    return say(OUTCOME_USAGE,
               n == 0 ? "no device has an id that begins with %s (at least 4 digits)"
                      : "several devices have an id that begins with %s: write more of it",
               typed);
}

/* *n: how many grants have ended. One that has expired is ended too: a clock may go wrong. */
static outcome revoke_one(session *s, const teal_manifest *m, teal_bytes handle,
                          const teal_device *device, size_t *n)
{
    shown *all = teal_arena_array(&s->arena, 1, sizeof *all);
    if (all == NULL)
        bug("the arena is full");
    outcome o = fetch(s, m, handle, all);
    for (size_t i = 0; o == OUTCOME_OK && i < all->n_grants; i++) {
        teal_forwarding_grant end = all->grants[i];
        if (memcmp(end.device, device->id, sizeof end.device) != 0 || end.revoked)
            continue;
        memcpy(end.signing_key, device->signing_key, sizeof end.signing_key);
        end.revoked = true;
        o = put_word(s, &end, all->highest_sequence);
        if (o == OUTCOME_OK)
            print_grant(s, m, &end);
        *n += o == OUTCOME_OK;
    }
    json_decref(all->answer);
    return o;
}

static outcome revoke(session *s, const char *typed)
{
    teal_manifest m;
    const teal_device *device = NULL;
    size_t n = 0;
    outcome o = publish_allowed(s);
    if (o == OUTCOME_OK)
        o = begin(s, &m);
    if (o == OUTCOME_OK)
        o = find_device(&m, typed, &device);
    for (size_t i = 0; o == OUTCOME_OK && i < m.n_handles; i++)
        if (is_number(m.handles[i]))
            o = revoke_one(s, &m, m.handles[i], device, &n);
    if (o == OUTCOME_OK && n == 0)
        return say(OUTCOME_USAGE, "that device has not been granted anything");
    return o;
}

outcome command_forwarding(session *s)
{
    static const struct {
        const char *name;
        outcome (*run)(session *s, const char *typed);
    } ways[] = { { "request", request }, { "allow", allow }, { "revoke", revoke } };
    if (s->options->n_args == 0)
        return list(s);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (s->options->n_args == 2 && strcmp(s->options->args[0], ways[i].name) == 0)
            return ways[i].run(s, s->options->args[1]);
    return say(OUTCOME_USAGE,
               "usage: teal forwarding [request HANDLE | allow CODE [--days=N] | revoke ID]");
}
