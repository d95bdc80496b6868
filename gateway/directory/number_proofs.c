/* Which numbers an account may name: those that it was proven to be reached at. REQ-PRF-1, -5. */
#include "gateway/directory/directory_own.h"

#include "codecs/handle.h"

static bool is_number(teal_bytes handle)
{
    return teal_handle_number(handle).len > 0;
}

static store_result look_for(store *s, teal_bytes handle, const teal_manifest *now, int64_t now_ms,
                             teal_arena *arena, bool *proven)
{
    teal_handle_proof p;
    store_result result = s->ops->get_proof(s, handle, arena, &p);
    *proven = result == STORE_OK && p.expires_at_ms > (uint64_t)now_ms &&
              memcmp(p.account_key, now->account_key, TEAL_KEY_BYTES) == 0;
    return result == STORE_NONE ? STORE_OK : result;
}

/* A number that the account has already was proven when it came, or before proofs were asked for.
 */
store_result number_proofs_check(const directory *d, store *s, const teal_manifest *before,
                                 const teal_manifest *now, int64_t now_ms, teal_arena *arena,
                                 bool *missing)
{
    store_result result = STORE_OK;
    *missing = false;
    for (size_t i = 0; d->config->prove_numbers && result == STORE_OK && i < now->n_handles; i++) {
        bool proven = false;
        if (!is_number(now->handles[i]) ||
            (before != NULL && teal_manifest_has_handle(before, now->handles[i])))
            continue;
        result = look_for(s, now->handles[i], now, now_ms, arena, &proven);
        *missing = *missing || !proven;
    }
    return result;
}

store_result number_proofs_drop(store *s, const teal_manifest *before, const teal_manifest *now)
{
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < before->n_handles; i++)
        if (is_number(before->handles[i]) && !teal_manifest_has_handle(now, before->handles[i]))
            result = s->ops->drop_proof(s, before->handles[i]);
    return result;
}

/* ---- what the room has stated ---------------------------------------------------------------- */

typedef struct put_proof {
    const teal_handle_proof *proof;
    int64_t now_ms;
} put_proof;

static store_result put(store *s, void *arg)
{
    const put_proof *p = arg;
    return s->ops->put_proof(s, p->proof, p->now_ms);
}

bool directory_put_proof(directory *d, const teal_handle_proof *proof, int64_t now_ms)
{
    put_proof p = { proof, now_ms };
    store_result stored = writer_do(d->writer, put, &p);
    if (stored != STORE_OK)
        directory_broken(stored);
    return stored == STORE_OK;
}
