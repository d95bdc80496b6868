/* teal verify: whether somebody is who they are known as, as far as anything here can tell, and the
 * number that tells the rest. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/home_gateway.h"
#include "gateway/client/manifest_chain.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/safety_number.h"
#include "gateway/client/say.h"
#include "gateway/client/seen_heads.h"
#include "gateway/client/tamed.h"

#include <stdlib.h>

typedef struct findings {
    person who;
    bool is_gateway; /* nobody whom one writes to: it has no safety number */
    bool in_log;     /* of this gateway's network; then: */
    manifest_chain chain;
    tree_head head;
    size_t n_heads; /* seen, each consistent with this one */
    char number[SAFETY_NUMBER_BYTES];
} findings;

static outcome refuse(const findings *f, const char *wrong)
{
    return say(OUTCOME_UNVERIFIED, "%.*s does not verify: %s", (int)f->who.handle.len,
               (const char *)f->who.handle.at, wrong);
}

static outcome check_chain(session *s, findings *f)
{
    const teal_manifest *m = &f->who.manifest;
    const char *wrong;
    teal_hash shown;
    outcome o = session_explain(
        s, manifest_chain_fetch(s, f->who.handle, m->account_key, &f->chain, &wrong));
    if (o != OUTCOME_OK)
        return o;
    if (wrong != NULL)
        return refuse(f, wrong);
    teal_manifest_hash(m, &shown);
    if (!manifest_chain_has(&f->chain, &shown))
        return refuse(f,
                      "REQ-LOG-22 the manifest of the look-up is not among those of the account");
    return OUTCOME_OK;
}

/* The gateway as it is known here, which has not changed its account key or gone back. REQ-KEY-6 */
static outcome find_gateway(session *s, teal_bytes handle, findings *f)
{
    verify_gateway gateway;
    outcome o = home_gateway_ask(s, &gateway);
    f->who = (person){ .handle = handle,
                       .manifest = gateway.manifest,
                       .has_manifest = true,
                       .trust = CONTACTS_KNOWN,
                       .logged = true };
    return o;
}

static bool is_gateway(session *s, teal_bytes handle)
{
    verify_gateway gateway;
    home_gateway_known(s, &gateway);
    return teal_bytes_equal(handle, gateway.handle);
}

static outcome find_person(session *s, teal_bytes handle, findings *f)
{
    outcome o = people_look_up(s, handle, &f->who);
    if (o == OUTCOME_OK && !f->who.has_manifest)
        o = say(OUTCOME_UNVERIFIED, "%.*s has no keys that could be verified", (int)handle.len,
                (const char *)handle.at);
    return o == OUTCOME_OK ? people_trust(s, &f->who) : o;
}

/* Every head that was ever seen, not only the last. */
static outcome check_heads(session *s, findings *f)
{
    tree_head seen[SEEN_HEADS_MAX];
    const char *wrong = NULL;
    outcome o = seen_heads_fetch(s, &f->head);
    f->n_heads = seen_heads_list(s->keychain, seen);
    for (size_t i = 0; i < f->n_heads && o == OUTCOME_OK; i++) {
        o = session_explain(s, seen_heads_relate(s, &seen[i], &f->head, &wrong));
        if (o == OUTCOME_OK && wrong != NULL)
            o = refuse(f, wrong);
    }
    return o;
}

/* Each account by the first handle of its manifest: both sides know it. */
static outcome compute_number(session *s, findings *f)
{
    teal_manifest own;
    if (!account_manifest(s->keychain, &s->arena, &own))
        return say(OUTCOME_FAILED, "no handle is registered yet: teal register HANDLE");
    const safety_party us = { TEAL_VIEW(own.account_key), own.handles[0] };
    const safety_party them = { TEAL_VIEW(f->who.manifest.account_key),
                                f->who.manifest.handles[0] };
    safety_number(&us, &them, f->number);
    return OUTCOME_OK;
}

static outcome keep(session *s, const findings *f)
{
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    contacts_note(s->keychain, f->who.handle, &f->who.manifest);
    if (f->in_log)
        contacts_note_logged(s->keychain, f->who.handle);
    return keychain_commit(s->keychain);
}

static json_t *devices_json(const teal_manifest *m)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < m->n_devices; i++)
        json_array_append_new(devices, json_pack("{s:o, s:o}", "device",
                                                 member_of_hex(TEAL_VIEW(m->devices[i].id)), "name",
                                                 member_of_text(m->devices[i].name)));
    return devices;
}

static void print_json(const findings *f)
{
    const teal_manifest *m = &f->who.manifest;
    json_t *line = json_pack(
        "{s:o, s:o, s:s, s:I, s:o, s:b}", "handle", member_of_text(f->who.handle), "account_key",
        member_of_hex(TEAL_VIEW(m->account_key)), "trust", contacts_trust_name(f->who.trust),
        "version", (json_int_t)m->version, "devices", devices_json(m), "in_log", (int)f->in_log);
    if (!f->is_gateway)
        json_object_set_new(line, "safety_number", json_string(f->number));
    if (f->in_log) {
        json_object_set_new(line, "log_size", json_integer((json_int_t)f->head.size));
        json_object_set_new(line, "heads", json_integer((json_int_t)f->n_heads));
    }
    session_print(line);
    json_decref(line);
}

static void print_number(const char *number)
{
    enum { PER_LINE = 4, GROUP = 6 };
    for (size_t i = 0; i < SAFETY_NUMBER_GROUPS; i += PER_LINE)
        printf("    %.*s\n", PER_LINE * GROUP - 1, number + i * GROUP);
}

static void print_words(const findings *f)
{
    char text[CONTACTS_FINGERPRINT_BYTES];
    const teal_manifest *m = &f->who.manifest;
    printf("%.*s\n  account key %s\n", (int)f->who.handle.len, (const char *)f->who.handle.at,
           contacts_fingerprint(m->account_key, text));
    printf(f->who.trust == CONTACTS_KNOWN
               ? "  the one that is known here\n"
               : "  not known here before: the first message keeps it\n");
    if (f->in_log)
        printf("  versions %llu to %llu of its manifest: each signed by that key, names the one "
               "before,\n  and stands in the gateway's key log of %llu entries, which is "
               "consistent with\n  every head that this device has seen (%zu)\n",
               (unsigned long long)f->chain.first, (unsigned long long)f->chain.last,
               (unsigned long long)f->head.size, f->n_heads);
    else
        printf("  version %llu of its manifest, signed by that key; it is on another network, "
               "whose\n  keys are not in this gateway's key log\n",
               (unsigned long long)m->version);
    for (size_t i = 0; i < m->n_devices; i++) {
        char *name = tamed_line(m->devices[i].name);
        printf("  device %s\n", name);
        free(name);
    }
    if (f->is_gateway) {
        printf("  Compare the account key with its operator, by other means.\n");
        return;
    }
    printf("  Compare this safety number with them, by other means:\n");
    print_number(f->number);
}

outcome command_verify(session *s)
{
    findings f = { 0 };
    teal_bytes handle;
    outcome o = people_handle(s, s->options->args[0], &handle);
    if (o == OUTCOME_OK) {
        f.is_gateway = is_gateway(s, handle);
        o = (f.is_gateway ? find_gateway : find_person)(s, handle, &f);
    }
    f.in_log = f.who.logged;
    if (o == OUTCOME_OK && f.in_log)
        o = check_chain(s, &f);
    if (o == OUTCOME_OK && f.in_log)
        o = check_heads(s, &f);
    if (o == OUTCOME_OK && !f.is_gateway)
        o = compute_number(s, &f);
    if (o == OUTCOME_OK && !f.is_gateway)
        o = keep(s, &f);
    if (o == OUTCOME_OK)
        (s->options->json ? print_json : print_words)(&f);
    return o;
}
