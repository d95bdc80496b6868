/* teal audit: reads the whole key log, from where it ended last, and says what in it the owners
 * cannot have wanted. What was found is found again: only a clean part is remembered. */
#include "codecs/base64.h"
#include "gateway/client/account.h"
#include "gateway/client/audit_subjects.h"
#include "gateway/client/commands.h"
#include "gateway/client/contacts.h"
#include "gateway/client/home_gateway.h"
#include "gateway/client/manifest_chain.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/client/seen_heads.h"
#include "gateway/ledger/frontier.h"
#include "gateway/log.h"

enum { BATCH = 1000 };

typedef struct audit {
    session *s;
    tree_head head;
    frontier edge; /* of what has been read */
    uint64_t began;
    audit_subjects subjects;
    bool has_chain;
    manifest_chain own;      /* what the own account key has signed */
    manifest_chain gateways; /* what the gateway's has */
    verify_gateway gateway;
    tree_head seen[SEEN_HEADS_MAX];
    size_t n_seen;
    size_t n_findings;
} audit;

/* ---- saying ---------------------------------------------------------------------------------- */

/* bad: it is a finding; else something that one may want to know. */
static void report(audit *a, bool bad, uint64_t leaf, teal_bytes whose, const char *what)
{
    a->n_findings += bad;
    if (a->s->options->json) {
        json_t *line = json_pack("{s:s, s:I, s:o, s:s}", "kind", bad ? "finding" : "note", "leaf",
                                 (json_int_t)leaf, "of", member_of_text(whose), "what", what);
        session_print(line);
        json_decref(line);
        return;
    }
    printf("%s entry %llu, %.*s: %s\n", bad ? "FOUND:" : "note: ", (unsigned long long)leaf,
           (int)whose.len, (const char *)whose.at, what);
}

static void conclude(const audit *a)
{
    if (a->s->options->json) {
        json_t *line =
            json_pack("{s:s, s:I, s:I, s:I}", "kind", "audit", "from", (json_int_t)a->began, "size",
                      (json_int_t)a->head.size, "findings", (json_int_t)a->n_findings);
        session_print(line);
        json_decref(line);
        return;
    }
    unsigned long long began = a->began, size = a->head.size;
    printf("read %llu entries of the key log after the %llu that were known: they give the head "
           "that the gateway has signed; %zu finding%s\n",
           size - began, began, a->n_findings, a->n_findings == 1 ? "" : "s");
}

/* ---- one entry ------------------------------------------------------------------------------- */

static void take_manifest(audit *a, uint64_t leaf, audit_subject *s, const teal_key_log_entry *e)
{
    switch (audit_subject_take(s, e)) {
    case AUDIT_OTHER_KEY:
        report(a, true, leaf, s->handle,
               s->own ? "REQ-LOG-20 another account key speaks for your handle"
                      : "REQ-LOG-20 the account key has changed: it may be somebody else");
        return;
    case AUDIT_OTHER_BEFORE:
        report(a, false, leaf, s->handle, "another account had the handle before");
        return;
    case AUDIT_JUMP:
        report(a, true, leaf, s->handle,
               "REQ-LOG-20 the version is not the next one: a manifest is missing or there twice");
        return;
    case AUDIT_GOOD:
        break;
    }
    if (s->gateway && !manifest_chain_has(&a->gateways, &e->signed_hash))
        report(a, true, leaf, s->handle,
               "REQ-LOG-24 a manifest of the gateway that it does not show");
    if (s->own && a->has_chain && !manifest_chain_has(&a->own, &e->signed_hash))
        report(a, true, leaf, s->handle,
               "REQ-LOG-20 a manifest in your name that your account key has not signed");
}

static void take_forwarding(audit *a, uint64_t leaf, const audit_subject *s,
                            const teal_key_log_entry *e)
{
    if (!s->own)
        return;
    const bool signed_here = memcmp(e->account_key, s->key, sizeof s->key) == 0;
    report(a, !signed_here, leaf, s->handle,
           signed_here
               ? e->change == TEAL_KEY_LOG_ADDED ? "forwarding was granted" : "forwarding was ended"
               : "REQ-LOG-20 forwarding of your handle that you have not granted");
}

static void take_peer_key(audit *a, uint64_t leaf, const teal_key_log_entry *e)
{
    char text[CONTACTS_FINGERPRINT_BYTES], what[CONTACTS_FINGERPRINT_BYTES + 64];
    snprintf(what, sizeof what, "the network's key was %s: %s",
             e->change == TEAL_KEY_LOG_ADDED ? "added" : "retired",
             contacts_fingerprint(e->peer_key, text));
    report(a, false, leaf, e->peer, what);
}

static void take_entry(audit *a, uint64_t leaf, teal_bytes encoded)
{
    teal_key_log_entry e;
    teal_diag why = { 0 };
    if (teal_key_log_entry_decode(encoded, &e, &why) != TEAL_OK) {
        report(a, true, leaf, teal_text("the log"), why.rule);
        return;
    }
    if (e.kind == TEAL_KEY_LOG_PEER_KEY)
        take_peer_key(a, leaf, &e);
    for (size_t i = 0; i < e.n_handle_hashes; i++) {
        audit_subject *s = audit_subjects_find(&a->subjects, &e.handle_hashes[i]);
        if (s != NULL && e.kind == TEAL_KEY_LOG_MANIFEST)
            take_manifest(a, leaf, s, &e);
        else if (s != NULL)
            take_forwarding(a, leaf, s, &e);
    }
}

/* ---- the log --------------------------------------------------------------------------------- */

/* Whether what has been read is what the gateway signed. */
static outcome check_root(const audit *a, const tree_head *h)
{
    teal_hash root;
    frontier_root(&a->edge, &root);
    if (memcmp(root.at, h->root.at, sizeof root.at) == 0)
        return OUTCOME_OK;
    return say(OUTCOME_UNVERIFIED,
               "THE ENTRIES THAT THE GATEWAY SHOWS ARE NOT THOSE OF THE HEAD OF %llu ENTRIES THAT "
               "IT HAS SIGNED (REQ-LOG-20)",
               (unsigned long long)h->size);
}

static outcome check_seen(const audit *a)
{
    outcome o = OUTCOME_OK;
    for (size_t i = 0; i < a->n_seen && o == OUTCOME_OK; i++)
        if (a->seen[i].size == a->edge.size)
            o = check_root(a, &a->seen[i]);
    return o;
}

static outcome take_batch(audit *a, const json_t *entries)
{
    outcome o = OUTCOME_OK;
    for (size_t i = 0; i < json_array_size(entries) && o == OUTCOME_OK; i++) {
        const size_t used = a->s->arena.used;
        const teal_bytes text = member_string(json_array_get(entries, i));
        teal_bytes entry = { 0 };
        teal_hash leaf;
        if (a->edge.size == a->head.size)
            break; /* appended since */
        if (!member_value(text, &a->s->arena, &entry))
            return say(OUTCOME_FAILED, "the gateway's answer is no list of entries (REQ-LOG-10)");
        merkle_hash_leaf(entry, &leaf);
        take_entry(a, a->edge.size, entry);
        frontier_append(&a->edge, &leaf);
        a->s->arena.used = used;
        o = check_seen(a);
    }
    return o;
}

static outcome read_log(audit *a)
{
    outcome o = OUTCOME_OK;
    while (o == OUTCOME_OK && a->edge.size < a->head.size) {
        const uint64_t before = a->edge.size;
        json_t *answer;
        o = session_explain(a->s, api_log_entries(a->s->api, before, BATCH, &answer));
        if (o == OUTCOME_OK)
            o = take_batch(a, json_object_get(answer, "entries"));
        json_decref(answer);
        if (o == OUTCOME_OK && a->edge.size == before)
            o = say(OUTCOME_UNVERIFIED,
                    "THE GATEWAY SHOWS %llu ENTRIES OF A LOG OF WHICH IT HAS SIGNED %llu "
                    "(REQ-LOG-20)",
                    (unsigned long long)before, (unsigned long long)a->head.size);
    }
    return o == OUTCOME_OK ? check_root(a, &a->head) : o;
}

/* Who is known here by a key that never stood in the log, while others did. */
static void find_strangers(audit *a)
{
    for (size_t i = 0; i < a->subjects.n; i++) {
        const audit_subject *s = &a->subjects.all[i];
        if (!s->seen && s->n_others > 0)
            report(a, true, a->head.size, s->handle,
                   "REQ-LOG-20 the log has only other account keys than the one known here");
    }
}

/* The gateway shows devices of its own that are not in its log. */
static void find_gateway(audit *a)
{
    const audit_subject *s = audit_subjects_gateway(&a->subjects);
    if (!s->seen || s->version < a->gateway.manifest.version)
        report(a, true, a->head.size, s->handle,
               "REQ-LOG-24 the gateway's own manifest is not in its key log");
}

/* ---- from where it ended last ---------------------------------------------------------------- */

static bool load_edge(const json_t *progress, frontier *f)
{
    const json_t *nodes = json_object_get(progress, "nodes");
    const json_int_t size = json_integer_value(json_object_get(progress, "size"));
    bool good = size >= 0;
    *f = (frontier){ .size = (uint64_t)size };
    for (size_t level = 0, at = 0; good && level < MERKLE_MAX_LEVELS; level++)
        if ((f->size >> level & 1) != 0)
            good =
                teal_base64url_decode_exact(member_string(json_array_get(nodes, at++)),
                                            f->nodes[level].at, TEAL_HASH_BYTES, NULL) == TEAL_OK;
    if (!good)
        *f = (frontier){ 0 };
    return good;
}

static json_t *save_edge(const frontier *f)
{
    json_t *nodes = json_array();
    for (size_t level = 0; level < MERKLE_MAX_LEVELS; level++)
        if ((f->size >> level & 1) != 0)
            json_array_append_new(nodes, member_of_bytes(TEAL_VIEW(f->nodes[level].at)));
    return nodes;
}

static void load(audit *a)
{
    bool anew;
    const json_t *progress = json_object_get(a->s->keychain->state, "audit");
    audit_subjects_load(a->s->keychain, &a->gateway, json_object_get(progress, "subjects"),
                        &a->s->arena, &a->subjects, &anew);
    if (!load_edge(progress, &a->edge) || anew)
        a->edge = (frontier){ 0 };
    a->began = a->edge.size;
    a->n_seen = seen_heads_list(a->s->keychain, a->seen);
}

/* And an older manifest than the log has is not taken from now on. */
static outcome save(audit *a)
{
    keychain *k = a->s->keychain;
    outcome o = keychain_begin(k);
    if (o != OUTCOME_OK)
        return o;
    json_object_set_new(k->state, "audit",
                        json_pack("{s:I, s:o, s:o}", "size", (json_int_t)a->edge.size, "nodes",
                                  save_edge(&a->edge), "subjects",
                                  audit_subjects_save(&a->subjects)));
    for (size_t i = 0; i < a->subjects.n; i++) {
        const audit_subject *s = &a->subjects.all[i];
        if (!s->seen || s->gateway)
            continue;
        contacts_note_entry(k, s->handle, s->key, s->version, &s->manifest);
        contacts_note_logged(k, s->handle);
    }
    return keychain_commit(k);
}

/* What the own account key has signed, asked for after the head, which covers it. */
static outcome fetch_own(audit *a)
{
    const char *wrong = NULL;
    const teal_bytes handle = account_handle(a->s->keychain, &a->s->arena);
    if (handle.len == 0)
        return OUTCOME_OK;
    outcome o = session_explain(
        a->s, manifest_chain_fetch(a->s, handle, account_key(a->s->keychain), &a->own, &wrong));
    if (o == OUTCOME_OK && wrong != NULL)
        report(a, true, a->head.size, handle, wrong);
    a->has_chain = true;
    return o;
}

/* The gateway as it is known here, and every manifest that it has had. */
static outcome fetch_gateway(audit *a)
{
    const char *wrong = NULL;
    home_gateway_known(a->s, &a->gateway);
    const teal_manifest *m = &a->gateway.manifest;
    outcome o = session_explain(
        a->s, manifest_chain_fetch(a->s, a->gateway.handle, m->account_key, &a->gateways, &wrong));
    if (o == OUTCOME_OK && wrong != NULL)
        report(a, true, a->head.size, a->gateway.handle, wrong);
    return o;
}

outcome command_audit(session *s)
{
    audit a = { .s = s };
    outcome o = seen_heads_fetch(s, &a.head);
    if (o == OUTCOME_OK)
        o = fetch_own(&a);
    if (o == OUTCOME_OK)
        o = fetch_gateway(&a);
    if (o != OUTCOME_OK)
        return o;
    load(&a);
    o = read_log(&a);
    if (o != OUTCOME_OK)
        return o;
    find_strangers(&a);
    find_gateway(&a);
    conclude(&a);
    if (a.n_findings > 0)
        return say(OUTCOME_UNVERIFIED, "the key log holds what its owners have not signed, or "
                                       "hides what they have");
    return save(&a);
}
