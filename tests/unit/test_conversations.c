/* Which conversation a message goes on with, on every device of an account. REQ-DEV-11. */
#include "gateway/client/conversations.h"

#include "codecs/native/conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ME  "im:me@native.example"
#define BOB "sip:bob@rcs.example"

static keychain k;
static uint8_t memory[1 << 16];
static teal_arena arena;

static int set_up(void **state)
{
    (void)state;
    k = (keychain){ .state = json_object() };
    arena = (teal_arena){ memory, sizeof memory, 0 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(k.state);
    return 0;
}

static void learn(const char *from, const char *to, teal_bytes id)
{
    const teal_bytes recipient = teal_text(to);
    const teal_envelope e = { .sender = teal_text(from),
                              .recipients = &recipient,
                              .n_recipients = 1,
                              .conversation_id = id };
    conversations_learn(&k, &e);
}

static void expect(const char *from, const char *to, teal_bytes id)
{
    const teal_bytes recipient = teal_text(to);
    teal_bytes found = conversations_find(&k, teal_text(from), &recipient, 1, &arena);
    assert_true(teal_bytes_equal(found, id));
}

static teal_bytes derived(const char *one, const char *other)
{
    static uint8_t id[TEAL_HASH_BYTES];
    const teal_bytes participants[] = { teal_text(one), teal_text(other) };
    teal_conversation_of(participants, 2, id);
    return (teal_bytes){ id, sizeof id };
}

static void test_what_others_chose_goes_on(void **state)
{
    (void)state;
    expect(ME, BOB, derived(ME, BOB));
    learn(BOB, ME, teal_text("bob's choice"));
    expect(ME, BOB, teal_text("bob's choice"));
    expect(BOB, ME, teal_text("bob's choice"));
    learn(ME, BOB, teal_text("begun anew on another device"));
    expect(ME, BOB, teal_text("begun anew on another device"));
    expect(ME, "im:else@native.example", derived(ME, "im:else@native.example"));
}

static void test_the_derived_id_needs_no_memory(void **state)
{
    (void)state;
    learn(BOB, ME, teal_text("bob's choice"));
    learn(BOB, ME, derived(BOB, ME));
    expect(ME, BOB, derived(ME, BOB));
    assert_int_equal(json_array_size(json_object_get(k.state, "conversations")), 0);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    char other[64];
    for (int i = 0; i <= CONVERSATIONS_MAX; i++) {
        snprintf(other, sizeof other, "im:a%d@native.example", i);
        learn(other, ME, teal_text(other));
        learn("im:a0@native.example", ME, teal_text("used all the time"));
    }
    assert_int_equal(json_array_size(json_object_get(k.state, "conversations")), CONVERSATIONS_MAX);
    expect(ME, "im:a0@native.example", teal_text("used all the time"));
    expect(ME, "im:a1@native.example", derived(ME, "im:a1@native.example"));
    expect(ME, other, teal_text(other));
}

#define ON_STATE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STATE(test_what_others_chose_goes_on),
        ON_STATE(test_the_derived_id_needs_no_memory),
        ON_STATE(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
