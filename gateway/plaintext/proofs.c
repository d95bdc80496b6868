/* A table of numbers and account keys, a code each. What is counted against a number or an hour is
 * counted before the code leaves, and lives as long as the process: whoever could restart the room
 * to forget it needs no codes. */
#include "gateway/plaintext/proofs.h"

#include "codecs/handle.h"
#include "codecs/native/handle_proof.h"
#include "codecs/sms/segment.h"
#include "gateway/plaintext/sms_leg.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    DAY_MS = 24 * 3600 * 1000,
    HOUR_MS = 3600 * 1000,
    CODE_DIGITS = 6,
    NUMBER_BYTES = 24,
    SALT_BYTES = 16,
    SOON_MS = 5000,
};

typedef enum proof_state { PROOF_IDLE, PROOF_LEAVING, PROOF_LEFT } proof_state;

typedef struct proof {
    bool used;
    proof_state state;
    char number[NUMBER_BYTES];
    uint8_t account_key[TEAL_KEY_BYTES], salt[SALT_BYTES], hash[TEAL_HASH_BYTES];
    uint64_t ref;               /* of the ask that is not answered yet */
    unsigned tries_left, codes; /* codes: in the day that began at day_ms */
    int64_t day_ms, left_ms;
} proof;

struct proofs {
    proof at[PROOFS_MAX];
    int64_t hour_ms; /* when the hour began */
    unsigned codes;  /* in it */
};

struct proofs *proofs_open(void)
{
    struct proofs *p = sodium_malloc(sizeof *p);
    if (p == NULL)
        bug("out of memory");
    memset(p, 0, sizeof *p);
    return p;
}

void proofs_close(room *r)
{
    sodium_free(r->proofs);
    r->proofs = NULL;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void say_answer(room *r, Teal__V1__ProofAnswer *answer)
{
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_PROOF_ANSWER;
    frame.proof_answer = answer;
    notices_tell(&r->notices, &frame);
}

static void say(room *r, uint64_t ref, Teal__V1__ProofOutcome outcome, unsigned tries_left,
                int64_t retry_after_ms)
{
    Teal__V1__ProofAnswer answer = TEAL__V1__PROOF_ANSWER__INIT;
    answer.ref = ref;
    answer.outcome = outcome;
    answer.tries_left = tries_left;
    answer.retry_after_ms = (uint64_t)retry_after_ms;
    say_answer(r, &answer);
}

static void say_given(room *r, uint64_t ref, const proof *p)
{
    char text[NUMBER_BYTES + 8];
    snprintf(text, sizeof text, "tel:%s", p->number);
    teal_handle_proof given = { .handle = teal_text(text),
                                .proven_at_ms = (uint64_t)r->now_ms,
                                .expires_at_ms = (uint64_t)r->now_ms + PROOFS_VALID_MS };
    memcpy(given.account_key, p->account_key, sizeof given.account_key);
    teal_handle_proof_sign(&given, r->keys->device.sk);
    Teal__V1__ProofAnswer answer = TEAL__V1__PROOF_ANSWER__INIT;
    answer.ref = ref;
    answer.outcome = TEAL__V1__PROOF_OUTCOME__PROOF_GIVEN;
    answer.proven_at_ms = given.proven_at_ms;
    answer.expires_at_ms = given.expires_at_ms;
    answer.signature = (ProtobufCBinaryData){ sizeof given.signature, given.signature };
    say_answer(r, &answer);
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool is_of(const proof *p, const char *number)
{
    return p->used && strcmp(p->number, number) == 0;
}

static proof *find(struct proofs *ps, const char *number, ProtobufCBinaryData account_key)
{
    for (size_t i = 0; i < PROOFS_MAX; i++)
        if (is_of(&ps->at[i], number) &&
            memcmp(ps->at[i].account_key, account_key.data, TEAL_KEY_BYTES) == 0)
            return &ps->at[i];
    return NULL;
}

/* A place that nobody's limit depends on any more; NULL: there is none. */
static proof *take_place(const room *r)
{
    for (size_t i = 0; i < PROOFS_MAX; i++) {
        proof *p = &r->proofs->at[i];
        if (!p->used || (p->state != PROOF_LEAVING && r->clock_ms - p->day_ms >= DAY_MS))
            return p;
    }
    return NULL;
}

static proof *make(const room *r, const char *number, ProtobufCBinaryData account_key)
{
    proof *p = take_place(r);
    if (p == NULL)
        return NULL;
    *p = (proof){ .used = true, .day_ms = r->clock_ms };
    snprintf(p->number, sizeof p->number, "%s", number);
    memcpy(p->account_key, account_key.data, sizeof p->account_key);
    return p;
}

/* How long until one more code may leave for that number; 0: now. */
static int64_t wait_for_number(const room *r, const char *number)
{
    unsigned codes = 0;
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < PROOFS_MAX; i++) {
        proof *p = &r->proofs->at[i];
        if (!is_of(p, number))
            continue;
        if (r->clock_ms - p->day_ms >= DAY_MS) {
            p->codes = 0;
            p->day_ms = r->clock_ms;
        }
        codes += p->codes;
        if (p->codes > 0 && p->day_ms < first_ms)
            first_ms = p->day_ms;
    }
    return codes < PROOFS_A_DAY ? 0 : first_ms + DAY_MS - r->clock_ms;
}

static int64_t wait_for_hour(const room *r)
{
    struct proofs *ps = r->proofs;
    if (r->clock_ms - ps->hour_ms >= HOUR_MS) {
        ps->hour_ms = r->clock_ms;
        ps->codes = 0;
    }
    return ps->codes < PROOFS_AN_HOUR ? 0 : ps->hour_ms + HOUR_MS - r->clock_ms;
}

/* ---- codes ----------------------------------------------------------------------------------- */

static void hash_code(const proof *p, teal_bytes code, uint8_t out[static TEAL_HASH_BYTES])
{
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, p->salt, sizeof p->salt);
    crypto_hash_sha256_update(&h, p->account_key, sizeof p->account_key);
    crypto_hash_sha256_update(&h, code.at, code.len);
    crypto_hash_sha256_final(&h, out);
    sodium_memzero(&h, sizeof h);
}

/* The text names the key, so that nobody hands on a code that was asked for by somebody else. */
static void write_text(proof *p, char *text, size_t cap)
{
    char code[CODE_DIGITS + 1], key[9];
    snprintf(code, sizeof code, "%06u", (unsigned)randombytes_uniform(1000000));
    randombytes_buf(p->salt, sizeof p->salt);
    hash_code(p, teal_text(code), p->hash);
    sodium_bin2hex(key, sizeof key, p->account_key, 4);
    snprintf(text, cap,
             "%s is your Teal code for the account key that begins with %s. Tell nobody.", code,
             key);
    sodium_memzero(code, sizeof code);
}

static bool submit(room *r, proof *p)
{
    char text[160];
    teal_segment segment;
    size_t n = 0;
    teal_diag why = { 0 };
    const teal_segment_options options = { 0 };
    const uint64_t token = PROOFS_TOKEN | (uint64_t)(p - r->proofs->at);
    write_text(p, text, sizeof text);
    if (teal_segment_split(teal_text(text), &options, &segment, 1, &n, &why) != TEAL_OK)
        bug("a code does not fit one segment");
    const teal_smpp_message m = sms_leg_message(r, teal_text(p->number), &segment, false);
    bool sent = smpp_link_submit(r->link, &m, token, r->clock_ms, &why);
    sodium_memzero(text, sizeof text);
    sodium_memzero(&segment, sizeof segment);
    return sent;
}

static void leave(room *r, proof *p, uint64_t ref)
{
    if (!submit(r, p)) {
        p->used = p->codes > 0;
        say(r, ref, TEAL__V1__PROOF_OUTCOME__PROOF_NO_LINK, 0, SOON_MS);
        return;
    }
    p->state = PROOF_LEAVING;
    p->ref = ref;
    p->codes++;
    r->proofs->codes++;
    log_event(LOG_INFO, "room.code_sent", NULL);
}

/* A hostile edge must not have texts sent to whom it likes. */
static bool is_own_number(const room *r, const char *number)
{
    char text[NUMBER_BYTES + 8];
    int len = snprintf(text, sizeof text, "tel:%s", number);
    return strlen(number) < NUMBER_BYTES && len > 0 && teal_handle_is_canonical(teal_text(text)) &&
           config_is_native(r->config, teal_text(text));
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void proofs_ask(room *r, const Teal__V1__ProveNumber *ask)
{
    if (ask->account_key.len != TEAL_KEY_BYTES || !is_own_number(r, ask->number)) {
        say(r, ask->ref, TEAL__V1__PROOF_OUTCOME__PROOF_REFUSED, 0, 0);
        return;
    }
    if (r->link == NULL || r->stopping || smpp_link_room(r->link, r->clock_ms) == 0) {
        say(r, ask->ref, TEAL__V1__PROOF_OUTCOME__PROOF_NO_LINK, 0, r->link == NULL ? 0 : SOON_MS);
        return;
    }
    int64_t wait_ms = most(wait_for_number(r, ask->number), wait_for_hour(r));
    proof *p = find(r->proofs, ask->number, ask->account_key);
    if (p == NULL && wait_ms == 0) /* no place is used up by who gets no code */
        p = make(r, ask->number, ask->account_key);
    if (p == NULL || p->state == PROOF_LEAVING)
        wait_ms = most(wait_ms, SOON_MS);
    if (wait_ms > 0) {
        say(r, ask->ref, TEAL__V1__PROOF_OUTCOME__PROOF_LIMITED, 0, wait_ms);
        return;
    }
    leave(r, p, ask->ref);
}

/* ---- the centre's verdict -------------------------------------------------------------------- */

static proof *of_token(room *r, uint64_t token)
{
    uint64_t i = token & ~PROOFS_TOKEN;
    if (i >= PROOFS_MAX || r->proofs->at[i].state != PROOF_LEAVING)
        bug("an answer to a code that was not sent");
    return &r->proofs->at[i];
}

void proofs_answered(room *r, uint64_t token, uint32_t status)
{
    proof *p = of_token(r, token);
    p->state = PROOF_IDLE;
    if (teal_smpp_status_class(status) != TEAL_SMPP_CLASS_OK) {
        log_event(LOG_WARN, "room.code_refused", "status", teal_smpp_status_name(status), NULL);
        say(r, p->ref, TEAL__V1__PROOF_OUTCOME__PROOF_NO_LINK, 0, SOON_MS);
        return;
    }
    p->state = PROOF_LEFT;
    p->left_ms = r->clock_ms;
    p->tries_left = PROOFS_TRIES;
    say(r, p->ref, TEAL__V1__PROOF_OUTCOME__PROOF_SENT, p->tries_left, 0);
}

/* Perhaps it arrives: it opens nothing. */
void proofs_lost(room *r, uint64_t token)
{
    proof *p = of_token(r, token);
    p->state = PROOF_IDLE;
    say(r, p->ref, TEAL__V1__PROOF_OUTCOME__PROOF_NO_LINK, 0, SOON_MS);
}

/* ---- checking -------------------------------------------------------------------------------- */

void proofs_check(room *r, const Teal__V1__CheckCode *check)
{
    uint8_t hash[TEAL_HASH_BYTES];
    proof *p = check->account_key.len == TEAL_KEY_BYTES
                   ? find(r->proofs, check->number, check->account_key)
                   : NULL;
    if (p == NULL || p->state != PROOF_LEFT || r->clock_ms - p->left_ms >= PROOFS_LIFE_MS) {
        say(r, check->ref, TEAL__V1__PROOF_OUTCOME__PROOF_NO_CODE, 0, 0);
        return;
    }
    hash_code(p, teal_text(check->code), hash);
    const bool right = sodium_memcmp(hash, p->hash, sizeof hash) == 0;
    p->tries_left--;
    if (right || p->tries_left == 0) {
        p->state = PROOF_IDLE;
        sodium_memzero(p->hash, sizeof p->hash);
    }
    if (right)
        say_given(r, check->ref, p);
    else
        say(r, check->ref, TEAL__V1__PROOF_OUTCOME__PROOF_WRONG, p->tries_left, 0);
}
