/* teal send: look up, say what it would take, seal, remember, send. */
#include "codecs/native/content.h"
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/home_gateway.h"
#include "gateway/client/member.h"
#include "gateway/client/outgoing.h"
#include "gateway/client/say.h"
#include "gateway/client/sent.h"
#include "gateway/client/show.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    MAX_TEXT_BYTES = TEAL_MAX_CIPHERTEXT_BYTES,
    CONTENT_SLACK_BYTES = 4096,
    DEFAULT_FAILED_AFTER_S = 300,
    DEFAULT_CONSENT_S = 24 * 3600,
};

typedef struct letter {
    outgoing message;
    person *people;
    teal_bytes *recipients;
    size_t n;
} letter;

static void *take(session *s, size_t count, size_t size)
{
    void *taken = teal_arena_array(&s->arena, count, size);
    if (taken == NULL)
        bug("the arena is full");
    return taken;
}

/* ---- what people typed ----------------------------------------------------------------------- */

static bool is_there(const letter *l, teal_bytes handle)
{
    for (size_t i = 0; i < l->n; i++)
        if (teal_bytes_equal(l->recipients[i], handle))
            return true;
    return false;
}

/* TO[,TO…]; each once. */
static outcome read_recipients(session *s, letter *l)
{
    char *list = strdup(s->options->args[0]), *rest = list, *typed;
    outcome o = OUTCOME_OK;
    if (list == NULL)
        bug("out of memory");
    while (o == OUTCOME_OK && (typed = strsep(&rest, ",")) != NULL) {
        teal_bytes handle = { 0 };
        o = people_handle(s, typed, &handle);
        if (o == OUTCOME_OK && l->n == TEAL_MAX_RECIPIENTS)
            o = say(OUTCOME_USAGE, "REQ-ENV-5 more than %d recipients", TEAL_MAX_RECIPIENTS);
        if (o == OUTCOME_OK && !is_there(l, handle))
            l->recipients[l->n++] = handle;
    }
    free(list);
    return o;
}

/* Standard input to its end, without a newline there. */
static outcome read_input(session *s, teal_bytes *text)
{
    uint8_t *at = take(s, MAX_TEXT_BYTES + 1, 1);
    size_t len = 0;
    while (len <= MAX_TEXT_BYTES) {
        ssize_t n = read(STDIN_FILENO, at + len, MAX_TEXT_BYTES + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return say(OUTCOME_FAILED, "standard input cannot be read: %s", strerror(errno));
        if (n == 0)
            break;
        len += (size_t)n;
    }
    if (len > 0 && at[len - 1] == '\n')
        len--;
    *text = (teal_bytes){ at, len };
    return OUTCOME_OK;
}

static outcome read_text(session *s, teal_bytes *text)
{
    *text = teal_text(s->options->args[1]);
    if (teal_bytes_equal(*text, teal_text("-"))) {
        outcome o = read_input(s, text);
        if (o != OUTCOME_OK)
            return o;
    }
    if (text->len == 0)
        return say(OUTCOME_USAGE, "there is no text to send");
    if (text->len > MAX_TEXT_BYTES)
        return say(OUTCOME_USAGE, "REQ-ENV-9 the text is longer than 1 MiB");
    return OUTCOME_OK;
}

/* Fills content, and the fallback that is used if the message gets a consent. */
static outcome encode_text(session *s, teal_bytes text, outgoing *m)
{
    const size_t cap = text.len + CONTENT_SLACK_BYTES;
    teal_writer content = { take(s, cap, 1), cap, 0 }, fallback = { take(s, cap, 1), cap, 0 };
    if (teal_content_of_text(text, &s->arena, &content) != TEAL_OK ||
        teal_fallback_of_text(text, &s->arena, &fallback) != TEAL_OK)
        return say(OUTCOME_USAGE, "REQ-CNT-3 the text is not UTF-8, or has a NUL in it");
    m->content = teal_written(&content);
    m->fallback = teal_written(&fallback);
    return OUTCOME_OK;
}

/* ---- who it goes to -------------------------------------------------------------------------- */

static void print_paths(const letter *l)
{
    char handle[TEAL_MAX_HANDLE_BYTES + 1];
    show look = show_for(stdout);
    for (size_t i = 0; i < l->n; i++) {
        const person *p = &l->people[i];
        snprintf(handle, sizeof handle, "%.*s", (int)p->handle.len, (const char *)p->handle.at);
        show_path(&look, handle, p->path, p->level);
    }
    fflush(stdout);
}

static outcome look_up(session *s, letter *l)
{
    outcome o = OUTCOME_OK;
    for (size_t i = 0; i < l->n && o == OUTCOME_OK; i++) {
        o = people_look_up(s, l->recipients[i], &l->people[i]);
        if (o == OUTCOME_OK)
            o = people_trust(s, &l->people[i]);
    }
    if (o == OUTCOME_OK && !s->options->json)
        print_paths(l);
    return o;
}

/* Own other devices get a copy. Asked for only if there are any: a claim uses keys up. */
static void claim_own(session *s, people_keys *keys)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    person own = { .has_manifest = true };
    account_device(s->keychain, device);
    if (!account_manifest(s->keychain, &s->arena, &own.manifest) || own.manifest.n_devices == 1)
        return;
    own.handle = own.manifest.handles[0];
    people_claim_copies(s, &own, device, keys);
}

static outcome claim(session *s, letter *l)
{
    people_keys *keys = &l->message.keys;
    outcome o = OUTCOME_OK;
    keys->n = 0;
    for (size_t i = 0; i < l->n && o == OUTCOME_OK; i++)
        if (l->people[i].has_manifest)
            o = people_claim(s, &l->people[i], NULL, keys);
    for (size_t i = 0; i < l->n && o == OUTCOME_OK; i++)
        if (l->people[i].has_manifest)
            contacts_tell_new(s->keychain, l->people[i].handle, &l->people[i].manifest);
    if (o == OUTCOME_OK)
        claim_own(s, keys);
    return o;
}

/* ---- consent --------------------------------------------------------------------------------- */

static bool is_below_e2ee(const letter *l)
{
    bool below = false;
    for (size_t i = 0; i < l->n; i++)
        below = below || strcmp(l->people[i].level, "E2EE") != 0;
    return below;
}

static void say_consent(const session *s, const letter *l)
{
    if (s->options->json)
        return;
    if (!l->message.consents)
        printf(
            "  No readable text leaves this device: everybody is reached end-to-end encrypted.\n");
    else
        printf("  With your consent it may leave at %s%s.\n",
               teal_level_name(l->message.consent.floor),
               l->message.consent.when == TEAL_OR_FAILED ? ", once the better path has failed"
                                                         : "");
}

/* Readable text waits at the gateway, so it is not placed there where it is not needed. */
static outcome decide_consent(session *s, letter *l)
{
    const options *o = s->options;
    outgoing *m = &l->message;
    verify_gateway gateway;
    if (o->floor == TEAL_LEVEL_NONE)
        return OUTCOME_OK;
    m->consents = o->when == TEAL_OR_FAILED || is_below_e2ee(l);
    if (m->consents) {
        uint64_t after_s = o->failed_after_s > 0 ? o->failed_after_s : DEFAULT_FAILED_AFTER_S;
        uint64_t expires_s = o->expires_s > 0 ? o->expires_s : DEFAULT_CONSENT_S;
        m->consent =
            (teal_consent){ .floor = o->floor,
                            .when = o->when,
                            .failed_after_ms = o->when == TEAL_OR_FAILED ? after_s * 1000 : 0,
                            .expires_at_ms = m->sent_at_ms + expires_s * 1000,
                            .accepts_e2ee_loss = o->accept_e2ee_loss };
        outcome asked = home_gateway_ask(s, &gateway);
        if (asked != OUTCOME_OK)
            return asked;
        memcpy(m->downgrade_key, gateway.downgrade_key.key, sizeof m->downgrade_key);
    }
    say_consent(s, l);
    return OUTCOME_OK;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Before it leaves, so that no receipt can come for a message that is not known. */
static outcome remember(session *s, const letter *l)
{
    const outgoing *m = &l->message;
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    for (size_t i = 0; i < l->n && o == OUTCOME_OK; i++)
        o = people_pin(s, &l->people[i]);
    if (o != OUTCOME_OK) {
        keychain_rollback(s->keychain);
        return o;
    }
    sent_add(s->keychain, &m->envelope, &m->transcript, m->consents ? m->consent.floor : TEAL_E2EE);
    return keychain_commit(s->keychain);
}

static void forget(session *s, const letter *l)
{
    if (keychain_begin(s->keychain) != OUTCOME_OK)
        return;
    sent_remove(s->keychain, l->message.envelope.message_id);
    keychain_commit(s->keychain);
}

static void report(const session *s, const letter *l, const json_t *answer)
{
    const teal_bytes id = l->message.envelope.message_id;
    json_t *recipients = json_object_get(answer, "recipients");
    if (s->options->json) {
        json_t *line =
            json_pack("{s:o, s:O}", "message_id", member_of_text(id), "recipients", recipients);
        session_print(line);
        json_decref(line);
        return;
    }
    show look = show_for(stdout);
    printf("accepted as %.*s\n", (int)id.len, (const char *)id.at);
    for (size_t i = 0; i < json_array_size(recipients); i++) {
        const json_t *r = json_array_get(recipients, i);
        const char *handle = json_string_value(json_object_get(r, "recipient"));
        const char *path = json_string_value(json_object_get(r, "path"));
        const char *level = json_string_value(json_object_get(r, "level"));
        if (handle != NULL && path != NULL && level != NULL)
            show_path(&look, handle, path, level);
    }
}

/* What the sending itself came to: said, and shown. */
static outcome conclude(session *s, const letter *l, outcome o, const json_t *answer)
{
    const teal_bytes id = l->message.envelope.message_id;
    session_explain(s, o);
    if (o == OUTCOME_OK)
        report(s, l, answer);
    if ((o == OUTCOME_UNREACHABLE || o == OUTCOME_REFUSED) && !api_took_nothing(s->api))
        say_note("it may have been accepted as %.*s: a receipt will say so", (int)id.len,
                 (const char *)id.at);
    return o;
}

/* *stale: refused for keys that are no longer in use; said only when it is final. */
static outcome attempt(session *s, letter *l, bool final, bool *stale)
{
    json_t *answer = NULL;
    *stale = false;
    outcome o = claim(s, l);
    if (o == OUTCOME_OK)
        o = outgoing_seal(s, &l->message);
    if (o == OUTCOME_OK)
        o = remember(s, l);
    if (o != OUTCOME_OK)
        return o;
    o = api_send(s->api, l->message.encoded, &answer);
    *stale = o == OUTCOME_REFUSED && (api_refused_as(s->api, "keys-stale") ||
                                      api_refused_as(s->api, "consent-gateway-key"));
    if ((o == OUTCOME_REFUSED || o == OUTCOME_UNREACHABLE) && api_took_nothing(s->api))
        forget(s, l);
    if (final || !*stale)
        conclude(s, l, o, answer);
    json_decref(answer);
    return o;
}

/* Takes the manifests that the refusal names, as far as they verify. */
static outcome take_manifests(session *s, letter *l)
{
    json_t *manifests = json_object_get(api_problem(s->api), "manifests");
    for (size_t i = 0; i < l->n; i++) {
        person *p = &l->people[i];
        char handle[TEAL_MAX_HANDLE_BYTES + 1];
        teal_bytes encoded;
        teal_diag why = { "REQ-DIR-24 no manifest", 0 };
        snprintf(handle, sizeof handle, "%.*s", (int)p->handle.len, (const char *)p->handle.at);
        if (!member_bytes(manifests, handle, &s->arena, &encoded))
            continue;
        const char *wrong = teal_manifest_decode(encoded, &s->arena, &p->manifest, &why) != TEAL_OK
                                ? why.rule
                                : verify_manifest(&p->manifest, p->handle);
        if (wrong == NULL)
            wrong = contacts_order(s->keychain, p->handle, &p->manifest);
        if (wrong != NULL)
            return say(OUTCOME_UNVERIFIED, "%s: the new manifest does not verify: %s", handle,
                       wrong);
        p->has_manifest = true;
        p->trust = contacts_check(s->keychain, p->handle, p->manifest.account_key);
        outcome o = people_trust(s, p);
        if (o != OUTCOME_OK)
            return o;
        say_note("%s has other devices now (%zu): sealing again", handle, p->manifest.n_devices);
    }
    return OUTCOME_OK;
}

/* The gateway's new downgrade key, under the signature that it needs. */
static outcome take_gateway_key(session *s, letter *l)
{
    verify_gateway gateway;
    outcome o = home_gateway_ask(s, &gateway);
    if (o != OUTCOME_OK)
        return o;
    memcpy(l->message.downgrade_key, gateway.downgrade_key.key, sizeof l->message.downgrade_key);
    say_note("the gateway has another downgrade key now: sealing again");
    return OUTCOME_OK;
}

static outcome post(session *s, letter *l)
{
    bool stale;
    outcome o = attempt(s, l, false, &stale);
    if (stale) {
        o = api_refused_as(s->api, "keys-stale") ? take_manifests(s, l) : take_gateway_key(s, l);
        if (o == OUTCOME_OK)
            o = attempt(s, l, true, &stale);
    }
    return o;
}

outcome command_send(session *s)
{
    letter *l = take(s, 1, sizeof *l);
    teal_bytes text;
    outgoing *m = &l->message;
    l->people = take(s, TEAL_MAX_RECIPIENTS, sizeof *l->people);
    l->recipients = take(s, TEAL_MAX_RECIPIENTS, sizeof *l->recipients);
    m->sender = account_handle(s->keychain, &s->arena);
    if (m->sender.len == 0)
        return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
    outgoing_begin(m, clock_unix_ms());
    outcome o = read_recipients(s, l);
    if (o == OUTCOME_OK)
        o = read_text(s, &text);
    if (o == OUTCOME_OK)
        o = encode_text(s, text, m);
    if (o == OUTCOME_OK)
        o = look_up(s, l);
    if (o != OUTCOME_OK)
        return o;
    m->recipients = l->recipients;
    m->n_recipients = l->n;
    m->kind = TEAL_KIND_MESSAGE;
    m->wants = s->options->no_receipts ? 0 : TEAL_WANTS_DELIVERED;
    m->expires_at_ms = s->options->expires_s > 0 ? m->sent_at_ms + s->options->expires_s * 1000 : 0;
    o = decide_consent(s, l);
    return o == OUTCOME_OK ? post(s, l) : o;
}
