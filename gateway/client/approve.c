/* teal devices approve, refuse, revoke: the device that holds the account key decides who belongs
 * to the account. Nothing is signed before the other end has proven that it knows the code. */
#include "gateway/client/commands.h"
#include "gateway/client/linking.h"
#include "gateway/client/member.h"
#include "gateway/client/publish.h"
#include "gateway/client/say.h"
#include "gateway/client/tamed.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_REQUESTS = 8, MAX_TRIES = 3, PATIENCE_MS = 60000, PAUSE_MS = 300, LEAST_PREFIX = 4 };

typedef enum attempt_state { ATTEMPT_OPEN, ATTEMPT_WRONG, ATTEMPT_RIGHT } attempt_state;

/* One device that asks, and our answer to it. */
typedef struct attempt {
    linking_subject about;
    teal_bytes hex, share; /* of the request */
    linking round;
    attempt_state state;
    int tries; /* codes typed for it, this one included */
} attempt;

typedef struct approval {
    session *s;
    teal_manifest manifest;
    attempt at[MAX_REQUESTS];
    size_t n;
} approval;

static bool read_hex(teal_bytes hex, uint8_t *out, size_t len)
{
    size_t got = 0;
    return hex.len == 2 * len &&
           sodium_hex2bin(out, len, (const char *)hex.at, hex.len, NULL, &got, NULL) == 0 &&
           got == len;
}

/* ---- what waits ------------------------------------------------------------------------------ */

/* False: nothing that could be approved. Views are copied. */
static bool read_request(approval *a, const json_t *request, attempt *out)
{
    teal_arena *arena = &a->s->arena;
    teal_device *device = &out->about.device;
    teal_prekey prekey;
    out->hex = teal_arena_copy(arena, member_text(request, "device"));
    device->name = teal_arena_copy(arena, member_text(request, "name"));
    out->about.account_key = account_key(a->s->keychain);
    return read_hex(out->hex, device->id, sizeof device->id) &&
           member_copy(request, "signing_key", device->signing_key, TEAL_KEY_BYTES) &&
           teal_device_name_is_valid(device->name) &&
           member_bytes(request, "prekey", arena, &out->about.prekey) &&
           member_bytes(request, "share", arena, &out->share) &&
           teal_prekey_decode(out->about.prekey, &prekey, NULL) == TEAL_OK &&
           teal_prekey_verify(&prekey, device->id, device->signing_key, NULL) == TEAL_OK &&
           teal_manifest_device(&a->manifest, device->id) == NULL;
}

/* Counted before the code is used, so that nobody gets more guesses by cutting us off. */
static outcome count_tries(approval *a)
{
    keychain *k = a->s->keychain;
    outcome o = keychain_begin(k);
    if (o != OUTCOME_OK)
        return o;
    const json_t *before = json_object_get(k->state, "link_tries");
    json_t *now = json_object();
    for (size_t i = 0; i < a->n; i++) {
        attempt *t = &a->at[i];
        t->about.account_key = account_key(k);
        char name[2 * TEAL_DEVICE_BYTES + 1];
        memcpy(name, t->hex.at, t->hex.len);
        name[t->hex.len] = '\0';
        t->tries = (int)json_integer_value(json_object_get(before, name)) + 1;
        json_object_set_new(now, name, json_integer(t->tries));
    }
    json_object_set_new(k->state, "link_tries", now);
    return keychain_commit(k);
}

static outcome fetch(session *s, const teal_manifest *m, json_t **requests)
{
    json_t *answer = NULL;
    outcome o = session_explain(s, api_links(s->api, m->handles[0], &answer));
    *requests = json_incref(json_object_get(answer, "requests"));
    json_decref(answer);
    return o;
}

static outcome read_requests(approval *a)
{
    json_t *requests;
    outcome o = fetch(a->s, &a->manifest, &requests);
    for (size_t i = 0; i < json_array_size(requests) && a->n < MAX_REQUESTS; i++)
        if (read_request(a, json_array_get(requests, i), &a->at[a->n]))
            a->n++;
    json_decref(requests);
    if (o == OUTCOME_OK && a->n == 0)
        return say(OUTCOME_FAILED, "no device asks to be added: run teal link on it");
    return o == OUTCOME_OK ? count_tries(a) : o;
}

/* ---- the round ------------------------------------------------------------------------------- */

static void drop(const approval *a, const attempt *t)
{
    api_drop_link(a->s->api, a->manifest.handles[0], t->about.device.id);
}

/* Of several devices that ask, each gets one guess: only one of them knows the code. */
static void answer_one(approval *a, attempt *t, const char *code)
{
    t->state = ATTEMPT_WRONG;
    if (t->tries > MAX_TRIES) {
        drop(a, t);
        return;
    }
    linking_begin(&t->round, code, &t->about);
    if (!linking_meet(&t->round, &t->about, false, t->share))
        return;
    json_t *body =
        json_pack("{s:o, s:o}", "share",
                  member_of_bytes((teal_bytes){ t->round.share, TEAL_CPACE_SHARE_BYTES }), "tag",
                  member_of_bytes((teal_bytes){ t->round.account_tag, TEAL_CPACE_TAG_BYTES }));
    outcome o = api_answer_link(a->s->api, a->manifest.handles[0], t->about.device.id, body);
    if (o == OUTCOME_OK)
        t->state = ATTEMPT_OPEN;
}

static const json_t *find(const json_t *requests, teal_bytes hex)
{
    for (size_t i = 0; i < json_array_size(requests); i++)
        if (teal_bytes_equal(member_text(json_array_get(requests, i), "device"), hex))
            return json_array_get(requests, i);
    return NULL;
}

/* A device that begins a new round has found our tag wrong. */
static attempt_state judge(const attempt *t, const json_t *request)
{
    uint8_t share[TEAL_CPACE_SHARE_BYTES], tag[TEAL_CPACE_TAG_BYTES];
    if (!member_copy(request, "share", share, sizeof share) ||
        !teal_bytes_equal(t->share, (teal_bytes){ share, sizeof share }))
        return ATTEMPT_WRONG;
    if (!member_copy(request, "tag", tag, sizeof tag))
        return ATTEMPT_OPEN;
    return linking_matches((teal_bytes){ tag, sizeof tag }, t->round.new_tag) ? ATTEMPT_RIGHT
                                                                              : ATTEMPT_WRONG;
}

/* *open: still waiting for some. Answers the one that has proven itself; NULL: none yet. */
static const attempt *judge_all(approval *a, const json_t *requests, bool *open)
{
    const attempt *right = NULL;
    *open = false;
    for (size_t i = 0; i < a->n; i++) {
        attempt *t = &a->at[i];
        if (t->state == ATTEMPT_OPEN)
            t->state = judge(t, find(requests, t->hex));
        if (t->state == ATTEMPT_RIGHT)
            right = t;
        *open = *open || t->state == ATTEMPT_OPEN;
    }
    return right;
}

static outcome refuse_code(approval *a)
{
    int most = 0;
    for (size_t i = 0; i < a->n; i++) {
        most = a->at[i].tries > most ? a->at[i].tries : most;
        if (a->at[i].tries >= MAX_TRIES)
            drop(a, &a->at[i]);
    }
    if (most >= MAX_TRIES)
        return say(OUTCOME_UNVERIFIED, "REQ-DEV-5 not its code, for the third time: the request is "
                                       "refused. Begin anew with teal link");
    return say(OUTCOME_UNVERIFIED,
               "REQ-DEV-5 no device that asks has this code, or somebody in "
               "between has swapped its keys: nothing is signed; %d more "
               "tries",
               MAX_TRIES - most);
}

static outcome await_proof(approval *a, const attempt **proven)
{
    const struct timespec pause = { 0, PAUSE_MS * INT64_C(1000000) };
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    bool open = true;
    *proven = NULL;
    while (open && *proven == NULL) {
        json_t *requests;
        outcome o = fetch(a->s, &a->manifest, &requests);
        if (o == OUTCOME_OK)
            *proven = judge_all(a, requests, &open);
        json_decref(requests);
        if (o != OUTCOME_OK)
            return o;
        if (open && *proven == NULL && clock_monotonic_ms() > end_ms)
            return say(OUTCOME_FAILED, "the new device does not answer: is teal link still running "
                                       "there?");
        if (open && *proven == NULL)
            nanosleep(&pause, NULL);
    }
    return *proven != NULL ? OUTCOME_OK : refuse_code(a);
}

/* ---- signing --------------------------------------------------------------------------------- */

static void explain(const session *s, const teal_manifest *m, const teal_device *device)
{
    if (s->options->json)
        return;
    char *name = tamed_line(device->name);
    printf("%s will read everything that is sent to", name);
    for (size_t i = 0; i < m->n_handles; i++)
        printf(" %.*s", (int)m->handles[i].len, (const char *)m->handles[i].at);
    printf(" from now on, and copies of what you send; it sends in your name.\n"
           "It cannot read what was sent before, and cannot add or revoke devices.\n");
    free(name);
}

static outcome report(session *s, const char *what, const teal_device *device)
{
    teal_manifest m;
    if (!account_manifest(s->keychain, &s->arena, &m))
        bug("no manifest");
    char *name = tamed_line(device->name);
    if (s->options->json) {
        json_t *line = json_pack(
            "{s:o, s:o, s:I}", what, member_of_hex((teal_bytes){ device->id, sizeof device->id }),
            "name", member_of_text(device->name), "version", (json_int_t)m.version);
        session_print(line);
        json_decref(line);
    } else {
        printf("%s: %s. The account has %zu device%s now.\n", what, name, m.n_devices,
               m.n_devices == 1 ? "" : "s");
    }
    free(name);
    return OUTCOME_OK;
}

static outcome sign(const approval *a, const attempt *proven)
{
    teal_device devices[TEAL_MAX_DEVICES];
    const teal_manifest *m = &a->manifest;
    if (m->n_devices == TEAL_MAX_DEVICES)
        return say(OUTCOME_USAGE, "REQ-DIR-3 the account has %d devices", TEAL_MAX_DEVICES);
    memcpy(devices, m->devices, m->n_devices * sizeof *devices);
    devices[m->n_devices] = proven->about.device;
    devices[m->n_devices].added_at_ms = (uint64_t)clock_unix_ms();
    explain(a->s, m, &proven->about.device);
    outcome o = publish_next(a->s, m->handles, m->n_handles, devices, m->n_devices + 1);
    return o == OUTCOME_OK ? report(a->s, "approved", &proven->about.device) : o;
}

/* The account as it is; what was signed before has to be at the gateway first. */
static outcome begin(session *s, teal_manifest *m)
{
    outcome o = publish_allowed(s);
    if (o == OUTCOME_OK)
        o = publish_pending(s);
    if (o == OUTCOME_OK && !account_manifest(s->keychain, &s->arena, m))
        return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
    return o;
}

outcome command_devices_approve(session *s, const char *typed)
{
    char code[LINKING_CODE_DIGITS + 1];
    const attempt *proven = NULL;
    if (!linking_read_code(typed, code))
        return say(OUTCOME_USAGE, "a code is 8 digits");
    approval *a = teal_arena_array(&s->arena, 1, sizeof *a);
    if (a == NULL)
        bug("the arena is full");
    a->s = s;
    outcome o = begin(s, &a->manifest);
    if (o == OUTCOME_OK)
        o = read_requests(a);
    for (size_t i = 0; i < a->n && o == OUTCOME_OK; i++)
        answer_one(a, &a->at[i], code);
    if (o == OUTCOME_OK)
        o = await_proof(a, &proven);
    if (o == OUTCOME_OK)
        o = sign(a, proven);
    sodium_memzero(a, sizeof *a);
    return o;
}

/* ---- refusing and revoking ------------------------------------------------------------------- */

static bool begins_with(const char *prefix, const uint8_t id[static TEAL_DEVICE_BYTES])
{
    char hex[2 * TEAL_DEVICE_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, id, TEAL_DEVICE_BYTES);
    return strlen(prefix) >= LEAST_PREFIX && strncmp(hex, prefix, strlen(prefix)) == 0;
}

static outcome refuse_id(const char *typed, size_t n)
{
    return say(OUTCOME_USAGE,
               n == 0 ? "no device has an id that begins with %s (at least 4 digits)"
                      : "several devices have an id that begins with %s: write more of it",
               typed);
}

outcome command_devices_refuse(session *s, const char *typed)
{
    teal_manifest m;
    json_t *requests = NULL;
    uint8_t id[TEAL_DEVICE_BYTES], chosen[TEAL_DEVICE_BYTES];
    size_t n = 0;
    outcome o = begin(s, &m);
    if (o == OUTCOME_OK)
        o = fetch(s, &m, &requests);
    for (size_t i = 0; i < json_array_size(requests); i++)
        if (read_hex(member_text(json_array_get(requests, i), "device"), id, sizeof id) &&
            begins_with(typed, id)) {
            memcpy(chosen, id, sizeof chosen);
            n++;
        }
    json_decref(requests);
    if (o == OUTCOME_OK && n != 1)
        return refuse_id(typed, n);
    return o == OUTCOME_OK ? session_explain(s, api_drop_link(s->api, m.handles[0], chosen)) : o;
}

outcome command_devices_revoke(session *s, const char *typed)
{
    teal_manifest m;
    teal_device kept[TEAL_MAX_DEVICES], revoked = { 0 };
    uint8_t own[TEAL_DEVICE_BYTES];
    size_t n_kept = 0;
    outcome o = begin(s, &m);
    if (o != OUTCOME_OK)
        return o;
    for (size_t i = 0; i < m.n_devices; i++)
        if (begins_with(typed, m.devices[i].id))
            revoked = m.devices[i];
        else
            kept[n_kept++] = m.devices[i];
    if (n_kept + 1 != m.n_devices)
        return refuse_id(typed, m.n_devices - n_kept);
    account_device(s->keychain, own);
    if (memcmp(revoked.id, own, sizeof own) == 0)
        return say(OUTCOME_USAGE, "this device holds the account key and cannot revoke itself");
    o = publish_next(s, m.handles, m.n_handles, kept, n_kept);
    return o == OUTCOME_OK ? report(s, "revoked", &revoked) : o;
}
