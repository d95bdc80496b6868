/* The bridged networks while they change, seen by those who would have more than is theirs: each
 * change is durable, and a network never speaks for another's people or signs by another's key. */
#include "gateway/directory/networks_change.h"
#include "gateway/ledger/key_log.h"
#include "tests/support/certificates.h"
#include "tests/support/folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW_MS = 1000000 };

typedef struct fixture {
    folder where;
    config config;
    networks *networks;
    writer *writer;
    store *reader;
    networks_tools tools;
    networks_refusal why;
    size_t n_told;
} fixture;

static uint8_t keys[NETWORK_MAX_KEYS + 2][TEAL_KEY_BYTES];

static void count(void *arg)
{
    size_t *n = arg;
    ++*n;
}

static void open_networks(fixture *f)
{
    f->networks = networks_open(&f->config);
    assert_int_equal(networks_load(f->networks, f->reader), STORE_OK);
    networks_listen(f->networks, count, &f->n_told);
    f->tools = (networks_tools){ f->networks, f->writer, f->reader };
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    store *s;
    static char rcs[] = "rcs", domain[] = "rcs.example", prefix[] = "+4477", longer[] = "+447701",
                url[] = "http://127.0.0.1:1", native[] = "native.example", own[] = "+1415";
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        uint8_t seed[32] = { (uint8_t)(i + 1) }, sk[64];
        crypto_sign_seed_keypair(keys[i], sk, seed);
    }
    f->where = folder_make();
    f->config = (config){ .native_domains = { { native }, 1 },
                          .native_numbers = { { own, longer }, 2 },
                          .peers = { { .name = rcs,
                                       .domains = { { domain }, 1 },
                                       .numbers = { { prefix }, 1 },
                                       .url = url,
                                       .keys = { .n = 1 } } },
                          .n_peers = 1 };
    memcpy(f->config.peers[0].keys.at[0], keys[0], TEAL_KEY_BYTES);
    assert_int_equal(store_sqlite.open(folder_file(&f->where, "db"), true, &s), STORE_OK);
    assert_int_equal(store_sqlite.open(folder_file(&f->where, "db"), false, &f->reader), STORE_OK);
    f->writer = writer_start(s, 16);
    open_networks(f);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    networks_close(&f->networks);
    writer_stop(&f->writer);
    store_sqlite.close(&f->reader);
    folder_remove(&f->where);
    free(f);
    return 0;
}

/* ---- what tests do --------------------------------------------------------------------------- */

static networks_result put(fixture *f, const char *name, const char *domains, const char *numbers)
{
    const store_peer p = { teal_text(name),
                           teal_text("http://127.0.0.1:2"),
                           teal_text(domains),
                           teal_text(numbers),
                           { 0 } };
    return networks_put(&f->tools, &p, &f->why);
}

/* ca: in PEM. */
static networks_result put_with_ca(fixture *f, teal_bytes ca)
{
    const store_peer p = {
        teal_text("aside"), teal_text("https://a.example"), teal_text("a.example"), { 0 }, ca
    };
    return networks_put(&f->tools, &p, &f->why);
}

/* Of the network that put_with_ca adds. */
static void assert_ca(fixture *f, teal_bytes ca)
{
    const networks_view *v = networks_hold(f->networks);
    const bridged_network *n = networks_named(v, teal_text("aside"));
    assert_non_null(n);
    assert_true(teal_bytes_equal(teal_text(n->credentials.ca_pem), ca));
    assert_null(n->credentials.ca);
    assert_string_equal(n->credentials.certificate, "shown.pem");
    assert_string_equal(n->credentials.key, "shown.key");
    networks_let_go(f->networks, &v);
}

static teal_bytes read_file(const fixture *f, const char *name, uint8_t *buf, size_t cap)
{
    FILE *file = fopen(folder_file(&f->where, name), "re");
    assert_non_null(file);
    teal_bytes content = { buf, fread(buf, 1, cap, file) };
    fclose(file);
    return content;
}

static networks_result put_key(fixture *f, const char *name, size_t key, int64_t from_ms,
                               int64_t until_ms)
{
    network_key k = { .from_ms = from_ms, .until_ms = until_ms };
    memcpy(k.key, keys[key], TEAL_KEY_BYTES);
    return networks_put_key(&f->tools, teal_text(name), &k, NOW_MS, &f->why);
}

static const char *owner_of(fixture *f, const char *handle)
{
    static char name[64];
    const networks_view *v = networks_hold(f->networks);
    const bridged_network *n = networks_for(v, teal_text(handle));
    bool native = networks_is_native(v, teal_text(handle));
    assert_false(n != NULL && native);
    snprintf(name, sizeof name, "%s", n != NULL ? n->name : native ? "native" : "nobody");
    networks_let_go(f->networks, &v);
    return name;
}

static const char *signer(fixture *f, size_t key, int64_t now_ms)
{
    static char name[64];
    const networks_view *v = networks_hold(f->networks);
    const bridged_network *n = networks_of_key(v, keys[key], now_ms);
    snprintf(name, sizeof name, "%s", n != NULL ? n->name : "nobody");
    networks_let_go(f->networks, &v);
    return name;
}

static size_t slot_of(fixture *f, const char *name)
{
    const networks_view *v = networks_hold(f->networks);
    const bridged_network *n = networks_named(v, teal_text(name));
    assert_non_null(n);
    assert_ptr_equal(networks_in_slot(v, n->slot), n);
    size_t slot = n->slot;
    networks_let_go(f->networks, &v);
    return slot;
}

static void assert_refused(fixture *f, networks_result got, const char *problem)
{
    assert_int_equal(got, NETWORKS_REFUSED);
    assert_string_equal(f->why.problem, problem);
}

/* What is durable is what is seen: the gateway starts again. */
static void restart(fixture *f)
{
    networks_close(&f->networks);
    open_networks(f);
}

/* ---- names, domains, prefixes ---------------------------------------------------------------- */

static void test_a_network_is_there_at_once_and_after_a_restart(void **state)
{
    fixture *f = *state;
    assert_string_equal(owner_of(f, "sip:a@other.example"), "nobody");
    assert_int_equal(put(f, "other", "other.example, b.example", "+49"), NETWORKS_NEW);
    assert_int_equal(f->n_told, 1);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(owner_of(f, "sip:a@other.example"), "other");
        assert_string_equal(owner_of(f, "tel:+4930123"), "other");
        restart(f);
    }
    assert_int_equal(put(f, "other", "b.example", ""), NETWORKS_CHANGED);
    assert_string_equal(owner_of(f, "sip:a@other.example"), "nobody");
    assert_string_equal(owner_of(f, "sip:a@b.example"), "other");
    assert_int_equal(networks_remove(&f->tools, teal_text("other"), NOW_MS, &f->why),
                     NETWORKS_CHANGED);
    assert_string_equal(owner_of(f, "sip:a@b.example"), "nobody");
    restart(f);
    assert_string_equal(owner_of(f, "sip:a@b.example"), "nobody");
}

static void test_the_longest_prefix_wins_whoever_has_it(void **state)
{
    fixture *f = *state;
    assert_int_equal(put(f, "other", "", "+44, +447700, +14155, +4477011"), NETWORKS_NEW);
    static const char *const rows[][2] = {
        { "tel:+4420", "other" },        { "tel:+44775", "rcs" },     { "tel:+4477005", "other" },
        { "tel:+447701", "native" },     { "tel:+4477011", "other" }, { "tel:+1415", "native" },
        { "tel:+14155550100", "other" }, { "tel:+33", "nobody" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(owner_of(f, rows[i][0]), rows[i][1]) != 0)
            fail_msg("%s is %s's", rows[i][0], owner_of(f, rows[i][0]));
}

static void test_nobody_takes_what_is_anothers(void **state)
{
    fixture *f = *state;
    static const char *const rows[][4] = {
        /* domains, numbers, element, owner */
        { "x.example, native.example", "", "native.example", "native" },
        { "", "+33, +1415", "+1415", "native" },
        { "rcs.example", "", "rcs.example", "rcs" },
        { "", "+4477", "+4477", "rcs" },
        { "first.example", "", "first.example", "first" },
    };
    assert_int_equal(put(f, "first", "first.example", ""), NETWORKS_NEW);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_refused(f, put(f, "second", rows[i][0], rows[i][1]), "network-overlap");
        assert_string_equal(f->why.element, rows[i][2]);
        assert_string_equal(f->why.network, rows[i][3]);
    }
    assert_int_equal(f->n_told, 1);
    assert_int_equal(put(f, "first", "first.example", "+33"), NETWORKS_CHANGED); /* its own */
}

static void test_what_no_configuration_takes_is_refused(void **state)
{
    fixture *f = *state;
    static const char *const rows[][3] = {
        { "native", "a.example", "" },
        { "sms", "a.example", "" },
        { "gateway", "a.example", "" },
        { "Upper", "a.example", "" },
        { "", "a.example", "" },
        { "a b", "a.example", "" },
        { "a", "", "" },
        { "a", "A.example", "" },
        { "a", "a.example,", "" },
        { "a", "", "4477" },
        { "a", "a.example, a.example", "" },
        { "../a", "a.example", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(f, put(f, rows[i][0], rows[i][1], rows[i][2]), "network-malformed");
    const store_peer no_url = { teal_text("a"),
                                teal_text("http://a.example/path"),
                                teal_text("a.example"),
                                teal_text(""),
                                { 0 } };
    assert_refused(f, networks_put(&f->tools, &no_url, &f->why), "network-malformed");
    const store_peer nul = { { (const uint8_t *)"a\0b", 3 },
                             teal_text("http://a.example"),
                             teal_text("a.example"),
                             teal_text(""),
                             { 0 } };
    assert_refused(f, networks_put(&f->tools, &nul, &f->why), "network-malformed");
}

/* REQ-NET-9: certificates and nothing else; kept over a restart; left out, the system's count. */
static void test_own_authority(void **state)
{
    fixture *f = *state;
    static uint8_t pem[NETWORK_MAX_CA_BYTES + 1], key[8192];
    certificate_make(f->where.path, &(certificate_wish){ .name = "ca" });
    const teal_bytes ca = read_file(f, "ca.pem", pem, sizeof pem);
    f->config.tls_certificate = (char *)"shown.pem";
    f->config.tls_key = (char *)"shown.key";
    const teal_bytes bad[] = { teal_text("a certificate"),
                               { ca.at, ca.len - 60 },
                               read_file(f, "ca.key", key, sizeof key) };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(f, put_with_ca(f, bad[i]), "network-malformed");
    assert_int_equal(put_with_ca(f, ca), NETWORKS_NEW);
    assert_ca(f, ca);
    networks_close(&f->networks);
    open_networks(f);
    assert_ca(f, ca);
    memset(pem + ca.len, '\n', sizeof pem - ca.len);
    assert_refused(f, put_with_ca(f, (teal_bytes){ pem, sizeof pem }), "network-malformed");
    assert_int_equal(put_with_ca(f, (teal_bytes){ 0 }), NETWORKS_CHANGED);
    assert_ca(f, (teal_bytes){ 0 });
}

static void test_the_configuration_has_the_last_word(void **state)
{
    fixture *f = *state;
    assert_refused(f, put(f, "rcs", "evil.example", ""), "network-configured");
    assert_refused(f, networks_remove(&f->tools, teal_text("rcs"), NOW_MS, &f->why),
                   "network-configured");
    assert_refused(f, networks_remove(&f->tools, teal_text("none"), NOW_MS, &f->why),
                   "network-unknown");
    assert_int_equal(put(f, "other", "other.example", ""), NETWORKS_NEW);
    static char taken[] = "other.example";
    f->config.native_domains.at[1] = taken; /* by whoever wrote the configuration since */
    f->config.native_domains.n = 2;
    restart(f);
    assert_string_equal(owner_of(f, "im:a@other.example"), "native");
    const networks_view *v = networks_hold(f->networks);
    assert_null(networks_named(v, teal_text("other")));
    networks_let_go(f->networks, &v);
}

static void test_a_slot_stays_and_is_free_again(void **state)
{
    fixture *f = *state;
    char name[16], domain[32];
    assert_int_equal(slot_of(f, "rcs"), 0);
    for (int i = 1; i < NETWORKS_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(domain, sizeof domain, "n%d.example", i);
        assert_int_equal(put(f, name, domain, ""), NETWORKS_NEW);
        assert_int_equal(slot_of(f, name), (size_t)i);
    }
    assert_refused(f, put(f, "more", "more.example", ""), "networks-full");
    assert_int_equal(networks_remove(&f->tools, teal_text("n7"), NOW_MS, &f->why),
                     NETWORKS_CHANGED);
    assert_int_equal(put(f, "more", "more.example", ""), NETWORKS_NEW);
    assert_int_equal(slot_of(f, "more"), 7);
    assert_int_equal(slot_of(f, "n8"), 8);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void test_keys_overlap_and_end(void **state)
{
    fixture *f = *state;
    assert_string_equal(signer(f, 0, 1), "rcs");
    assert_string_equal(signer(f, 1, NOW_MS), "nobody");
    assert_int_equal(put_key(f, "rcs", 1, NOW_MS, INT64_MAX), NETWORKS_NEW);
    assert_int_equal(
        networks_retire_key(&f->tools, teal_text("rcs"), keys[0], NOW_MS + 10, NOW_MS, &f->why),
        NETWORKS_CHANGED);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(signer(f, 0, NOW_MS + 9), "rcs"); /* both, while they overlap */
        assert_string_equal(signer(f, 1, NOW_MS), "rcs");
        assert_string_equal(signer(f, 1, NOW_MS - 1), "nobody");
        assert_string_equal(signer(f, 0, NOW_MS + 10),
                            "nobody"); /* also one of the configuration */
        restart(f);
    }
    /* To retire it later than it was does not bring it back. */
    assert_int_equal(
        networks_retire_key(&f->tools, teal_text("rcs"), keys[0], NOW_MS + 100, NOW_MS, &f->why),
        NETWORKS_CHANGED);
    assert_string_equal(signer(f, 0, NOW_MS + 10), "nobody");
}

static void test_a_key_is_one_networks(void **state)
{
    fixture *f = *state;
    assert_int_equal(put(f, "other", "other.example", ""), NETWORKS_NEW);
    assert_refused(f, put_key(f, "other", 0, 0, INT64_MAX), "key-taken");
    assert_string_equal(f->why.network, "rcs");
    assert_int_equal(put_key(f, "other", 1, 0, INT64_MAX), NETWORKS_NEW);
    assert_refused(f, put_key(f, "rcs", 1, 0, INT64_MAX), "key-taken");
    assert_string_equal(signer(f, 1, NOW_MS), "other"); /* never "rcs", whatever name comes along */
    assert_refused(f, networks_retire_key(&f->tools, teal_text("rcs"), keys[1], 0, NOW_MS, &f->why),
                   "key-unknown");
    assert_refused(f, put_key(f, "none", 2, 0, INT64_MAX), "network-unknown");
    assert_refused(f, put_key(f, "other", 2, 5, 5), "key-times");
    assert_int_equal(networks_remove(&f->tools, teal_text("other"), NOW_MS, &f->why),
                     NETWORKS_CHANGED);
    assert_string_equal(signer(f, 1, NOW_MS), "nobody");
    assert_int_equal(put_key(f, "rcs", 1, 0, INT64_MAX), NETWORKS_NEW);
}

/* Under some of these anybody can sign, others are two texts of one key. */
static void test_weak_keys_are_refused(void **state)
{
    fixture *f = *state;
    static const uint8_t weak[][TEAL_KEY_BYTES] = {
        { 0 },                             /* order 4 */
        { 1 },                             /* the neutral element */
        { [0 ... 31] = 0xff },             /* no point */
        { 0xed, [1 ... 30] = 0xff, 0x7f }, /* zero, not reduced */
        { 0xec, [1 ... 30] = 0xff, 0x7f }, /* order 2 */
        { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
          0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
          0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 }, /* order 8 */
    };
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        network_key k = { .until_ms = INT64_MAX };
        memcpy(k.key, weak[i], TEAL_KEY_BYTES);
        assert_refused(f, networks_put_key(&f->tools, teal_text("rcs"), &k, NOW_MS, &f->why),
                       "key-weak");
    }
}

static void test_keys_that_are_over_make_room(void **state)
{
    fixture *f = *state;
    for (size_t i = 1; i < NETWORK_MAX_KEYS; i++)
        assert_int_equal(put_key(f, "rcs", i, 0, INT64_MAX), NETWORKS_NEW);
    assert_refused(f, put_key(f, "rcs", NETWORK_MAX_KEYS, 0, INT64_MAX), "keys-full");
    /* That of the configuration stays where it is: without its record it would count again. */
    networks_retire_key(&f->tools, teal_text("rcs"), keys[0], NOW_MS, NOW_MS, &f->why);
    assert_refused(f, put_key(f, "rcs", NETWORK_MAX_KEYS, 0, INT64_MAX), "keys-full");
    networks_retire_key(&f->tools, teal_text("rcs"), keys[3], NOW_MS, NOW_MS, &f->why);
    assert_int_equal(put_key(f, "rcs", NETWORK_MAX_KEYS, 0, INT64_MAX), NETWORKS_NEW);
    assert_string_equal(signer(f, 0, NOW_MS), "nobody");
    assert_string_equal(signer(f, 3, NOW_MS - 1), "nobody");
    assert_string_equal(signer(f, NETWORK_MAX_KEYS, NOW_MS), "rcs");
}

/* What the log has, newest last: '+' a key that was added, '-' one that was retired. */
static const char *key_log(fixture *f)
{
    static char changes[32];
    static uint8_t memory[1 << 16];
    teal_bytes leaves[sizeof changes - 1];
    size_t n = 0;
    teal_arena arena = { memory, sizeof memory, 0 };
    assert_int_equal(f->reader->ops->list_leaves(f->reader, teal_text(KEY_LOG), 0, &arena, leaves,
                                                 sizeof changes - 1, &n),
                     STORE_OK);
    for (size_t i = 0; i < n; i++) {
        teal_key_log_entry e;
        assert_int_equal(teal_key_log_entry_decode(leaves[i], &e, NULL), TEAL_OK);
        assert_int_equal(e.kind, TEAL_KEY_LOG_PEER_KEY);
        changes[i] = e.change == TEAL_KEY_LOG_ADDED ? '+' : '-';
    }
    changes[n] = '\0';
    return changes;
}

static void test_changes_of_keys_are_logged(void **state)
{
    fixture *f = *state;
    put(f, "other", "other.example", "");
    put_key(f, "other", 1, 0, INT64_MAX);
    assert_string_equal(key_log(f), "+");
    assert_refused(f, put_key(f, "other", 0, 0, INT64_MAX), "key-taken");
    assert_string_equal(key_log(f), "+");
    put_key(f, "other", 2, 0, INT64_MAX);
    networks_retire_key(&f->tools, teal_text("other"), keys[1], NOW_MS, NOW_MS, &f->why);
    assert_string_equal(key_log(f), "++-");
    networks_remove(&f->tools, teal_text("other"), NOW_MS, &f->why);
    assert_string_equal(key_log(f), "++--");
}

/* ---- suspension, views ----------------------------------------------------------------------- */

static bool is_suspended(fixture *f, const char *name)
{
    const networks_view *v = networks_hold(f->networks);
    bool suspended = networks_named(v, teal_text(name))->suspended;
    networks_let_go(f->networks, &v);
    return suspended;
}

static void test_suspension_lasts(void **state)
{
    fixture *f = *state;
    assert_int_equal(networks_suspend(&f->tools, teal_text("rcs"), NOW_MS, &f->why),
                     NETWORKS_CHANGED);
    assert_true(is_suspended(f, "rcs"));
    restart(f);
    assert_true(is_suspended(f, "rcs"));
    assert_string_equal(owner_of(f, "sip:a@rcs.example"), "rcs"); /* nobody else's meanwhile */
    assert_string_equal(signer(f, 0, NOW_MS), "rcs");
    assert_int_equal(networks_resume(&f->tools, teal_text("rcs"), &f->why), NETWORKS_CHANGED);
    assert_false(is_suspended(f, "rcs"));
    assert_refused(f, networks_suspend(&f->tools, teal_text("none"), NOW_MS, &f->why),
                   "network-unknown");
}

static void test_a_view_does_not_change(void **state)
{
    fixture *f = *state;
    const networks_view *before = networks_hold(f->networks);
    assert_true(networks_is_newest(f->networks, before));
    assert_int_equal(put(f, "other", "other.example", ""), NETWORKS_NEW);
    assert_false(networks_is_newest(f->networks, before));
    assert_null(networks_for(before, teal_text("sip:a@other.example")));
    assert_string_equal(networks_named(before, teal_text("rcs"))->url, "http://127.0.0.1:1");
    networks_let_go(f->networks, &before);
    assert_null(before);
}

static void *look(void *arg)
{
    fixture *f = arg;
    for (int i = 0; i < 2000; i++) {
        const networks_view *v = networks_hold(f->networks);
        const bridged_network *n = networks_for(v, teal_text("sip:a@other.example"));
        if (n != NULL && strcmp(n->name, "other") != 0)
            return f;
        networks_let_go(f->networks, &v);
    }
    return NULL;
}

static void test_threads_look_while_others_change(void **state)
{
    fixture *f = *state;
    pthread_t threads[3];
    void *wrong;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, f), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(put(f, "other", "other.example", ""), NETWORKS_NEW);
        assert_int_equal(networks_remove(&f->tools, teal_text("other"), NOW_MS, &f->why),
                         NETWORKS_CHANGED);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_network_is_there_at_once_and_after_a_restart),
        TEST(test_the_longest_prefix_wins_whoever_has_it),
        TEST(test_nobody_takes_what_is_anothers),
        TEST(test_what_no_configuration_takes_is_refused),
        TEST(test_own_authority),
        TEST(test_the_configuration_has_the_last_word),
        TEST(test_a_slot_stays_and_is_free_again),
        TEST(test_keys_overlap_and_end),
        TEST(test_a_key_is_one_networks),
        TEST(test_weak_keys_are_refused),
        TEST(test_keys_that_are_over_make_room),
        TEST(test_changes_of_keys_are_logged),
        TEST(test_suspension_lasts),
        TEST(test_a_view_does_not_change),
        TEST(test_threads_look_while_others_change),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
