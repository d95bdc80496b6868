/* Whom the room seals a text for, against an edge that shows what it likes. REQ-FWD-1, -4, -5. */
#include "gateway/plaintext/granted.h"

#include "tests/support/devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define NUMBER "tel:+14155550100"
#define OTHER  "tel:+14155550101"

enum { ACCOUNT = 1, STRANGER = 2, PHONE = 1, TABLET = 2, LAPTOP = 3, EDGE = 9, MAX_SHOWN = 4 };
#define NOW INT64_C(1795521600000)
#define DAY (INT64_C(24) * 60 * 60 * 1000)

/* What is shown, and how it is spoilt; zero values are a good grant of the tablet. */
typedef struct shown {
    uint64_t sequence; /* 0: nothing is shown */
    const char *handle;
    uint64_t device, key; /* 0: TABLET; key 0: the device's */
    uint64_t account;     /* that signs; 0: ACCOUNT */
    int64_t until_ms;     /* from now; 0: ninety days */
    bool revoked, no_grant, changed;
} shown;

static teal_bytes encode(const shown *s, uint8_t *buf, size_t cap)
{
    const test_device device = test_device_of(s->device != 0 ? s->device : TABLET);
    const test_device key = s->key != 0 ? test_device_of(s->key) : device;
    uint8_t pk[32], sk[64];
    teal_forwarding_grant g = { .handle = teal_text(s->handle != NULL ? s->handle : NUMBER),
                                .granted_at_ms = NOW - 30 * DAY,
                                .expires_at_ms = (uint64_t)(NOW + 90 * DAY),
                                .revoked = s->revoked,
                                .sequence = s->sequence };
    if (s->until_ms != 0)
        g.expires_at_ms = (uint64_t)(NOW + s->until_ms);
    memcpy(g.device, device.id, sizeof g.device);
    memcpy(g.signing_key, key.sign_pk, sizeof g.signing_key);
    test_account_keys(s->account != 0 ? s->account : ACCOUNT, pk, sk);
    teal_forwarding_grant_sign(&g, sk);
    if (s->changed)
        g.expires_at_ms += DAY;
    teal_writer w = { buf, cap, 0 };
    if (s->no_grant)
        teal_write_text(&w, "no grant");
    else
        assert_int_equal(teal_forwarding_grant_encode(&g, &w), TEAL_OK);
    return teal_written(&w);
}

static teal_manifest account_of(uint64_t tablet_key, const teal_bytes *handles,
                                teal_device devices[static 3])
{
    teal_manifest m = { .handles = handles, .n_handles = 2, .devices = devices, .n_devices = 3 };
    uint8_t sk[64];
    for (size_t i = 0; i < 3; i++) {
        const test_device d = test_device_of(PHONE + i);
        const test_device key = test_device_of(i == 1 ? tablet_key : PHONE + i);
        memcpy(devices[i].id, d.id, sizeof d.id);
        memcpy(devices[i].signing_key, key.sign_pk, sizeof key.sign_pk);
    }
    test_account_keys(ACCOUNT, m.account_key, sk);
    return m;
}

/* Which devices may, as letters: P, T, L. tablet_key: whose signing key the manifest says it has.
 */
static const char *judge(granted *g, uint64_t tablet_key, const char *handle, const shown *all,
                         int64_t now_ms)
{
    static char text[TEAL_MAX_DEVICES + 1];
    uint8_t bufs[MAX_SHOWN][512];
    teal_bytes list[MAX_SHOWN];
    teal_device devices[3] = { 0 };
    const teal_bytes handles[] = { teal_text(NUMBER), teal_text(OTHER) };
    const teal_manifest m = account_of(tablet_key, handles, devices);
    bool may[TEAL_MAX_DEVICES];
    size_t n = 0, len = 0;
    for (; n < MAX_SHOWN && all[n].sequence > 0; n++)
        list[n] = encode(&all[n], bufs[n], sizeof bufs[n]);
    granted_judge(g, &m, teal_text(handle), list, n, now_ms, may);
    for (size_t i = 0; i < 3; i++)
        if (may[i])
            text[len++] = "PTL"[i];
    text[len] = '\0';
    return text;
}

/* ---- one answer ------------------------------------------------------------------------------ */

static void test_one_answer(void **state)
{
    static const struct {
        const char *name, *want;
        shown all[MAX_SHOWN];
    } rows[] = {
        { "no grant", "P", { { 0 } } },
        { "a grant", "PT", { { .sequence = 1 } } },
        { "two grants", "PTL", { { .sequence = 1 }, { .sequence = 7, .device = LAPTOP } } },
        { "of the first device", "P", { { .sequence = 1, .device = PHONE, .revoked = true } } },
        { "octets", "P", { { .sequence = 1, .no_grant = true } } },
        { "octets, and a grant",
          "PL",
          { { .sequence = 1, .no_grant = true }, { .sequence = 1, .device = LAPTOP } } },
        { "by another account", "P", { { .sequence = 1, .account = STRANGER } } },
        { "for longer than was signed", "P", { { .sequence = 1, .changed = true } } },
        { "of another number of the account", "P", { { .sequence = 1, .handle = OTHER } } },
        { "for a device that is not in the manifest", "P", { { .sequence = 1, .device = EDGE } } },
        { "for another signing key", "P", { { .sequence = 1, .key = EDGE } } },
        { "expired", "P", { { .sequence = 1, .until_ms = -1 } } },
        { "expiring now", "P", { { .sequence = 1, .until_ms = -30 * DAY + 1 } } },
        { "good for a millisecond", "PT", { { .sequence = 1, .until_ms = 1 } } },
        { "a revocation alone", "P", { { .sequence = 1, .revoked = true } } },
        { "a grant, then its end", "P", { { .sequence = 1 }, { .sequence = 2, .revoked = true } } },
        { "the end, then the grant",
          "P",
          { { .sequence = 2, .revoked = true }, { .sequence = 1 } } },
        { "both of one sequence", "P", { { .sequence = 1, .revoked = true }, { .sequence = 1 } } },
        { "granted anew",
          "PT",
          { { .sequence = 3 }, { .sequence = 2, .revoked = true }, { .sequence = 1 } } },
        { "a short one that follows a long one",
          "P",
          { { .sequence = 2, .until_ms = -1 }, { .sequence = 1 } } },
        { "an end that was forged",
          "PT",
          { { .sequence = 1 }, { .sequence = 2, .revoked = true, .account = STRANGER } } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        granted *g = granted_open(16);
        print_message("%s\n", rows[i].name);
        assert_string_equal(judge(g, TABLET, NUMBER, rows[i].all, NOW), rows[i].want);
        granted_close(&g);
    }
}

/* ---- one answer after another ---------------------------------------------------------------- */

static const shown nothing[] = { { 0 } }, grant[] = { { .sequence = 1 }, { 0 } },
                   end[] = { { .sequence = 2, .revoked = true }, { 0 } },
                   anew[] = { { .sequence = 3 }, { 0 } };

static void test_replay(void **state)
{
    granted *g = granted_open(16);
    (void)state;
    assert_string_equal(judge(g, TABLET, NUMBER, grant, NOW), "PT");
    assert_string_equal(judge(g, TABLET, NUMBER, end, NOW), "P");
    assert_string_equal(judge(g, TABLET, NUMBER, grant, NOW), "P"); /* it was taken back */
    assert_string_equal(judge(g, TABLET, NUMBER, nothing, NOW), "P");
    assert_string_equal(judge(g, TABLET, OTHER, grant, NOW), "P"); /* nor of the other number */
    assert_string_equal(judge(g, TABLET, NUMBER, anew, NOW), "PT");
    assert_string_equal(judge(g, TABLET, NUMBER, end, NOW), "PT"); /* an end that is over */
    assert_string_equal(judge(g, TABLET, NUMBER, anew, NOW + 90 * DAY), "P");
    granted_close(&g);
}

/* Its id with another signing key: nothing that was said of the old one holds. */
static void test_a_device_is_replaced(void **state)
{
    granted *g = granted_open(16);
    (void)state;
    assert_string_equal(judge(g, TABLET, NUMBER, grant, NOW), "PT");
    assert_string_equal(judge(g, EDGE, NUMBER, grant, NOW), "P");
    assert_string_equal(judge(g, EDGE, NUMBER, nothing, NOW), "P");
    assert_string_equal(judge(g, TABLET, NUMBER, grant, NOW), "PT");
    granted_close(&g);
}

/* Full: nothing is forgotten, and what is shown still counts. */
static void test_full(void **state)
{
    static const shown laptop[] = { { .sequence = 1, .device = LAPTOP }, { 0 } },
                       laptop_end[] = { { .sequence = 2, .device = LAPTOP, .revoked = true },
                                        { 0 } };
    granted *g = granted_open(1);
    (void)state;
    assert_string_equal(judge(g, TABLET, NUMBER, end, NOW), "P");
    assert_string_equal(judge(g, TABLET, NUMBER, laptop, NOW), "PL");
    assert_string_equal(judge(g, TABLET, NUMBER, laptop_end, NOW), "P");
    assert_string_equal(judge(g, TABLET, NUMBER, grant, NOW), "P");
    assert_string_equal(judge(g, TABLET, NUMBER, anew, NOW), "PT"); /* there was a place for it */
    granted_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_answer),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_a_device_is_replaced),
        cmocka_unit_test(test_full),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
