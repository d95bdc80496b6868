/* Two token buckets for each claim: one of the caller and whose prekeys they are, an account of
 * ours with all its handles or another network's handle, and one of the latter alone. Only the
 * caller that asks too much is turned away; where many together do, whoever is honest among them
 * can still seal to the last-resort prekey. */
#include "gateway/edge/claim_limits.h"

#include "gateway/clock.h"
#include "gateway/edge/rate_limit.h"

#include <sodium.h>
#include <stdlib.h>

enum { BUCKETS = 16384, BURST_S = 60 };
typedef enum bucket_kind { OF_CALLER = 1, OF_OWNER } bucket_kind;

struct claim_limits {
    rate_limit *limit;
};

claim_limits *claim_limits_open(void)
{
    claim_limits *l = calloc(1, sizeof *l);
    if (l == NULL)
        bug("out of memory");
    l->limit = rate_limit_open(BUCKETS);
    return l;
}

void claim_limits_close(claim_limits **l)
{
    if (*l == NULL)
        return;
    rate_limit_close(&(*l)->limit);
    free(*l);
    *l = NULL;
}

/* Whose prekeys are claimed: the account key, so that an account's many handles are no way around
 * its limit; of those that have none here, the handle. */
static teal_bytes owner_of(rest_call *c)
{
    teal_bytes encoded;
    teal_manifest m;
    if (c->reader->ops->get_manifest(c->reader, c->parameter, c->arena, &encoded) != STORE_OK ||
        teal_manifest_decode(encoded, c->arena, &m, NULL) != TEAL_OK)
        return c->parameter;
    teal_bytes key = teal_arena_copy(c->arena, TEAL_VIEW(m.account_key));
    return key.at != NULL ? key : c->parameter;
}

/* who: empty for the owner's own. Both are as long as they like, which a bucket's id is not. */
static rate_limit_state take(claim_limits *l, bucket_kind kind, teal_bytes who, teal_bytes owner,
                             uint32_t per_minute)
{
    const rate_limit_policy policy = { per_minute, BURST_S };
    const uint8_t len[] = { (uint8_t)(who.len >> 8), (uint8_t)who.len };
    crypto_hash_sha256_state hash;
    uint8_t id[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, len, sizeof len);
    crypto_hash_sha256_update(&hash, who.at, who.len);
    crypto_hash_sha256_update(&hash, owner.at, owner.len);
    crypto_hash_sha256_final(&hash, id);
    return rate_limit_take(l->limit, (uint8_t)kind, (teal_bytes){ id, sizeof id }, &policy, 1,
                           clock_monotonic_ms());
}

/* A network asks for all its people, and counts them itself; operators are not counted. */
static bool is_limited(const rest_call *c)
{
    return c->caller->role != CALLER_PEER && c->caller->role != CALLER_OPERATOR;
}

static bool may_claim(claim_limits *l, rest_call *c, teal_bytes owner)
{
    const teal_bytes who = { c->caller->device, TEAL_DEVICE_BYTES };
    const uint32_t per_minute = c->services->config->limit_claims;
    if (per_minute == 0 || !is_limited(c))
        return true;
    rate_limit_state s = take(l, OF_CALLER, who, owner, per_minute);
    if (!s.granted)
        rest_later(c, 429, "rate-limited", "REQ-PRE-8 the caller claims too much of one account",
                   "Claim again after Retry-After.", s.wait_ms);
    return s.granted;
}

claim_answer claim_limits_take(claim_limits *l, rest_call *c)
{
    const uint32_t per_minute = c->services->config->limit_one_time;
    const teal_bytes owner = owner_of(c);
    if (!may_claim(l, c, owner))
        return CLAIM_LATER;
    if (per_minute == 0 || c->caller->role == CALLER_OPERATOR ||
        take(l, OF_OWNER, (teal_bytes){ 0 }, owner, per_minute).granted)
        return CLAIM_ONE_TIME;
    return CLAIM_LAST_RESORT;
}
