/* See log_proof.h. */
#include "gateway/edge/log_proof.h"

#include "gateway/edge/field.h"
#include "gateway/ledger/key_log.h"

json_t *log_proof_head(rest_call *c, const tree_head *h)
{
    return json_pack(
        "{s:s, s:I, s:I, s:o, s:o, s:o}", "log", h->log, "size", (json_int_t)h->size, "time_ms",
        (json_int_t)h->time_ms, "root", field_base64url(TEAL_VIEW(h->root.at), c->arena), "device",
        field_hex(h->device), "signature", field_base64url(TEAL_VIEW(h->signature), c->arena));
}

json_t *log_proof_hashes(rest_call *c, const merkle_proof *p)
{
    json_t *hashes = json_array();
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(hashes, field_base64url(TEAL_VIEW(p->hashes[i].at), c->arena));
    return hashes;
}

store_result log_proof_leaf(rest_call *c, const ledger *l, uint64_t index, const tree_head *h,
                            json_t **out)
{
    merkle_proof proof;
    teal_bytes entry;
    size_t n = 0;
    *out = NULL;
    store_result result = ledger_prove_inclusion(l, c->reader, index, h->size, &proof);
    if (result == STORE_OK)
        result = c->reader->ops->list_leaves(c->reader, teal_text(ledger_name(l)), index, c->arena,
                                             &entry, 1, &n);
    if (result == STORE_OK && n == 0)
        result = STORE_NONE;
    if (result == STORE_OK)
        *out =
            json_pack("{s:I, s:o, s:o}", "index", (json_int_t)index, "entry",
                      field_base64url(entry, c->arena), "inclusion", log_proof_hashes(c, &proof));
    return result;
}

store_result log_proof_manifest(rest_call *c, const teal_manifest *m, json_t **out)
{
    const ledger *l = c->services->key_log;
    store_version v;
    tree_head head;
    size_t n = 0;
    *out = NULL;
    store_result result =
        c->reader->ops->list_versions(c->reader, m->account_key, m->version, c->arena, &v, 1, &n);
    if (result == STORE_OK && (n == 0 || v.version != m->version))
        result = STORE_NONE;
    if (result == STORE_OK)
        result = ledger_head(c->services->key_log, c->reader, c->now_ms, &head);
    if (result == STORE_OK)
        result = log_proof_leaf(c, l, v.leaf, &head, out);
    if (result == STORE_OK)
        json_object_set_new(*out, "head", log_proof_head(c, &head));
    return result;
}
