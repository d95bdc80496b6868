/* See core_rig.h. */
#include "tests/support/core_rig.h"

#include "codecs/native/content.h"
#include "codecs/native/transcript.h"
#include "gateway/clock.h"
#include "tests/support/envelopes.h"

#include <semaphore.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    ARENA_BYTES = 64 << 20,
    FRAME_ARENA_BYTES = 4 << 20,
    PATIENCE_MS = 30000,
    SILENCE_MS = 50,
};

/* ---- who there is ---- */

static teal_bytes encode_manifest(core_rig *r, const teal_manifest *m)
{
    teal_writer w = { teal_arena_take(&r->arena, TEAL_MAX_MANIFEST_BYTES), TEAL_MAX_MANIFEST_BYTES,
                      0 };
    assert_int_equal(teal_manifest_encode(m, &w), TEAL_OK);
    return teal_written(&w);
}

static teal_manifest manifest_of(core_rig *r, const char *const *handles, size_t n, uint64_t first,
                                 size_t n_devices)
{
    teal_bytes *views = teal_arena_array(&r->arena, n, sizeof *views);
    for (size_t i = 0; i < n; i++)
        views[i] = teal_text(handles[i]);
    return test_manifest(views, n, first / 10, first, n_devices, &r->arena);
}

typedef struct registration {
    teal_manifest manifest;
    teal_bytes encoded;
} registration;

static store_result put_manifest(store *s, void *arg)
{
    const registration *a = arg;
    return s->ops->put_manifest(s, &a->manifest, a->encoded);
}

static void register_native(core_rig *r, const char *const *handles, size_t n, uint64_t first,
                            size_t n_devices)
{
    registration a = { .manifest = manifest_of(r, handles, n, first, n_devices) };
    a.encoded = encode_manifest(r, &a.manifest);
    assert_int_equal(writer_do(r->writer, put_manifest, &a), STORE_OK);
}

static void register_remote(core_rig *r, scripted_peer *peer, const char *handle, uint64_t first,
                            size_t n_devices)
{
    teal_manifest m = manifest_of(r, &handle, 1, first, n_devices);
    scripted_peer_know(peer, handle, "sealed", encode_manifest(r, &m));
}

static void register_all(core_rig *r)
{
    static const char *const alice[] = { ALICE }, *const bob[] = { BOB, BOB_TEL };
    register_native(r, alice, 1, 11, 2);
    register_native(r, bob, 2, 21, 2);
    register_remote(r, r->peer, RITA, 31, 2);
    register_remote(r, r->peer, ROB, 41, 1);
    register_remote(r, r->other, OLGA, 51, 1);
    scripted_peer_know(r->peer, PAUL, "plain", (teal_bytes){ 0 });
}

static void make_gateway(core_rig *r)
{
    static const char *const handle[] = { GATEWAY };
    test_device edge = test_device_of(RIG_EDGE);
    uint8_t account_sk[64];
    teal_manifest m = manifest_of(r, handle, 1, RIG_EDGE, 2);
    teal_device devices[2] = { m.devices[0], m.devices[1] };
    devices[0].name = teal_text("edge");
    devices[1].name = teal_text("plaintext");
    m.devices = devices;
    test_account_keys(RIG_EDGE / 10, m.account_key, account_sk);
    teal_manifest_sign(&m, account_sk);
    r->manifest = encode_manifest(r, &m);
    memcpy(r->keys.id, edge.id, sizeof edge.id);
    memcpy(r->keys.sk, edge.sign_sk, sizeof edge.sign_sk);
    r->room = test_device_of(RIG_ROOM);
}

static char *text(core_rig *r, const char *from)
{
    size_t len = strlen(from) + 1;
    return memcpy(teal_arena_take(&r->arena, len), from, len);
}

static void add(core_rig *r, config_list *list, const char *value)
{
    list->at[list->n++] = text(r, value);
}

static void add_peer(core_rig *r, const char *name, const char *domain, scripted_peer *peer)
{
    config_peer *p = &r->config.peers[r->config.n_peers];
    char *url = r->peer_urls[r->config.n_peers++];
    snprintf(url, sizeof r->peer_urls[0], "http://127.0.0.1:%u", scripted_peer_port(peer));
    p->name = text(r, name);
    add(r, &p->domains, domain);
    p->url = url;
}

static void configure(core_rig *r)
{
    r->config = (config){ .handle = text(r, GATEWAY),
                          .sms_mark = text(r, "[SMS]"),
                          .plain_mark = text(r, "[plain]"),
                          .store_backend = text(r, "sqlite"),
                          .store_url = r->url,
                          .max_waiting = 1024,
                          .give_up_after_ms = 3600000,
                          .retry_first_ms = 10,
                          .retry_max_ms = 40,
                          .peer_timeout_ms = 5000,
                          .lookup_ttl_ms = 300000,
                          .sms_host = text(r, "127.0.0.1"),
                          .sms_window = 64 };
    add(r, &r->config.native_domains, "native.example");
    add(r, &r->config.native_numbers, "+4930");
    add(r, &r->config.sms_numbers, "+");
    add_peer(r, "rcs", "rcs.example", r->peer);
    add_peer(r, "other", "other.example", r->other);
}

/* ---- opening ---- */

int rig_open(void **state)
{
    core_rig *r = calloc(1, sizeof *r);
    store *s = NULL;
    assert_non_null(r);
    r->arena = (teal_arena){ malloc(ARENA_BYTES), ARENA_BYTES, 0 };
    r->frame_arena = (teal_arena){ malloc(FRAME_ARENA_BYTES), FRAME_ARENA_BYTES, 0 };
    r->frame = malloc(CHANNEL_MAX_FRAME);
    r->where = folder_make();
    r->peer = scripted_peer_start();
    r->other = scripted_peer_start();
    snprintf(r->url, sizeof r->url, "%s", folder_file(&r->where, "db"));
    configure(r);
    assert_int_equal(store_sqlite.open(r->url, true, &s), STORE_OK);
    assert_int_equal(store_sqlite.open(r->url, false, &r->reader), STORE_OK);
    r->writer = writer_start(s, r->config.max_waiting);
    assert_non_null(r->writer);
    static const uint8_t sk[64];
    const request_signer signer = { .kind = REQUEST_KEY, .sk = sk };
    r->networks = networks_open(&r->config);
    r->directory = directory_open(&r->config, r->networks, r->writer, &signer);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    make_gateway(r);
    register_all(r);
    assert_true(channel_pair(r->fds));
    *state = r;
    return 0;
}

int rig_close(void **state)
{
    core_rig *r = *state;
    core_stop(&r->core);
    directory_close(&r->directory);
    networks_close(&r->networks);
    writer_stop(&r->writer);
    store_sqlite.close(&r->reader);
    scripted_peer_stop(&r->peer);
    scripted_peer_stop(&r->other);
    close(r->fds[0]);
    close(r->fds[1]);
    folder_remove(&r->where);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    free(r->arena.base);
    free(r->frame_arena.base);
    free(r->frame);
    free(r);
    return 0;
}

static void count_change(void *arg, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    core_rig *r = arg;
    (void)device;
    pthread_mutex_lock(&r->lock);
    r->n_changed++;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static size_t count_changes(core_rig *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->n_changed;
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* Waits until an inbox has changed since the count was `seen`: a receipt came. */
static void await_change(core_rig *r, size_t seen)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    int timed_out = 0;
    pthread_mutex_lock(&r->lock);
    while (r->n_changed == seen && timed_out == 0)
        timed_out = pthread_cond_timedwait(&r->changed, &r->lock, &until);
    pthread_mutex_unlock(&r->lock);
    if (timed_out != 0)
        fail_msg("no receipt came");
}

void rig_start(core_rig *r, uint8_t generation)
{
    core_parts parts = { .config = &r->config,
                         .keys = &r->keys,
                         .gateway_manifest = r->manifest,
                         .networks = r->networks,
                         .writer = r->writer,
                         .directory = r->directory,
                         .room_fd = r->fds[0],
                         .drain_ms = r->drain_ms,
                         .inbox_changed = count_change,
                         .arg = r };
    r->core = core_start(&parts);
    assert_non_null(r->core);
    rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_EDGE_HELLO);
    if (generation == 0)
        return;
    rig_say_hello(r, generation);
    /* Frames are taken in order: with the answer to this one, the hello has been taken. */
    Teal__V1__WhoIs who_is = TEAL__V1__WHO_IS__INIT;
    who_is.number = text(r, "+12025550100");
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS, &who_is);
    rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER);
}

void rig_stop(core_rig *r)
{
    core_stop(&r->core);
}

/* ---- letters ---- */

static void consent(core_rig *r, const rig_letter *l, teal_envelope *e)
{
    uint8_t eph[32];
    teal_consent *d = &e->downgrade;
    teal_writer fallback = { teal_arena_take(&r->arena, 256), 256, 0 };
    test_device other = test_device_of(999);
    e->has_downgrade = true;
    d->floor = l->floor != 0 ? l->floor : TEAL_PLAINTEXT;
    d->when = l->when != 0 ? l->when : TEAL_NO_BETTER_PATH;
    d->failed_after_ms = (uint64_t)l->failed_after_ms;
    d->expires_at_ms = l->consent_expires_at_ms != 0 ? (uint64_t)l->consent_expires_at_ms
                                                     : (uint64_t)clock_unix_ms() + 3600000;
    d->accepts_e2ee_loss = l->accepts_loss;
    const uint8_t *key = l->other_gateway_key ? other.prekey_pk : r->room.prekey_pk;
    teal_gateway_key_id(key, d->gateway_key);
    assert_int_equal(teal_fallback_of_text(teal_text("on my way"), &r->arena, &fallback), TEAL_OK);
    randombytes_buf(eph, sizeof eph);
    assert_int_equal(teal_fallback_seal(e, key, eph, teal_written(&fallback),
                                        teal_arena_take(&r->arena, 32),
                                        teal_arena_take(&r->arena, fallback.len + 16)),
                     TEAL_OK);
    if (l->without_fallback)
        d->enc = d->sealed = (teal_bytes){ 0 };
}

static void seal(core_rig *r, const rig_letter *l, teal_envelope *e)
{
    uint8_t key[32], eph[RIG_MAX_KEYS * 32], content[] = "hello ?";
    teal_seal_to to[RIG_MAX_KEYS];
    size_t n = 0;
    for (; n < RIG_MAX_KEYS && l->keys[n] != 0; n++) {
        test_device device = test_device_of(l->keys[n]);
        to[n] = test_seal_to(&device);
    }
    content[6] = (uint8_t)('0' + l->change);
    memset(key, 1, sizeof key);
    memset(eph, 2, sizeof eph);
    teal_bytes view = { content, sizeof content - 1 };
    assert_int_equal(teal_seal(e, view, to, n, key, eph,
                               teal_arena_array(&r->arena, n, sizeof(teal_wrapped_key)),
                               teal_arena_take(&r->arena, teal_seal_ciphertext_len(view.len))),
                     TEAL_OK);
}

teal_envelope *rig_seal(core_rig *r, const rig_letter *l)
{
    teal_envelope *e = teal_arena_array(&r->arena, 1, sizeof *e);
    teal_bytes *to = teal_arena_array(&r->arena, RIG_MAX_TO, sizeof *to);
    test_device sender = test_device_of(l->device != 0 ? l->device : 11);
    e->suite = TEAL_SUITE_SEALED;
    e->message_id = teal_text(l->id);
    e->conversation_id = teal_text(l->conversation != NULL ? l->conversation : "talk");
    e->sender = teal_text(l->sender != NULL ? l->sender : ALICE);
    memcpy(e->sender_device, sender.id, sizeof sender.id);
    for (; e->n_recipients < RIG_MAX_TO && l->to[e->n_recipients] != NULL; e->n_recipients++)
        to[e->n_recipients] = teal_text(l->to[e->n_recipients]);
    e->recipients = to;
    e->sent_at_ms = l->sent_at_ms != 0 ? (uint64_t)l->sent_at_ms : (uint64_t)clock_unix_ms();
    e->kind = l->kind != 0 ? l->kind : TEAL_KIND_MESSAGE;
    e->expires_at_ms = (uint64_t)l->expires_at_ms;
    seal(r, l, e);
    if (l->consents)
        consent(r, l, e);
    test_envelope_sign(e, sender.sign_sk);
    assert_int_equal(teal_envelope_check(e, NULL), TEAL_OK);
    return e;
}

typedef struct commitment {
    core_result result;
    sem_t done;
} commitment;

static void on_committed(void *arg, core_result result)
{
    commitment *c = arg;
    c->result = result;
    sem_post(&c->done);
}

core_result rig_submit_at(core_rig *r, store *reader, const teal_envelope *e, int64_t now_ms,
                          teal_arena *arena, core_outcome *out)
{
    core_plan *plan;
    core_result result = core_submit(r->core, reader, e, now_ms, arena, out, &plan);
    if (result != CORE_ACCEPTED)
        return result;
    commitment c;
    sem_init(&c.done, 0, 0);
    core_commit(plan, on_committed, &c);
    sem_wait(&c.done);
    sem_destroy(&c.done);
    if (c.result == CORE_DUPLICATE)
        return core_submit(r->core, reader, e, now_ms, arena, out, &plan);
    return c.result;
}

core_result rig_submit(core_rig *r, const teal_envelope *e, core_outcome *out)
{
    return rig_submit_at(r, r->reader, e, clock_unix_ms(), &r->arena, out);
}

teal_envelope *rig_accept(core_rig *r, const rig_letter *l)
{
    core_outcome out;
    teal_envelope *e = rig_seal(r, l);
    int64_t now_ms = clock_unix_ms();
    if (l->expires_at_ms != 0 && l->expires_at_ms <= now_ms)
        now_ms = l->expires_at_ms - 1; /* however long a busy machine took to come here */
    core_result result = rig_submit_at(r, r->reader, e, now_ms, &r->arena, &out);
    if (result != CORE_ACCEPTED)
        fail_msg("%s: %s (%s)", l->id, out.problem, out.rule);
    return e;
}

/* ---- the store ---- */

/* The message wherever it is from: ids are different in all tests. */
static store_message find(core_rig *r, const char *id)
{
    store_message m;
    for (int64_t seq = 1; r->reader->ops->get_message(r->reader, seq, &r->arena, &m) == STORE_OK;
         seq++)
        if (teal_bytes_equal(m.message_id, teal_text(id)))
            return m;
    fail_msg("no message %s", id);
    abort();
}

store_delivery rig_delivery(core_rig *r, const char *id, size_t i)
{
    store_delivery all[RIG_MAX_TO];
    size_t n;
    store_message m = find(r, id);
    assert_int_equal(
        r->reader->ops->list_deliveries(r->reader, m.seq, &r->arena, all, RIG_MAX_TO, &n),
        STORE_OK);
    assert_true(i < n);
    return all[i];
}

bool rig_is_in_state(core_rig *r, const char *id, size_t i, store_state state)
{
    return rig_delivery(r, id, i).state == state;
}

bool rig_has_fallback(core_rig *r, const char *id)
{
    teal_bytes enc, sealed;
    store_message m = find(r, id);
    return r->reader->ops->get_fallback(r->reader, m.seq, &r->arena, &enc, &sealed) == STORE_OK;
}

size_t rig_items(core_rig *r, uint64_t device, store_item *out, size_t max)
{
    size_t n;
    test_device d = test_device_of(device);
    assert_int_equal(r->reader->ops->list_items(r->reader, d.id, 0, &r->arena, out, max, &n),
                     STORE_OK);
    return n;
}

teal_receipt rig_await_receipt(core_rig *r, const char *id, size_t n)
{
    enum { MAX_RECEIPTS = 8 };
    store_receipt all[MAX_RECEIPTS];
    teal_receipt receipt;
    store_message m = find(r, id);
    size_t got = 0, seen = count_changes(r);
    for (;;) {
        assert_int_equal(
            r->reader->ops->list_receipts(r->reader, m.seq, &r->arena, all, MAX_RECEIPTS, &got),
            STORE_OK);
        if (got >= n)
            break;
        await_change(r, seen);
        seen = count_changes(r);
    }
    assert_int_equal(got, n);
    assert_int_equal(teal_receipt_decode(all[n - 1].data, &r->arena, &receipt, NULL), TEAL_OK);
    bool by_room = memcmp(receipt.device, r->room.id, sizeof receipt.device) == 0;
    test_device signer = test_device_of(by_room ? RIG_ROOM : RIG_EDGE);
    assert_memory_equal(receipt.device, signer.id, sizeof signer.id);
    assert_int_equal(teal_receipt_verify(&receipt, signer.sign_pk, NULL), TEAL_OK);
    assert_memory_equal(&receipt.transcript_hash, &m.transcript_hash, sizeof(teal_hash));
    assert_true(teal_bytes_equal(receipt.gateway, teal_text(GATEWAY)));
    assert_true(teal_bytes_equal(receipt.sender, m.sender));
    return receipt;
}

/* ---- the room ---- */

Teal__V1__RoomFrame *rig_expect(core_rig *r, Teal__V1__RoomFrame__FrameCase kind)
{
    Teal__V1__RoomFrame *frame;
    if (channel_receive(r->fds[1], PATIENCE_MS, r->frame, &r->frame_arena, &frame) != 1)
        fail_msg("the core says nothing, not a frame %d", kind);
    if (frame->frame_case != kind)
        fail_msg("the core says a frame %d, not %d", frame->frame_case, kind);
    return frame;
}

void rig_expect_silence(core_rig *r)
{
    Teal__V1__RoomFrame *frame;
    if (channel_receive(r->fds[1], SILENCE_MS, r->frame, &r->frame_arena, &frame) != 0)
        fail_msg("the core says a frame %d, not nothing", frame->frame_case);
}

void rig_say(core_rig *r, Teal__V1__RoomFrame__FrameCase kind, void *content)
{
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = kind;
    frame.leaving = content; /* any member of the union */
    assert_true(channel_send(r->fds[1], &frame));
}

void rig_say_hello(core_rig *r, uint8_t generation)
{
    Teal__V1__RoomHello hello = TEAL__V1__ROOM_HELLO__INIT;
    uint8_t bytes[16], encoded[256];
    teal_writer w = { encoded, sizeof encoded, 0 };
    teal_prekey key = { .id = 0 };
    memset(bytes, generation, sizeof bytes);
    memcpy(key.key, r->room.prekey_pk, sizeof key.key);
    teal_prekey_sign(&key, r->room.id, r->room.sign_sk);
    assert_int_equal(teal_prekey_encode(&key, &w), TEAL_OK);
    hello.generation = (ProtobufCBinaryData){ sizeof bytes, bytes };
    hello.downgrade_key = (ProtobufCBinaryData){ w.len, encoded };
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO, &hello);
}

void rig_say_leaving(core_rig *r, uint64_t ref)
{
    Teal__V1__Leaving leaving = TEAL__V1__LEAVING__INIT;
    leaving.ref = ref;
    leaving.job = ref + RIG_JOB;
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_LEAVING, &leaving);
}

void rig_say_deferred(core_rig *r, uint64_t ref, const char *reason, uint64_t retry_after_ms)
{
    Teal__V1__Deferred deferred = TEAL__V1__DEFERRED__INIT;
    deferred.ref = ref;
    deferred.reason = (char *)(uintptr_t)reason;
    deferred.retry_after_ms = retry_after_ms;
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_DEFERRED, &deferred);
}

void rig_expect_go(core_rig *r, uint64_t ref)
{
    const Teal__V1__Go *go = rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_GO)->go;
    assert_int_equal(go->ref, ref);
    assert_int_equal(go->job, ref + RIG_JOB);
}

void rig_expect_taken(core_rig *r, uint64_t ref)
{
    assert_int_equal(rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_TAKEN)->taken->ref, ref);
}

void rig_expect_taken_done(core_rig *r, uint64_t ref)
{
    const Teal__V1__Taken *taken = rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_TAKEN)->taken;
    assert_int_equal(taken->ref, ref);
    assert_int_equal(taken->job, ref + RIG_JOB);
}

void rig_sign(core_rig *r, teal_receipt *receipt)
{
    memcpy(receipt->device, r->room.id, sizeof receipt->device);
    teal_receipt_sign(receipt, r->room.sign_sk);
}

teal_receipt rig_receipt(core_rig *r, const Teal__V1__Submit *s, rig_statement statement)
{
    teal_envelope e;
    teal_hash ciphertext_hash;
    bool sms = strcmp(s->path, "sms") == 0;
    teal_receipt receipt = { .status = statement.status,
                             .reason = teal_text(statement.reason != NULL ? statement.reason : ""),
                             .at_ms = (uint64_t)clock_unix_ms(),
                             .gateway = teal_text(GATEWAY) };
    teal_bytes view = { s->envelope.data, s->envelope.len };
    assert_int_equal(teal_envelope_decode_detached(view, &r->arena, &e, NULL), TEAL_OK);
    memcpy(ciphertext_hash.at, s->ciphertext_hash.data, sizeof ciphertext_hash.at);
    teal_transcript_hash(&e, &ciphertext_hash, &receipt.transcript_hash);
    receipt.message_id = e.message_id;
    receipt.sender = e.sender;
    receipt.recipient = teal_text(text(r, s->recipient));
    if (statement.left) {
        receipt.level = sms ? TEAL_PLAINTEXT : TEAL_TRANSPORT;
        receipt.path = teal_text(sms ? "sms" : "plain");
        receipt.mark = teal_text(sms ? "[SMS]" : "[plain]");
    }
    rig_sign(r, &receipt);
    return receipt;
}

static ProtobufCBinaryData encode_receipt(core_rig *r, const teal_receipt *receipt)
{
    teal_writer w = { teal_arena_take(&r->arena, 2048), 2048, 0 };
    assert_int_equal(teal_receipt_encode(receipt, &w), TEAL_OK);
    return (ProtobufCBinaryData){ w.len, w.base };
}

void rig_say_done(core_rig *r, uint64_t ref, const teal_receipt *receipt, const char *remote_id)
{
    Teal__V1__Done done = TEAL__V1__DONE__INIT;
    char *ids[] = { (char *)(uintptr_t)remote_id };
    done.ref = ref;
    done.job = ref + RIG_JOB;
    done.receipt = encode_receipt(r, receipt);
    done.remote_ids = ids;
    done.n_remote_ids = remote_id != NULL;
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_DONE, &done);
}

void rig_say_report(core_rig *r, uint64_t ref, const teal_receipt *receipt)
{
    Teal__V1__Report report = TEAL__V1__REPORT__INIT;
    report.ref = ref;
    report.receipt = encode_receipt(r, receipt);
    rig_say(r, TEAL__V1__ROOM_FRAME__FRAME_REPORT, &report);
}
