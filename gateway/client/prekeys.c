/* Members of the keychain's state: next_prekey; last_resort_at_ms, when the newest last-resort
 * prekey was published; last_resort_waits, while it is not known to be. Private parts are durable
 * before the public ones leave, and gone before a message is acknowledged. REQ-PRE-3 to -6. */
#include "gateway/client/prekeys.h"

#include "codecs/native/manifest.h"
#include "codecs/native/seal.h"
#include "gateway/client/account.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <sodium.h>

enum { PREKEYS_UPLOAD_BYTES = 32 << 10 };
static const int64_t last_resort_life_ms = INT64_C(7) * 24 * 3600 * 1000;

/* ---- opening --------------------------------------------------------------------------------- */

static const teal_wrapped_key *own_key(const keychain *k, const teal_envelope *e)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    account_device(k, device);
    for (size_t i = 0; i < e->n_keys; i++)
        if (memcmp(e->keys[i].device, device, sizeof device) == 0)
            return &e->keys[i];
    return NULL;
}

static void delete_one_time(keychain_secrets *s, size_t i)
{
    memmove(&s->one_time[i], &s->one_time[i + 1], (s->n_one_time - i - 1) * sizeof s->one_time[0]);
    s->n_one_time--;
    sodium_memzero(&s->one_time[s->n_one_time], sizeof s->one_time[0]);
}

/* A client opens few: it keeps no public keys. */
static teal_result open_with(const uint8_t sk[static TEAL_KEY_BYTES], const teal_envelope *e,
                             const teal_wrapped_key *key, uint8_t *content, size_t *len,
                             teal_diag *why)
{
    uint8_t pk[TEAL_KEY_BYTES];
    crypto_scalarmult_base(pk, sk);
    return teal_open(e, key, pk, sk, content, len, why);
}

static const char *open_last_resort(const keychain *k, const teal_envelope *e,
                                    const teal_wrapped_key *key, uint8_t *content, size_t *len)
{
    teal_diag why = { "REQ-SEAL-1 there is no last-resort prekey", 0 };
    for (size_t i = 0; i < k->secrets->n_last_resort; i++)
        if (open_with(k->secrets->last_resort[i], e, key, content, len, &why) == TEAL_OK)
            return NULL;
    return why.rule;
}

const char *prekeys_open(keychain *k, const teal_envelope *e, uint8_t *content, size_t *len)
{
    keychain_secrets *s = k->secrets;
    teal_diag why = { 0 };
    const teal_wrapped_key *key = own_key(k, e);
    *len = 0;
    if (key == NULL)
        return "REQ-MSG-12 it is not sealed for this device";
    if (key->prekey_id == 0)
        return open_last_resort(k, e, key, content, len);
    for (size_t i = 0; i < s->n_one_time; i++)
        if (s->one_time[i].id == key->prekey_id) {
            if (open_with(s->one_time[i].sk, e, key, content, len, &why) != TEAL_OK)
                return why.rule;
            delete_one_time(s, i);
            return NULL;
        }
    return "REQ-SEAL-1 its one-time prekey has been used already";
}

/* ---- making ---------------------------------------------------------------------------------- */

static uint32_t next_id(keychain *k)
{
    json_int_t next = json_integer_value(json_object_get(k->state, "next_prekey"));
    if (next < 1 || next > UINT32_MAX)
        next = 1;
    json_object_set_new(k->state, "next_prekey", json_integer(next + 1));
    return (uint32_t)next;
}

static void sign(const keychain *k, uint32_t id, const uint8_t *sk, teal_prekey *out)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    account_device(k, device);
    out->id = id;
    crypto_scalarmult_base(out->key, sk);
    teal_prekey_sign(out, device, k->secrets->device_sk);
}

static void make_one_time(keychain *k, teal_prekey *out)
{
    keychain_secrets *s = k->secrets;
    if (s->n_one_time == KEYCHAIN_MAX_ONE_TIME)
        delete_one_time(s, 0);
    keychain_prekey *made = &s->one_time[s->n_one_time++];
    made->id = next_id(k);
    randombytes_buf(made->sk, sizeof made->sk);
    sign(k, made->id, made->sk, out);
}

static bool waits(const keychain *k)
{
    return json_is_true(json_object_get(k->state, "last_resort_waits"));
}

static bool is_last_resort_old(const keychain *k, int64_t now_ms)
{
    int64_t published_ms = json_integer_value(json_object_get(k->state, "last_resort_at_ms"));
    return now_ms - published_ms > last_resort_life_ms;
}

static bool is_last_resort_due(const keychain *k, int64_t now_ms)
{
    return k->secrets->n_last_resort == 0 || waits(k) || is_last_resort_old(k, now_ms);
}

/* The one before it still opens what is on its way; the one before that is gone. */
static void renew_last_resort(keychain *k)
{
    keychain_secrets *s = k->secrets;
    memcpy(s->last_resort[1], s->last_resort[0], sizeof s->last_resort[1]);
    randombytes_buf(s->last_resort[0], sizeof s->last_resort[0]);
    if (s->n_last_resort < KEYCHAIN_LAST_RESORTS)
        s->n_last_resort++;
    json_object_set_new(k->state, "last_resort_waits", json_true());
}

/* While one waits to be published the gateway hands out the one before: it is not pushed out. */
void prekeys_last_resort(keychain *k, int64_t now_ms, teal_prekey *out)
{
    if (k->secrets->n_last_resort == 0 || (!waits(k) && is_last_resort_old(k, now_ms)))
        renew_last_resort(k);
    sign(k, 0, k->secrets->last_resort[0], out);
}

void prekeys_published(keychain *k, int64_t now_ms)
{
    if (!waits(k))
        return;
    json_object_del(k->state, "last_resort_waits");
    json_object_set_new(k->state, "last_resort_at_ms", json_integer(now_ms));
}

/* In a transaction; the upload lives in the arena. */
static teal_bytes make(session *s, size_t n_one_time, int64_t now_ms)
{
    keychain *k = s->keychain;
    teal_prekeys upload = { .n_prekeys = n_one_time + 1 };
    teal_prekey *made = teal_arena_array(&s->arena, upload.n_prekeys, sizeof *made);
    teal_writer w = { teal_arena_take(&s->arena, PREKEYS_UPLOAD_BYTES), PREKEYS_UPLOAD_BYTES, 0 };
    if (made == NULL || w.base == NULL)
        bug("the arena is full");
    prekeys_last_resort(k, now_ms, &made[0]);
    for (size_t i = 1; i < upload.n_prekeys; i++)
        make_one_time(k, &made[i]);
    account_device(k, upload.device);
    upload.prekeys = made;
    if (teal_prekeys_encode(&upload, &w) != TEAL_OK)
        bug("prekeys do not fit");
    return teal_written(&w);
}

/* What the gateway counts. */
typedef struct count {
    size_t left;
    json_int_t last_id;
} count;

static outcome read_count(outcome o, json_t *answer, count *out)
{
    json_int_t n = json_integer_value(json_object_get(answer, "one_time_left"));
    out->left = o == OUTCOME_OK && n > 0 ? (size_t)n : 0;
    out->last_id = json_integer_value(json_object_get(answer, "last_id"));
    json_decref(answer);
    return o;
}

/* A keychain that came back from a backup may have forgotten ids that the gateway has seen. */
static void skip_used_ids(keychain *k, json_int_t last_id)
{
    if (last_id >= json_integer_value(json_object_get(k->state, "next_prekey")))
        json_object_set_new(k->state, "next_prekey", json_integer(last_id + 1));
}

static outcome make_durably(session *s, const count *c, int64_t now_ms, teal_bytes *upload)
{
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    skip_used_ids(s->keychain, c->last_id);
    *upload = make(s, c->left < PREKEYS_WANTED ? PREKEYS_WANTED - c->left : 0, now_ms);
    return keychain_commit(s->keychain);
}

static outcome note_published(session *s, int64_t now_ms)
{
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    prekeys_published(s->keychain, now_ms);
    return keychain_commit(s->keychain);
}

/* Says nothing of what the gateway answered. */
static outcome replenish(session *s, size_t *left)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    json_t *answer;
    teal_bytes upload;
    count c;
    const int64_t now_ms = clock_unix_ms();
    teal_bytes handle = account_handle(s->keychain, &s->arena);
    account_device(s->keychain, device);
    outcome o = api_count_prekeys(s->api, handle, device, &answer);
    o = read_count(o, answer, &c);
    *left = c.left;
    if (o != OUTCOME_OK || (c.left >= PREKEYS_FEW && !is_last_resort_due(s->keychain, now_ms)))
        return o;
    o = make_durably(s, &c, now_ms, &upload);
    if (o != OUTCOME_OK)
        return o;
    o = api_put_prekeys(s->api, handle, upload, &answer);
    o = read_count(o, answer, &c);
    *left = c.left;
    return o == OUTCOME_OK ? note_published(s, now_ms) : o;
}

outcome prekeys_replenish(session *s, size_t *left)
{
    return session_explain(s, replenish(s, left));
}

outcome prekeys_keep(session *s, size_t known_left)
{
    size_t left;
    if (known_left >= PREKEYS_FEW && !is_last_resort_due(s->keychain, clock_unix_ms()))
        return OUTCOME_OK;
    return prekeys_replenish(s, &left);
}

void prekeys_rotate(session *s)
{
    size_t left;
    if (account_handle(s->keychain, &s->arena).len > 0 &&
        is_last_resort_due(s->keychain, clock_unix_ms()) && replenish(s, &left) != OUTCOME_OK)
        say_note(
            "the device's weekly key could not be published now; the next command tries again");
}
