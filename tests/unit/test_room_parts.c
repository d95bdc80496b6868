/* Parts of the room by themselves: notices, pins, verified manifests, remote ids, the vault. */
#include "gateway/plaintext/notices.h"
#include "gateway/plaintext/pins.h"
#include "gateway/plaintext/remote_ids.h"
#include "gateway/plaintext/vault.h"
#include "gateway/plaintext/verified.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/envelopes.h"

enum { ARENA_BYTES = 64 << 10 };

/* An edge's end that reads when the test wants. */
typedef struct ear {
    int fds[2];
    uint8_t buf[CHANNEL_MAX_FRAME], memory[ARENA_BYTES];
    teal_arena arena;
    notices notices;
} ear;

static int set_up(void **state)
{
    ear *e = calloc(1, sizeof *e);
    assert_true(channel_pair(e->fds));
    e->arena = (teal_arena){ e->memory, sizeof e->memory, 0 };
    notices_open(&e->notices, e->fds[1]);
    *state = e;
    return 0;
}

static int tear_down(void **state)
{
    ear *e = *state;
    notices_close(&e->notices);
    close(e->fds[0]);
    close(e->fds[1]);
    free(e);
    return 0;
}

static Teal__V1__RoomFrame leaving_of(Teal__V1__Leaving *leaving, uint64_t ref)
{
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    *leaving = (Teal__V1__Leaving)TEAL__V1__LEAVING__INIT;
    leaving->ref = ref;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_LEAVING;
    frame.leaving = leaving;
    return frame;
}

static void put(ear *e, notice *n, uint64_t ref)
{
    Teal__V1__Leaving leaving;
    Teal__V1__RoomFrame frame = leaving_of(&leaving, ref);
    notices_put(&e->notices, n, &frame);
}

static void tell(ear *e, uint64_t ref)
{
    Teal__V1__Leaving leaving;
    Teal__V1__RoomFrame frame = leaving_of(&leaving, ref);
    notices_tell(&e->notices, &frame);
}

static void again(ear *e, uint64_t ref)
{
    Teal__V1__Leaving leaving;
    Teal__V1__RoomFrame frame = leaving_of(&leaving, ref);
    notices_again(&e->notices, &frame);
}

/* 0: nothing is there. */
static uint64_t hear(ear *e)
{
    Teal__V1__RoomFrame *frame = NULL;
    assert_true(notices_flush(&e->notices));
    if (channel_receive(e->fds[0], 0, e->buf, &e->arena, &frame) == 0)
        return 0;
    assert_int_equal(frame->frame_case, TEAL__V1__ROOM_FRAME__FRAME_LEAVING);
    return frame->leaving->ref;
}

static void assert_hears(ear *e, const uint64_t *refs)
{
    for (; *refs != 0; refs++)
        assert_int_equal(hear(e), *refs);
    assert_int_equal(hear(e), 0);
}

#define HEARS(e, ...) assert_hears(e, (const uint64_t[]){ __VA_ARGS__, 0 })

static void notices_are_said_until_dropped(void **state)
{
    ear *e = *state;
    notice a = { 0 }, b = { 0 }, c = { 0 };
    put(e, &a, 1);
    tell(e, 2);
    put(e, &b, 3);
    HEARS(e, 1, 2, 3);
    put(e, &c, 4); /* unsaid when the edge starts anew */
    again(e, 100);
    HEARS(e, 100, 1, 3, 4);
    notices_repeat(&e->notices, &a);
    put(e, &b, 5); /* in place of 3 */
    HEARS(e, 1, 5);
    notices_drop(&e->notices, &a);
    notices_drop(&e->notices, &a);
    notices_repeat(&e->notices, &a);
    again(e, 100);
    again(e, 101);
    HEARS(e, 101, 100, 4, 5);
    notices_drop(&e->notices, &b);
    notices_drop(&e->notices, &c);
}

/* An edge that does not read costs no more than what the room remembers anyway, and never blocks
 * it; nothing is lost when it reads again. */
static void an_edge_that_does_not_listen(void **state)
{
    enum { MANY = 20000 };
    ear *e = *state;
    notice *many = calloc(MANY, sizeof *many);
    for (size_t i = 0; i < MANY; i++) {
        put(e, &many[i], i + 1);
        assert_true(notices_flush(&e->notices));
    }
    assert_true(notices_wait(&e->notices));
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(hear(e), i + 1);
    assert_false(notices_wait(&e->notices));
    for (size_t i = 0; i < MANY; i++)
        notices_drop(&e->notices, &many[i]);
    free(many);
    for (size_t i = 0; i < 2 * NOTICES_MAX_ONCE; i++)
        tell(e, i + 1);
    for (size_t i = 0; i < NOTICES_MAX_ONCE; i++)
        assert_int_equal(hear(e), i + 1);
    assert_int_equal(hear(e), 0);
}

static void an_edge_that_is_gone(void **state)
{
    ear *e = *state;
    close(e->fds[0]);
    e->fds[0] = -1;
    tell(e, 1);
    assert_false(notices_flush(&e->notices));
}

static void pins_hold(void **state)
{
    (void)state;
    static const uint8_t one[TEAL_KEY_BYTES] = { 1 }, two[TEAL_KEY_BYTES] = { 2 };
    pins *p = pins_open(3);
    teal_bytes handles[] = { teal_text("im:a@x.example"), teal_text("im:b@x.example"),
                             teal_text("im:c@x.example"), teal_text("im:d@x.example") };
    for (int i = 0; i < 4; i++) {
        assert_true(pins_allow(p, handles[i], two));
        pins_put(p, handles[i], one);
        pins_put(p, handles[i], two); /* the first counts */
    }
    for (int i = 0; i < 3; i++)
        assert_true(pins_allow(p, handles[i], one) && !pins_allow(p, handles[i], two));
    assert_true(pins_allow(p, handles[3], two)); /* full: unknown, and nobody was pushed out */
    pins_close(&p);
}

static void only_the_same_manifest_is_verified(void **state)
{
    (void)state;
    uint8_t memory[ARENA_BYTES], buf[4096];
    teal_arena arena = { memory, sizeof memory, 0 };
    teal_bytes handle = teal_text("im:a@x.example");
    teal_manifest m = test_manifest(&handle, 1, 1, 10, 2, &arena);
    teal_writer w = { buf, sizeof buf, 0 };
    teal_diag why;
    verified *v = verified_open();
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(verified_manifest(v, teal_written(&w), &m, &why), TEAL_OK);
    for (size_t i = 0; i < w.len; i++) {
        teal_manifest changed;
        buf[i] ^= 1;
        if (teal_manifest_decode(teal_written(&w), &arena, &changed, &why) == TEAL_OK)
            assert_int_equal(verified_manifest(v, teal_written(&w), &changed, &why), TEAL_FORGED);
        buf[i] ^= 1;
        arena.used = sizeof memory / 2; /* what the manifest itself points to is below */
    }
    verified_close(&v);
}

static void remote_ids_compare(void **state)
{
    (void)state;
    static const struct {
        const char *in, *normal, *hex, *decimal; /* NULL: it is not such a number */
    } rows[] = {
        { "1000", "1000", "3e8", "4096" },
        { "003E8", "3e8", NULL, "1000" },
        { "000", "0", "0", "0" },
        { "", "", NULL, NULL },
        { "Ab-9", "ab-9", NULL, NULL },
        { "18446744073709551615", "18446744073709551615", "ffffffffffffffff", NULL },
        { "18446744073709551616", "18446744073709551616", NULL, NULL },
        { "FFFFFFFFFFFFFFFF", "ffffffffffffffff", NULL, "18446744073709551615" },
        { "10000000000000000", "10000000000000000", "2386f26fc10000", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        remote_id id = remote_id_of(teal_text(rows[i].in)), hex, decimal;
        bool is_decimal = remote_id_to_hex(&id, &hex);
        bool is_hex = remote_id_to_decimal(&id, &decimal);
        if (strcmp(id.at, rows[i].normal) != 0 || id.len != strlen(rows[i].normal) ||
            is_decimal != (rows[i].hex != NULL) || is_hex != (rows[i].decimal != NULL) ||
            (is_decimal && strcmp(hex.at, rows[i].hex) != 0) ||
            (is_hex && strcmp(decimal.at, rows[i].decimal) != 0))
            fail_msg("\"%s\"", rows[i].in);
    }
    uint8_t longest[TEAL_SMPP_MAX_MESSAGE_ID + 1];
    memset(longest, '9', sizeof longest);
    assert_int_equal(remote_id_of((teal_bytes){ longest, 64 }).len, 64);
    assert_int_equal(remote_id_of((teal_bytes){ longest, 65 }).len, 0);
}

static void the_vault_hands_out_clean_blocks(void **state)
{
    (void)state;
    enum { BLOCKS = 3, BYTES = 100 };
    static const uint8_t zeros[BYTES];
    vault *v = vault_open(BLOCKS, BYTES);
    uint8_t *blocks[BLOCKS];
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = vault_take(v);
            assert_memory_equal(blocks[i], zeros, BYTES);
            memset(blocks[i], 0xAA, BYTES);
        }
        assert_null(vault_take(v));
        assert_int_equal(vault_left(v), 0);
        for (int i = 0; i < BLOCKS; i++)
            vault_give_back(v, blocks[i]);
        vault_give_back(v, NULL);
        assert_int_equal(vault_left(v), BLOCKS);
    }
    vault_close(&v);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(notices_are_said_until_dropped),
        TEST(an_edge_that_does_not_listen),
        TEST(an_edge_that_is_gone),
        cmocka_unit_test(pins_hold),
        cmocka_unit_test(only_the_same_manifest_is_verified),
        cmocka_unit_test(remote_ids_compare),
        cmocka_unit_test(the_vault_hands_out_clean_blocks),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
