/* Safety numbers: the construction's published vector, which has other keys and identifiers, and
 * that nothing of either side can change without being seen. */
#include "gateway/client/safety_number.h"

#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

/* libsignal, NumericFingerprintGenerator's test, version 1: Curve25519 keys with their type. */
#define ALICE_KEY "0506863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868"
#define BOB_KEY   "05f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b"
#define NUMBER    "30035 44776 92869 39689 28698 76765 45825 75691 62576 84344 09180 79131"

static uint8_t alice_room[33], bob_room[33];
static safety_party alice, bob;

static int set_up(void **state)
{
    (void)state;
    alice = (safety_party){ test_hex(ALICE_KEY, alice_room, sizeof alice_room),
                            teal_text("+14152222222") };
    bob = (safety_party){ test_hex(BOB_KEY, bob_room, sizeof bob_room), teal_text("+14153333333") };
    return sodium_init() < 0;
}

static void test_published_vector(void **state)
{
    (void)state;
    char number[SAFETY_NUMBER_BYTES];
    safety_number(&alice, &bob, number);
    assert_string_equal(number, NUMBER);
    safety_number(&bob, &alice, number);
    assert_string_equal(number, NUMBER);
}

static void test_whatever_changes_is_seen(void **state)
{
    (void)state;
    char number[SAFETY_NUMBER_BYTES];
    bob_room[32] ^= 1;
    safety_number(&alice, &bob, number);
    assert_string_not_equal(number, NUMBER);
    bob_room[32] ^= 1;
    bob.handle = teal_text("+14153333334");
    safety_number(&alice, &bob, number);
    assert_string_not_equal(number, NUMBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_published_vector, set_up),
        cmocka_unit_test_setup(test_whatever_changes_is_seen, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
