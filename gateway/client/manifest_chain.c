/* See manifest_chain.h. */
#include "gateway/client/manifest_chain.h"

#include "gateway/client/log_answer.h"
#include "gateway/client/member.h"
#include "gateway/client/seen_heads.h"
#include "gateway/log.h"

enum { MAX_VERSIONS = 100000 };

static const char incomplete[] = "REQ-LOG-22 the answer is no list of manifests with their proofs";

/* The next link: NULL, or what is wrong with it. */
static const char *take_link(session *s, const json_t *one, const tree_head *head,
                             const uint8_t account_key[static TEAL_KEY_BYTES], manifest_chain *c)
{
    teal_bytes encoded;
    teal_manifest m;
    teal_diag why = { 0 };
    if (!member_bytes(one, "manifest", &s->arena, &encoded))
        return incomplete;
    if (teal_manifest_decode(encoded, &s->arena, &m, &why) != TEAL_OK ||
        teal_manifest_verify(&m, &why) != TEAL_OK)
        return why.rule;
    if (memcmp(m.account_key, account_key, TEAL_KEY_BYTES) != 0)
        return "REQ-LOG-22 a manifest is signed by another account key";
    if (c->n > 0 && m.version != c->last + 1)
        return "REQ-LOG-22 a version is missing, or there twice";
    if (c->n > 0 && !teal_bytes_equal(m.previous, TEAL_VIEW(c->hashes[c->n - 1].at)))
        return "REQ-LOG-22 a manifest does not name the one before";
    if (c->n == MAX_VERSIONS)
        return "REQ-LOG-22 there are more versions than can be checked";
    if (c->n == 0)
        c->first = m.version;
    c->last = m.version;
    teal_manifest_hash(&m, &c->hashes[c->n++]);
    return log_answer_leaf(one, head, &m, &s->arena);
}

/* *more: whether there were any. */
static outcome take_part(session *s, const json_t *answer,
                         const uint8_t account_key[static TEAL_KEY_BYTES], manifest_chain *c,
                         bool *more, const char **wrong)
{
    tree_head head;
    const json_t *list = json_object_get(answer, "manifests");
    *more = json_array_size(list) > 0;
    if (!json_is_array(list) || !log_answer_head(json_object_get(answer, "head"), &head)) {
        *wrong = incomplete;
        return OUTCOME_OK;
    }
    outcome o = seen_heads_take(s, &head, wrong);
    for (size_t i = 0; i < json_array_size(list) && o == OUTCOME_OK && *wrong == NULL; i++)
        *wrong = take_link(s, json_array_get(list, i), &head, account_key, c);
    return o;
}

outcome manifest_chain_fetch(session *s, teal_bytes handle,
                             const uint8_t account_key[static TEAL_KEY_BYTES], manifest_chain *out,
                             const char **wrong)
{
    outcome o = OUTCOME_OK;
    *wrong = NULL;
    *out =
        (manifest_chain){ .hashes = teal_arena_array(&s->arena, MAX_VERSIONS, sizeof(teal_hash)) };
    if (out->hashes == NULL)
        bug("the arena is full");
    for (bool more = true; more && o == OUTCOME_OK && *wrong == NULL;) {
        json_t *answer;
        const size_t used = s->arena.used;
        o = api_manifests(s->api, handle, out->last + 1, &answer);
        if (o == OUTCOME_OK)
            o = take_part(s, answer, account_key, out, &more, wrong);
        json_decref(answer);
        s->arena.used = used;
    }
    if (o == OUTCOME_OK && *wrong == NULL && out->n == 0)
        *wrong = "REQ-LOG-22 the gateway shows no manifest of the account";
    return o;
}

bool manifest_chain_has(const manifest_chain *c, const teal_hash *manifest)
{
    bool found = false;
    for (size_t i = 0; i < c->n && !found; i++)
        found = memcmp(c->hashes[i].at, manifest->at, sizeof manifest->at) == 0;
    return found;
}
