/* teal lookup: what a message to somebody would take, and by which key they are known. */
#include "gateway/client/commands.h"
#include "gateway/client/member.h"
#include "gateway/client/people.h"
#include "gateway/client/say.h"
#include "gateway/client/show.h"

static void print_json(const person *p)
{
    json_t *key = json_null(), *trust = json_null();
    if (p->has_manifest) {
        key = member_of_hex((teal_bytes){ p->manifest.account_key, TEAL_KEY_BYTES });
        trust = json_string(contacts_trust_name(p->trust));
    }
    json_t *line =
        json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:o}", "handle", member_of_text(p->handle),
                  "path", p->path, "level", p->level, "capability", p->capability, "network",
                  p->network, "account_key", key, "trust", trust);
    session_print(line);
    json_decref(line);
}

static const char *trust_words(contacts_trust trust)
{
    switch (trust) {
    case CONTACTS_NEW:
        return "not known here yet: the first message keeps it";
    case CONTACTS_KNOWN:
        return "the one that is known here";
    case CONTACTS_CHANGED:
        break;
    }
    return "NOT the one that is known here";
}

static void print_words(const person *p)
{
    char text[CONTACTS_FINGERPRINT_BYTES], handle[TEAL_MAX_HANDLE_BYTES + 1];
    show look = show_for(stdout);
    snprintf(handle, sizeof handle, "%.*s", (int)p->handle.len, (const char *)p->handle.at);
    show_path(&look, handle, p->path, p->level);
    printf("  network %s, path %s, level %s\n", p->network, p->path, p->level);
    if (!p->has_manifest) {
        printf("  no keys: nobody can seal to it\n");
        return;
    }
    printf("  account key %s\n  %s; %zu device%s%s\n",
           contacts_fingerprint(p->manifest.account_key, text), trust_words(p->trust),
           p->manifest.n_devices, p->manifest.n_devices == 1 ? "" : "s",
           p->logged ? "; in the gateway's key log" : "");
}

static outcome accept(session *s, const person *p)
{
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    contacts_pin(s->keychain, p->handle, p->manifest.account_key);
    contacts_note(s->keychain, p->handle, &p->manifest);
    o = keychain_commit(s->keychain);
    if (o == OUTCOME_OK)
        say_note("the changed key is the known one from now on");
    return o;
}

outcome command_lookup(session *s)
{
    teal_bytes handle;
    person p;
    outcome o = people_handle(s, s->options->args[0], &handle);
    if (o == OUTCOME_OK)
        o = people_look_up(s, handle, &p);
    if (o != OUTCOME_OK)
        return o;
    if (s->options->json)
        print_json(&p);
    else
        print_words(&p);
    o = people_trust(s, &p);
    if (o == OUTCOME_OK && p.has_manifest && p.trust == CONTACTS_CHANGED)
        o = accept(s, &p);
    return o;
}
