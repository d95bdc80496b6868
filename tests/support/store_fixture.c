/* See store_fixture.h. */
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

const store_ops *ops;

int store_for_each_backend(int (*run_group)(void))
{
    static const char *const names[] = { "sqlite" };
    int failed = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ops = store_backend(names[i]);
        failed += ops == NULL ? 1 : run_group();
    }
    return failed;
}

int store_fixture_open(void **state)
{
    store_fixture *f = calloc(1, sizeof *f);
    f->where = folder_make();
    f->arena = (teal_arena){ malloc(1 << 20), 1 << 20, 0 };
    assert_int_equal(ops->open(folder_file(&f->where, "db"), true, &f->s), STORE_OK);
    *state = f;
    return 0;
}

int store_fixture_close(void **state)
{
    store_fixture *f = *state;
    ops->close(&f->s);
    folder_remove(&f->where);
    free(f->arena.base);
    free(f);
    return 0;
}

void reopen(store_fixture *f)
{
    ops->close(&f->s);
    assert_null(f->s);
    assert_int_equal(ops->open(folder_file(&f->where, "db"), false, &f->s), STORE_OK);
}

void begin(store_fixture *f)
{
    assert_int_equal(ops->begin(f->s), STORE_OK);
}

void commit(store_fixture *f)
{
    assert_int_equal(ops->commit(f->s), STORE_OK);
}

void assert_bytes(teal_bytes got, teal_bytes want)
{
    assert_int_equal(got.len, want.len);
    if (want.len > 0)
        assert_memory_equal(got.at, want.at, want.len);
}

void assert_text(teal_bytes got, const char *want)
{
    assert_bytes(got, teal_text(want));
}

const uint8_t *device(char letter)
{
    static uint8_t id[TEAL_DEVICE_BYTES];
    memset(id, letter, sizeof id);
    return id;
}

store_message make_message(char letter, const char *id, const char *conversation)
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

int64_t put_message(store_fixture *f, const char *id, const char *conversation)
{
    store_message m = make_message('A', id, conversation);
    assert_int_equal(ops->put_message(f->s, &m), STORE_OK);
    return m.seq;
}

store_delivery make_delivery(int64_t message_seq, const char *recipient, int64_t due_ms)
{
    return (store_delivery){ .message_seq = message_seq,
                             .recipient = teal_text(recipient),
                             .path = PATH_SMS,
                             .network = teal_text("sms"),
                             .state = STATE_WAITING,
                             .due_ms = due_ms };
}

void put_item(store_fixture *f, char letter, store_item_kind kind, int64_t delivery_id,
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

size_t list_items(store_fixture *f, char letter, int64_t after, store_item *out, size_t max)
{
    size_t n = 99;
    assert_int_equal(ops->list_items(f->s, device(letter), after, &f->arena, out, max, &n),
                     STORE_OK);
    return n;
}
