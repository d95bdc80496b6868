/* The rules on an envelope's values, the same for every frame it travels in. */
#include "codecs/native/envelope.h"

#include "codecs/ascii.h"
#include "codecs/native/transcript.h"
#include "codecs/order.h"

enum {
    WANTS_ALL = TEAL_WANTS_DELIVERED | TEAL_WANTS_DISPLAYED,
    MIN_CIPHERTEXT_BYTES = 1 + 16, /* the padding's first octet, the tag */
    MIN_SEALED_BYTES = 1 + 16,
};

/* 9999-12-31T23:59:59.999Z, the last moment that CPIM's DateTime can say (I2). */
static const uint64_t max_time_ms = 253402300799999;

/* What stands in a CPIM header parameter without quotes. */
static const bool is_name_octet[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
    ['-'] = true,         ['.'] = true,         ['_'] = true,
};

bool teal_network_name_is_valid(teal_bytes name)
{
    bool good = name.len > 0 && name.len <= TEAL_MAX_NETWORK_BYTES;
    for (size_t i = 0; good && i < name.len; i++)
        good = is_name_octet[name.at[i]];
    return good;
}

/* Each once (I7); at most TEAL_MAX_RECIPIENTS. */
static bool has_repeated(const teal_bytes *recipients, size_t n)
{
    teal_bytes sorted[TEAL_MAX_RECIPIENTS];
    memcpy(sorted, recipients, n * sizeof *sorted);
    return teal_bytes_sort_distinct(sorted, n) < n;
}

static teal_result check_recipients(const teal_envelope *e, teal_diag *why)
{
    if (e->n_recipients == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-5 no recipients", 0, why);
    if (e->n_recipients > TEAL_MAX_RECIPIENTS)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-5 more than 256 recipients", 0, why);
    for (size_t i = 0; i < e->n_recipients; i++) {
        if (!teal_handle_is_canonical(e->recipients[i]))
            return teal_refuse(TEAL_MALFORMED, "REQ-ENV-5 recipient is not a canonical handle", 0,
                               why);
        if (teal_handle_is_anonymous(e->recipients[i]))
            return teal_refuse(TEAL_MALFORMED, "REQ-ENV-10 recipient is nobody", 0, why);
    }
    if (has_repeated(e->recipients, e->n_recipients))
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-5 recipient stands twice", 0, why);
    return TEAL_OK;
}

static teal_result check_header(const teal_envelope *e, teal_diag *why)
{
    if (e->suite != TEAL_SUITE_SEALED)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-ENV-1 suite is not 1", 0, why);
    if (e->message_id.len == 0 || !teal_ascii_is_visible(e->message_id))
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-2 message_id is not visible ASCII", 0, why);
    if (e->message_id.len > TEAL_MAX_ID_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-2 message_id is longer than 64", 0, why);
    if (e->conversation_id.len == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-3 no conversation_id", 0, why);
    if (e->conversation_id.len > TEAL_MAX_ID_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-3 conversation_id is longer than 64", 0, why);
    if (!teal_handle_is_canonical(e->sender))
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-4 sender is not a canonical handle", 0, why);
    if (teal_handle_is_anonymous(e->sender))
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-10 sender is nobody", 0, why);
    if (e->kind < TEAL_KIND_MESSAGE || e->kind > TEAL_KIND_CONTROL)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-6 kind is not one of 1..4", 0, why);
    if ((e->wants & ~(uint32_t)WANTS_ALL) != 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-7 wants has unknown bits", 0, why);
    if (e->sent_at_ms > max_time_ms || e->expires_at_ms > max_time_ms)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-8 time is after the year 9999", 0, why);
    return check_recipients(e, why);
}

static teal_result check_ciphertext(const teal_envelope *e, teal_diag *why)
{
    if (e->ciphertext.len < MIN_CIPHERTEXT_BYTES)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-9 ciphertext is shorter than 17", 0, why);
    if (e->ciphertext.len > TEAL_MAX_CIPHERTEXT_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-9 ciphertext is longer than 1 MiB", 0, why);
    return TEAL_OK;
}

/* Where there are hashes, the keys are a part of what they stand for, in the same order. */
static teal_result check_keys(const teal_envelope *e, teal_diag *why)
{
    if (e->n_keys > TEAL_MAX_KEYS)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-11 more than 1024 wrapped keys", 0, why);
    if (e->n_key_hashes > TEAL_MAX_KEYS)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-12 more than 1024 key hashes", 0, why);
    if (e->n_key_hashes == 0)
        return TEAL_OK;
    size_t next = 0;
    for (size_t i = 0; i < e->n_keys; i++, next++) {
        teal_hash hash;
        teal_transcript_key_hash(&e->keys[i], &hash);
        while (next < e->n_key_hashes &&
               memcmp(hash.at, e->key_hashes[next].at, sizeof hash.at) != 0)
            next++;
        if (next == e->n_key_hashes)
            return teal_refuse(TEAL_FORGED, "REQ-ENV-12 wrapped key is not among the key hashes", 0,
                               why);
    }
    return TEAL_OK;
}

/* The fallback is there whole, or has been left out whole. */
static teal_result check_fallback(const teal_consent *d, teal_diag *why)
{
    if (d->enc.len == 0 && d->sealed.len == 0)
        return TEAL_OK;
    if (d->enc.len != TEAL_KEY_BYTES || d->sealed.len < MIN_SEALED_BYTES)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-15 fallback is incomplete", 0, why);
    if (d->sealed.len > TEAL_MAX_FALLBACK_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-ENV-15 fallback is longer than 16 KiB", 0, why);
    teal_hash hash;
    teal_transcript_fallback_hash(d->enc, d->sealed, &hash);
    if (memcmp(hash.at, d->fallback_hash.at, sizeof hash.at) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-ENV-16 fallback does not match fallback_hash", 0, why);
    return TEAL_OK;
}

static teal_result check_downgrade(const teal_envelope *e, teal_diag *why)
{
    const teal_consent *d = &e->downgrade;
    if (!e->has_downgrade)
        return TEAL_OK;
    if (d->floor != TEAL_PLAINTEXT && d->floor != TEAL_TRANSPORT)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-13 floor is not PLAINTEXT or TRANSPORT", 0,
                           why);
    if (d->when != TEAL_NO_BETTER_PATH && d->when != TEAL_OR_FAILED)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-13 when is not one of 1..2", 0, why);
    if (d->expires_at_ms == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-14 consent does not expire", 0, why);
    if (d->expires_at_ms > max_time_ms || d->failed_after_ms > max_time_ms)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-8 time is after the year 9999", 0, why);
    return check_fallback(d, why);
}

static teal_result check_origin(const teal_envelope *e, teal_diag *why)
{
    if (!e->has_origin)
        return TEAL_OK;
    if (e->origin.level != TEAL_PLAINTEXT && e->origin.level != TEAL_TRANSPORT)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-17 origin is not below E2EE", 0, why);
    if (!teal_network_name_is_valid(e->origin.network))
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-17 origin's network is not a token", 0, why);
    if (!teal_bytes_equal(e->origin.gateway, e->sender))
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-18 origin's gateway is not the sender", 0, why);
    return TEAL_OK;
}

/* What a detached envelope leaves out must be out: nothing that is there goes unchecked. */
static teal_result check_detached(const teal_envelope *e, teal_diag *why)
{
    if (e->ciphertext.len > 0 || e->n_keys > 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-9 detached, but ciphertext or keys are there",
                           0, why);
    return TEAL_OK;
}

typedef teal_result check_part(const teal_envelope *e, teal_diag *why);

static teal_result run_checks(check_part *const checks[], size_t n, const teal_envelope *e,
                              teal_diag *why)
{
    teal_result result = TEAL_OK;
    for (size_t i = 0; result == TEAL_OK && i < n; i++)
        result = checks[i](e, why);
    return result;
}

teal_result teal_envelope_check(const teal_envelope *e, teal_diag *why)
{
    static check_part *const checks[] = { check_header, check_ciphertext, check_keys,
                                          check_downgrade, check_origin };
    return run_checks(checks, sizeof checks / sizeof checks[0], e, why);
}

teal_result teal_envelope_check_detached(const teal_envelope *e, teal_diag *why)
{
    static check_part *const checks[] = { check_header, check_detached, check_keys, check_downgrade,
                                          check_origin };
    return run_checks(checks, sizeof checks / sizeof checks[0], e, why);
}
