/* What the directory takes as grants of text forwarding, whom it tells, and what the room is given.
 * REQ-FWD-1, -5 to -9. */
#include "gateway/directory/text_forwarding.h"

#include "codecs/native/key_log_entry.h"
#include "tests/support/devices.h"
#include "tests/support/directory_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define NUMBER "tel:+14155550100"
#define OTHER  "tel:+14155550101"
#define NAME   "im:a@n.example"
#define DAY    (INT64_C(24) * 60 * 60 * 1000)

enum { ACCOUNT = 1, STRANGER = 2, FIRST = 1, TABLET = 2, LAPTOP = 3, NOBODYS = 4 };

static size_t told[TEST_MAX_NAMED + 1]; /* how often each device was woken */

static void tell(void *arg, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    (void)arg;
    for (size_t i = 1; i <= TEST_MAX_NAMED; i++)
        told[i] += memcmp(test_device_of(i).id, device, TEAL_DEVICE_BYTES) == 0;
}

static const test_manifest account = { .account = ACCOUNT,
                                       .version = 1,
                                       .handles = { NAME, NUMBER },
                                       .devices = { FIRST, TABLET, LAPTOP } };

static directory_put put_manifest(directory_fixture *f, const test_manifest *t, teal_hash *hash)
{
    directory_refusal why = { 0 };
    const teal_bytes encoded = test_manifest_encode(t, &f->arena, hash);
    const directory_put result = directory_put_manifest(f->directory, teal_text(t->handles[0]),
                                                        encoded, NOW_MS, &f->arena, &why);
    if (result == PUT_REFUSED)
        fail_msg("%s", why.rule);
    return result;
}

/* Zero values are a good grant of the tablet. */
typedef struct word {
    uint64_t sequence; /* 0: 1 */
    const char *handle, *path;
    uint64_t device, key, signer; /* 0: TABLET; the device's; ACCOUNT */
    int64_t granted_ms, for_ms;   /* from now; 0: 90 days */
    bool revoked, no_grant, spoilt;
} word;

static teal_bytes encode(directory_fixture *f, const word *w)
{
    const test_device device = test_device_of(w->device != 0 ? w->device : TABLET);
    uint8_t pk[32], sk[64];
    teal_forwarding_grant g = { .handle = teal_text(w->handle != NULL ? w->handle : NUMBER),
                                .granted_at_ms = (uint64_t)(NOW_MS + w->granted_ms),
                                .revoked = w->revoked,
                                .sequence = w->sequence != 0 ? w->sequence : 1 };
    g.expires_at_ms = g.granted_at_ms + (uint64_t)(w->for_ms != 0 ? w->for_ms : 90 * DAY);
    memcpy(g.device, device.id, sizeof g.device);
    memcpy(g.signing_key, w->key != 0 ? test_device_of(w->key).sign_pk : device.sign_pk,
           sizeof g.signing_key);
    test_account_keys(w->signer != 0 ? w->signer : ACCOUNT, pk, sk);
    teal_forwarding_grant_sign(&g, sk);
    g.signature[0] ^= w->spoilt;
    teal_writer out = { teal_arena_take(&f->arena, 512), 512, 0 };
    if (w->no_grant)
        teal_write_text(&out, "no grant");
    else
        assert_int_equal(teal_forwarding_grant_encode(&g, &out), TEAL_OK);
    return teal_written(&out);
}

/* "" where it is new, "known", or the refusal's name. */
static const char *put(directory_fixture *f, const word *w, int64_t now_ms)
{
    directory_refusal why = { 0 };
    memset(told, 0, sizeof told);
    switch (directory_put_grant(f->directory, f->reader,
                                teal_text(w->path != NULL ? w->path : NUMBER), NULL, encode(f, w),
                                now_ms, &f->arena, &why)) {
    case PUT_NEW:
        return "";
    case PUT_NEXT:
        return "known";
    case PUT_REFUSED:
        return why.problem;
    case PUT_BUSY:
        break;
    }
    return "busy";
}

static void open_account(directory_fixture *f)
{
    directory_tell(f->directory, tell, NULL);
    put_manifest(f, &account, NULL);
}

static size_t count_items(directory_fixture *f, uint64_t n)
{
    store_item items[8];
    size_t found = 0;
    assert_int_equal(
        f->reader->ops->list_items(f->reader, test_device_of(n).id, 0, &f->arena, items, 8, &found),
        STORE_OK);
    for (size_t i = 0; i < found; i++)
        assert_int_equal(items[i].kind, ITEM_GRANT);
    return found;
}

static uint64_t log_size(directory_fixture *f)
{
    uint64_t size = 0;
    teal_hash root;
    assert_int_equal(f->reader->ops->get_log(f->reader, teal_text("keys"), &size, &root), STORE_OK);
    return size;
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *want;
        word w;
    } rows[] = {
        { "octets", "grant-malformed", { .no_grant = true } },
        { "of another handle than the path", "handle-missing", { .path = NAME } },
        { "of nobody's number", "account-unknown", { .handle = OTHER, .path = OTHER } },
        { "by another account", "signature-invalid", { .signer = STRANGER } },
        { "forged", "signature-invalid", { .spoilt = true } },
        { "for a device of nobody", "device-unknown", { .device = NOBODYS } },
        { "for another signing key", "device-unknown", { .key = NOBODYS } },
        { "for the first device", "device-first", { .device = FIRST } },
        { "from later on", "granted-at-out-of-range", { .granted_ms = DAY } },
        { "that has expired", "grant-expired", { .granted_ms = -DAY, .for_ms = DAY } },
    };
    directory_fixture *f = *state;
    open_account(f);
    const uint64_t before = log_size(f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].name);
        assert_string_equal(put(f, &rows[i].w, NOW_MS), rows[i].want);
    }
    assert_int_equal(log_size(f), before);
    assert_int_equal(count_items(f, TABLET), 0);
}

/* [REQ-FWD-5], [REQ-FWD-8], [REQ-FWD-9] */
static void test_sequence(void **state)
{
    static const struct {
        const char *name, *want;
        word w;
    } steps[] = {
        { "a grant", "", { .sequence = 1 } },
        { "the same again", "known", { .sequence = 1 } },
        { "another of that sequence", "grant-sequence", { .sequence = 1, .for_ms = DAY } },
        { "its end", "", { .sequence = 2, .revoked = true } },
        { "the first again", "grant-sequence", { .sequence = 1 } },
        { "another device's is its own", "", { .sequence = 1, .device = LAPTOP } },
        { "an end of what has expired",
          "",
          { .sequence = 3, .revoked = true, .granted_ms = -DAY, .for_ms = 1 } },
    };
    directory_fixture *f = *state;
    open_account(f);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const uint64_t logged = log_size(f);
        const size_t items = count_items(f, FIRST);
        print_message("%s\n", steps[i].name);
        assert_string_equal(put(f, &steps[i].w, NOW_MS), steps[i].want);
        const size_t taken = steps[i].want[0] == '\0';
        assert_int_equal(log_size(f), logged + taken);
        assert_int_equal(count_items(f, FIRST), items + taken);
        assert_int_equal(count_items(f, LAPTOP), items + taken);
        assert_int_equal(told[FIRST] + told[TABLET] + told[LAPTOP], 3 * taken);
    }
}

/* The prekeys that the room is given: letters of the devices. */
static const char *claimed(directory_fixture *f, int64_t now_ms)
{
    static char text[TEAL_MAX_DEVICES + 1];
    directory_text_claim c;
    size_t len = 0;
    assert_int_equal(
        directory_claim_for_text(f->directory, f->reader, teal_text(NUMBER), now_ms, &f->arena, &c),
        DIRECTORY_OK);
    for (size_t i = 0; i < c.n_prekeys; i++)
        for (uint64_t n = FIRST; n <= LAPTOP; n++)
            if (memcmp(c.prekeys[i].device, test_device_of(n).id, TEAL_DEVICE_BYTES) == 0)
                text[len++] = "-FTL"[n];
    text[len] = '\0';
    return text;
}

static store_result put_prekeys(store *s, void *arg)
{
    store_result result = STORE_OK;
    (void)arg;
    for (uint64_t n = FIRST; result == STORE_OK && n <= LAPTOP; n++)
        result = s->ops->put_prekey(s, test_device_of(n).id, 0, teal_text("prekey"));
    return result;
}

/* No prekey is used up for a device that does not get the text. */
static void test_claims(void **state)
{
    directory_fixture *f = *state;
    teal_hash first;
    directory_text_claim c;
    directory_tell(f->directory, tell, NULL);
    put_manifest(f, &account, &first);
    assert_int_equal(writer_do(f->writer, put_prekeys, NULL), STORE_OK);
    assert_string_equal(claimed(f, NOW_MS), "F");
    assert_string_equal(put(f, &(word){ .for_ms = DAY }, NOW_MS), "");
    assert_string_equal(claimed(f, NOW_MS), "FT");
    assert_string_equal(claimed(f, NOW_MS + DAY), "F");
    assert_string_equal(put(f, &(word){ .sequence = 2, .revoked = true }, NOW_MS), "");
    assert_string_equal(claimed(f, NOW_MS), "F");
    assert_string_equal(put(f, &(word){ .sequence = 3 }, NOW_MS), "");
    assert_int_equal(
        directory_claim_for_text(f->directory, f->reader, teal_text(OTHER), NOW_MS, &f->arena, &c),
        DIRECTORY_NONE);
    /* The tablet's id stays, under another signing key. */
    test_manifest next = account;
    next.version = 2;
    next.previous = &first;
    next.devices[0] = TABLET;
    next.devices[1] = FIRST;
    next.first_signs_as = NOBODYS;
    put_manifest(f, &next, NULL);
    assert_int_equal(writer_do(f->writer, put_prekeys, NULL), STORE_OK);
    assert_string_equal(claimed(f, NOW_MS), "T"); /* it is the first now; nobody else has a grant */
}

/* ---- requests -------------------------------------------------------------------------------- */

static const char *ask(directory_fixture *f, uint64_t device, uint8_t nonce, bool spoilt,
                       int64_t now_ms)
{
    const test_device d = test_device_of(device);
    teal_forwarding_request r = { .handle = teal_text(NUMBER), .nonce = { nonce } };
    uint8_t sk[64];
    int64_t expires_ms;
    directory_refusal why = { .problem = "" };
    memcpy(r.device, d.id, sizeof r.device);
    memcpy(r.signing_key, d.sign_pk, sizeof r.signing_key);
    test_account_keys(ACCOUNT, r.account_key, sk);
    teal_forwarding_request_sign(&r, d.sign_sk);
    r.nonce[1] = spoilt;
    if (directory_ask_forwarding(f->directory, f->reader, &r, now_ms, &f->arena, &expires_ms, &why))
        assert_int_equal(expires_ms, now_ms + FORWARDING_REQUEST_LIFE_MS);
    return why.problem;
}

static size_t waiting(directory_fixture *f, int64_t now_ms, directory_forwarding *all)
{
    directory_refusal why;
    assert_true(directory_list_forwarding(f->directory, f->reader, teal_text(NUMBER), NULL, now_ms,
                                          &f->arena, all, &why));
    return all->n_requests;
}

/* [REQ-FWD-6], [REQ-FWD-7] */
static void test_requests(void **state)
{
    directory_fixture *f = *state;
    static directory_forwarding all;
    uint8_t stranger[32], sk[64];
    directory_refusal why;
    open_account(f);
    assert_string_equal(ask(f, TABLET, 1, true, NOW_MS), "signature-invalid");
    assert_string_equal(ask(f, NOBODYS, 1, false, NOW_MS), "device-unknown");
    assert_string_equal(ask(f, FIRST, 1, false, NOW_MS), "device-first");
    assert_string_equal(ask(f, TABLET, 1, false, NOW_MS), "");
    assert_string_equal(ask(f, LAPTOP, 2, false, NOW_MS), "");
    assert_string_equal(ask(f, TABLET, 3, false, NOW_MS + 1), ""); /* in the place of the first */
    assert_int_equal(waiting(f, NOW_MS + 1, &all), 2);
    assert_int_equal(all.requests[1].said.nonce[0], 3);
    assert_true(teal_bytes_equal(all.requests[1].said.handle, teal_text(NUMBER)));
    assert_string_equal(put(f, &(word){ 0 }, NOW_MS), ""); /* granted: it waits no more */
    assert_int_equal(waiting(f, NOW_MS + 1, &all), 1);
    assert_int_equal(all.n_grants, 1);
    assert_int_equal(waiting(f, NOW_MS + FORWARDING_REQUEST_LIFE_MS, &all), 0);
    test_account_keys(STRANGER, stranger, sk);
    assert_false(directory_list_forwarding(f->directory, f->reader, teal_text(NUMBER), stranger,
                                           NOW_MS, &f->arena, &all, &why));
    assert_string_equal(why.problem, "caller-not-allowed");
}

/* The table by itself: eight of an account, a bounded number in all. */
static void test_table(void **state)
{
    forwarding_requests *q = forwarding_requests_open();
    teal_forwarding_request r = { .handle = teal_text(NUMBER) };
    int64_t expires_ms;
    (void)state;
    for (size_t i = 0; i < FORWARDING_REQUESTS_MAX; i++) {
        r.account_key[0] = (uint8_t)(i / FORWARDING_REQUESTS_OF_ACCOUNT);
        r.device[0] = (uint8_t)(i % FORWARDING_REQUESTS_OF_ACCOUNT);
        assert_int_equal(forwarding_requests_put(q, &r, NOW_MS, &expires_ms),
                         FORWARDING_REQUEST_OK);
    }
    r.device[0] = FORWARDING_REQUESTS_OF_ACCOUNT;
    assert_int_equal(forwarding_requests_put(q, &r, NOW_MS, &expires_ms), FORWARDING_REQUEST_FULL);
    r.account_key[1] = 1;
    assert_int_equal(forwarding_requests_put(q, &r, NOW_MS, &expires_ms),
                     FORWARDING_REQUEST_OVERLOADED);
    assert_int_equal(
        forwarding_requests_put(q, &r, NOW_MS + FORWARDING_REQUEST_LIFE_MS, &expires_ms),
        FORWARDING_REQUEST_OK);
    forwarding_requests_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DIRECTORY(test_refused),  ON_DIRECTORY(test_sequence),  ON_DIRECTORY(test_claims),
        ON_DIRECTORY(test_requests), cmocka_unit_test(test_table),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
