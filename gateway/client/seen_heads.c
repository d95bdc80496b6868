/* Member of the keychain's state: heads, a list of lines, oldest first. */
#include "gateway/client/seen_heads.h"

#include "gateway/client/home_gateway.h"
#include "gateway/client/log_answer.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"
#include "gateway/log.h"

/* What clocks may differ by, and a head may be old. */
enum { MAX_AGE_MS = 10 * 60 * 1000 };

/* ---- memory ---------------------------------------------------------------------------------- */

size_t seen_heads_list(const keychain *k, tree_head *out)
{
    const json_t *lines = json_object_get(k->state, "heads");
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(lines) && n < SEEN_HEADS_MAX; i++)
        if (tree_head_read(member_string(json_array_get(lines, i)), &out[n], NULL) == TEAL_OK)
            n++;
    return n;
}

/* The largest is the last: each was consistent with the one before. False: none was seen. */
static bool newest(const keychain *k, tree_head *out)
{
    const json_t *lines = json_object_get(k->state, "heads");
    const size_t n = json_array_size(lines);
    return n > 0 &&
           tree_head_read(member_string(json_array_get(lines, n - 1)), out, NULL) == TEAL_OK;
}

/* The first stays for ever: it says that everything since is one log. */
static void keep(keychain *k, const tree_head *h)
{
    char line[TREE_HEAD_LINE_BYTES];
    json_t *lines = json_object_get(k->state, "heads");
    if (lines == NULL) {
        lines = json_array();
        json_object_set_new(k->state, "heads", lines);
    }
    if (json_array_size(lines) >= SEEN_HEADS_MAX)
        json_array_remove(lines, 1);
    tree_head_write(h, line);
    json_array_append_new(lines, json_string(line));
}

static bool is_same(const tree_head *a, const tree_head *b)
{
    return a->size == b->size && memcmp(a->root.at, b->root.at, sizeof a->root.at) == 0;
}

/* ---- one head -------------------------------------------------------------------------------- */

outcome seen_heads_check_signature(session *s, const tree_head *h, const char **wrong)
{
    verify_gateway gateway;
    *wrong = NULL;
    home_gateway_known(s, &gateway);
    if (verify_gateway_then(&gateway, h->device, h->time_ms) == NULL) { /* it may have a new one */
        outcome o = home_gateway_ask(s, &gateway);
        if (o != OUTCOME_OK)
            return o;
    }
    *wrong = verify_head(h, &gateway);
    return OUTCOME_OK;
}

static const char *check_time(const tree_head *h)
{
    const int64_t age_ms = clock_unix_ms() - (int64_t)h->time_ms;
    if (strcmp(h->log, "keys") != 0)
        return "REQ-LOG-16 the head is of another log";
    if (age_ms > MAX_AGE_MS)
        return "REQ-LOG-16 the head is over 10 minutes old, or this device's clock is wrong";
    if (age_ms < -MAX_AGE_MS)
        return "REQ-LOG-16 the head is of a time to come, or this device's clock is wrong";
    return NULL;
}

/* ---- two heads ------------------------------------------------------------------------------- */

static const char *shout(const tree_head *a, const tree_head *b)
{
    char line[TREE_HEAD_LINE_BYTES];
    say_note("THE GATEWAY SHOWS TWO LOGS, OR HAS CHANGED ITS LOG (REQ-LOG-17).");
    tree_head_write(a, line);
    say_note("  one head:     %s", line);
    tree_head_write(b, line);
    say_note("  another head: %s", line);
    say_note(
        "  It has signed both: keep these lines, they prove it. Do not trust keys that it shows.");
    return "REQ-LOG-17 two heads that the gateway has signed are not of one log";
}

static bool proves(const tree_head *before, const tree_head *after, const json_t *answer)
{
    merkle_proof p;
    return log_answer_hashes(json_object_get(answer, "consistency"), &p) &&
           merkle_verify_consistency(before->size, &before->root, after->size, &after->root, &p);
}

outcome seen_heads_relate(session *s, const tree_head *a, const tree_head *b, const char **wrong)
{
    const merkle_proof none = { .n = 0 };
    const tree_head *before = a->size <= b->size ? a : b, *after = before == a ? b : a;
    json_t *answer = NULL;
    *wrong = NULL;
    if (before->size == after->size || before->size == 0) {
        if (!merkle_verify_consistency(before->size, &before->root, after->size, &after->root,
                                       &none))
            *wrong = shout(a, b);
        return OUTCOME_OK;
    }
    outcome o = api_log_consistency(s->api, before->size, after->size, &answer);
    /* Refused for good: it denies a tree that it has signed. */
    if (o == OUTCOME_REFUSED && !api_is_temporary(s->api))
        o = OUTCOME_OK;
    if (o == OUTCOME_OK && !proves(before, after, answer))
        *wrong = shout(a, b);
    json_decref(answer);
    return o;
}

/* Keeps it if nobody else has kept another meanwhile. */
static outcome keep_after(session *s, const tree_head *last, bool had, const tree_head *h,
                          bool *kept)
{
    tree_head now;
    outcome o = keychain_begin(s->keychain);
    if (o != OUTCOME_OK)
        return o;
    const bool has = newest(s->keychain, &now);
    *kept = has == had && (!has || is_same(&now, last));
    if (!*kept) {
        keychain_rollback(s->keychain);
        return OUTCOME_OK;
    }
    keep(s->keychain, h);
    return keychain_commit(s->keychain);
}

/* Until it is consistent with the newest that any process of this device has seen. */
static outcome follow(session *s, const tree_head *h, const char **wrong)
{
    tree_head last = { 0 };
    outcome o = OUTCOME_OK;
    for (bool kept = false; o == OUTCOME_OK && !kept;) {
        const bool had = newest(s->keychain, &last);
        if (had)
            o = seen_heads_relate(s, &last, h, wrong);
        if (o != OUTCOME_OK || *wrong != NULL || (had && h->size <= last.size))
            break;
        o = keep_after(s, &last, had, h, &kept);
    }
    return o;
}

outcome seen_heads_take(session *s, const tree_head *h, const char **wrong)
{
    tree_head last;
    const bool had = newest(s->keychain, &last);
    outcome o = seen_heads_check_signature(s, h, wrong);
    if (o != OUTCOME_OK || *wrong != NULL)
        return o;
    *wrong = check_time(h);
    if (*wrong == NULL && had && h->size < last.size)
        *wrong = "REQ-LOG-17 the key log is shorter than it was";
    return *wrong == NULL ? follow(s, h, wrong) : OUTCOME_OK;
}

outcome seen_heads_fetch(session *s, tree_head *out)
{
    const char *wrong = NULL;
    json_t *answer;
    outcome o = api_log_head(s->api, &answer);
    if (o != OUTCOME_OK)
        return session_explain(s, o);
    const bool good = log_answer_head(answer, out);
    json_decref(answer);
    if (!good)
        return say(OUTCOME_FAILED, "the gateway's answer is no head of a log (REQ-LOG-10)");
    o = session_explain(s, seen_heads_take(s, out, &wrong));
    if (o == OUTCOME_OK && wrong != NULL)
        o = say(OUTCOME_UNVERIFIED, "the head of the key log does not verify: %s", wrong);
    return o;
}
