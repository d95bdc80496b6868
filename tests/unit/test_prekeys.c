/* Forward secrecy: who seizes a device, with its passphrase and all that is in its memory, cannot
 * open what it has opened before. REQ-PRE-5, -6. */
#include "gateway/client/prekeys.h"

#include "codecs/native/seal.h"
#include "gateway/client/account.h"
#include "tests/support/devices.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define NOW_MS INT64_C(1764000000000)
#define TEXT   "What nobody may read once it was read."

enum { PREKEY = 7, CONTENT_BYTES = 512 };

static folder home;
static keychain *owner; /* in a transaction */

static int set_up(void **state)
{
    (void)state;
    home = folder_make();
    if (keychain_make(home.path, teal_text("right"), &owner) != OUTCOME_OK)
        return 1;
    account_make(owner, "laptop", NOW_MS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keychain_close(&owner);
    folder_remove(&home);
    return 0;
}

/* ---- a recorded message ---------------------------------------------------------------------- */

typedef struct recorded {
    teal_envelope envelope;
    teal_bytes recipient;
    teal_wrapped_key key;
    uint8_t ciphertext[CONTENT_BYTES];
} recorded;

/* Sealed to the prekey whose private part is sk, as it crossed the network. */
static void record(recorded *r, uint32_t prekey_id, const uint8_t *sk)
{
    uint8_t message_key[32], eph[32];
    teal_seal_to to = { .prekey_id = prekey_id };
    const teal_bytes text = teal_text(TEXT);
    account_device(owner, to.device);
    crypto_scalarmult_base(to.prekey, sk);
    randombytes_buf(message_key, sizeof message_key);
    randombytes_buf(eph, sizeof eph);
    assert_in_range(teal_seal_ciphertext_len(text.len), 1, sizeof r->ciphertext);
    r->recipient = teal_text("im:alice@native.example");
    r->envelope = (teal_envelope){ .suite = TEAL_SUITE_SEALED,
                                   .message_id = teal_text("id"),
                                   .conversation_id = teal_text("c"),
                                   .sender = teal_text("im:noor@native.example"),
                                   .recipients = &r->recipient,
                                   .n_recipients = 1,
                                   .kind = TEAL_KIND_MESSAGE };
    assert_int_equal(
        teal_seal(&r->envelope, text, &to, 1, message_key, eph, &r->key, r->ciphertext), TEAL_OK);
}

static bool opens(keychain *k, const recorded *r)
{
    uint8_t content[CONTENT_BYTES];
    size_t len = 0;
    const char *wrong = prekeys_open(k, &r->envelope, content, &len);
    if (wrong == NULL)
        assert_memory_equal(content, TEXT, strlen(TEXT));
    return wrong == NULL;
}

/* ---- what was seized ------------------------------------------------------------------------- */

/* Any 32 octets of its secrets in a row may be a key, whatever they were left there for. */
static bool secrets_open(const keychain *k, const recorded *r)
{
    const uint8_t *at = (const uint8_t *)k->secrets;
    bool found = false;
    for (size_t i = 0; !found && i + TEAL_KEY_BYTES <= sizeof *k->secrets; i += 4) {
        uint8_t pk[TEAL_KEY_BYTES], content[CONTENT_BYTES];
        size_t len;
        if (sodium_is_zero(&at[i], TEAL_KEY_BYTES))
            continue;
        crypto_scalarmult_base(pk, &at[i]);
        found = teal_open(&r->envelope, &r->key, pk, &at[i], content, &len, NULL) == TEAL_OK;
    }
    return found;
}

/* By whoever has the running process, the file and the passphrase. */
static bool seizure_opens(const recorded *r)
{
    keychain *seized;
    assert_int_equal(keychain_open(home.path, teal_text("right"), &seized), OUTCOME_OK);
    bool found = secrets_open(owner, r) || secrets_open(seized, r) || opens(seized, r);
    keychain_close(&seized);
    return found;
}

static void commit(void)
{
    assert_int_equal(keychain_commit(owner), OUTCOME_OK);
}

static void begin(void)
{
    assert_int_equal(keychain_begin(owner), OUTCOME_OK);
}

static void test_one_time_prekey(void **state)
{
    (void)state;
    recorded r;
    keychain_secrets *s = owner->secrets;
    for (uint32_t i = 0; i < 3; i++) {
        s->one_time[i].id = PREKEY - 1 + i;
        randombytes_buf(s->one_time[i].sk, sizeof s->one_time[i].sk);
    }
    s->n_one_time = 3;
    record(&r, PREKEY, s->one_time[1].sk);
    commit();
    assert_true(seizure_opens(&r)); /* before it was read */

    begin();
    assert_true(opens(owner, &r));
    assert_int_equal(s->n_one_time, 2);
    assert_false(opens(owner, &r));
    commit();
    assert_false(seizure_opens(&r));
}

static void renew(int64_t now_ms)
{
    teal_prekey prekey;
    begin();
    prekeys_last_resort(owner, now_ms, &prekey);
    prekeys_published(owner, now_ms);
    commit();
}

static void test_last_resort(void **state)
{
    (void)state;
    recorded r;
    commit();
    renew(NOW_MS);
    record(&r, 0, owner->secrets->last_resort[0]);
    begin();
    assert_true(opens(owner, &r));
    commit();
    renew(NOW_MS + 8 * DAY_MS);
    assert_true(seizure_opens(&r)); /* others like it may be on their way */
    renew(NOW_MS + 16 * DAY_MS);
    assert_false(seizure_opens(&r));
}

/* ---- when ------------------------------------------------------------------------------------ */

static bool same_key(const teal_prekey *a, const teal_prekey *b)
{
    return memcmp(a->key, b->key, TEAL_KEY_BYTES) == 0;
}

static void test_last_resort_lives_for_a_week(void **state)
{
    (void)state;
    teal_prekey first, young, next;
    prekeys_last_resort(owner, NOW_MS, &first);
    assert_int_equal(first.id, 0);
    prekeys_published(owner, NOW_MS + DAY_MS); /* the gateway was away for a day */
    prekeys_last_resort(owner, NOW_MS + 8 * DAY_MS, &young);
    assert_true(same_key(&first, &young));
    prekeys_last_resort(owner, NOW_MS + 8 * DAY_MS + 1, &next);
    assert_false(same_key(&first, &next));
    assert_int_equal(owner->secrets->n_last_resort, 2);
}

/* The gateway hands out the first for as long as it does not have the second: a third must not push
 * it out. */
static void test_what_waits_is_not_pushed_out(void **state)
{
    (void)state;
    teal_prekey first, second, third;
    recorded r;
    prekeys_last_resort(owner, NOW_MS, &first);
    prekeys_published(owner, NOW_MS);
    record(&r, 0, owner->secrets->last_resort[0]);
    prekeys_last_resort(owner, NOW_MS + 8 * DAY_MS, &second);
    for (int64_t days = 9; days < 40; days += 8) {
        prekeys_last_resort(owner, NOW_MS + days * DAY_MS, &third);
        assert_true(same_key(&second, &third));
    }
    assert_true(opens(owner, &r));
    prekeys_published(owner, NOW_MS + 40 * DAY_MS);
    prekeys_last_resort(owner, NOW_MS + 46 * DAY_MS, &third);
    assert_true(same_key(&second, &third));
    prekeys_last_resort(owner, NOW_MS + 48 * DAY_MS, &third);
    assert_false(same_key(&second, &third));
    assert_false(opens(owner, &r));
}

#define OF_OWNER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        OF_OWNER(test_one_time_prekey),
        OF_OWNER(test_last_resort),
        OF_OWNER(test_last_resort_lives_for_a_week),
        OF_OWNER(test_what_waits_is_not_pushed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
