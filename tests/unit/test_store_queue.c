/* What gateway/store/store.h promises, asked of every back end: deliveries and their order. */
#include "tests/support/random.h"
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_deliveries(void **state)
{
    store_fixture *f = *state;
    store_delivery out[4], got;
    size_t n = 99;
    begin(f);
    int64_t seq = put_message(f, "id", "talk");
    store_delivery bob = make_delivery(seq, "sip:bob@rcs.example", 5);
    store_delivery eve = make_delivery(seq, "sip:eve@rcs.example", 5), lost = eve;
    lost.message_seq = 99;
    assert_int_equal(ops->put_delivery(f->s, &bob), STORE_OK);
    assert_int_equal(ops->put_delivery(f->s, &eve), STORE_OK);
    assert_int_equal(ops->put_delivery(f->s, &lost), STORE_NONE);
    bob.path = PATH_RCS;
    bob.network = teal_text("peer");
    bob.state = STATE_LEAVING;
    bob.attempts = UINT32_MAX;
    bob.due_ms = 6;
    bob.failing_since_ms = 7;
    memset(bob.generation, 9, sizeof bob.generation);
    assert_int_equal(ops->update_delivery(f->s, &bob), STORE_OK);
    lost.id = 99;
    assert_int_equal(ops->update_delivery(f->s, &lost), STORE_NONE);
    commit(f);
    reopen(f);
    assert_int_equal(ops->get_delivery(f->s, 99, &f->arena, &got), STORE_NONE);
    assert_int_equal(ops->get_delivery(f->s, bob.id, &f->arena, &got), STORE_OK);
    assert_int_equal(got.id, bob.id);
    assert_int_equal(got.message_seq, seq);
    assert_bytes(got.recipient, bob.recipient);
    assert_int_equal(got.path, PATH_RCS);
    assert_text(got.network, "peer");
    assert_int_equal(got.state, STATE_LEAVING);
    assert_int_equal(got.attempts, UINT32_MAX);
    assert_int_equal(got.due_ms, 6);
    assert_int_equal(got.failing_since_ms, 7);
    assert_memory_equal(got.generation, bob.generation, sizeof got.generation);
    assert_int_equal(ops->list_deliveries(f->s, seq, &f->arena, out, 4, &n), STORE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(out[1].id, eve.id);
}

/* A small queue that is also kept, naively, in an array: what the store must say is read off it. */
enum { LANES = 3, PUTS = 60 };

typedef struct expected {
    store_delivery d;
    size_t lane;
    int64_t expires_ms;
} expected;

static bool is_active(const store_delivery *d)
{
    return d->state == STATE_WAITING || d->state == STATE_LEAVING;
}

/* Waits, for the SMS path, behind nothing. */
static bool is_next(const expected *all, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (all[j].lane == all[i].lane && is_active(&all[j].d))
            return false;
    }
    return all[i].d.state == STATE_WAITING && all[i].d.path == PATH_SMS;
}

static void check_due(store_fixture *f, const expected *all, size_t n_all, int64_t now_ms)
{
    store_delivery out[PUTS];
    size_t n = 0, want = 0;
    int64_t next_ms = 0, want_ms = INT64_MAX;
    for (size_t i = 0; i < n_all; i++) {
        want += is_next(all, i) && all[i].d.due_ms <= now_ms;
        if (is_next(all, i) && all[i].d.due_ms < want_ms)
            want_ms = all[i].d.due_ms;
    }
    teal_bytes sms = teal_text("sms");
    assert_int_equal(ops->list_due(f->s, PATH_SMS, sms, now_ms, &f->arena, out, PUTS, &n),
                     STORE_OK);
    assert_int_equal(n, want);
    for (size_t i = 0; i < n; i++) {
        assert_true(is_next(all, (size_t)out[i].id - 1));
        assert_true(out[i].due_ms <= now_ms);
        assert_true(i == 0 || out[i - 1].due_ms <= out[i].due_ms);
    }
    assert_int_equal(ops->next_due(f->s, PATH_SMS, sms, &next_ms),
                     want_ms == INT64_MAX ? STORE_NONE : STORE_OK);
    if (want_ms != INT64_MAX)
        assert_int_equal(next_ms, want_ms);
}

static void check_active(store_fixture *f, const expected *all, size_t n_all, int64_t now_ms)
{
    store_delivery out[PUTS];
    size_t n = 0, expired = 0, leaving = 0;
    int64_t first_ms = INT64_MAX, next_ms;
    for (size_t i = 0; i < n_all; i++) {
        expired += all[i].d.state == STATE_WAITING && all[i].expires_ms < now_ms;
        leaving += all[i].d.state == STATE_LEAVING;
        if (all[i].d.state == STATE_WAITING && all[i].expires_ms < first_ms)
            first_ms = all[i].expires_ms;
    }
    assert_int_equal(ops->next_expiry(f->s, &next_ms),
                     first_ms == INT64_MAX ? STORE_NONE : STORE_OK);
    if (first_ms != INT64_MAX)
        assert_int_equal(next_ms, first_ms);
    assert_int_equal(ops->list_expired(f->s, now_ms, &f->arena, out, PUTS, &n), STORE_OK);
    assert_int_equal(n, expired);
    assert_int_equal(ops->list_leaving(f->s, &f->arena, out, PUTS, &n), STORE_OK);
    assert_int_equal(n, leaving);
}

static void put_random(store_fixture *f, test_random *random, expected *e, size_t at)
{
    static const char *const conversations[LANES] = { "talk", "talk", "another talk" };
    static const char *const recipients[LANES] = { "tel:+15550001", "tel:+15550002",
                                                   "tel:+15550001" };
    char id[16];
    snprintf(id, sizeof id, "id%zu", at);
    e->lane = test_random_below(random, LANES);
    e->expires_ms = (int64_t)test_random_below(random, 100);
    store_message m = make_message('A', id, conversations[e->lane]);
    m.expires_ms = e->expires_ms;
    assert_int_equal(ops->put_message(f->s, &m), STORE_OK);
    e->d = make_delivery(m.seq, recipients[e->lane], (int64_t)test_random_below(random, 100));
    e->d.state = (store_state)(1 + test_random_below(random, 3));
    assert_int_equal(ops->put_delivery(f->s, &e->d), STORE_OK);
    assert_int_equal(e->d.id, at + 1);
}

/* Any state may follow any other here, also those that the gateway would not ask for. */
static void update_random(store_fixture *f, test_random *random, expected *e)
{
    e->d.state = (store_state)(1 + test_random_below(random, 5));
    e->d.due_ms = (int64_t)test_random_below(random, 100);
    e->d.path = test_random_below(random, 5) == 0 ? PATH_RCS : PATH_SMS;
    assert_int_equal(ops->update_delivery(f->s, &e->d), STORE_OK);
}

static void test_order_in_a_lane(void **state)
{
    store_fixture *f = *state;
    test_random random = test_random_of(test_seed());
    expected all[PUTS];
    size_t n = 0;
    while (n < PUTS) {
        begin(f);
        put_random(f, &random, &all[n], n);
        n++;
        for (size_t i = test_random_below(&random, 16); i > 0; i--)
            update_random(f, &random, &all[test_random_below(&random, n)]);
        commit(f);
        f->arena.used = 0;
        int64_t now_ms = (int64_t)test_random_below(&random, 100);
        check_due(f, all, n, now_ms);
        check_active(f, all, n, now_ms);
    }
    store_delivery out[1];
    assert_int_equal(ops->list_due(f->s, PATH_SMS, teal_text("peer"), 100, &f->arena, out, 1, &n),
                     STORE_OK);
    assert_int_equal(n, 0);
}

static void test_e2ee_history(void **state)
{
    store_fixture *f = *state;
    bool seen = true;
    teal_bytes talk = teal_text("talk"), bob = teal_text("sip:bob@rcs.example");
    begin(f);
    store_delivery d = make_delivery(put_message(f, "id", "talk"), "sip:bob@rcs.example", 0);
    assert_int_equal(ops->put_delivery(f->s, &d), STORE_OK);
    assert_int_equal(ops->seen_e2ee(f->s, talk, bob, &seen), STORE_OK);
    assert_false(seen);
    assert_int_equal(ops->mark_e2ee(f->s, talk, bob), STORE_OK);
    assert_int_equal(ops->mark_e2ee(f->s, talk, bob), STORE_OK);
    assert_int_equal(ops->mark_e2ee(f->s, teal_text("unheard of"), bob), STORE_OK);
    commit(f);
    reopen(f);
    assert_int_equal(ops->seen_e2ee(f->s, talk, bob, &seen), STORE_OK);
    assert_true(seen);
    assert_int_equal(ops->seen_e2ee(f->s, talk, teal_text("sip:eve@rcs.example"), &seen), STORE_OK);
    assert_false(seen);
    assert_int_equal(ops->seen_e2ee(f->s, teal_text("unheard of"), bob, &seen), STORE_OK);
    assert_true(seen);
}

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(test_deliveries),
        ON_STORE(test_order_in_a_lane),
        ON_STORE(test_e2ee_history),
    };
    return cmocka_run_group_tests_name(ops->name, tests, NULL, NULL);
}

int main(void)
{
    return store_for_each_backend(run_group);
}
