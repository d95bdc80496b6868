/* What an operator asks over HTTP: all that is held on a handle, and to have a pinned key
 * forgotten. REQ-LKP-20 to -30. */
#include "tests/support/edge_fixture.h"
#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ALICE      "im:alice@native.example"
#define DISCLOSURE "/v1/operator/disclosure/"

static const teal_bytes nothing;

static raw_answer ask(const char *method, const char *path)
{
    static raw_answer a;
    edge_ask(method, path, "", nothing, &a);
    return a;
}

static json_t *ask_json(const char *path)
{
    raw_answer a = ask("GET", path);
    assert_int_equal(a.status, 200);
    return raw_json(&a);
}

/* Of the answer's tables; NULL: it is not among them. */
static const json_t *table_of(const json_t *answer, const char *name)
{
    size_t i;
    const json_t *table;
    json_array_foreach(json_object_get(answer, "tables"), i, table)
    {
        if (strcmp(json_string_value(json_object_get(table, "table")), name) == 0)
            return table;
    }
    return NULL;
}

static const json_t *row_of(const json_t *answer, const char *table, size_t at)
{
    return json_array_get(json_object_get(table_of(answer, table), "rows"), at);
}

/* What Alice sent, sealed as clients seal. */
static void store_message_of_alice(test_sealed *sealed, size_t *octets)
{
    static uint8_t memory[TEST_ENVELOPE_ARENA], encoded[TEST_ENVELOPE_ARENA];
    teal_arena arena = { memory, sizeof memory, 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    test_random r = test_random_of(7);
    test_sealed_random(&r, &arena, sealed);
    assert_int_equal(teal_envelope_encode(&sealed->envelope, &w), TEAL_OK);
    store_message m = { .message_id = teal_text("id"),
                        .conversation_id = teal_text("talk"),
                        .sender = teal_text(ALICE),
                        .network = teal_text("native"),
                        .envelope = teal_written(&w),
                        .kind = TEAL_KIND_MESSAGE };
    memcpy(m.sender_device, sealed->sender.id, TEAL_DEVICE_BYTES);
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    assert_int_equal(store_sqlite.put_message(edge_store, &m), STORE_OK);
    assert_int_equal(
        store_sqlite.put_fallback(edge_store, m.seq, teal_text("enc"), teal_text("sealed text")),
        STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);
    *octets = w.len;
}

static json_int_t number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void test_a_message_is_disclosed(void **state)
{
    (void)state;
    test_sealed sealed;
    size_t octets;
    store_message_of_alice(&sealed, &octets);
    json_t *answer = ask_json(DISCLOSURE ALICE);
    const json_t *row = row_of(answer, "messages", 0);
    const json_t *envelope = json_object_get(row, "envelope");
    assert_string_equal(json_string_value(json_object_get(row, "kind")), "message");
    assert_string_equal(json_string_value(json_object_get(row, "sender")), ALICE);
    assert_int_equal(number(envelope, "octets"), octets);
    assert_int_equal(number(envelope, "ciphertext_octets"), sealed.envelope.ciphertext.len);
    assert_int_equal(json_array_size(json_object_get(envelope, "recipients")),
                     sealed.envelope.n_recipients);
    assert_int_equal(json_array_size(json_object_get(envelope, "sealed_for")),
                     sealed.envelope.n_keys);
    const json_t *fallback = json_object_get(row_of(answer, "fallbacks", 0), "sealed");
    assert_int_equal(number(fallback, "octets"), strlen("sealed text"));
    json_decref(answer);
}

/* Every table stands there, whether it has anything or says nothing of anybody. */
static void test_every_table_is_named(void **state)
{
    (void)state;
    store_table t;
    size_t n = 0;
    json_t *answer = ask_json(DISCLOSURE "im:stranger@native.example");
    for (; store_sqlite.describe(n, &t); n++)
        assert_int_equal(table_of(answer, t.name) != NULL, t.has_rows);
    assert_int_equal(json_array_size(json_object_get(answer, "tables")) +
                         json_array_size(json_object_get(answer, "nothing")),
                     n);
    assert_string_equal(json_string_value(json_object_get(answer, "handle")),
                        "im:stranger@native.example");
    json_decref(answer);
}

static void test_pages(void **state)
{
    (void)state;
    const store_lookup l = { teal_text("peer rcs"), teal_text(ALICE), 5 };
    assert_int_equal(store_sqlite.begin(edge_store), STORE_OK);
    for (int i = 0; i < 101; i++)
        assert_int_equal(store_sqlite.put_lookup(edge_store, &l), STORE_OK);
    assert_int_equal(store_sqlite.commit(edge_store), STORE_OK);

    json_t *answer = ask_json(DISCLOSURE ALICE);
    const json_t *table = table_of(answer, "lookups");
    assert_int_equal(json_array_size(json_object_get(table, "rows")), 100);
    assert_int_equal(number(table, "next"), 100);
    json_decref(answer);

    answer = ask_json(DISCLOSURE ALICE "?table=lookups&from=100");
    assert_int_equal(json_array_size(json_object_get(answer, "tables")), 1);
    table = table_of(answer, "lookups");
    assert_int_equal(json_array_size(json_object_get(table, "rows")), 1);
    assert_null(json_object_get(table, "next"));
    json_decref(answer);
}

static void test_what_cannot_be_asked(void **state)
{
    (void)state;
    raw_answer a = ask("GET", DISCLOSURE "alice");
    assert_refused(&a, 400, "handle-malformed", "REQ-HDL-1");
    a = ask("GET", DISCLOSURE ALICE "?from=-1");
    assert_refused(&a, 400, "query-malformed", "REQ-REST-8");
    a = ask("GET", DISCLOSURE ALICE "?table=secrets");
    assert_refused(&a, 404, "table-unknown", "REQ-LKP-22");
}

static void test_pins_are_dropped(void **state)
{
    (void)state;
    raw_answer a = ask("DELETE", "/v1/operator/pins/sip:bob@rcs.example");
    assert_json(&a, 200,
                "{'handle':'sip:bob@rcs.example',"
                "'account_key':'q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s'}");
    assert_string_equal(script.handle, "sip:bob@rcs.example");
    script.drop_pin = STORE_NONE;
    a = ask("DELETE", "/v1/operator/pins/sip:bob@rcs.example");
    assert_refused(&a, 404, "pin-unknown", "REQ-LKP-30");
    script.drop_pin = STORE_BUSY;
    a = ask("DELETE", "/v1/operator/pins/sip:bob@rcs.example");
    assert_refused(&a, 503, "overloaded", "REQ-REST-4");
    script.drop_pin = STORE_BROKEN;
    a = ask("DELETE", "/v1/operator/pins/sip:bob@rcs.example");
    assert_refused(&a, 503, "store-failed", "REQ-REST-10");
    a = ask("DELETE", "/v1/operator/pins/bob");
    assert_refused(&a, 400, "handle-malformed", "REQ-HDL-1");
}

#define edge_test(f) cmocka_unit_test_setup_teardown(f, edge_fixture_open, edge_fixture_close)

int main(void)
{
    log_setup(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        edge_test(test_a_message_is_disclosed),
        edge_test(test_every_table_is_named),
        edge_test(test_pages),
        edge_test(test_what_cannot_be_asked),
        edge_test(test_pins_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
