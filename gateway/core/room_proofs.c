/* Asks the room about numbers. A worker waits for the answer; nothing of it is in the store before
 * the answer is a statement that the room has signed. */
#include "codecs/handle.h"
#include "gateway/clock.h"
#include "gateway/core/room_state.h"
#include "gateway/core/state.h"

enum { PATIENCE_MS = 15000, NUMBER_BYTES = 32 };

/* ---- the room's answer ----------------------------------------------------------------------- */

static bool take_statement(const room_client *rc, const Teal__V1__ProofAnswer *from, core_proof *to)
{
    teal_handle_proof *p = &to->proof;
    teal_diag why = { "REQ-PRF-4 a proof without signature", 0 };
    p->proven_at_ms = from->proven_at_ms;
    p->expires_at_ms = from->expires_at_ms;
    bool good = from->signature.len == sizeof p->signature;
    if (good)
        memcpy(p->signature, from->signature.data, sizeof p->signature);
    good = good && teal_handle_proof_verify(p, rc->c->room_key, &why) == TEAL_OK;
    if (!good)
        log_event(LOG_ERROR, "room.proof_refused", "rule", why.rule, NULL);
    return good;
}

/* False: not an answer. */
static bool read_answer(const room_client *rc, const Teal__V1__ProofAnswer *from, core_proof *to)
{
    static const core_proof_state states[] = {
        [TEAL__V1__PROOF_OUTCOME__PROOF_SENT] = CORE_PROOF_SENT,
        [TEAL__V1__PROOF_OUTCOME__PROOF_GIVEN] = CORE_PROOF_GIVEN,
        [TEAL__V1__PROOF_OUTCOME__PROOF_WRONG] = CORE_PROOF_WRONG,
        [TEAL__V1__PROOF_OUTCOME__PROOF_NO_CODE] = CORE_PROOF_NO_CODE,
        [TEAL__V1__PROOF_OUTCOME__PROOF_LIMITED] = CORE_PROOF_LIMITED,
        [TEAL__V1__PROOF_OUTCOME__PROOF_NO_LINK] = CORE_PROOF_NO_LINK,
        [TEAL__V1__PROOF_OUTCOME__PROOF_REFUSED] = CORE_PROOF_REFUSED,
    };
    const size_t outcome = (size_t)from->outcome;
    if (outcome == 0 || outcome >= sizeof states / sizeof states[0])
        return false;
    to->state = states[outcome];
    to->tries_left = from->tries_left;
    to->retry_after_ms = from->retry_after_ms < INT64_MAX ? (int64_t)from->retry_after_ms : 0;
    return to->state != CORE_PROOF_GIVEN || take_statement(rc, from, to);
}

static room_proof *find(room_client *rc, uint64_t ref)
{
    for (size_t i = 0; i < ROOM_MAX_PROOFS; i++)
        if (rc->proofs[i].ref == ref)
            return &rc->proofs[i];
    return NULL;
}

void room_take_proof(room_client *rc, const Teal__V1__ProofAnswer *answer)
{
    pthread_mutex_lock(&rc->lock);
    room_proof *p = answer->ref != 0 ? find(rc, answer->ref) : NULL;
    if (p != NULL && !p->done && read_answer(rc, answer, &p->answer)) {
        p->done = true;
        pthread_cond_broadcast(&rc->proof_done);
    }
    pthread_mutex_unlock(&rc->lock);
}

/* ---- the question ---------------------------------------------------------------------------- */

static room_proof *begin(room_client *rc, teal_bytes handle, const uint8_t *account_key)
{
    pthread_mutex_lock(&rc->lock);
    room_proof *p = rc->greeted && !rc->gone && !rc->draining ? find(rc, 0) : NULL;
    if (p != NULL) {
        *p = (room_proof){ .ref = ++rc->last_proof, .answer.proof.handle = handle };
        memcpy(p->answer.proof.account_key, account_key, TEAL_KEY_BYTES);
    }
    pthread_mutex_unlock(&rc->lock);
    return p;
}

static bool end(room_client *rc, room_proof *p, core_proof *out)
{
    int64_t end_ms = clock_unix_ms() + PATIENCE_MS;
    const struct timespec until = { end_ms / 1000, end_ms % 1000 * 1000000 };
    pthread_mutex_lock(&rc->lock);
    while (!p->done && pthread_cond_timedwait(&rc->proof_done, &rc->lock, &until) == 0)
        ;
    bool done = p->done;
    *out = p->answer;
    p->ref = 0;
    pthread_mutex_unlock(&rc->lock);
    return done;
}

static bool ask(room_client *rc, uint64_t ref, const char *number, ProtobufCBinaryData account_key,
                const char *code)
{
    Teal__V1__ProveNumber prove = TEAL__V1__PROVE_NUMBER__INIT;
    Teal__V1__CheckCode check = TEAL__V1__CHECK_CODE__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    prove.ref = check.ref = ref;
    prove.number = check.number = (char *)(uintptr_t)number;
    prove.account_key = check.account_key = account_key;
    check.code = (char *)(uintptr_t)code;
    frame.frame_case = code != NULL ? TEAL__V1__ROOM_FRAME__FRAME_CHECK_CODE
                                    : TEAL__V1__ROOM_FRAME__FRAME_PROVE_NUMBER;
    if (code != NULL)
        frame.check_code = &check;
    else
        frame.prove_number = &prove;
    return room_say(rc, &frame);
}

bool core_prove(core *c, teal_bytes handle, const uint8_t account_key[static TEAL_KEY_BYTES],
                const char *code, core_proof *out)
{
    char number[NUMBER_BYTES];
    teal_bytes digits = teal_handle_number(handle);
    room_client *rc = c->room;
    if (digits.len == 0 || digits.len >= sizeof number)
        bug("a handle without number");
    memcpy(number, digits.at, digits.len);
    number[digits.len] = '\0';
    *out = (core_proof){ .state = CORE_PROOF_REFUSED };
    if (!core_is_native(c, handle))
        return true;
    room_proof *p = begin(rc, handle, account_key);
    if (p == NULL)
        return false;
    ask(rc, p->ref, number,
        (ProtobufCBinaryData){ TEAL_KEY_BYTES, (uint8_t *)(uintptr_t)account_key }, code);
    return end(rc, p, out);
}
