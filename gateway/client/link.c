/* teal link: a new device asks to be added to an account. Nothing is on disk before the other
 * device has proven that it knows the code and the account key; from then on no other key is
 * taken. */
#include "gateway/client/link.h"

#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/contacts.h"
#include "gateway/client/home_gateway.h"
#include "gateway/client/linking.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/prekeys.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <time.h>

enum { PAUSE_MS = 500, PREKEY_BYTES = 256 };

typedef struct joining {
    session *s;
    teal_bytes handle;
    linking_subject about;
    uint8_t account_key[TEAL_KEY_BYTES], prekey[PREKEY_BYTES];
    char code[LINKING_CODE_DIGITS + 1];
    linking round;
    int64_t expires_ms;
} joining;

static void pause_a_moment(void)
{
    const struct timespec time = { 0, PAUSE_MS * INT64_C(1000000) };
    nanosleep(&time, NULL);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void describe(joining *j, int64_t now_ms)
{
    teal_prekey prekey;
    teal_writer w = { j->prekey, sizeof j->prekey, 0 };
    prekeys_last_resort(j->s->keychain, now_ms, &prekey);
    if (teal_prekey_encode(&prekey, &w) != TEAL_OK)
        bug("a prekey does not fit");
    j->about.device = account_this(j->s->keychain, &j->s->arena);
    j->about.prekey = teal_written(&w);
    j->about.account_key = j->account_key;
}

/* Begins a round. The account key that the gateway names is believed only once the other device has
 * shown a tag over it. */
static outcome ask(joining *j)
{
    const teal_device *device = &j->about.device;
    json_t *answer = NULL;
    uint8_t before[TEAL_KEY_BYTES];
    memcpy(before, j->account_key, sizeof before);
    const bool is_first = j->expires_ms == 0;
    linking_begin(&j->round, j->code, &j->about);
    json_t *body =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "device",
                  member_of_hex((teal_bytes){ device->id, sizeof device->id }), "signing_key",
                  member_of_bytes((teal_bytes){ device->signing_key, TEAL_KEY_BYTES }), "name",
                  member_of_text(device->name), "prekey", member_of_bytes(j->about.prekey), "share",
                  member_of_bytes((teal_bytes){ j->round.share, sizeof j->round.share }));
    outcome o = session_explain(j->s, api_ask_link(j->s->api, j->handle, body, &answer));
    j->expires_ms = json_integer_value(json_object_get(answer, "expires_at_ms"));
    if (o == OUTCOME_OK && !member_copy(answer, "account_key", j->account_key, TEAL_KEY_BYTES))
        o = say(OUTCOME_UNVERIFIED, "REQ-DEV-1 the gateway does not say whose account it is");
    if (o == OUTCOME_OK && !is_first && memcmp(before, j->account_key, sizeof before) != 0)
        o = say(OUTCOME_UNVERIFIED, "REQ-DEV-4 the gateway names another account key than before");
    json_decref(answer);
    return o;
}

static void show_code(const joining *j)
{
    const teal_device *device = &j->about.device;
    if (j->s->options->json) {
        json_t *line = json_pack("{s:s, s:o, s:I}", "code", j->code, "device",
                                 member_of_hex((teal_bytes){ device->id, sizeof device->id }),
                                 "expires_at_ms", (json_int_t)j->expires_ms);
        session_print(line);
        json_decref(line);
    } else {
        printf("The code of this device: %.4s %s\n"
               "Within ten minutes, on the device that made the account:\n"
               "  teal devices approve %s\n",
               j->code, j->code + 4, j->code);
    }
    fflush(stdout);
}

/* ---- the other device's answer --------------------------------------------------------------- */

static outcome refuse_gone(void)
{
    return say(OUTCOME_REFUSED,
               "the request has expired, or was refused on the other device: begin "
               "anew with teal link");
}

/* *answer: {"share","tag"}, the caller's. */
static outcome await_answer(const joining *j, json_t **answer)
{
    *answer = NULL;
    while (*answer == NULL) {
        json_t *json = NULL;
        outcome o = api_link_answer(j->s->api, j->handle, j->about.device.id, &json);
        if (o == OUTCOME_REFUSED && api_refused_as(j->s->api, "link-unknown"))
            return refuse_gone();
        if (o != OUTCOME_OK && o != OUTCOME_UNREACHABLE && !api_is_temporary(j->s->api))
            return session_explain(j->s, o);
        if (o == OUTCOME_OK && json_is_object(json_object_get(json, "answer")))
            *answer = json_incref(json_object_get(json, "answer"));
        else
            pause_a_moment();
        json_decref(json);
        if (clock_unix_ms() > j->expires_ms)
            break;
    }
    return *answer != NULL ? OUTCOME_OK : refuse_gone();
}

/* Whether who answered knows the code, saw our keys as they are, and has that account key. */
static bool is_genuine(joining *j, const json_t *answer)
{
    uint8_t share[TEAL_CPACE_SHARE_BYTES], tag[TEAL_CPACE_TAG_BYTES];
    return member_copy(answer, "share", share, sizeof share) &&
           member_copy(answer, "tag", tag, sizeof tag) &&
           linking_meet(&j->round, &j->about, true, (teal_bytes){ share, sizeof share }) &&
           linking_matches((teal_bytes){ tag, sizeof tag }, j->round.account_tag);
}

static outcome confirm(const joining *j, const uint8_t tag[static TEAL_CPACE_TAG_BYTES])
{
    json_t *body =
        json_pack("{s:o}", "tag", member_of_bytes((teal_bytes){ tag, TEAL_CPACE_TAG_BYTES }));
    return api_confirm_link(j->s->api, j->handle, j->about.device.id, body);
}

/* A tag that no key gives: the other device need not wait for another round. */
static void withdraw(const joining *j)
{
    static const uint8_t none[TEAL_CPACE_TAG_BYTES];
    confirm(j, none);
}

/* Rounds until the code was right. */
static outcome meet(joining *j)
{
    for (int left = LINKING_ROUNDS - 1; left >= 0; left--) {
        json_t *answer;
        const bool is_first = j->expires_ms == 0;
        outcome o = ask(j);
        if (o == OUTCOME_OK && is_first)
            show_code(j);
        if (o == OUTCOME_OK)
            o = await_answer(j, &answer);
        if (o != OUTCOME_OK)
            return o;
        const bool genuine = is_genuine(j, answer);
        json_decref(answer);
        if (genuine)
            return OUTCOME_OK;
        say_note("REQ-DEV-4 another code was typed on the other device, or somebody in between has "
                 "swapped keys; %d more tries",
                 left);
    }
    withdraw(j);
    return say(OUTCOME_UNVERIFIED, "REQ-DEV-4 three wrong codes: begin anew with teal link");
}

/* ---- joining --------------------------------------------------------------------------------- */

static bool names_this(const keychain *k, teal_arena *arena, const teal_manifest *m)
{
    const teal_device own = account_this(k, arena);
    const teal_device *listed = teal_manifest_device(m, own.id);
    return listed != NULL && memcmp(listed->signing_key, own.signing_key, TEAL_KEY_BYTES) == 0;
}

/* *added: it names this device. */
static outcome take_manifest(session *s, teal_bytes handle, bool *added)
{
    teal_bytes encoded;
    teal_manifest m;
    bool newer = false;
    *added = false;
    outcome o = api_get_manifest(s->api, handle, &s->arena, &encoded);
    if (o != OUTCOME_OK || teal_manifest_decode(encoded, &s->arena, &m, NULL) != TEAL_OK ||
        !names_this(s->keychain, &s->arena, &m))
        return o;
    o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    const char *wrong = account_take(s->keychain, encoded, &s->arena, &m, &newer);
    if (wrong == NULL && !teal_manifest_has_handle(&m, handle))
        wrong = "REQ-DEV-4 the manifest does not name the handle";
    if (wrong != NULL) {
        keychain_rollback(s->keychain);
        return say(OUTCOME_UNVERIFIED, "the account is not what the other device has shown: %s",
                   wrong);
    }
    *added = true;
    json_object_del(s->keychain->state, "joining");
    return keychain_commit(s->keychain);
}

/* The other device signs now. Before this device stands in the manifest it may be told nothing. */
static outcome await_manifest(const joining *j)
{
    bool added = false, gone = false;
    while (!added && !gone) {
        json_t *json = NULL;
        const size_t mark = j->s->arena.used;
        outcome asked = api_link_answer(j->s->api, j->handle, j->about.device.id, &json);
        gone = (asked == OUTCOME_REFUSED && api_refused_as(j->s->api, "link-unknown")) ||
               clock_unix_ms() > j->expires_ms;
        json_decref(json);
        outcome o = take_manifest(j->s, j->handle, &added);
        j->s->arena.used = mark;
        if (o == OUTCOME_UNVERIFIED || o == OUTCOME_KEYCHAIN)
            return o;
        if (!added && !gone)
            pause_a_moment();
    }
    return added ? OUTCOME_OK : refuse_gone();
}

/* From here on the keychain belongs to the account. */
static outcome join(joining *j)
{
    keychain *k = j->s->keychain;
    account_join(k, j->account_key);
    json_object_set_new(k->state, "joining", member_of_text(j->handle));
    outcome o = keychain_commit(k);
    if (o != OUTCOME_OK)
        return o;
    o = session_explain(j->s, confirm(j, j->round.new_tag));
    return o == OUTCOME_OK ? await_manifest(j) : o;
}

static void report(session *s, size_t left)
{
    teal_manifest m;
    char text[CONTACTS_FINGERPRINT_BYTES];
    if (!account_manifest(s->keychain, &s->arena, &m))
        bug("linked without a manifest");
    if (s->options->json) {
        json_t *handles = json_array();
        for (size_t i = 0; i < m.n_handles; i++)
            json_array_append_new(handles, member_of_text(m.handles[i]));
        json_t *line =
            json_pack("{s:o, s:o, s:I, s:I}", "handles", handles, "account_key",
                      member_of_hex((teal_bytes){ m.account_key, TEAL_KEY_BYTES }), "version",
                      (json_int_t)m.version, "one_time_left", (json_int_t)left);
        session_print(line);
        json_decref(line);
        return;
    }
    printf("This device belongs to the account now. Its key, which the other device has shown:\n"
           "  %s\n",
           contacts_fingerprint(m.account_key, text));
    for (size_t i = 0; i < m.n_handles; i++)
        printf("handle: %.*s\n", (int)m.handles[i].len, (const char *)m.handles[i].at);
    printf("one-time keys at the gateway: %zu\n", left);
}

static outcome finish(session *s)
{
    size_t left = 0;
    outcome o = prekeys_replenish(s, &left);
    if (o == OUTCOME_OK)
        report(s, left);
    return o;
}

outcome link_resume(session *s)
{
    bool added = false;
    teal_bytes handle = teal_arena_copy(&s->arena, member_text(s->keychain->state, "joining"));
    if (handle.len == 0)
        return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
    outcome o = session_explain(s, take_manifest(s, handle, &added));
    if (o == OUTCOME_OK && !added)
        return say(OUTCOME_REFUSED, "this device has not been added to %.*s", (int)handle.len,
                   (const char *)handle.at);
    return o == OUTCOME_OK ? finish(s) : o;
}

outcome command_link(session *s)
{
    verify_gateway gateway;
    joining j = { .s = s };
    const int64_t now_ms = clock_unix_ms();
    if (!teal_device_name_is_valid(teal_text(s->options->args[1])))
        return say(OUTCOME_USAGE, "REQ-DIR-4 a device's name is at most 64 octets of UTF-8 without "
                                  "control characters");
    outcome o = people_handle(s, s->options->args[0], &j.handle);
    if (o == OUTCOME_OK)
        o = home_gateway_meet(s, s->options->gateway, s->options->ca, &gateway);
    if (o != OUTCOME_OK)
        return o;
    account_make(s->keychain, s->options->args[1], now_ms);
    describe(&j, now_ms);
    linking_make_code(j.code);
    o = meet(&j);
    if (o == OUTCOME_OK)
        o = join(&j);
    linking_forget(&j.round);
    return o == OUTCOME_OK ? finish(s) : o;
}
