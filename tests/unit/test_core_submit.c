/* What the core accepts and refuses (PROTOCOL.md section 9.1), and what it makes durable. */
#include "gateway/clock.h"
#include "tests/support/core_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MINUTE_MS = 60 * 1000, GENERATION = 1 };
#define DAY_MS (INT64_C(24) * 60 * MINUTE_MS)

static int open_started(void **state)
{
    rig_open(state);
    rig_start(*state, GENERATION);
    return 0;
}

static void assert_text(teal_bytes got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.at, want, got.len);
}

/* ---- refusals ---- */

/* Now, for what depends on it; 0 in the table. */
static const struct {
    const char *name;
    rig_letter letter;
    int64_t sent_after_ms, expires_after_ms, consent_after_ms; /* of now, where not 0 */
    const char *problem;
    unsigned status;
    const char *rule;
    const char *codes[RIG_MAX_TO]; /* of the fates; "": none */
} refusals[] = {
    { .name = "REQ-MSG-2 nobody has that handle",
      .letter = { .id = "r1", .sender = "im:nobody@native.example", .to = { BOB } },
      .problem = "sender-unknown",
      .status = 403,
      .rule = "REQ-MSG-2" },
    { .name = "REQ-MSG-2 a sender without manifest",
      .letter = { .id = "r2", .sender = PAUL, .to = { BOB } },
      .problem = "sender-unknown",
      .status = 403,
      .rule = "REQ-MSG-2" },
    { .name = "REQ-MSG-2 the gateway itself",
      .letter = { .id = "r3", .sender = GATEWAY, .to = { BOB } },
      .problem = "sender-unknown",
      .status = 403,
      .rule = "REQ-MSG-2" },
    { .name = "REQ-MSG-3 bob's device is not alice's",
      .letter = { .id = "r4", .device = 21, .to = { BOB }, .keys = { 21, 22 } },
      .problem = "device-unknown",
      .status = 403,
      .rule = "REQ-MSG-3" },
    { .name = "REQ-MSG-6 expired",
      .letter = { .id = "r5", .to = { BOB }, .keys = { 21, 22 } },
      .expires_after_ms = -1,
      .problem = "message-expired",
      .status = 422,
      .rule = "REQ-MSG-6" },
    { .name = "REQ-MSG-7 sent in six minutes",
      .letter = { .id = "r6", .to = { BOB }, .keys = { 21, 22 } },
      .sent_after_ms = 6 * MINUTE_MS,
      .problem = "sent-at-out-of-range",
      .status = 422,
      .rule = "REQ-MSG-7" },
    { .name = "REQ-MSG-7 sent 31 days ago",
      .letter = { .id = "r7", .to = { BOB }, .keys = { 21, 22 } },
      .sent_after_ms = -31 * DAY_MS,
      .problem = "sent-at-out-of-range",
      .status = 422,
      .rule = "REQ-MSG-7" },
    { .name = "REQ-MSG-8 nobody has that handle",
      .letter = { .id = "r8", .to = { "im:nobody@native.example" } },
      .problem = "recipient-unroutable",
      .status = 422,
      .rule = "REQ-MSG-8",
      .codes = { "recipient-unroutable" } },
    { .name = "REQ-MSG-8 a network that nobody bridges",
      .letter = { .id = "r9", .to = { "sip:x@unheard.example" } },
      .problem = "recipient-unroutable",
      .status = 422,
      .rule = "REQ-MSG-8",
      .codes = { "recipient-unroutable" } },
    { .name = "REQ-MSG-11 one of two, and which",
      .letter = { .id = "r10", .to = { BOB, "im:nobody@native.example" }, .keys = { 21, 22 } },
      .problem = "recipient-unroutable",
      .status = 422,
      .rule = "REQ-MSG-8",
      .codes = { "", "recipient-unroutable" } },
    { .name = "REQ-MSG-8 comes before REQ-MSG-9 and REQ-DGR",
      .letter = { .id = "r11", .to = { BOB, PHONE, "im:nobody@native.example" } },
      .problem = "recipient-unroutable",
      .status = 422,
      .rule = "REQ-MSG-8",
      .codes = { "", "consent-missing", "recipient-unroutable" } },
    { .name = "REQ-MSG-12 a device without key",
      .letter = { .id = "r12", .to = { BOB }, .keys = { 21 } },
      .problem = "keys-stale",
      .status = 409,
      .rule = "REQ-MSG-9",
      .codes = { "" } },
    { .name = "REQ-MSG-12 a key for a stranger",
      .letter = { .id = "r13", .to = { BOB }, .keys = { 21, 22, 51 } },
      .problem = "keys-stale",
      .status = 409,
      .rule = "REQ-MSG-9",
      .codes = { "" } },
    { .name = "REQ-MSG-12 a peer's device without key",
      .letter = { .id = "r14", .to = { RITA }, .keys = { 31 } },
      .problem = "keys-stale",
      .status = 409,
      .rule = "REQ-MSG-9",
      .codes = { "" } },
    { .name = "REQ-DGR-2 a receipt by SMS",
      .letter = { .id = "r15", .to = { PHONE }, .kind = TEAL_KIND_RECEIPT, .consents = true },
      .problem = "consent-kind",
      .status = 403,
      .rule = "REQ-DGR-2",
      .codes = { "consent-kind" } },
    { .name = "REQ-DGR-3 SMS without consent",
      .letter = { .id = "r16", .to = { PHONE } },
      .problem = "consent-missing",
      .status = 403,
      .rule = "REQ-DGR-3",
      .codes = { "consent-missing" } },
    { .name = "REQ-DGR-4 consent of yesterday",
      .letter = { .id = "r17", .to = { PHONE }, .consents = true },
      .consent_after_ms = -1,
      .problem = "consent-expired",
      .status = 403,
      .rule = "REQ-DGR-4",
      .codes = { "consent-expired" } },
    { .name = "REQ-DGR-5 floor TRANSPORT, only SMS",
      .letter = { .id = "r18", .to = { PHONE }, .consents = true, .floor = TEAL_TRANSPORT },
      .problem = "consent-floor-too-high",
      .status = 403,
      .rule = "REQ-DGR-5",
      .codes = { "consent-floor-too-high" } },
    { .name = "REQ-DGR-6 no content",
      .letter = { .id = "r19", .to = { PHONE }, .consents = true, .without_fallback = true },
      .problem = "consent-fallback-missing",
      .status = 403,
      .rule = "REQ-DGR-6",
      .codes = { "consent-fallback-missing" } },
    { .name = "REQ-DGR-8 another gateway's key",
      .letter = { .id = "r20", .to = { PHONE }, .consents = true, .other_gateway_key = true },
      .problem = "consent-gateway-key",
      .status = 403,
      .rule = "REQ-DGR-8",
      .codes = { "consent-gateway-key" } },
    { .name = "REQ-MSG-11 a group of which one needs consent",
      .letter = { .id = "r21", .to = { BOB, PHONE, PAUL }, .keys = { 21, 22 } },
      .problem = "consent-missing",
      .status = 403,
      .rule = "REQ-DGR-3",
      .codes = { "", "consent-missing", "consent-missing" } },
    { .name = "REQ-MSG-8 a peer's own people are its own business",
      .letter = { .id = "r22", .sender = RITA, .device = 31, .to = { ROB }, .keys = { 41 } },
      .problem = "recipient-unroutable",
      .status = 422,
      .rule = "REQ-MSG-8" },
};

static bool is_stored(core_rig *r, const teal_envelope *e)
{
    store_message m;
    return r->reader->ops->find_message(r->reader, e->sender_device, e->sender, e->message_id,
                                        &r->arena, &m) == STORE_OK;
}

static void expect_refusal(core_rig *r, const teal_envelope *e, const char *problem,
                           unsigned status, const char *rule, core_outcome *out)
{
    assert_int_equal(rig_submit(r, e, out), CORE_REFUSED);
    assert_string_equal(out->problem, problem);
    assert_int_equal(out->status, status);
    assert_memory_equal(out->rule, rule, strlen(rule));
    assert_int_equal(out->rule[strlen(rule)], ' ');
    assert_non_null(out->remedy);
}

static void every_refusal(void **state)
{
    core_rig *r = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        print_message("row: %s\n", refusals[i].name);
        rig_letter l = refusals[i].letter;
        core_outcome out;
        int64_t now_ms = clock_unix_ms();
        if (refusals[i].sent_after_ms != 0)
            l.sent_at_ms = now_ms + refusals[i].sent_after_ms;
        if (refusals[i].expires_after_ms != 0)
            l.expires_at_ms = now_ms + refusals[i].expires_after_ms;
        if (refusals[i].consent_after_ms != 0)
            l.consent_expires_at_ms = now_ms + refusals[i].consent_after_ms;
        teal_envelope *e = rig_seal(r, &l);
        expect_refusal(r, e, refusals[i].problem, refusals[i].status, refusals[i].rule, &out);
        for (size_t k = 0; k < RIG_MAX_TO && refusals[i].codes[k] != NULL; k++) {
            assert_true(k < out.n_fates);
            assert_text(out.fates[k].recipient, l.to[k]);
            if (refusals[i].codes[k][0] == '\0')
                assert_null(out.fates[k].code);
            else
                assert_string_equal(out.fates[k].code, refusals[i].codes[k]);
        }
        assert_false(is_stored(r, e));
    }
    rig_expect_silence(r);
}

static void forgeries(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    teal_envelope *e = rig_seal(r, &(rig_letter){ .id = "f1", .to = { BOB }, .keys = { 21, 22 } });
    e->signature[0] ^= 1;
    expect_refusal(r, e, "signature-invalid", 403, "REQ-MSG-4", &out);
    e->signature[0] ^= 1;
    e->has_origin = true;
    e->origin = (teal_origin){ TEAL_PLAINTEXT, teal_text("sms"), e->sender };
    expect_refusal(r, e, "origin-reserved", 403, "REQ-MSG-1", &out);
    e->has_origin = false;
    assert_int_equal(rig_submit(r, e, &out), CORE_ACCEPTED);
}

static void stale_keys_come_with_manifests(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    teal_manifest m;
    teal_envelope *e =
        rig_seal(r, &(rig_letter){ .id = "s1", .to = { BOB, RITA }, .keys = { 21, 22, 31 } });
    expect_refusal(r, e, "keys-stale", 409, "REQ-MSG-9", &out);
    assert_int_equal(out.n_stale, 1);
    assert_text(out.stale[0].handle, RITA);
    assert_int_equal(teal_manifest_decode(out.stale[0].manifest, &r->arena, &m, NULL), TEAL_OK);
    assert_int_equal(m.n_devices, 2);
}

/* The sender knows of a device that the gateway's memory of the peer's answer lacks. */
static void stale_memory_is_refreshed(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    rig_accept(r, &(rig_letter){ .id = "m1", .to = { ROB }, .keys = { 41 } });
    teal_bytes rob = teal_text(ROB);
    teal_manifest m = { 0 };
    teal_device devices[2] = { 0 };
    uint8_t sk[64];
    teal_writer w = { teal_arena_take(&r->arena, 4096), 4096, 0 };
    for (uint64_t i = 0; i < 2; i++) {
        test_device d = test_device_of(41 + i);
        memcpy(devices[i].id, d.id, sizeof d.id);
        memcpy(devices[i].signing_key, d.sign_pk, sizeof d.sign_pk);
        devices[i].name = teal_text("tablet");
    }
    m = (teal_manifest){
        .version = 1, .handles = &rob, .n_handles = 1, .devices = devices, .n_devices = 2
    };
    test_account_keys(4, m.account_key, sk);
    teal_manifest_sign(&m, sk);
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    scripted_peer_know(r->peer, ROB, "sealed", teal_written(&w));
    teal_envelope *e = rig_seal(r, &(rig_letter){ .id = "m2", .to = { ROB }, .keys = { 41, 42 } });
    assert_int_equal(rig_submit(r, e, &out), CORE_ACCEPTED);
    size_t asked = scripted_peer_look_ups(r->peer);
    e = rig_seal(r, &(rig_letter){ .id = "m3", .to = { ROB }, .keys = { 41, 42 } });
    assert_int_equal(rig_submit(r, e, &out), CORE_ACCEPTED);
    assert_int_equal(scripted_peer_look_ups(r->peer), asked);
    /* and the sender's own new device, likewise */
    e = rig_seal(r,
                 &(rig_letter){
                     .id = "m4", .sender = ROB, .device = 42, .to = { BOB }, .keys = { 21, 22 } });
    assert_int_equal(rig_submit(r, e, &out), CORE_ACCEPTED);
}

static void a_silent_network_is_not_an_absent_one(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    scripted_peer_listen(r->other, false);
    teal_envelope *e =
        rig_seal(r, &(rig_letter){ .id = "u1", .to = { OLGA }, .keys = { 51 }, .consents = true });
    assert_int_equal(rig_submit(r, e, &out), CORE_REFUSED);
    assert_string_equal(out.problem, "peer-unreachable");
    assert_int_equal(out.status, 503);
    assert_true(out.retry_after_ms > 0);
    assert_false(is_stored(r, e));
}

/* ---- acceptance ---- */

static void a_message_to_every_device(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    store_item items[4];
    teal_envelope *e =
        rig_seal(r, &(rig_letter){ .id = "a1", .to = { BOB }, .keys = { 12, 21, 22 } });
    assert_int_equal(rig_submit(r, e, &out), CORE_ACCEPTED);
    assert_int_equal(out.n_fates, 1);
    assert_text(out.fates[0].recipient, BOB);
    assert_int_equal(out.fates[0].path, PATH_NATIVE);
    assert_int_equal(out.fates[0].level, TEAL_E2EE);
    assert_null(out.fates[0].code);
    assert_int_equal(rig_items(r, 21, items, 4), 1);
    assert_int_equal(rig_items(r, 22, items, 4), 1);
    assert_int_equal(rig_items(r, 12, items, 4), 1); /* the sender's other device */
    assert_int_equal(items[0].delivery_id, 0);
    assert_int_equal(rig_items(r, 11, items, 4), 0);
    assert_int_equal(r->n_changed, 3);
    assert_int_equal(rig_delivery(r, "a1", 0).state, STATE_WAITING);
}

/* Both handles of bob are his, and the sender may write to itself. */
static void notes_to_oneself(void **state)
{
    core_rig *r = *state;
    store_item items[4];
    rig_accept(r, &(rig_letter){ .id = "n1", .to = { ALICE }, .keys = { 11, 12 } });
    assert_int_equal(rig_items(r, 11, items, 4), 1);
    assert_int_equal(rig_items(r, 12, items, 4), 1);
    rig_accept(r, &(rig_letter){ .id = "n2", .to = { BOB_TEL }, .keys = { 21, 22 } });
    assert_int_equal(rig_delivery(r, "n2", 0).path, PATH_NATIVE);
}

static void duplicates_answer_as_the_first_time(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    store_item items[4];
    rig_letter l = { .id = "d1", .to = { BOB, PHONE }, .keys = { 21, 22 }, .consents = true };
    l.sent_at_ms = clock_unix_ms();
    l.consent_expires_at_ms = l.sent_at_ms + MINUTE_MS;
    teal_envelope *e = rig_accept(r, &l);
    assert_int_equal(rig_submit(r, e, &out), CORE_DUPLICATE);
    assert_int_equal(out.n_fates, 2);
    assert_text(out.fates[1].recipient, PHONE);
    assert_int_equal(out.fates[1].path, PATH_SMS);
    assert_int_equal(out.fates[1].level, TEAL_PLAINTEXT);
    assert_int_equal(rig_items(r, 21, items, 4), 1);
    l.change = 1;
    expect_refusal(r, rig_seal(r, &l), "message-id-reused", 409, "REQ-MSG-5", &out);
    /* another device may use the same id */
    l.device = 12;
    l.to[1] = NULL;
    rig_accept(r, &l);
}

/* REQ-MSG-5 comes before REQ-MSG-6: who missed the answer is told, however late. */
static void duplicates_do_not_expire(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    int64_t now_ms = clock_unix_ms();
    rig_letter l = {
        .id = "d2", .to = { BOB }, .keys = { 21, 22 }, .expires_at_ms = now_ms + MINUTE_MS
    };
    teal_envelope *e = rig_accept(r, &l);
    assert_int_equal(rig_submit_at(r, r->reader, e, now_ms + 2 * MINUTE_MS, &r->arena, &out),
                     CORE_DUPLICATE);
}

typedef struct racer {
    core_rig *r;
    const teal_envelope *e;
    core_result result;
    pthread_t thread;
} racer;

static void *race(void *arg)
{
    racer *it = arg;
    store *s = NULL;
    core_outcome out;
    teal_arena arena = { malloc(4 << 20), 4 << 20, 0 };
    if (store_sqlite.open(it->r->url, false, &s) == STORE_OK)
        it->result = rig_submit_at(it->r, s, it->e, clock_unix_ms(), &arena, &out);
    store_sqlite.close(&s);
    free(arena.base);
    return NULL;
}

static void of_a_race_one_is_first(void **state)
{
    enum { RACERS = 4, ROUNDS = 10 };
    core_rig *r = *state;
    for (size_t round = 0; round < ROUNDS; round++) {
        racer racers[RACERS];
        size_t accepted = 0, duplicates = 0;
        char id[8];
        snprintf(id, sizeof id, "race%zu", round);
        teal_envelope *e =
            rig_seal(r, &(rig_letter){ .id = id, .to = { BOB }, .keys = { 21, 22 } });
        for (size_t i = 0; i < RACERS; i++) {
            racers[i] = (racer){ .r = r, .e = e, .result = CORE_OVERLOADED };
            assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
        }
        for (size_t i = 0; i < RACERS; i++) {
            pthread_join(racers[i].thread, NULL);
            accepted += racers[i].result == CORE_ACCEPTED;
            duplicates += racers[i].result == CORE_DUPLICATE;
        }
        assert_int_equal(accepted, 1);
        assert_int_equal(duplicates, RACERS - 1);
    }
}

/* A fallback is plaintext that waits: only where somebody may need it, and never in the envelope.
 */
static void fallbacks_are_kept_only_where_needed(void **state)
{
    static const struct {
        const char *id;
        const char *to[3];
        uint64_t keys[6];
        teal_when when;
        bool kept;
    } rows[] = {
        { "k1", { BOB }, { 21, 22 }, TEAL_NO_BETTER_PATH, false },
        { "k2", { BOB }, { 21, 22 }, TEAL_OR_FAILED, false },
        { "k3", { RITA }, { 31, 32 }, TEAL_NO_BETTER_PATH, false },
        { "k4", { RITA, BOB }, { 31, 32, 21, 22 }, TEAL_OR_FAILED, true },
        { "k5", { PHONE }, { 0 }, TEAL_NO_BETTER_PATH, true },
        { "k6", { BOB, PHONE }, { 21, 22 }, TEAL_NO_BETTER_PATH, true },
    };
    core_rig *r = *state;
    scripted_peer_hold(r->peer); /* nothing is delivered meanwhile */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig_letter l = {
            .id = rows[i].id, .consents = true, .when = rows[i].when, .failed_after_ms = MINUTE_MS
        };
        memcpy(l.to, rows[i].to, sizeof rows[i].to);
        memcpy(l.keys, rows[i].keys, sizeof rows[i].keys);
        print_message("row: %s\n", rows[i].id);
        teal_envelope *e = rig_accept(r, &l), stored;
        store_message m;
        assert_int_equal(r->reader->ops->find_message(r->reader, e->sender_device, e->sender,
                                                      e->message_id, &r->arena, &m),
                         STORE_OK);
        assert_int_equal(teal_envelope_decode(m.envelope, &r->arena, &stored, NULL), TEAL_OK);
        assert_int_equal(stored.downgrade.sealed.len, 0);
        assert_int_equal(stored.n_keys, e->n_keys);
        assert_int_equal(rig_has_fallback(r, rows[i].id), rows[i].kept);
    }
    scripted_peer_say(r->peer, 202, NULL, 0);
}

/* REQ-DGR-8: until the room has said its key, no consent can be judged. */
static void without_a_room_consents_have_to_wait(void **state)
{
    core_rig *r = *state;
    core_outcome out;
    uint8_t key[256];
    size_t len;
    rig_start(r, 0);
    assert_false(core_downgrade_key(r->core, key, sizeof key, &len));
    teal_envelope *e = rig_seal(r, &(rig_letter){ .id = "w1", .to = { PHONE }, .consents = true });
    assert_int_equal(rig_submit(r, e, &out), CORE_OVERLOADED);
    assert_int_equal(out.status, 503);
    rig_accept(r, &(rig_letter){ .id = "w2", .to = { BOB }, .keys = { 21, 22 } });
    rig_stop(r);
    rig_start(r, GENERATION);
    assert_true(core_downgrade_key(r->core, key, sizeof key, &len));
    teal_prekey prekey;
    assert_int_equal(teal_prekey_decode((teal_bytes){ key, len }, &prekey, NULL), TEAL_OK);
    assert_memory_equal(prekey.key, r->room.prekey_pk, sizeof prekey.key);
    assert_int_equal(rig_submit(r, e, &out), CORE_ACCEPTED);
}

/* ---- acknowledgement ---- */

static store_result acknowledge(core_rig *r, uint64_t device, int64_t seq)
{
    test_device d = test_device_of(device);
    int64_t seqs[] = { 0, seq, seq }; /* one that is not there, and twice */
    return core_acknowledge(r->core, d.id, seqs, 3, clock_unix_ms());
}

static void the_first_device_makes_it_arrive(void **state)
{
    core_rig *r = *state;
    store_item items[4];
    bool seen = false;
    rig_accept(
        r, &(rig_letter){ .id = "q1", .conversation = "q", .to = { BOB }, .keys = { 12, 21, 22 } });
    rig_items(r, 12, items, 4);
    assert_int_equal(acknowledge(r, 12, items[0].seq), STORE_OK);
    assert_true(rig_is_in_state(r, "q1", 0, STATE_WAITING)); /* a copy is no delivery */
    rig_items(r, 22, items, 4);
    assert_int_equal(acknowledge(r, 21, items[0].seq), STORE_OK); /* another device's item */
    assert_true(rig_is_in_state(r, "q1", 0, STATE_WAITING));
    assert_int_equal(acknowledge(r, 22, items[0].seq), STORE_OK);
    assert_true(rig_is_in_state(r, "q1", 0, STATE_ARRIVED));
    assert_int_equal(rig_items(r, 22, items, 4), 0);
    assert_int_equal(rig_items(r, 21, items, 4), 1); /* each device gets its copy */
    assert_int_equal(acknowledge(r, 21, items[0].seq), STORE_OK);
    teal_receipt receipt = rig_await_receipt(r, "q1", 1);
    assert_int_equal(receipt.status, TEAL_STATUS_ARRIVED);
    assert_int_equal(receipt.level, TEAL_E2EE);
    assert_text(receipt.path, "native");
    assert_text(receipt.recipient, BOB);
    assert_int_equal(rig_items(r, 11, items, 4), 1); /* to the sending device alone */
    assert_int_equal(items[0].kind, ITEM_RECEIPT);
    assert_int_equal(rig_items(r, 12, items, 4), 0);
    assert_int_equal(acknowledge(r, 11, items[0].seq), STORE_OK);
    assert_int_equal(r->reader->ops->seen_e2ee(r->reader, teal_text("q"), teal_text(BOB), &seen),
                     STORE_OK);
    assert_true(seen);
}

/* REQ-RCPT-5 */
static void only_messages_cause_receipts(void **state)
{
    core_rig *r = *state;
    store_item items[4];
    static const teal_kind kinds[] = { TEAL_KIND_RECEIPT, TEAL_KIND_TYPING, TEAL_KIND_CONTROL };
    for (size_t i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "o%zu", i);
        rig_accept(r,
                   &(rig_letter){ .id = id, .to = { BOB }, .keys = { 21, 22 }, .kind = kinds[i] });
        size_t n = rig_items(r, 21, items, 4);
        assert_int_equal(acknowledge(r, 21, items[n - 1].seq), STORE_OK);
        assert_true(rig_is_in_state(r, id, 0, STATE_ARRIVED));
    }
    assert_int_equal(rig_items(r, 11, items, 4), 0);
}

/* ---- */

#define ON_RIG(test) cmocka_unit_test_setup_teardown(test, open_started, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_RIG(every_refusal),
        ON_RIG(forgeries),
        ON_RIG(stale_keys_come_with_manifests),
        ON_RIG(stale_memory_is_refreshed),
        ON_RIG(a_silent_network_is_not_an_absent_one),
        ON_RIG(a_message_to_every_device),
        ON_RIG(notes_to_oneself),
        ON_RIG(duplicates_answer_as_the_first_time),
        ON_RIG(duplicates_do_not_expire),
        ON_RIG(of_a_race_one_is_first),
        ON_RIG(fallbacks_are_kept_only_where_needed),
        cmocka_unit_test_setup_teardown(without_a_room_consents_have_to_wait, rig_open, rig_close),
        ON_RIG(the_first_device_makes_it_arrive),
        ON_RIG(only_messages_cause_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
