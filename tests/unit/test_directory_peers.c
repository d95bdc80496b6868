/* Whether the directory believes only what is signed, keeps what it was told for as long as it may,
 * and takes no silence for an answer: against a peer that lies, fails and stalls. */
#include "tests/support/directory_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_bytes(teal_bytes got, teal_bytes want)
{
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.at, want.at, want.len);
}

/* manifest: stands between body and rest, as base64url. */
static const struct {
    const char *name, *handle;
    int status;
    const char *body;
    const test_manifest *manifest;
    const char *rest;
    directory_result want;
    const char *paths; /* letters of native, rcs, plain, sms */
    const char *network;
} answers[] = {
    { "sealed", BOB, 200, SEALED, &bobs, "\",\"ttl_s\":60}", DIRECTORY_OK, "r", "rcs" },
    { "sealed number", PHONE, 200, SEALED, &bobs, "\"}", DIRECTORY_OK, "rs", "rcs" },
    { "unknown members", BOB, 200, "{\"x\":[{}],\"capability\":\"sealed\",\"manifest\":\"", &bobs,
      "\"}", DIRECTORY_OK, "r", "rcs" },
    { "plain", BOB, 200, "{\"capability\":\"plain\"}", NULL, "", DIRECTORY_OK, "p", "rcs" },
    { "plain number", PHONE, 200, "{\"capability\":\"plain\"}", NULL, "", DIRECTORY_OK, "ps",
      "rcs" },
    { "none", BOB, 200, "{\"capability\":\"none\"}", NULL, "", DIRECTORY_NONE, "", "" },
    { "none, but SMS", PHONE, 200, "{\"capability\":\"none\"}", NULL, "", DIRECTORY_OK, "s",
      "sms" },
    { "MLS", BOB, 200, "{\"capability\":\"mls\"}", NULL, "", DIRECTORY_NONE, "", "" },
    { "MLS, but SMS", PHONE, 200, "{\"capability\":\"mls\"}", NULL, "", DIRECTORY_OK, "s", "sms" },
    { "unknown", BOB, 404, "", NULL, "", DIRECTORY_NONE, "", "" },
    { "unknown, but SMS", PHONE, 404, "{}", NULL, "", DIRECTORY_OK, "s", "sms" },

    /* Whoever lies or fails does not send people to SMS. */
    { "failing", PHONE, 500, "", NULL, "", DIRECTORY_UNREACHABLE, "", "" },
    { "overloaded", PHONE, 503, "", NULL, "", DIRECTORY_UNREACHABLE, "", "" },
    { "elsewhere", PHONE, 302, "", NULL, "", DIRECTORY_UNREACHABLE, "", "" },
    { "forbidden", PHONE, 403, "", NULL, "", DIRECTORY_UNREACHABLE, "", "" },
    { "no JSON", PHONE, 200, "<html>", NULL, "", DIRECTORY_UNREACHABLE, "", "" },
    { "no object", PHONE, 200, "[]", NULL, "", DIRECTORY_UNREACHABLE, "", "" },
    { "two capabilities", PHONE, 200, "{\"capability\":\"none\",\"capability\":\"plain\"}", NULL,
      "", DIRECTORY_UNREACHABLE, "", "" },
    { "no capability", PHONE, 200, "{}", NULL, "", DIRECTORY_UNREACHABLE, "", "" },
    { "capability is a number", PHONE, 200, "{\"capability\":1}", NULL, "", DIRECTORY_UNREACHABLE,
      "", "" },
    { "unheard-of capability", PHONE, 200, "{\"capability\":\"magic\"}", NULL, "",
      DIRECTORY_UNREACHABLE, "", "" },
    { "negative ttl", PHONE, 200, "{\"capability\":\"none\",\"ttl_s\":-1}", NULL, "",
      DIRECTORY_UNREACHABLE, "", "" },
    { "ttl in words", PHONE, 200, "{\"capability\":\"none\",\"ttl_s\":\"60\"}", NULL, "",
      DIRECTORY_UNREACHABLE, "", "" },
    { "sealed without manifest", PHONE, 200, "{\"capability\":\"sealed\"}", NULL, "",
      DIRECTORY_UNREACHABLE, "", "" },
    { "manifest is no base64url", PHONE, 200, SEALED "+/==\"}", NULL, "", DIRECTORY_UNREACHABLE, "",
      "" },
    { "manifest is garbage", PHONE, 200, SEALED "Z2FyYmFnZQ\"}", NULL, "", DIRECTORY_UNREACHABLE,
      "", "" },
    { "forged manifest", BOB, 200, SEALED, &forged, "\"}", DIRECTORY_UNREACHABLE, "", "" },
    { "manifest of another handle", BOB, 200, SEALED, &of_eve, "\"}", DIRECTORY_UNREACHABLE, "",
      "" },
};

static void say(directory_fixture *f, size_t i)
{
    if (answers[i].manifest != NULL)
        say_manifest(f, answers[i].body, answers[i].manifest, answers[i].rest);
    else
        lying_peer_say(f->peer, answers[i].status, answers[i].body);
}

/* Asked twice: a good answer comes from the store the second time, and is the same. */
static void test_answers(void **state)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        print_message("           %s\n", answers[i].name);
        assert_int_equal(directory_fixture_open(state), 0);
        directory_fixture *f = *state;
        say(f, i);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(look_up(f, answers[i].handle, NOW_MS), answers[i].want);
            if (answers[i].want == DIRECTORY_OK) {
                check_paths(&f->entry, answers[i].paths);
                assert_bytes(f->entry.network, teal_text(answers[i].network));
            }
        }
        if (answers[i].want != DIRECTORY_UNREACHABLE)
            assert_int_equal(lying_peer_requests(f->peer), 1);
        directory_fixture_close(state);
    }
}

static void test_question(void **state)
{
    directory_fixture *f = *state;
    look_up(f, "sip:bob%40@rcs.example", NOW_MS);
    assert_string_equal(lying_peer_asked(f->peer),
                        "GET /v1/directory/sip:bob%2540@rcs.example HTTP/1.1");
    claim(f, PHONE, NOW_MS);
    assert_string_equal(lying_peer_asked(f->peer),
                        "POST /v1/directory/tel:+447700900123/claim HTTP/1.1");
}

static void test_ttl(void **state)
{
    directory_fixture *f = *state;
    say_manifest(f, SEALED, &bobs, "\",\"ttl_s\":60}");
    assert_true(asks(f, NOW_MS, DIRECTORY_OK));
    assert_int_equal(f->entry.ttl_ms, 60000);
    assert_false(asks(f, NOW_MS + 59999, DIRECTORY_OK));
    assert_int_equal(f->entry.ttl_ms, 1);
    assert_true(asks(f, NOW_MS + 60000, DIRECTORY_OK));
    directory_forget(f->directory, teal_text(BOB));
    say_manifest(f, SEALED, &bobs, "\",\"ttl_s\":99999999999}"); /* the gateway's own limit holds */
    assert_true(asks(f, NOW_MS, DIRECTORY_OK));
    assert_int_equal(f->entry.ttl_ms, 300000);
    directory_forget(f->directory, teal_text(BOB));
    lying_peer_say(f->peer, 404, ""); /* that there is no sealed path is not believed for long */
    assert_true(asks(f, NOW_MS, DIRECTORY_NONE));
    assert_false(asks(f, NOW_MS + 29999, DIRECTORY_NONE));
    assert_true(asks(f, NOW_MS + 30000, DIRECTORY_NONE));
}

static void test_changed_account_key(void **state)
{
    directory_fixture *f = *state;
    test_manifest other = bobs, next = bobs;
    other.account = 8;
    next.version = 2;
    say_manifest(f, SEALED, &bobs, "\"}");
    assert_true(asks(f, NOW_MS, DIRECTORY_OK));
    say_manifest(f, SEALED, &other, "\"}");
    assert_true(asks(f, NOW_MS + 300000, DIRECTORY_UNREACHABLE));
    directory_forget(f->directory, teal_text(BOB));
    assert_true(asks(f, NOW_MS + 300000, DIRECTORY_UNREACHABLE));
    say_manifest(f, "{\"prekeys\":[],\"manifest\":\"", &other, "\"}");
    assert_int_equal(claim(f, BOB, NOW_MS + 300000), DIRECTORY_UNREACHABLE);
    say_manifest(f, SEALED, &next, "\"}");
    assert_true(asks(f, NOW_MS + 300000, DIRECTORY_OK));
    assert_int_equal(f->entry.manifest.version, 2);
}

/* The owner has shown by other means that the change is theirs. */
static void test_pin_that_is_dropped(void **state)
{
    directory_fixture *f = *state;
    uint8_t key[TEAL_KEY_BYTES];
    test_manifest other = bobs;
    const teal_bytes bob = teal_text(BOB), ops = teal_text("ops");
    other.account = 8;
    assert_int_equal(directory_drop_pin(f->directory, bob, ops, key), STORE_NONE);
    say_manifest(f, SEALED, &bobs, "\"}");
    assert_true(asks(f, NOW_MS, DIRECTORY_OK));
    const uint8_t *first = f->entry.manifest.account_key;
    assert_int_equal(directory_drop_pin(f->directory, bob, ops, key), STORE_OK);
    assert_memory_equal(key, first, TEAL_KEY_BYTES);
    say_manifest(f, SEALED, &other, "\"}");
    assert_true(asks(f, NOW_MS, DIRECTORY_OK)); /* and what was remembered is gone */
    say_manifest(f, SEALED, &bobs, "\"}");
    assert_true(asks(f, NOW_MS + 300000, DIRECTORY_UNREACHABLE));
}

static void test_back_off(void **state)
{
    directory_fixture *f = *state;
    lying_peer_say(f->peer, 500, "");
    assert_true(asks(f, NOW_MS, DIRECTORY_UNREACHABLE));
    lying_peer_say(f->peer, 404, "");
    assert_false(asks(f, NOW_MS + 1999, DIRECTORY_UNREACHABLE));
    assert_int_equal(claim(f, PHONE, NOW_MS + 1999), DIRECTORY_UNREACHABLE);
    /* What the failing question itself took is on top, hence not 2000. */
    assert_true(asks(f, NOW_MS + 20000, DIRECTORY_NONE));
}

/* Longer after each failure, and no more than half a minute. */
static void test_back_off_grows(void **state)
{
    directory_fixture *f = *state;
    static const int64_t pauses_ms[] = { 2000, 4000, 8000, 16000, 30000, 30000 };
    int64_t now_ms = NOW_MS;
    lying_peer_say(f->peer, 500, "");
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        assert_true(asks(f, now_ms, DIRECTORY_UNREACHABLE));
        assert_false(asks(f, now_ms + pauses_ms[i] - 1, DIRECTORY_UNREACHABLE));
        now_ms += pauses_ms[i] + 1000; /* over what the question itself took */
    }
}

/* A lie about one handle is no reason to leave the others unasked. */
static void test_lies_do_not_back_off(void **state)
{
    directory_fixture *f = *state;
    lying_peer_say(f->peer, 200, "garbage");
    assert_true(asks(f, NOW_MS, DIRECTORY_UNREACHABLE));
    assert_true(asks(f, NOW_MS, DIRECTORY_UNREACHABLE));
}

static void test_clock_set_back(void **state)
{
    directory_fixture *f = *state;
    lying_peer_say(f->peer, 500, "");
    assert_true(asks(f, NOW_MS, DIRECTORY_UNREACHABLE));
    lying_peer_say(f->peer, 404, "");
    assert_true(asks(f, NOW_MS - 3600000, DIRECTORY_NONE));
}

static void test_stall(void **state)
{
    directory_fixture *f = *state;
    f->config.peer_timeout_ms = 200;
    lying_peer_say(f->peer, 0, "");
    assert_int_equal(look_up(f, BOB, NOW_MS), DIRECTORY_UNREACHABLE);
    lying_peer_await(f->peer, 1);
    assert_false(asks(f, NOW_MS, DIRECTORY_UNREACHABLE));
    lying_peer_say(f->peer, 404, "");
    assert_true(asks(f, NOW_MS + 20000, DIRECTORY_NONE));
}

static void test_unreachable(void **state)
{
    directory_fixture *f = *state;
    lying_peer_stop(&f->peer);
    assert_int_equal(look_up(f, PHONE, NOW_MS), DIRECTORY_UNREACHABLE);
    assert_int_equal(claim(f, BOB, NOW_MS + 20000), DIRECTORY_UNREACHABLE);
    f->peer = lying_peer_start();
}

typedef struct asker {
    const directory_fixture *f;
    const char *handle;
    directory_result result;
} asker;

static void *ask(void *arg)
{
    asker *a = arg;
    store *reader;
    directory_entry entry;
    teal_arena arena = { malloc(ARENA_BYTES), ARENA_BYTES, 0 };
    a->result = DIRECTORY_BROKEN;
    if (store_sqlite.open(folder_file(&a->f->where, "db"), false, &reader) == STORE_OK)
        a->result = directory_look_up(a->f->directory, reader, teal_text(a->handle), NOW_MS, &arena,
                                      &entry);
    store_sqlite.close(&reader);
    free(arena.base);
    return NULL;
}

static void test_two_at_a_time(void **state)
{
    directory_fixture *f = *state;
    asker askers[] = { { f, BOB, 0 }, { f, "sip:eve@rcs.example", 0 } };
    pthread_t threads[2];
    lying_peer_say(f->peer, 0, "");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    lying_peer_await(f->peer, 2);
    assert_int_equal(look_up(f, "sip:third@rcs.example", NOW_MS), DIRECTORY_UNREACHABLE);
    assert_int_equal(lying_peer_requests(f->peer), 2);
    lying_peer_say(f->peer, 200, "{\"capability\":\"plain\"}");
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].result, DIRECTORY_OK);
    }
    assert_int_equal(look_up(f, "sip:third@rcs.example", NOW_MS), DIRECTORY_OK);
}

/* Who comes while a network that failed is tried again is turned away at once. */
static void test_one_at_a_time_once_it_failed(void **state)
{
    directory_fixture *f = *state;
    asker first = { f, BOB, 0 };
    pthread_t thread;
    lying_peer_say(f->peer, 500, "");
    assert_int_equal(look_up(f, PHONE, NOW_MS - 60000), DIRECTORY_UNREACHABLE);
    lying_peer_say(f->peer, 0, "");
    assert_int_equal(pthread_create(&thread, NULL, ask, &first), 0);
    lying_peer_await(f->peer, 2);
    assert_int_equal(look_up(f, PHONE, NOW_MS), DIRECTORY_UNREACHABLE);
    assert_int_equal(lying_peer_requests(f->peer), 2);
    lying_peer_say(f->peer, 200, "{\"capability\":\"plain\"}");
    pthread_join(thread, NULL);
    assert_int_equal(first.result, DIRECTORY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        ON_DIRECTORY(test_question),
        ON_DIRECTORY(test_ttl),
        ON_DIRECTORY(test_changed_account_key),
        ON_DIRECTORY(test_pin_that_is_dropped),
        ON_DIRECTORY(test_back_off),
        ON_DIRECTORY(test_back_off_grows),
        ON_DIRECTORY(test_lies_do_not_back_off),
        ON_DIRECTORY(test_clock_set_back),
        ON_DIRECTORY(test_stall),
        ON_DIRECTORY(test_unreachable),
        ON_DIRECTORY(test_two_at_a_time),
        ON_DIRECTORY(test_one_at_a_time_once_it_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
