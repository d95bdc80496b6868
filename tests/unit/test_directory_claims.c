/* Which prekeys the directory takes from a peer, and that it hands out its own once. REQ-DIR-23,
 * -24, REQ-PRE-1. */
#include "tests/support/devices.h"
#include "tests/support/directory_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct handed_out {
    uint64_t device, signer; /* device 0: ends the list */
} handed_out;

static const struct {
    const char *name;
    const test_manifest *manifest;
    handed_out prekeys[4];
    directory_result want;
} claims[] = {
    { "one for each device", &bobs, { { 7, 7 }, { 8, 8 } }, DIRECTORY_OK },
    { "one device has none", &bobs, { { 8, 8 } }, DIRECTORY_OK },
    { "nobody has any", &bobs, { { 0, 0 } }, DIRECTORY_OK },
    { "two for one device", &bobs, { { 7, 7 }, { 7, 7 } }, DIRECTORY_UNREACHABLE },
    { "more than devices", &bobs, { { 7, 7 }, { 8, 8 }, { 7, 7 } }, DIRECTORY_UNREACHABLE },
    { "signed by the other device", &bobs, { { 7, 7 }, { 8, 7 } }, DIRECTORY_UNREACHABLE },
    { "a device that is not in the manifest", &bobs, { { 9, 9 } }, DIRECTORY_UNREACHABLE },
    { "forged manifest", &forged, { { 7, 7 } }, DIRECTORY_UNREACHABLE },
    { "manifest of another handle", &of_eve, { { 7, 7 } }, DIRECTORY_UNREACHABLE },
};

static void say_claim(directory_fixture *f, const test_manifest *t, const handed_out *prekeys)
{
    char list[8192] = "{\"prekeys\":[";
    for (const handed_out *h = prekeys; h->device != 0; h++) {
        char hex[2 * TEAL_DEVICE_BYTES + 1];
        uint8_t room[256];
        teal_writer w = { room, sizeof room, 0 };
        teal_prekey prekey = test_prekey_signed(h->device, 5, h->signer);
        assert_int_equal(teal_prekey_encode(&prekey, &w), TEAL_OK);
        sodium_bin2hex(hex, sizeof hex, test_device_of(h->device).id, TEAL_DEVICE_BYTES);
        size_t len = strlen(list);
        snprintf(list + len, sizeof list - len, "%s{\"device\":\"%s\",\"prekey\":\"%s\"}",
                 h > prekeys ? "," : "", hex, base64url(teal_written(&w)));
    }
    strcat(list, "],\"manifest\":\"");
    say_manifest(f, list, t, "\"}");
}

static void test_claims(void **state)
{
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        print_message("           %s\n", claims[i].name);
        assert_int_equal(directory_fixture_open(state), 0);
        directory_fixture *f = *state;
        size_t want = 0;
        say_claim(f, claims[i].manifest, claims[i].prekeys);
        assert_int_equal(claim(f, BOB, NOW_MS), claims[i].want);
        while (claims[i].want == DIRECTORY_OK && claims[i].prekeys[want].device != 0)
            want++;
        assert_int_equal(f->n_prekeys, want);
        for (size_t k = 0; k < want; k++)
            assert_memory_equal(f->prekeys[k].device,
                                test_device_of(claims[i].prekeys[k].device).id, TEAL_DEVICE_BYTES);
        if (claims[i].want == DIRECTORY_OK) {
            check_paths(&f->entry, "r");
            assert_false(asks(f, NOW_MS, DIRECTORY_OK)); /* what a claim said is remembered */
        }
        directory_fixture_close(state);
    }
}

static void test_claim_of_what_is_not_sealed(void **state)
{
    directory_fixture *f = *state;
    say_manifest(f, SEALED, &bobs, "\"}");
    assert_true(asks(f, NOW_MS, DIRECTORY_OK));
    lying_peer_say(f->peer, 404, "");
    assert_int_equal(claim(f, BOB, NOW_MS), DIRECTORY_NONE);
    assert_int_equal(f->n_prekeys, 0);
    assert_true(asks(f, NOW_MS, DIRECTORY_NONE)); /* and what it said before is forgotten */
    lying_peer_say(f->peer, 200, "{\"manifest\":\"\",\"prekeys\":[]}");
    assert_int_equal(claim(f, BOB, NOW_MS), DIRECTORY_UNREACHABLE);
    lying_peer_say(f->peer, 200, "{}");
    assert_int_equal(claim(f, BOB, NOW_MS), DIRECTORY_UNREACHABLE);
}

/* ---- many at once ---- */

enum { CLAIMERS = 8, CLAIMS = 20, ONE_TIME = CLAIMERS * CLAIMS - 10 };
#define ALICE "im:alice@n.example"

typedef struct claimer {
    directory_fixture *f;
    store *reader;
    pthread_t thread;
    uint32_t ids[CLAIMS];
    bool failed;
} claimer;

static void *claim_many(void *arg)
{
    claimer *c = arg;
    teal_arena arena = { malloc(ARENA_BYTES), ARENA_BYTES, 0 };
    for (size_t i = 0; i < CLAIMS; i++) {
        directory_entry entry;
        directory_prekey out[TEAL_MAX_DEVICES];
        teal_prekey prekey = { .id = UINT32_MAX };
        size_t n = 0;
        arena.used = 0;
        c->failed |= directory_claim(c->f->directory, c->reader, teal_text(ALICE), false, NOW_MS,
                                     &arena, &entry, out, &n) != DIRECTORY_OK ||
                     n != 1 || teal_prekey_decode(out[0].encoded, &prekey, NULL) != TEAL_OK;
        c->ids[i] = prekey.id;
    }
    free(arena.base);
    return NULL;
}

static void publish(directory_fixture *f)
{
    static teal_prekey prekeys[ONE_TIME + 1];
    static uint8_t room[64 << 10];
    uint8_t id[TEAL_DEVICE_BYTES];
    directory_refusal why;
    store_prekeys_left left;
    const test_manifest t = { .account = 1, .version = 1, .handles = { ALICE }, .devices = { 1 } };
    assert_int_equal(directory_put_manifest(f->directory, teal_text(ALICE),
                                            test_manifest_encode(&t, &f->arena, NULL), NOW_MS,
                                            &f->arena, &why),
                     PUT_NEW);
    for (uint32_t i = 0; i <= ONE_TIME; i++)
        prekeys[i] = test_prekey_signed(1, i, 1);
    teal_prekeys upload = { .prekeys = prekeys, .n_prekeys = ONE_TIME + 1 };
    memcpy(upload.device, test_device_of(1).id, TEAL_DEVICE_BYTES);
    teal_writer w = { room, sizeof room, 0 };
    assert_int_equal(teal_prekeys_encode(&upload, &w), TEAL_OK);
    assert_int_equal(directory_put_prekeys(f->directory, f->reader, teal_text(ALICE),
                                           teal_written(&w), &f->arena, id, &left, &why),
                     PUT_NEXT);
}

/* Eight that race get each one-time prekey once; the last ones get the last resort. */
static void test_racing_claims(void **state)
{
    directory_fixture *f = *state;
    claimer claimers[CLAIMERS] = { 0 };
    size_t times[ONE_TIME + 1] = { 0 };
    publish(f);
    for (size_t i = 0; i < CLAIMERS; i++) {
        claimers[i].f = f;
        assert_int_equal(
            store_sqlite.open(folder_file(&f->where, "db"), false, &claimers[i].reader), STORE_OK);
    }
    for (size_t i = 0; i < CLAIMERS; i++)
        assert_int_equal(pthread_create(&claimers[i].thread, NULL, claim_many, &claimers[i]), 0);
    for (size_t i = 0; i < CLAIMERS; i++) {
        pthread_join(claimers[i].thread, NULL);
        store_sqlite.close(&claimers[i].reader);
        assert_false(claimers[i].failed);
        for (size_t k = 0; k < CLAIMS; k++) {
            assert_in_range(claimers[i].ids[k], 0, ONE_TIME);
            times[claimers[i].ids[k]]++;
        }
    }
    for (size_t id = 1; id <= ONE_TIME; id++)
        assert_int_equal(times[id], 1);
    assert_int_equal(times[0], CLAIMERS * CLAIMS - ONE_TIME);
}

/* One-time prekeys are spared where the last resort does. */
static void test_spared_claims(void **state)
{
    directory_fixture *f = *state;
    teal_prekey got;
    publish(f);
    assert_int_equal(directory_claim(f->directory, f->reader, teal_text(ALICE), true, NOW_MS,
                                     &f->arena, &f->entry, f->prekeys, &f->n_prekeys),
                     DIRECTORY_OK);
    assert_int_equal(f->n_prekeys, 1);
    assert_int_equal(teal_prekey_decode(f->prekeys[0].encoded, &got, NULL), TEAL_OK);
    assert_int_equal(got.id, 0);
    assert_int_equal(claim(f, ALICE, NOW_MS), DIRECTORY_OK);
    assert_int_equal(teal_prekey_decode(f->prekeys[0].encoded, &got, NULL), TEAL_OK);
    assert_int_equal(got.id, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims),
        ON_DIRECTORY(test_claim_of_what_is_not_sealed),
        ON_DIRECTORY(test_racing_claims),
        ON_DIRECTORY(test_spared_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
