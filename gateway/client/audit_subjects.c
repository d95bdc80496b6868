/* See audit_subjects.h. */
#include "gateway/client/audit_subjects.h"

#include "gateway/client/account.h"
#include "gateway/client/member.h"
#include "gateway/log.h"

#include <stdlib.h>

static int by_hash(const void *a, const void *b)
{
    const audit_subject *first = a, *second = b;
    return memcmp(first->hash.at, second->hash.at, TEAL_HASH_BYTES);
}

static audit_subject *add(audit_subjects *s, teal_bytes handle,
                          const uint8_t key[static TEAL_KEY_BYTES], teal_arena *arena)
{
    audit_subject *one = &s->all[s->n++];
    *one = (audit_subject){ .handle = teal_arena_copy(arena, handle) };
    if (one->handle.at == NULL)
        bug("the arena is full");
    memcpy(one->key, key, sizeof one->key);
    teal_key_log_handle(handle, &one->hash);
    return one;
}

static void add_all(const keychain *k, const verify_gateway *gateway, teal_arena *arena,
                    audit_subjects *out)
{
    const json_t *own = json_object_get(k->state, "handles");
    json_t *contacts = json_object_get(k->state, "contacts"), *value;
    const char *name;
    uint8_t key[TEAL_KEY_BYTES];
    out->n = 0;
    out->all = teal_arena_array(arena, 1 + json_array_size(own) + json_object_size(contacts),
                                sizeof *out->all);
    if (out->all == NULL)
        bug("the arena is full");
    add(out, gateway->handle, gateway->manifest.account_key, arena)->gateway = true;
    for (size_t i = 0; i < json_array_size(own); i++)
        add(out, member_string(json_array_get(own, i)), account_key(k), arena)->own = true;
    json_object_foreach(contacts, name, value)
    {
        const teal_bytes handle = teal_text(name);
        if (!account_has_handle(k, handle) && !teal_bytes_equal(handle, gateway->handle) &&
            member_copy(contacts, name, key, sizeof key))
            add(out, handle, key, arena);
    }
    qsort(out->all, out->n, sizeof *out->all, by_hash);
}

/* False: it is not spoken of, or not of that key. */
static bool load(const json_t *progress, audit_subject *s)
{
    uint8_t key[TEAL_KEY_BYTES];
    const json_t *of = json_object_getn(progress, (const char *)s->handle.at, s->handle.len);
    if (!member_copy(of, "key", key, sizeof key) || memcmp(key, s->key, sizeof key) != 0)
        return false;
    s->version = (uint64_t)json_integer_value(json_object_get(of, "version"));
    s->n_others = (uint64_t)json_integer_value(json_object_get(of, "others"));
    s->seen = member_copy(of, "manifest", s->manifest.at, sizeof s->manifest.at);
    return true;
}

static void forget(audit_subject *s)
{
    s->seen = false;
    s->version = s->n_others = 0;
}

void audit_subjects_load(const keychain *k, const verify_gateway *gateway, const json_t *progress,
                         teal_arena *arena, audit_subjects *out, bool *anew)
{
    *anew = false;
    add_all(k, gateway, arena, out);
    for (size_t i = 0; i < out->n; i++)
        *anew = !load(progress, &out->all[i]) || *anew;
    for (size_t i = 0; i < out->n && *anew; i++)
        forget(&out->all[i]);
}

json_t *audit_subjects_save(const audit_subjects *s)
{
    json_t *progress = json_object();
    for (size_t i = 0; i < s->n; i++) {
        const audit_subject *one = &s->all[i];
        json_t *of =
            json_pack("{s:o, s:I, s:I}", "key", member_of_bytes(TEAL_VIEW(one->key)), "version",
                      (json_int_t)one->version, "others", (json_int_t)one->n_others);
        if (one->seen)
            json_object_set_new(of, "manifest", member_of_bytes(TEAL_VIEW(one->manifest.at)));
        json_object_setn_new(progress, (const char *)one->handle.at, one->handle.len, of);
    }
    return progress;
}

audit_subject *audit_subjects_find(const audit_subjects *s, const teal_hash *handle)
{
    const audit_subject key = { .hash = *handle };
    return s->n == 0 ? NULL : bsearch(&key, s->all, s->n, sizeof *s->all, by_hash);
}

audit_subject *audit_subjects_gateway(const audit_subjects *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->all[i].gateway)
            return &s->all[i];
    bug("an audit without gateway");
}

audit_verdict audit_subject_take(audit_subject *s, const teal_key_log_entry *e)
{
    if (memcmp(e->account_key, s->key, sizeof s->key) != 0) {
        s->n_others += !s->seen;
        return s->seen ? AUDIT_OTHER_KEY : AUDIT_OTHER_BEFORE;
    }
    const bool follows = !s->seen || e->version == s->version + 1;
    s->seen = true;
    s->version = e->version;
    s->manifest = e->signed_hash;
    return follows ? AUDIT_GOOD : AUDIT_JUMP;
}
