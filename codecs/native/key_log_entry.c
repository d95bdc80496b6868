/* Entries of the key log: protobuf form and rules. */
#include "codecs/native/key_log_entry.h"

#include "codecs/native/transcript.h"
#include "codecs/native/wire.h"

#include <assert.h>
#include <sodium.h>

/* Field numbers, as in key_log.proto. */
enum {
    KIND = 1,
    TIME_MS,
    HANDLE_HASHES,
    ACCOUNT_KEY,
    VERSION,
    SIGNED_HASH,
    PEER,
    PEER_KEY,
    CHANGE,
};

static bool has_repeated(const teal_key_log_entry *e)
{
    for (size_t i = 0; i < e->n_handle_hashes; i++)
        for (size_t before = 0; before < i; before++)
            if (memcmp(e->handle_hashes[before].at, e->handle_hashes[i].at, TEAL_HASH_BYTES) == 0)
                return true;
    return false;
}

/* A manifest, or a grant, of an account: whether it is all there, and nothing of the others. */
static teal_result check_account(const teal_key_log_entry *e, teal_diag *why)
{
    const bool manifest = e->kind == TEAL_KEY_LOG_MANIFEST;
    if (e->n_handle_hashes == 0 || (!manifest && e->n_handle_hashes > 1) || has_repeated(e))
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-3 handle hashes do not fit the kind", 0, why);
    if ((e->version > 0) != manifest || (e->change != TEAL_KEY_LOG_NO_CHANGE) == manifest)
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-4 version or change does not fit the kind", 0,
                           why);
    return TEAL_OK;
}

static teal_result check_peer(const teal_key_log_entry *e, teal_diag *why)
{
    if (!teal_network_name_is_valid(e->peer))
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-5 peer is no network's name", 0, why);
    if (e->change == TEAL_KEY_LOG_NO_CHANGE)
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-4 version or change does not fit the kind", 0,
                           why);
    return TEAL_OK;
}

static void read_handle_hashes(teal_wire *w, teal_key_log_entry *e, const char **wrong)
{
    for (teal_bytes hash; teal_wire_next(w, HANDLE_HASHES, &hash);) {
        if (hash.len != TEAL_HASH_BYTES)
            *wrong = "REQ-WIRE-5 a handle hash is not 32 octets long";
        else if (e->n_handle_hashes == TEAL_MAX_HANDLES)
            *wrong = "REQ-LOG-3 more than 16 handle hashes";
        else
            memcpy(e->handle_hashes[e->n_handle_hashes++].at, hash.at, TEAL_HASH_BYTES);
    }
}

/* Fields that a kind does not have are not asked for, so that they are refused as strays. */
static teal_result read_account(teal_wire *w, teal_key_log_entry *e, teal_diag *why)
{
    const char *wrong = NULL;
    read_handle_hashes(w, e, &wrong);
    teal_wire_copy(w, ACCOUNT_KEY, e->account_key, sizeof e->account_key);
    e->version = teal_wire_uint(w, VERSION, INT64_MAX);
    teal_wire_copy(w, SIGNED_HASH, e->signed_hash.at, sizeof e->signed_hash.at);
    e->change = (teal_key_log_change)teal_wire_uint(w, CHANGE, TEAL_KEY_LOG_RETIRED);
    teal_result result = teal_wire_done(w, why);
    if (result == TEAL_OK && wrong != NULL)
        result = teal_refuse(TEAL_MALFORMED, wrong, 0, why);
    return result == TEAL_OK ? check_account(e, why) : result;
}

static teal_result read_peer(teal_wire *w, teal_key_log_entry *e, teal_diag *why)
{
    e->peer = teal_wire_bytes(w, PEER);
    teal_wire_copy(w, PEER_KEY, e->peer_key, sizeof e->peer_key);
    e->change = (teal_key_log_change)teal_wire_uint(w, CHANGE, TEAL_KEY_LOG_RETIRED);
    teal_result result = teal_wire_done(w, why);
    return result == TEAL_OK ? check_peer(e, why) : result;
}

teal_result teal_key_log_entry_decode(teal_bytes in, teal_key_log_entry *out, teal_diag *why)
{
    if (in.len > TEAL_MAX_KEY_LOG_ENTRY_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-LOG-1 an entry is longer than 1 KiB", 0, why);
    teal_wire w = teal_wire_of(in);
    teal_key_log_entry e = { 0 };
    teal_result result = TEAL_OK;
    const uint64_t kind = teal_wire_uint(&w, KIND, TEAL_KEY_LOG_FORWARDING);
    e.time_ms = teal_wire_uint(&w, TIME_MS, INT64_MAX);
    if (kind != 0) {
        e.kind = (teal_key_log_kind)kind;
        result =
            e.kind == TEAL_KEY_LOG_PEER_KEY ? read_peer(&w, &e, why) : read_account(&w, &e, why);
    } else {
        result = w.why.rule != NULL ? teal_wire_done(&w, why)
                                    : teal_refuse(TEAL_MALFORMED, "REQ-LOG-2 no kind", 0, why);
    }
    if (result == TEAL_OK)
        *out = e;
    return result;
}

teal_result teal_key_log_entry_encode(const teal_key_log_entry *e, teal_writer *out)
{
    const bool of_peer = e->kind == TEAL_KEY_LOG_PEER_KEY;
    teal_wire_put_uint(out, KIND, e->kind);
    teal_wire_put_uint(out, TIME_MS, e->time_ms);
    for (size_t i = 0; i < e->n_handle_hashes; i++)
        teal_wire_put_element(out, HANDLE_HASHES, TEAL_VIEW(e->handle_hashes[i].at));
    if (!of_peer) {
        teal_wire_put_bytes(out, ACCOUNT_KEY, TEAL_VIEW(e->account_key));
        teal_wire_put_uint(out, VERSION, e->version);
        teal_wire_put_bytes(out, SIGNED_HASH, TEAL_VIEW(e->signed_hash.at));
    } else {
        teal_wire_put_bytes(out, PEER, e->peer);
        teal_wire_put_bytes(out, PEER_KEY, TEAL_VIEW(e->peer_key));
    }
    teal_wire_put_uint(out, CHANGE, e->change);
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

void teal_key_log_handle(teal_bytes handle, teal_hash *out)
{
    uint8_t bytes[64 + TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_transcript_lp(&w, teal_text("teal log handle"));
    teal_transcript_lp(&w, handle);
    assert(teal_write_fits(&w));
    crypto_hash_sha256(out->at, bytes, w.len);
}

void teal_key_log_of_manifest(const teal_manifest *m, uint64_t time_ms, teal_key_log_entry *out)
{
    assert(m->n_handles <= TEAL_MAX_HANDLES);
    *out = (teal_key_log_entry){ .kind = TEAL_KEY_LOG_MANIFEST,
                                 .time_ms = time_ms,
                                 .n_handle_hashes = m->n_handles,
                                 .version = m->version };
    for (size_t i = 0; i < m->n_handles; i++)
        teal_key_log_handle(m->handles[i], &out->handle_hashes[i]);
    memcpy(out->account_key, m->account_key, sizeof out->account_key);
    teal_manifest_hash(m, &out->signed_hash);
}

bool teal_key_log_has_handle(const teal_key_log_entry *e, const teal_hash *handle)
{
    bool found = false;
    for (size_t i = 0; !found && i < e->n_handle_hashes; i++)
        found = memcmp(e->handle_hashes[i].at, handle->at, TEAL_HASH_BYTES) == 0;
    return found;
}

bool teal_key_log_is_of(const teal_key_log_entry *e, const teal_manifest *m)
{
    teal_key_log_entry want;
    teal_key_log_of_manifest(m, e->time_ms, &want);
    bool same = e->kind == want.kind && e->version == want.version &&
                e->n_handle_hashes == want.n_handle_hashes &&
                memcmp(e->account_key, want.account_key, sizeof want.account_key) == 0 &&
                memcmp(e->signed_hash.at, want.signed_hash.at, TEAL_HASH_BYTES) == 0;
    for (size_t i = 0; same && i < want.n_handle_hashes; i++)
        same = memcmp(e->handle_hashes[i].at, want.handle_hashes[i].at, TEAL_HASH_BYTES) == 0;
    return same;
}
