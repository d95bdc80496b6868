/* What gateway/store/store.h promises, asked of every back end: messages, what hangs off them, and
 * what waits for devices and peers. */
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

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

/* What make_message made. */
static store_result find(store_fixture *f, char letter, const char *id, store_message *out)
{
    return ops->find_message(f->s, device(letter), teal_text("im:a@n.example"), teal_text(id),
                             &f->arena, out);
}

static void test_messages(void **state)
{
    store_fixture *f = *state;
    store_message first = make_message('A', "id", "talk"), other = make_message('B', "id", "talk");
    store_message again = make_message('A', "id", "another talk"), got;
    begin(f);
    assert_int_equal(ops->put_message(f->s, &first), STORE_OK);
    assert_int_equal(ops->put_message(f->s, &other), STORE_OK);
    assert_int_equal(ops->put_message(f->s, &again), STORE_EXISTS);
    commit(f);
    reopen(f);
    assert_int_equal(find(f, 'A', "id", &got), STORE_OK);
    assert_same_message(&got, &first);
    assert_int_equal(ops->get_message(f->s, other.seq, &f->arena, &got), STORE_OK);
    assert_same_message(&got, &other);
    assert_int_equal(find(f, 'A', "ID", &got), STORE_NONE);
    assert_int_equal(find(f, 'C', "id", &got), STORE_NONE);
    assert_int_equal(ops->get_message(f->s, 99, &f->arena, &got), STORE_NONE);
}

static void put_owner(store_fixture *f, uint8_t key, const char *handle, char letter)
{
    teal_bytes handles[] = { teal_text(handle) };
    teal_device devices[1] = { 0 };
    teal_manifest m = { .handles = handles, .n_handles = 1, .devices = devices, .n_devices = 1 };
    memset(m.account_key, key, TEAL_KEY_BYTES);
    memcpy(devices[0].id, device(letter), TEAL_DEVICE_BYTES);
    assert_int_equal(ops->put_manifest(f->s, &m, teal_text("manifest")), STORE_OK);
}

/* A device of another network may have the id of one here, by chance or on purpose. */
static void test_messages_of_devices_with_one_id(void **state)
{
    store_fixture *f = *state;
    store_message theirs = make_message('A', "id", "talk"), ours = make_message('A', "id", "talk");
    store_message got;
    const teal_bytes id = teal_text("id");
    theirs.sender = teal_text("sip:eve@rcs.example");
    begin(f);
    assert_int_equal(ops->put_message(f->s, &theirs), STORE_OK);
    put_owner(f, 1, "im:a@n.example", 'A');
    assert_int_equal(ops->find_sent(f->s, device('A'), id, &f->arena, &got), STORE_NONE);
    assert_int_equal(find(f, 'A', "id", &got), STORE_NONE);
    assert_int_equal(ops->put_message(f->s, &ours), STORE_OK);
    commit(f);
    assert_int_equal(find(f, 'A', "id", &got), STORE_OK);
    assert_same_message(&got, &ours);
    assert_int_equal(ops->find_sent(f->s, device('A'), id, &f->arena, &got), STORE_OK);
    assert_same_message(&got, &ours);
    assert_int_equal(ops->find_message(f->s, device('A'), theirs.sender, id, &f->arena, &got),
                     STORE_OK);
    assert_same_message(&got, &theirs);
    assert_int_equal(ops->find_sent(f->s, device('B'), id, &f->arena, &got), STORE_NONE);
}

static void test_fallbacks(void **state)
{
    store_fixture *f = *state;
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
    store_fixture *f = *state;
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

static void test_outstanding(void **state)
{
    store_fixture *f = *state;
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

/* ---- inboxes and outbox */

static void expect_ack(store_fixture *f, char letter, int64_t seq, store_item *out,
                       store_result want)
{
    begin(f);
    assert_int_equal(ops->ack_item(f->s, device(letter), seq, out), want);
    commit(f);
}

static void test_items(void **state)
{
    store_fixture *f = *state;
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
    store_fixture *f = *state;
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
    store_fixture *f = *state;
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

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(test_messages),          ON_STORE(test_messages_of_devices_with_one_id),
        ON_STORE(test_fallbacks),         ON_STORE(test_receipts),
        ON_STORE(test_outstanding),       ON_STORE(test_items),
        ON_STORE(test_item_numbers_grow), ON_STORE(test_outbox),
    };
    return cmocka_run_group_tests_name(ops->name, tests, NULL, NULL);
}

int main(void)
{
    return store_for_each_backend(run_group);
}
