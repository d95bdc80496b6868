/* What gateway/store/store.h promises, asked of every back end. */
#include "gateway/store/store.h"
#include "tests/support/folder.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const store_ops *ops; /* of the back end under test */

typedef struct fixture {
    folder where;
    store *s;
    teal_arena arena;
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->where = folder_make();
    f->arena = (teal_arena){ malloc(1 << 20), 1 << 20, 0 };
    assert_int_equal(ops->open(folder_file(&f->where, "db"), true, &f->s), STORE_OK);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    ops->close(&f->s);
    folder_remove(&f->where);
    free(f->arena.base);
    free(f);
    return 0;
}

static void reopen(fixture *f)
{
    ops->close(&f->s);
    assert_null(f->s);
    assert_int_equal(ops->open(folder_file(&f->where, "db"), false, &f->s), STORE_OK);
}

static void begin(fixture *f)
{
    assert_int_equal(ops->begin(f->s), STORE_OK);
}

static void commit(fixture *f)
{
    assert_int_equal(ops->commit(f->s), STORE_OK);
}

static void assert_bytes(teal_bytes got, teal_bytes want)
{
    assert_int_equal(got.len, want.len);
    if (want.len > 0)
        assert_memory_equal(got.at, want.at, want.len);
}

static void assert_text(teal_bytes got, const char *want)
{
    assert_bytes(got, teal_text(want));
}

/* ---- accounts ---------------------------------------------------------------------------------
 */

/* The store reads nothing of a manifest but account key, handles and device ids. */
typedef struct account {
    teal_manifest m;
    teal_bytes handles[4];
    teal_device devices[4];
} account;

/* handles, devices: each letter is one of them. */
static account *make_account(uint8_t key, const char *handles, const char *devices)
{
    static account made;
    static const char *const names[] = { "im:a@n.example", "im:b@n.example", "im:c@n.example",
                                         "tel:+14155550100" };
    made = (account){ 0 };
    memset(made.m.account_key, key, TEAL_KEY_BYTES);
    for (; handles[made.m.n_handles] != '\0'; made.m.n_handles++)
        made.handles[made.m.n_handles] = teal_text(names[handles[made.m.n_handles] - 'a']);
    for (; devices[made.m.n_devices] != '\0'; made.m.n_devices++)
        memset(made.devices[made.m.n_devices].id, devices[made.m.n_devices], TEAL_DEVICE_BYTES);
    made.m.handles = made.handles;
    made.m.devices = made.devices;
    return &made;
}

static store_result put_account(fixture *f, uint8_t key, const char *handles, const char *devices,
                                const char *encoded)
{
    begin(f);
    store_result result =
        ops->put_manifest(f->s, &make_account(key, handles, devices)->m, teal_text(encoded));
    commit(f);
    return result;
}

static const uint8_t *device(char letter)
{
    static uint8_t id[TEAL_DEVICE_BYTES];
    memset(id, letter, sizeof id);
    return id;
}

static void expect_manifest(fixture *f, const char *handle, const char *encoded)
{
    teal_bytes got;
    store_result result = ops->get_manifest(f->s, teal_text(handle), &f->arena, &got);
    assert_int_equal(result, encoded == NULL ? STORE_NONE : STORE_OK);
    if (encoded != NULL)
        assert_text(got, encoded);
}

static void test_manifests(void **state)
{
    fixture *f = *state;
    assert_int_equal(put_account(f, 1, "ab", "A", "first"), STORE_OK);
    expect_manifest(f, "im:a@n.example", "first");
    expect_manifest(f, "im:b@n.example", "first");
    expect_manifest(f, "im:c@n.example", NULL);

    assert_int_equal(put_account(f, 2, "cb", "B", "thief of a handle"), STORE_EXISTS);
    assert_int_equal(put_account(f, 2, "c", "BA", "thief of a device"), STORE_EXISTS);
    expect_manifest(f, "im:c@n.example", NULL);

    assert_int_equal(put_account(f, 1, "bc", "AB", "second"), STORE_OK);
    reopen(f);
    expect_manifest(f, "im:a@n.example", NULL);
    expect_manifest(f, "im:b@n.example", "second");
    expect_manifest(f, "im:c@n.example", "second");

    teal_bytes got;
    const teal_manifest *m = &make_account(1, "", "")->m;
    assert_int_equal(ops->get_account(f->s, m->account_key, &f->arena, &got), STORE_OK);
    assert_text(got, "second");
    m = &make_account(9, "", "")->m;
    assert_int_equal(ops->get_account(f->s, m->account_key, &f->arena, &got), STORE_NONE);

    assert_int_equal(put_account(f, 2, "a", "C", "heir of what was given up"), STORE_OK);
    expect_manifest(f, "im:a@n.example", "heir of what was given up");
}

static void expect_claim(fixture *f, char letter, const char *want)
{
    teal_bytes got;
    begin(f);
    store_result result = ops->claim_prekey(f->s, device(letter), &f->arena, &got);
    commit(f);
    assert_int_equal(result, want == NULL ? STORE_NONE : STORE_OK);
    if (want != NULL)
        assert_text(got, want);
}

static void expect_put_prekey(fixture *f, char letter, uint32_t id, const char *encoded,
                              store_result want)
{
    begin(f);
    assert_int_equal(ops->put_prekey(f->s, device(letter), id, teal_text(encoded)), want);
    commit(f);
}

static void expect_count(fixture *f, char letter, size_t want)
{
    size_t n = 99;
    assert_int_equal(ops->count_prekeys(f->s, device(letter), &n), STORE_OK);
    assert_int_equal(n, want);
}

static void test_prekeys(void **state)
{
    fixture *f = *state;
    assert_int_equal(put_account(f, 1, "a", "AB", "m"), STORE_OK);
    expect_put_prekey(f, 'A', 7, "seven", STORE_OK);
    expect_put_prekey(f, 'A', UINT32_MAX, "last id", STORE_OK);
    expect_put_prekey(f, 'A', 0, "resort", STORE_OK);
    expect_put_prekey(f, 'A', 3, "three", STORE_OK);
    expect_put_prekey(f, 'A', 3, "another three", STORE_EXISTS);
    expect_put_prekey(f, 'A', 0, "new resort", STORE_OK);
    expect_put_prekey(f, 'Z', 1, "of nobody", STORE_NONE);
    expect_count(f, 'A', 3);
    expect_claim(f, 'A', "three");
    expect_claim(f, 'A', "seven");
    reopen(f);
    expect_claim(f, 'A', "last id");
    expect_count(f, 'A', 0);
    expect_claim(f, 'A', "new resort");
    expect_claim(f, 'A', "new resort");
    expect_claim(f, 'B', NULL);
    expect_count(f, 'B', 0);
}

static void put_item(fixture *f, char letter, store_item_kind kind, int64_t delivery_id,
                     int64_t message_seq, const char *data)
{
    store_item item = { .kind = kind,
                        .delivery_id = delivery_id,
                        .message_seq = message_seq,
                        .data = teal_text(data) };
    memcpy(item.device, device(letter), TEAL_DEVICE_BYTES);
    int64_t before = item.seq;
    begin(f);
    assert_int_equal(ops->put_item(f->s, &item), STORE_OK);
    commit(f);
    assert_true(item.seq > before);
}

static size_t list_items(fixture *f, char letter, int64_t after, store_item *out, size_t max)
{
    size_t n = 99;
    assert_int_equal(ops->list_items(f->s, device(letter), after, &f->arena, out, max, &n),
                     STORE_OK);
    return n;
}

static void test_device_that_left(void **state)
{
    fixture *f = *state;
    store_item out[4];
    assert_int_equal(put_account(f, 1, "a", "AB", "first"), STORE_OK);
    for (const char *letter = "AB"; *letter != '\0'; letter++) {
        expect_put_prekey(f, *letter, 1, "one", STORE_OK);
        expect_put_prekey(f, *letter, 0, "resort", STORE_OK);
        put_item(f, *letter, ITEM_RECEIPT, 0, 0, "receipt");
    }
    assert_int_equal(put_account(f, 1, "a", "AC", "second"), STORE_OK);
    expect_claim(f, 'A', "one");
    expect_claim(f, 'B', NULL);
    assert_int_equal(list_items(f, 'A', 0, out, 4), 1);
    assert_int_equal(list_items(f, 'B', 0, out, 4), 0);
    assert_int_equal(put_account(f, 2, "b", "B", "its next owner"), STORE_OK);
}

/* ---- other networks ---------------------------------------------------------------------------
 */

static void put_remote(fixture *f, const char *capability, const char *manifest, int64_t expires_ms)
{
    store_remote r = { teal_text("sip:bob@rcs.example"), teal_text("peer"), teal_text(capability),
                       teal_text(manifest), expires_ms };
    begin(f);
    assert_int_equal(ops->put_remote(f->s, &r), STORE_OK);
    commit(f);
}

static void test_remotes(void **state)
{
    fixture *f = *state;
    store_remote got;
    teal_bytes bob = teal_text("sip:bob@rcs.example");
    assert_int_equal(ops->get_remote(f->s, bob, 0, &f->arena, &got), STORE_NONE);
    put_remote(f, "sealed", "manifest", 1000);
    put_remote(f, "plain", "", 2000);
    reopen(f);
    assert_int_equal(ops->get_remote(f->s, bob, 1999, &f->arena, &got), STORE_OK);
    assert_bytes(got.handle, bob);
    assert_text(got.network, "peer");
    assert_text(got.capability, "plain");
    assert_text(got.manifest, "");
    assert_int_equal(got.expires_ms, 2000);
    assert_int_equal(ops->get_remote(f->s, bob, 2000, &f->arena, &got), STORE_NONE);
    begin(f);
    assert_int_equal(ops->drop_remote(f->s, bob), STORE_OK);
    assert_int_equal(ops->drop_remote(f->s, bob), STORE_OK);
    commit(f);
    assert_int_equal(ops->get_remote(f->s, bob, 0, &f->arena, &got), STORE_NONE);
}

static void test_pins(void **state)
{
    fixture *f = *state;
    uint8_t key[TEAL_KEY_BYTES] = { 1 }, other[TEAL_KEY_BYTES] = { 2 }, got[TEAL_KEY_BYTES];
    teal_bytes bob = teal_text("sip:bob@rcs.example");
    assert_int_equal(ops->get_pin(f->s, bob, got), STORE_NONE);
    begin(f);
    assert_int_equal(ops->pin_key(f->s, bob, key), STORE_OK);
    assert_int_equal(ops->pin_key(f->s, bob, key), STORE_OK);
    assert_int_equal(ops->pin_key(f->s, bob, other), STORE_EXISTS);
    assert_int_equal(ops->drop_remote(f->s, bob), STORE_OK);
    commit(f);
    reopen(f);
    assert_int_equal(ops->get_pin(f->s, bob, got), STORE_OK);
    assert_memory_equal(got, key, sizeof key);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static store_message make_message(char letter, const char *id, const char *conversation)
{
    store_message m = {
        .message_id = teal_text(id),
        .conversation_id = teal_text(conversation),
        .sender = teal_text("im:a@n.example"),
        .network = teal_text("native"),
        .envelope = { (const uint8_t *)"an\0envelope", 11 },
        .accepted_ms = INT64_C(1) << 41,
        .expires_ms = (INT64_C(1) << 41) + 1,
        .kind = TEAL_KIND_MESSAGE,
    };
    memcpy(m.sender_device, device(letter), TEAL_DEVICE_BYTES);
    memset(m.transcript_hash.at, 0xfe, TEAL_HASH_BYTES);
    return m;
}

/* Inside a transaction. */
static int64_t put_message(fixture *f, const char *id, const char *conversation)
{
    store_message m = make_message('A', id, conversation);
    assert_int_equal(ops->put_message(f->s, &m), STORE_OK);
    return m.seq;
}

static void assert_same_message(const store_message *got, const store_message *want)
{
    assert_int_equal(got->seq, want->seq);
    assert_memory_equal(got->sender_device, want->sender_device, TEAL_DEVICE_BYTES);
    assert_bytes(got->message_id, want->message_id);
    assert_bytes(got->conversation_id, want->conversation_id);
    assert_bytes(got->sender, want->sender);
    assert_bytes(got->network, want->network);
    assert_memory_equal(got->transcript_hash.at, want->transcript_hash.at, TEAL_HASH_BYTES);
    assert_bytes(got->envelope, want->envelope);
    assert_int_equal(got->accepted_ms, want->accepted_ms);
    assert_int_equal(got->expires_ms, want->expires_ms);
    assert_int_equal(got->kind, want->kind);
}

static void test_messages(void **state)
{
    fixture *f = *state;
    store_message first = make_message('A', "id", "talk"), other = make_message('B', "id", "talk");
    store_message again = make_message('A', "id", "another talk"), got;
    begin(f);
    assert_int_equal(ops->put_message(f->s, &first), STORE_OK);
    assert_int_equal(ops->put_message(f->s, &other), STORE_OK);
    assert_int_equal(ops->put_message(f->s, &again), STORE_EXISTS);
    commit(f);
    reopen(f);
    assert_int_equal(ops->find_message(f->s, device('A'), teal_text("id"), &f->arena, &got),
                     STORE_OK);
    assert_same_message(&got, &first);
    assert_int_equal(ops->get_message(f->s, other.seq, &f->arena, &got), STORE_OK);
    assert_same_message(&got, &other);
    assert_int_equal(ops->find_message(f->s, device('A'), teal_text("ID"), &f->arena, &got),
                     STORE_NONE);
    assert_int_equal(ops->find_message(f->s, device('C'), teal_text("id"), &f->arena, &got),
                     STORE_NONE);
    assert_int_equal(ops->get_message(f->s, 99, &f->arena, &got), STORE_NONE);
}

static void test_fallbacks(void **state)
{
    fixture *f = *state;
    teal_bytes enc, sealed;
    begin(f);
    int64_t seq = put_message(f, "id", "talk");
    assert_int_equal(ops->put_fallback(f->s, seq, teal_text("enc"), teal_text("sealed")), STORE_OK);
    assert_int_equal(ops->put_fallback(f->s, seq, teal_text("e"), teal_text("s")), STORE_EXISTS);
    assert_int_equal(ops->put_fallback(f->s, 99, teal_text("e"), teal_text("s")), STORE_NONE);
    commit(f);
    assert_int_equal(ops->get_fallback(f->s, seq, &f->arena, &enc, &sealed), STORE_OK);
    assert_text(enc, "enc");
    assert_text(sealed, "sealed");
    begin(f);
    assert_int_equal(ops->drop_fallback(f->s, seq), STORE_OK);
    assert_int_equal(ops->drop_fallback(f->s, seq), STORE_OK);
    commit(f);
    assert_int_equal(ops->scrub(f->s), STORE_OK);
    assert_int_equal(ops->scrub(f->s), STORE_OK);
    assert_int_equal(ops->get_fallback(f->s, seq, &f->arena, &enc, &sealed), STORE_NONE);
}

static void test_receipts(void **state)
{
    fixture *f = *state;
    store_receipt out[4];
    size_t n = 99;
    begin(f);
    int64_t seq = put_message(f, "id", "talk"), other = put_message(f, "other", "talk");
    const char *const sent[] = { "SENT", "ARRIVED" };
    for (size_t i = 0; i < 2; i++) {
        store_receipt r = { seq, teal_text("sip:bob@rcs.example"), teal_text(sent[i]) };
        assert_int_equal(ops->put_receipt(f->s, &r), STORE_OK);
    }
    assert_int_equal(ops->put_receipt(f->s, &(store_receipt){ .message_seq = 99 }), STORE_NONE);
    commit(f);
    reopen(f);
    assert_int_equal(ops->list_receipts(f->s, seq, &f->arena, out, 4, &n), STORE_OK);
    assert_int_equal(n, 2);
    assert_text(out[0].data, "SENT");
    assert_text(out[1].data, "ARRIVED");
    assert_text(out[1].recipient, "sip:bob@rcs.example");
    assert_int_equal(out[1].message_seq, seq);
    assert_int_equal(ops->list_receipts(f->s, seq, &f->arena, out, 1, &n), STORE_OK);
    assert_int_equal(n, 1);
    assert_int_equal(ops->list_receipts(f->s, other, &f->arena, out, 4, &n), STORE_OK);
    assert_int_equal(n, 0);
}

/* ---- deliveries -------------------------------------------------------------------------------
 */

static store_delivery make_delivery(int64_t message_seq, const char *recipient, int64_t due_ms)
{
    return (store_delivery){ .message_seq = message_seq,
                             .recipient = teal_text(recipient),
                             .path = PATH_SMS,
                             .network = teal_text("sms"),
                             .state = STATE_WAITING,
                             .due_ms = due_ms };
}

static void test_deliveries(void **state)
{
    fixture *f = *state;
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

static void check_due(fixture *f, const expected *all, size_t n_all, int64_t now_ms)
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

static void check_active(fixture *f, const expected *all, size_t n_all, int64_t now_ms)
{
    store_delivery out[PUTS];
    size_t n = 0, expired = 0, leaving = 0;
    int64_t first_ms = INT64_MAX, next_ms;
    for (size_t i = 0; i < n_all; i++) {
        expired += is_active(&all[i].d) && all[i].expires_ms < now_ms;
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

static void put_random(fixture *f, seed *random, expected *e, size_t at)
{
    static const char *const conversations[LANES] = { "talk", "talk", "another talk" };
    static const char *const recipients[LANES] = { "tel:+15550001", "tel:+15550002",
                                                   "tel:+15550001" };
    char id[16];
    snprintf(id, sizeof id, "id%zu", at);
    e->lane = seed_below(random, LANES);
    e->expires_ms = (int64_t)seed_below(random, 100);
    store_message m = make_message('A', id, conversations[e->lane]);
    m.expires_ms = e->expires_ms;
    assert_int_equal(ops->put_message(f->s, &m), STORE_OK);
    e->d = make_delivery(m.seq, recipients[e->lane], (int64_t)seed_below(random, 100));
    e->d.state = (store_state)(1 + seed_below(random, 3));
    assert_int_equal(ops->put_delivery(f->s, &e->d), STORE_OK);
    assert_int_equal(e->d.id, at + 1);
}

/* Any state may follow any other here, also those that the gateway would not ask for. */
static void update_random(fixture *f, seed *random, expected *e)
{
    e->d.state = (store_state)(1 + seed_below(random, 5));
    e->d.due_ms = (int64_t)seed_below(random, 100);
    e->d.path = seed_below(random, 5) == 0 ? PATH_RCS : PATH_SMS;
    assert_int_equal(ops->update_delivery(f->s, &e->d), STORE_OK);
}

static void test_order_in_a_lane(void **state)
{
    fixture *f = *state;
    seed random = seed_open("order in a lane");
    expected all[PUTS];
    size_t n = 0;
    while (n < PUTS) {
        begin(f);
        put_random(f, &random, &all[n], n);
        n++;
        for (size_t i = seed_below(&random, 16); i > 0; i--)
            update_random(f, &random, &all[seed_below(&random, n)]);
        commit(f);
        f->arena.used = 0;
        int64_t now_ms = (int64_t)seed_below(&random, 100);
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
    fixture *f = *state;
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

static void test_outstanding(void **state)
{
    fixture *f = *state;
    const teal_bytes ids[] = { teal_text("smsc-1"), teal_text(""), teal_text("smsc-3") };
    store_outstanding out[4];
    size_t n = 99;
    begin(f);
    int64_t seq = put_message(f, "id", "talk");
    for (size_t i = 0; i < 3; i++) {
        store_delivery d = make_delivery(seq, "tel:+15550001", 0);
        assert_int_equal(ops->put_delivery(f->s, &d), STORE_OK);
        store_outstanding o = { d.id, teal_text("receipt"), ids, i == 1 ? 0 : 3, { { 0 } } };
        o.subject.at[0] = (uint8_t)d.id;
        assert_int_equal(ops->put_outstanding(f->s, &o), STORE_OK);
        assert_int_equal(ops->put_outstanding(f->s, &o), STORE_EXISTS);
    }
    assert_int_equal(ops->drop_outstanding(f->s, 1), STORE_OK);
    assert_int_equal(ops->drop_outstanding(f->s, 1), STORE_OK);
    commit(f);
    reopen(f);
    assert_int_equal(ops->list_outstanding(f->s, 0, &f->arena, out, 4, &n), STORE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(out[0].delivery_id, 2);
    assert_int_equal(out[0].n_remote_ids, 0);
    assert_int_equal(out[1].n_remote_ids, 3);
    assert_text(out[1].receipt, "receipt");
    int64_t id = 0;
    assert_int_equal(ops->find_outstanding(f->s, &out[1].subject, &id), STORE_OK);
    assert_int_equal(id, 3);
    assert_int_equal(ops->find_outstanding(f->s, &(teal_hash){ { 1 } }, &id), STORE_NONE);
    for (size_t i = 0; i < 3; i++)
        assert_bytes(out[1].remote_ids[i], ids[i]);
    assert_int_equal(ops->list_outstanding(f->s, 2, &f->arena, out, 4, &n), STORE_OK);
    assert_int_equal(n, 1);
}

/* ---- inboxes and outbox -----------------------------------------------------------------------
 */

static void expect_ack(fixture *f, char letter, int64_t seq, store_item *out, store_result want)
{
    begin(f);
    assert_int_equal(ops->ack_item(f->s, device(letter), seq, out), want);
    commit(f);
}

static void test_items(void **state)
{
    fixture *f = *state;
    store_item out[4], acked;
    begin(f);
    int64_t seq = put_message(f, "id", "talk");
    commit(f);
    put_item(f, 'A', ITEM_ENVELOPE, 5, seq, "not stored twice");
    put_item(f, 'A', ITEM_RECEIPT, 0, 0, "receipt");
    put_item(f, 'B', ITEM_ENVELOPE, 5, seq, "");
    put_item(f, 'A', ITEM_ENVELOPE, 0, seq, "");
    reopen(f);
    assert_int_equal(list_items(f, 'A', 0, out, 4), 3);
    assert_int_equal(out[0].kind, ITEM_ENVELOPE);
    assert_int_equal(out[0].delivery_id, 5);
    assert_int_equal(out[0].message_seq, seq);
    assert_memory_equal(out[0].device, device('A'), TEAL_DEVICE_BYTES);
    assert_bytes(out[0].data, make_message('A', "id", "talk").envelope);
    assert_text(out[1].data, "receipt");
    assert_int_equal(list_items(f, 'A', out[0].seq, out, 1), 1);
    assert_int_equal(out[0].kind, ITEM_RECEIPT);

    expect_ack(f, 'B', out[0].seq, &acked, STORE_NONE);
    expect_ack(f, 'A', out[0].seq, &acked, STORE_OK);
    assert_int_equal(acked.seq, out[0].seq);
    assert_int_equal(acked.kind, ITEM_RECEIPT);
    expect_ack(f, 'A', out[0].seq, &acked, STORE_NONE);

    begin(f);
    assert_int_equal(ops->drop_items(f->s, 5), STORE_OK);
    assert_int_equal(ops->drop_items(f->s, 0), STORE_OK);
    commit(f);
    assert_int_equal(list_items(f, 'A', 0, out, 4), 1);
    assert_int_equal(out[0].delivery_id, 0);
    assert_int_equal(list_items(f, 'B', 0, out, 4), 0);
}

static void test_item_numbers_grow(void **state)
{
    fixture *f = *state;
    store_item out[1], acked;
    int64_t last = 0;
    for (int i = 0; i < 3; i++) {
        put_item(f, 'A', ITEM_RECEIPT, 0, 0, "receipt");
        reopen(f);
        assert_int_equal(list_items(f, 'A', 0, out, 1), 1);
        assert_true(out[0].seq > last);
        last = out[0].seq;
        expect_ack(f, 'A', last, &acked, STORE_OK);
    }
}

static void test_outbox(void **state)
{
    fixture *f = *state;
    int64_t ids[4];
    teal_bytes cpims[4], peer = teal_text("peer");
    size_t n = 99;
    begin(f);
    assert_int_equal(ops->put_outbox(f->s, peer, teal_text("late"), 20), STORE_OK);
    assert_int_equal(ops->put_outbox(f->s, peer, teal_text("early"), 10), STORE_OK);
    assert_int_equal(ops->put_outbox(f->s, teal_text("other"), teal_text("foreign"), 0), STORE_OK);
    commit(f);
    reopen(f);
    assert_int_equal(ops->list_outbox(f->s, peer, 19, &f->arena, ids, cpims, 4, &n), STORE_OK);
    assert_int_equal(n, 1);
    assert_text(cpims[0], "early");
    int64_t next_ms = 0;
    assert_int_equal(ops->next_outbox(f->s, peer, &next_ms), STORE_OK);
    assert_int_equal(next_ms, 10);
    assert_int_equal(ops->next_outbox(f->s, teal_text("nobody"), &next_ms), STORE_NONE);
    begin(f);
    assert_int_equal(ops->delay_outbox(f->s, ids[0], 30), STORE_OK);
    assert_int_equal(ops->delay_outbox(f->s, 99, 30), STORE_NONE);
    commit(f);
    assert_int_equal(ops->list_outbox(f->s, peer, 30, &f->arena, ids, cpims, 4, &n), STORE_OK);
    assert_int_equal(n, 2);
    assert_text(cpims[1], "early");
    begin(f);
    assert_int_equal(ops->drop_outbox(f->s, ids[0]), STORE_OK);
    assert_int_equal(ops->drop_outbox(f->s, ids[0]), STORE_OK);
    commit(f);
    assert_int_equal(ops->list_outbox(f->s, peer, 30, &f->arena, ids, cpims, 4, &n), STORE_OK);
    assert_int_equal(n, 1);
    assert_text(cpims[0], "early");
}

/* ---- transactions -----------------------------------------------------------------------------
 */

static bool has_message(fixture *f, const char *id)
{
    store_message got;
    store_result result = ops->find_message(f->s, device('A'), teal_text(id), &f->arena, &got);
    assert_true(result == STORE_OK || result == STORE_NONE);
    return result == STORE_OK;
}

static void test_missing_is_not_made(void **state)
{
    fixture *f = *state;
    store *s = f->s;
    assert_int_equal(ops->open(folder_file(&f->where, "missing"), false, &s), STORE_NONE);
    assert_null(s);
    assert_int_not_equal(access(folder_file(&f->where, "missing"), F_OK), 0);
    assert_int_equal(ops->open(folder_file(&f->where, "no/such/folder"), true, &s), STORE_BROKEN);
    ops->close(&s);
}

static void test_rollback(void **state)
{
    fixture *f = *state;
    begin(f);
    put_message(f, "kept", "talk");
    commit(f);
    begin(f);
    put_message(f, "taken back", "talk");
    ops->rollback(f->s);
    ops->rollback(f->s);
    begin(f);
    put_message(f, "closed upon", "talk");
    reopen(f);
    assert_true(has_message(f, "kept"));
    assert_false(has_message(f, "taken back"));
    assert_false(has_message(f, "closed upon"));
}

static void test_savepoints(void **state)
{
    fixture *f = *state;
    begin(f);
    assert_int_equal(ops->savepoint(f->s), STORE_OK);
    put_message(f, "first", "talk");
    assert_int_equal(ops->release(f->s), STORE_OK);
    assert_int_equal(ops->savepoint(f->s), STORE_OK);
    put_message(f, "second", "talk");
    assert_int_equal(ops->undo(f->s), STORE_OK);
    assert_int_equal(ops->savepoint(f->s), STORE_OK);
    put_message(f, "third", "talk");
    assert_int_equal(ops->release(f->s), STORE_OK);
    commit(f);
    reopen(f);
    assert_true(has_message(f, "first"));
    assert_false(has_message(f, "second"));
    assert_true(has_message(f, "third"));
}

static void test_two_handles(void **state)
{
    fixture *f = *state;
    fixture reader = *f;
    assert_int_equal(ops->open(folder_file(&f->where, "db"), false, &reader.s), STORE_OK);
    begin(f);
    put_message(f, "id", "talk");
    assert_false(has_message(&reader, "id"));
    assert_int_equal(ops->begin(reader.s), STORE_BUSY);
    commit(f);
    assert_true(has_message(&reader, "id"));
    begin(&reader);
    put_message(&reader, "from the other", "talk");
    commit(&reader);
    assert_true(has_message(f, "from the other"));
    ops->close(&reader.s);
}

static void test_small_arena(void **state)
{
    fixture *f = *state;
    uint8_t room[40];
    teal_arena small = { room, sizeof room, 0 };
    store_message got;
    store_item out[4];
    size_t n = 99;
    begin(f);
    int64_t seq = put_message(f, "id", "talk");
    commit(f);
    put_item(f, 'A', ITEM_RECEIPT, 0, 0, "fits");
    put_item(f, 'A', ITEM_RECEIPT, 0, 0, "does not fit beside the first one");
    assert_int_equal(ops->get_message(f->s, seq, &small, &got), STORE_SPACE);
    small.used = 0;
    assert_int_equal(ops->list_items(f->s, device('A'), 0, &small, out, 4, &n), STORE_SPACE);
    assert_int_equal(n, 1);
    assert_text(out[0].data, "fits");
}

/* The child says what it has done, then waits inside a transaction for its end. */
static void run_child(const char *path, int to_parent)
{
    fixture f = { 0 };
    bool ready = ops->open(path, false, &f.s) == STORE_OK && ops->begin(f.s) == STORE_OK;
    store_message kept = make_message('A', "kept", "talk"),
                  lost = make_message('A', "lost", "talk");
    ready = ready && ops->put_message(f.s, &kept) == STORE_OK && ops->commit(f.s) == STORE_OK;
    ready = ready && ops->begin(f.s) == STORE_OK && ops->put_message(f.s, &lost) == STORE_OK;
    if (write(to_parent, ready ? "1" : "0", 1) == 1)
        pause();
    _exit(1);
}

static void test_killed_in_a_transaction(void **state)
{
    fixture *f = *state;
    char said = '0';
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    ops->close(&f->s); /* no open handle crosses the fork */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(folder_file(&f->where, "db"), ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &said, 1), 1);
    close(ends[0]);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(said, '1');
    assert_int_equal(ops->open(folder_file(&f->where, "db"), false, &f->s), STORE_OK);
    assert_true(has_message(f, "kept"));
    assert_false(has_message(f, "lost"));
}

#define ON_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ON_FIXTURE(test_manifests),
        ON_FIXTURE(test_prekeys),
        ON_FIXTURE(test_device_that_left),
        ON_FIXTURE(test_remotes),
        ON_FIXTURE(test_pins),
        ON_FIXTURE(test_messages),
        ON_FIXTURE(test_fallbacks),
        ON_FIXTURE(test_receipts),
        ON_FIXTURE(test_deliveries),
        ON_FIXTURE(test_order_in_a_lane),
        ON_FIXTURE(test_e2ee_history),
        ON_FIXTURE(test_outstanding),
        ON_FIXTURE(test_items),
        ON_FIXTURE(test_item_numbers_grow),
        ON_FIXTURE(test_outbox),
        ON_FIXTURE(test_missing_is_not_made),
        ON_FIXTURE(test_rollback),
        ON_FIXTURE(test_savepoints),
        ON_FIXTURE(test_two_handles),
        ON_FIXTURE(test_small_arena),
        ON_FIXTURE(test_killed_in_a_transaction),
    };
    return cmocka_run_group_tests_name(ops->name, tests, NULL, NULL);
}

int main(void)
{
    static const char *const names[] = { "sqlite" };
    int failed = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ops = store_backend(names[i]);
        failed += ops == NULL ? 1 : run_all();
    }
    return failed + (store_backend("no such back end") != NULL);
}
