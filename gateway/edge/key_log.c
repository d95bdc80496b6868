/* /v1/log/{log}/…: heads, entries and proofs, for anybody; and the manifests that an account has
 * had, each with its proof. REQ-LOG-10 to -13. */
#include "gateway/edge/asker.h"
#include "gateway/edge/field.h"
#include "gateway/edge/log_proof.h"

#include "codecs/handle.h"

enum { MAX_ENTRIES = 1000, DEFAULT_ENTRIES = 100, MAX_VERSIONS = 32 };

/* NULL: there is no such log. */
static ledger *find_log(rest_call *c)
{
    ledger *l = c->services->key_log;
    return teal_bytes_equal(c->parameter, teal_text(ledger_name(l))) ? l : NULL;
}

static rest_next refuse_log(rest_call *c)
{
    return rest_problem(c, 404, "log-unknown", "REQ-LOG-10 the gateway has no log of that name",
                        "Name the log keys.", NULL);
}

static rest_next refuse_tree(rest_call *c)
{
    return rest_problem(c, 404, "tree-unknown", "REQ-LOG-10 the log has no such leaf or size",
                        "Ask within the size of a head that the gateway has signed.", NULL);
}

static rest_next refuse(rest_call *c, store_result r)
{
    return r == STORE_NONE ? refuse_tree(c) : field_refuse_store(c, r);
}

static rest_next head_get(rest_call *c)
{
    ledger *l = find_log(c);
    tree_head head;
    if (l == NULL)
        return refuse_log(c);
    store_result r = ledger_head(l, c->reader, c->now_ms, &head);
    return r == STORE_OK ? rest_json(c, 200, log_proof_head(c, &head)) : refuse(c, r);
}

static bool read_number(rest_call *c, const char *name, int64_t least, int64_t most,
                        int64_t otherwise, uint64_t *out)
{
    int64_t value;
    const bool good =
        field_number(rest_query(c, name), least, most, otherwise, &value) && value >= least;
    *out = (uint64_t)value;
    return good;
}

/* Two numbers that have to be there. */
static bool read_pair(rest_call *c, const char *first, uint64_t *a, const char *second, uint64_t *b)
{
    return read_number(c, first, 0, INT64_MAX, -1, a) &&
           read_number(c, second, 0, INT64_MAX, -1, b);
}

static rest_next entries_get(rest_call *c)
{
    static const char remedy[] = "from is a leaf's number, max 1 to 1000.";
    const ledger *l = find_log(c);
    uint64_t from, max;
    size_t n = 0;
    if (l == NULL)
        return refuse_log(c);
    if (!read_number(c, "from", 0, INT64_MAX, 0, &from) ||
        !read_number(c, "max", 1, MAX_ENTRIES, DEFAULT_ENTRIES, &max))
        return field_refuse_query(c, remedy);
    teal_bytes *entries = teal_arena_array(c->arena, max, sizeof *entries);
    if (entries == NULL)
        return field_refuse_overload(c);
    store_result r = c->reader->ops->list_leaves(c->reader, teal_text(ledger_name(l)), from,
                                                 c->arena, entries, max, &n);
    if (r != STORE_OK)
        return refuse(c, r);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, field_base64url(entries[i], c->arena));
    return rest_json(c, 200, json_pack("{s:I, s:o}", "from", (json_int_t)from, "entries", list));
}

static rest_next inclusion_get(rest_call *c)
{
    const ledger *l = find_log(c);
    uint64_t index, size;
    merkle_proof proof;
    if (l == NULL)
        return refuse_log(c);
    if (!read_pair(c, "index", &index, "size", &size))
        return field_refuse_query(c, "Give index and size of a tree.");
    store_result r = ledger_prove_inclusion(l, c->reader, index, size, &proof);
    if (r != STORE_OK)
        return refuse(c, r);
    return rest_json(c, 200,
                     json_pack("{s:I, s:I, s:o}", "index", (json_int_t)index, "size",
                               (json_int_t)size, "inclusion", log_proof_hashes(c, &proof)));
}

static rest_next consistency_get(rest_call *c)
{
    const ledger *l = find_log(c);
    uint64_t from, to;
    merkle_proof proof;
    if (l == NULL)
        return refuse_log(c);
    if (!read_pair(c, "from", &from, "to", &to))
        return field_refuse_query(c, "Give from and to, the sizes of two trees.");
    store_result r = ledger_prove_consistency(l, c->reader, from, to, &proof);
    if (r != STORE_OK)
        return refuse(c, r);
    return rest_json(c, 200,
                     json_pack("{s:I, s:I, s:o}", "from", (json_int_t)from, "to", (json_int_t)to,
                               "consistency", log_proof_hashes(c, &proof)));
}

/* ---- the manifests of an account ------------------------------------------------------------- */

static bool is_gateway(const rest_call *c)
{
    return teal_bytes_equal(c->parameter, teal_text(c->services->config->handle));
}

/* Of others it is a look-up. STORE_BUSY: nobody may be answered now. */
static store_result list_versions(rest_call *c, uint64_t from, store_version *out, size_t *n)
{
    teal_bytes encoded;
    teal_manifest m;
    store_result r = c->reader->ops->get_manifest(c->reader, c->parameter, c->arena, &encoded);
    if (r == STORE_OK && teal_manifest_decode(encoded, c->arena, &m, NULL) != TEAL_OK)
        r = STORE_BROKEN;
    if ((r != STORE_OK || !asker_owns(c, m.account_key)) && !asker_note(c))
        r = STORE_BUSY;
    if (r != STORE_OK)
        return r;
    return c->reader->ops->list_versions(c->reader, m.account_key, from, c->arena, out,
                                         MAX_VERSIONS, n);
}

static store_result add_version(rest_call *c, const store_version *v, const tree_head *head,
                                json_t *list)
{
    json_t *one;
    store_result r = log_proof_leaf(c, c->services->key_log, v->leaf, head, &one);
    if (r == STORE_OK) {
        json_object_set_new(one, "manifest", field_base64url(v->encoded, c->arena));
        json_array_append_new(list, one);
    }
    return r;
}

static rest_next manifests_get(rest_call *c)
{
    store_version versions[MAX_VERSIONS];
    tree_head head;
    uint64_t from;
    size_t n = 0;
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!read_number(c, "from", 1, INT64_MAX, 1, &from))
        return field_refuse_query(c, "from is a version, 1 or above.");
    store_result r = is_gateway(c) ? c->reader->ops->list_own_versions(c->reader, from, c->arena,
                                                                       versions, MAX_VERSIONS, &n)
                                   : list_versions(c, from, versions, &n);
    if (r == STORE_NONE)
        return rest_problem(c, 404, "account-unknown",
                            "REQ-DIR-26 the gateway has no account for the handle",
                            "Ask the network that the handle is on.", NULL);
    if (r == STORE_OK) /* after the versions: so it covers them all */
        r = ledger_head(c->services->key_log, c->reader, c->now_ms, &head);
    json_t *list = json_array();
    for (size_t i = 0; r == STORE_OK && i < n; i++)
        r = add_version(c, &versions[i], &head, list);
    if (r != STORE_OK) {
        json_decref(list);
        return field_refuse_store(c, r);
    }
    return rest_json(c, 200,
                     json_pack("{s:o, s:o}", "head", log_proof_head(c, &head), "manifests", list));
}

const rest_route key_log_routes[] = {
    { "GET", "/v1/log/{}/head", 0, NULL, CALLER_ANYBODY, head_get },
    { "GET", "/v1/log/{}/entries", 0, NULL, CALLER_ANYBODY, entries_get },
    { "GET", "/v1/log/{}/inclusion", 0, NULL, CALLER_ANYBODY, inclusion_get },
    { "GET", "/v1/log/{}/consistency", 0, NULL, CALLER_ANYBODY, consistency_get },
    { "GET", "/v1/accounts/{}/manifests", 0, NULL, CALLER_DEVICE | CALLER_PEER | CALLER_OPERATOR,
      manifests_get },
    { 0 },
};
