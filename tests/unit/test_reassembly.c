/* Long messages that come out of order, twice, half, mixed, or never. */
#include "codecs/sms/reassembly.h"
#include "codecs/sms/smpp.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SLOTS = 3, TIMEOUT_MS = 1000 };

static teal_reassembly_slot slots[SLOTS];
static uint8_t text[TEAL_REASSEMBLY_TEXT_BYTES];

/* One table and what the last add said of it. */
static teal_reassembly table;
static teal_writer got;
static teal_reassembly_state said;
static teal_reassembly_loss lost;
static teal_diag why;

static int set_up(void **state)
{
    (void)state;
    memset(slots, 0, sizeof slots);
    table = (teal_reassembly){ .slots = slots, .count = SLOTS, .timeout_ms = TIMEOUT_MS };
    return 0;
}

static teal_reassembly_part part(const char *source, uint16_t ref, uint8_t total, uint8_t seq,
                                 const char *octets)
{
    return (teal_reassembly_part){ .source = teal_text(source),
                                   .destination = teal_text("900"),
                                   .udh = { .concat = { ref, total, seq, false } },
                                   .data_coding = TEAL_CODING_GSM7,
                                   .octets = teal_text(octets) };
}

static teal_result add_part(teal_reassembly_part p, int64_t now_ms)
{
    uint8_t *copy = exact_copy(p.octets.at, p.octets.len);
    p.octets.at = copy;
    got = (teal_writer){ text, sizeof text, 0 };
    why = (teal_diag){ 0 };
    teal_result result = teal_reassembly_add(&table, &p, now_ms, &got, &said, &lost, &why);
    free(copy);
    return result;
}

static void add(const char *source, uint16_t ref, uint8_t total, uint8_t seq, const char *octets,
                int64_t now_ms)
{
    assert_int_equal(add_part(part(source, ref, total, seq, octets), now_ms), TEAL_OK);
}

#define EXPECT_WAITING()                                                                           \
    do {                                                                                           \
        assert_int_equal(said, TEAL_REASSEMBLY_WAITING);                                           \
        assert_int_equal(got.len, 0);                                                              \
        assert_int_equal(lost.have, 0);                                                            \
    } while (0)
#define EXPECT_TEXT(want)                                                                          \
    do {                                                                                           \
        assert_int_equal(said, TEAL_REASSEMBLY_COMPLETE);                                          \
        assert_true(teal_bytes_equal(teal_written(&got), teal_text(want)));                        \
    } while (0)

static void test_every_order(void **state)
{
    static const char *const pieces[4] = { "one ", "two ", "three ", "four" };
    for (unsigned order = 0; order < 256; order++) {
        uint8_t seqs[4] = { order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3 };
        unsigned seen = 0;
        set_up(state);
        for (unsigned i = 0; i < 4; i++) {
            bool again = seen >> seqs[i] & 1;
            seen |= 1U << seqs[i];
            add("1", 7, 4, (uint8_t)(seqs[i] + 1), pieces[seqs[i]], 0);
            if (again)
                assert_int_equal(said, TEAL_REASSEMBLY_DUPLICATE);
            else if (seen == 15)
                EXPECT_TEXT("one two three four");
            else
                EXPECT_WAITING();
        }
    }
}

static void test_single(void **state)
{
    (void)state;
    add("1", 0, 0, 0, "hi", 0);
    EXPECT_TEXT("hi");
    add("1", 7, 1, 1, "hi", 0);
    EXPECT_TEXT("hi");
    for (size_t i = 0; i < SLOTS; i++)
        assert_int_equal(slots[i].have, 0);
}

static void test_key(void **state)
{
    static const struct {
        const char *name;
        const char *source, *destination;
        uint16_t ref;
        uint8_t total;
        bool wide;
    } others[] = {
        { "source", "2", "900", 7, 2, false },     { "longer source", "11", "900", 7, 2, false },
        { "destination", "1", "90", 7, 2, false }, { "ref", "1", "900", 8, 2, false },
        { "total", "1", "900", 7, 3, false },      { "width of ref", "1", "900", 7, 2, true },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        print_message("%s\n", others[i].name);
        teal_reassembly_part p = part(others[i].source, others[i].ref, others[i].total, 2, "b");
        p.destination = teal_text(others[i].destination);
        p.udh.concat.wide = others[i].wide;
        set_up(state);
        table.count = 1; /* so that another key has to evict the first */
        add("1", 7, 2, 1, "a", 0);
        assert_int_equal(add_part(p, 1), TEAL_OK);
        assert_int_equal(said, TEAL_REASSEMBLY_WAITING);
        assert_int_equal(lost.have, 1);
        assert_int_equal(lost.key.ref, 7);
        assert_int_equal(lost.key.total, 2);
        assert_string_equal((const char *)lost.key.source, "1");
    }
}

static void test_retransmission_after_the_end(void **state)
{
    (void)state;
    add("1", 7, 2, 1, "a", 0);
    add("1", 7, 2, 2, "b", 0);
    EXPECT_TEXT("ab");
    add("1", 7, 2, 2, "b", 1);
    assert_int_equal(said, TEAL_REASSEMBLY_DUPLICATE);
    assert_int_equal(got.len, 0);
    assert_int_equal(lost.have, 0);
}

static void test_reused_reference(void **state)
{
    (void)state;
    add("1", 7, 3, 1, "a", 0);
    add("1", 7, 3, 2, "b", 0);
    add("1", 7, 3, 2, "B", 1); /* another message: never mix the two */
    assert_int_equal(said, TEAL_REASSEMBLY_WAITING);
    assert_int_equal(lost.have, 2);
    add("1", 7, 3, 3, "C", 2);
    EXPECT_WAITING();
    add("1", 7, 3, 1, "A", 3);
    EXPECT_TEXT("ABC");
    add("1", 7, 3, 1, "x", 4); /* after a complete one nothing is lost */
    EXPECT_WAITING();
}

static void test_timeout(void **state)
{
    (void)state;
    add("1", 7, 2, 1, "a", 0);
    add("2", 7, 2, 1, "a", 500);
    assert_false(teal_reassembly_expire(&table, TIMEOUT_MS - 1, &lost));
    assert_true(teal_reassembly_expire(&table, TIMEOUT_MS, &lost));
    assert_string_equal((const char *)lost.key.source, "1");
    assert_int_equal(lost.have, 1);
    assert_false(teal_reassembly_expire(&table, TIMEOUT_MS, &lost));
    assert_int_equal(lost.have, 0);
    add("2", 7, 2, 2, "b", TIMEOUT_MS + 499);
    EXPECT_TEXT("ab");
    /* complete ones leave without a word */
    add("3", 7, 2, 1, "a", TIMEOUT_MS + 600);
    assert_true(teal_reassembly_expire(&table, 3 * TIMEOUT_MS, &lost));
    assert_string_equal((const char *)lost.key.source, "3");
    assert_false(teal_reassembly_expire(&table, 3 * TIMEOUT_MS, &lost));
    for (size_t i = 0; i < SLOTS; i++)
        assert_int_equal(slots[i].have, 0);
}

static void test_late_part_starts_anew(void **state)
{
    (void)state;
    add("1", 7, 2, 1, "old", 0);
    add("1", 7, 2, 2, "new", TIMEOUT_MS); /* nobody called expire */
    assert_int_equal(said, TEAL_REASSEMBLY_WAITING);
    assert_int_equal(lost.have, 1);
    add("1", 7, 2, 1, "the ", TIMEOUT_MS + 1);
    EXPECT_TEXT("the new");
}

static void test_eviction(void **state)
{
    (void)state;
    add("1", 7, 2, 1, "a", 10);
    add("2", 7, 2, 1, "a", 5);
    add("3", 7, 2, 1, "a", 20);
    add("4", 7, 2, 1, "a", 30);
    assert_int_equal(said, TEAL_REASSEMBLY_WAITING);
    assert_int_equal(lost.have, 1);
    assert_string_equal((const char *)lost.key.source, "2"); /* the oldest, not the first */
    add("3", 7, 2, 2, "b", 40);
    EXPECT_TEXT("ab");
    add("5", 7, 2, 1, "a", 50); /* in place of the complete one */
    EXPECT_WAITING();
    add("1", 7, 2, 2, "b", 60);
    EXPECT_TEXT("ab");
}

static void test_joined_before_decoding(void **state)
{
    (void)state;
    teal_reassembly_part p = part("1", 7, 2, 1, "");
    p.data_coding = TEAL_CODING_UCS2;
    p.octets = (teal_bytes){ (const uint8_t *)"\0a\xD8\x3D", 4 };
    assert_int_equal(add_part(p, 0), TEAL_OK);
    p.udh.concat.seq = 2;
    p.octets = (teal_bytes){ (const uint8_t *)"\xDE\x00\0b", 4 };
    assert_int_equal(add_part(p, 0), TEAL_OK);
    EXPECT_TEXT("a😀b");
    add("2", 7, 2, 1, "a\x1B", 0);
    add("2", 7, 2, 2, "\x65 b", 0);
    EXPECT_TEXT("a€ b");
}

static void test_mixed_codings(void **state)
{
    (void)state;
    add("1", 7, 3, 1, "price: ", 0);
    add("1", 7, 3, 3, " \x02", 0);
    teal_reassembly_part p = part("1", 7, 3, 2, "");
    p.data_coding = TEAL_CODING_UCS2;
    p.octets = (teal_bytes){ (const uint8_t *)"\x20\xBD", 2 };
    assert_int_equal(add_part(p, 0), TEAL_OK);
    EXPECT_TEXT("price: ₽ $");
}

/* Each part has the alphabet of its own header: TS 23.040 §9.2.3.24.15, .16. */
static void test_mixed_shifts(void **state)
{
    (void)state;
    teal_reassembly_part p = part("1", 7, 3, 2, "\x04\x1B\x65");
    p.udh.shift.locking = TEAL_GSM7_TURKISH;
    add("1", 7, 3, 1, "\x04", 0);
    assert_int_equal(add_part(p, 0), TEAL_OK);
    p = part("1", 7, 3, 3, "\x04\x1B\x65\x1Bs");
    p.udh.shift.single = TEAL_GSM7_TURKISH;
    assert_int_equal(add_part(p, 0), TEAL_OK);
    EXPECT_TEXT("è€€è€ş");
    add("1", 8, 2, 1, "\x1B\x65\x1Bs", 0); /* in the default table no such letter: a plain s */
    p = part("1", 8, 2, 2, "\x1Bs");
    p.udh.shift.single = TEAL_GSM7_TURKISH;
    assert_int_equal(add_part(p, 0), TEAL_OK);
    EXPECT_TEXT("€sş");
}

/* The same octets in another alphabet are another text. */
static void test_shift_tells_parts_apart(void **state)
{
    (void)state;
    teal_reassembly_part p = part("1", 7, 2, 1, "\x04");
    assert_int_equal(add_part(p, 0), TEAL_OK);
    p.udh.shift.locking = TEAL_GSM7_TURKISH;
    assert_int_equal(add_part(p, 0), TEAL_OK);
    assert_int_equal(said, TEAL_REASSEMBLY_WAITING);
    assert_int_equal(lost.have, 1);
}

static void test_largest(void **state)
{
    (void)state;
    static char letters[TEAL_SEGMENT_MAX_OCTETS + 1]; /* U+0915 each: three octets of UTF-8 */
    memset(letters, 0x15, TEAL_SEGMENT_MAX_OCTETS);
    for (uint8_t seq = 1; seq <= TEAL_REASSEMBLY_PARTS; seq++) {
        teal_reassembly_part p =
            part("12345678901234567890", 65535, TEAL_REASSEMBLY_PARTS, seq, letters);
        p.udh.shift.locking = TEAL_GSM7_HINDI;
        assert_int_equal(add_part(p, 0), TEAL_OK);
    }
    assert_int_equal(said, TEAL_REASSEMBLY_COMPLETE);
    assert_int_equal(got.len, TEAL_REASSEMBLY_TEXT_BYTES);
}

static void refuse(const char *name, teal_reassembly_part p, teal_result want, const char *rule)
{
    print_message("%s\n", name);
    assert_int_equal(add_part(p, 0), want);
    assert_memory_equal(why.rule, rule, strlen(rule));
    EXPECT_WAITING();
    for (size_t i = 0; i < SLOTS; i++)
        assert_int_equal(slots[i].have, 0);
}

static void test_refusals(void **state)
{
    (void)state;
    static char long_part[TEAL_SEGMENT_MAX_OCTETS + 2];
    memset(long_part, 'a', sizeof long_part - 1);
    refuse("33 parts", part("1", 7, 33, 1, "a"), TEAL_LIMIT, "REQ-SMS-30 ");
    refuse("161 octets", part("1", 7, 2, 1, long_part), TEAL_LIMIT, "REQ-SMS-30 ");
    refuse("source of 21", part("123456789012345678901", 7, 2, 1, "a"), TEAL_LIMIT, "REQ-SMS-30 ");
    teal_reassembly_part to = part("1", 7, 2, 1, "a");
    to.destination = teal_text("123456789012345678901");
    refuse("destination of 21", to, TEAL_LIMIT, "REQ-SMS-30 ");
    refuse("seq 0", part("1", 7, 2, 0, "a"), TEAL_MALFORMED, "REQ-SMS-31 ");
    refuse("seq 3 of 2", part("1", 7, 2, 3, "a"), TEAL_MALFORMED, "REQ-SMS-31 ");
    refuse("no septet in a single", part("1", 0, 0, 0, "a\x80"), TEAL_MALFORMED, "REQ-SMS-3 ");
    teal_reassembly_part binary = part("1", 7, 2, 1, "a");
    binary.data_coding = 4;
    refuse("binary", binary, TEAL_UNSUPPORTED, "REQ-SMS-8 ");

    teal_reassembly_part p = part("1", 7, 2, 1, "a");
    teal_writer small = { text, TEAL_REASSEMBLY_TEXT_BYTES, 1 };
    assert_int_equal(teal_reassembly_add(&table, &p, 0, &small, &said, &lost, &why), TEAL_SPACE);
    assert_int_equal(small.len, 1);
    small.len = TEAL_REASSEMBLY_TEXT_BYTES + 1; /* full already, and more */
    assert_int_equal(teal_reassembly_add(&table, &p, 0, &small, &said, &lost, &why), TEAL_SPACE);
}

static void test_whole_is_not_of_its_coding(void **state)
{
    (void)state;
    add("1", 7, 2, 1, "a", 0);
    assert_int_equal(add_part(part("1", 7, 2, 2, "\x80"), 0), TEAL_MALFORMED);
    assert_memory_equal(why.rule, "REQ-SMS-3 ", 10);
    EXPECT_WAITING();
    for (size_t i = 0; i < SLOTS; i++)
        assert_int_equal(slots[i].have, 0);

    add("1", 7, 2, 1, "\x80", 0); /* nor is the first of two codings */
    teal_reassembly_part last = part("1", 7, 2, 2, "ab");
    last.data_coding = TEAL_CODING_UCS2;
    assert_int_equal(add_part(last, 0), TEAL_MALFORMED);
    EXPECT_WAITING();
}

static void test_keeps_no_text(void **state)
{
    (void)state;
    add("1", 7, 2, 1, "SECRET", 0);
    assert_non_null(memmem(slots, sizeof slots, "SECRET", 6));
    add("1", 7, 2, 2, "SECRET", 0);
    EXPECT_TEXT("SECRETSECRET");
    assert_null(memmem(slots, sizeof slots, "SECRET", 6));
    add("2", 7, 2, 1, "SECRET", 0);
    assert_true(teal_reassembly_expire(&table, TIMEOUT_MS, &lost));
    assert_null(memmem(slots, sizeof slots, "SECRET", 6));
}

/* Nobody without the key can make a part that is taken for another one. */
static void test_digests_are_keyed(void **state)
{
    (void)state;
    uint8_t digests[2][sizeof slots[0].pieces[0].digest];
    for (uint8_t key = 0; key < 2; key++) {
        memset(slots, 0, sizeof slots);
        table.digest_key[0] = key;
        add("100", 1, 2, 1, "a", 0);
        memcpy(digests[key], slots[0].pieces[0].digest, sizeof digests[key]);
        add("100", 1, 2, 1, "a", 0);
        assert_int_equal(said, TEAL_REASSEMBLY_DUPLICATE);
    }
    assert_memory_not_equal(digests[0], digests[1], sizeof digests[0]);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_every_order),
        TEST(test_single),
        TEST(test_key),
        TEST(test_retransmission_after_the_end),
        TEST(test_reused_reference),
        TEST(test_timeout),
        TEST(test_late_part_starts_anew),
        TEST(test_eviction),
        TEST(test_joined_before_decoding),
        TEST(test_mixed_codings),
        TEST(test_mixed_shifts),
        TEST(test_shift_tells_parts_apart),
        TEST(test_largest),
        TEST(test_refusals),
        TEST(test_whole_is_not_of_its_coding),
        TEST(test_keeps_no_text),
        TEST(test_digests_are_keyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
