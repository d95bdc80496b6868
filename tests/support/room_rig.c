/* See room_rig.h. */
#include "tests/support/room_rig.h"

#include "codecs/native/content.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "gateway/clock.h"
#include "gateway/keys.h"
#include "gateway/plaintext/room.h"

#include "tests/support/envelopes.h"

#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char settings[] = "[gateway]\n"
                               "handle = " RIG_GATEWAY "\n"
                               "state = .\n"
                               "log_level = error\n"
                               "%s"
                               "[native]\n"
                               "domains = native.example\n"
                               "numbers = +4479\n"
                               "[sms]\n"
                               "centre = 127.0.0.1:%u\n"
                               "system_id = teal\n"
                               "password = secret\n"
                               "source = +447700900000\n"
                               "reconnect_first_ms = 10\n"
                               "%s";

static void load_config(room_rig *r, const char *extra)
{
    const char *keys = strstr(extra, "[keys]") != NULL ? "" : "[keys]\nprotection = none\n";
    const char *path = folder_file(&r->folder, "teal.conf");
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fprintf(f, settings, keys, r->centre.port, extra);
    fclose(f);
    r->config = config_load(path, stderr);
    assert_non_null(r->config);
    assert_true(keys_init(r->config, (teal_bytes){ 0 }, stderr));
}

/* What anybody may know of the room: its device in the gateway's manifest. */
static void read_manifest(room_rig *r)
{
    uint8_t buf[TEAL_MAX_MANIFEST_BYTES];
    size_t len = 0;
    teal_manifest m;
    teal_diag why;
    assert_true(keys_load_manifest(r->config, buf, &len, stderr));
    assert_int_equal(teal_manifest_decode((teal_bytes){ buf, len }, &r->arena, &m, &why), TEAL_OK);
    for (size_t i = 0; i < m.n_devices; i++) {
        if (!teal_bytes_equal(m.devices[i].name, teal_text("plaintext")))
            continue;
        memcpy(r->gateway_key, m.devices[i].signing_key, sizeof r->gateway_key);
        memcpy(r->gateway_device, m.devices[i].id, sizeof r->gateway_device);
    }
    r->arena.used = 0;
}

static void start_room(room_rig *r)
{
    fflush(NULL);
    r->room = fork();
    assert_true(r->room >= 0);
    if (r->room == 0) {
        log_setup(LOG_ERROR, false, "plaintext");
        exit(room_main(r->config, r->room_fd, NULL)); /* not _exit: leaks are looked for */
    }
}

static void take_hello(room_rig *r)
{
    const Teal__V1__RoomHello *h =
        room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO)->room_hello;
    teal_prekey key;
    teal_diag why;
    teal_bytes encoded = { h->downgrade_key.data, h->downgrade_key.len };
    assert_int_equal(teal_prekey_decode(encoded, &key, &why), TEAL_OK);
    assert_int_equal(key.id, 0);
    assert_int_equal(teal_prekey_verify(&key, r->gateway_device, r->gateway_key, &why), TEAL_OK);
    memcpy(r->downgrade_pk, key.key, sizeof r->downgrade_pk);
    assert_int_equal(h->generation.len, sizeof r->generation);
    memcpy(r->generation, h->generation.data, sizeof r->generation);
}

room_rig *room_rig_start(const char *extra, bool unbound)
{
    room_rig *r = calloc(1, sizeof *r);
    int fds[2];
    assert_non_null(r);
    r->frames = (teal_arena){ r->frame_memory, sizeof r->frame_memory, 0 };
    r->arena = (teal_arena){ r->memory, sizeof r->memory, 0 };
    r->folder = folder_make();
    centre_open(&r->centre);
    load_config(r, extra);
    read_manifest(r);
    assert_true(channel_pair(fds));
    r->edge_fd = fds[0];
    r->room_fd = fds[1];
    start_room(r);
    take_hello(r);
    if (!unbound)
        centre_bind(&r->centre);
    return r;
}

static void note_job(room_rig *r, const Teal__V1__RoomFrame *f)
{
    room_rig_job said = { 0 };
    if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_LEAVING)
        said = (room_rig_job){ f->leaving->ref, f->leaving->job };
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_DEFERRED)
        said = (room_rig_job){ f->deferred->ref, f->deferred->job };
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_DONE)
        said = (room_rig_job){ f->done->ref, f->done->job };
    if (said.job != 0)
        r->jobs[r->n_jobs++ % RIG_JOBS] = said;
}

uint64_t room_rig_job_of(const room_rig *r, uint64_t ref)
{
    for (size_t i = r->n_jobs; i > 0 && r->n_jobs - i < RIG_JOBS; i--)
        if (r->jobs[(i - 1) % RIG_JOBS].ref == ref)
            return r->jobs[(i - 1) % RIG_JOBS].job;
    return 0;
}

/* Takes what the room still has to say, until it has ended; its status. */
static int drain(room_rig *r)
{
    int status = 0;
    Teal__V1__RoomFrame *frame = NULL;
    while (waitpid(r->room, &status, WNOHANG) == 0) {
        if (channel_receive(r->edge_fd, 10, r->buf, &r->frames, &frame) != 1)
            continue;
        note_job(r, frame);
        if (frame->frame_case == TEAL__V1__ROOM_FRAME__FRAME_DONE)
            room_rig_taken(r, frame->done->ref);
    }
    return status;
}

void room_rig_stop(room_rig **room_rig_)
{
    room_rig *r = *room_rig_;
    room_rig_edge_hello(r); /* for what a test has left untaken */
    kill(r->room, SIGTERM);
    centre_close(&r->centre);
    int status = drain(r);
    close(r->edge_fd);
    close(r->room_fd);
    config_free(&r->config);
    folder_remove(&r->folder);
    free(r);
    *room_rig_ = NULL;
    if (status != 0)
        fail_msg("the room ended with status %x", (unsigned)status);
}

void room_rig_restart(room_rig *r)
{
    uint8_t old[sizeof r->generation];
    memcpy(old, r->generation, sizeof old);
    kill(r->room, SIGKILL);
    assert_int_equal(waitpid(r->room, NULL, 0), r->room);
    start_room(r);
    take_hello(r);
    assert_memory_not_equal(old, r->generation, sizeof old);
    centre_bind(&r->centre);
}

void room_rig_send(room_rig *r, const Teal__V1__RoomFrame *frame)
{
    assert_true(channel_send(r->edge_fd, frame));
}

static Teal__V1__RoomFrame frame_of(Teal__V1__RoomFrame__FrameCase which)
{
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = which;
    return frame;
}

void room_rig_go(room_rig *r, uint64_t ref)
{
    room_rig_go_of(r, ref, room_rig_job_of(r, ref));
}

void room_rig_go_of(room_rig *r, uint64_t ref, uint64_t job)
{
    Teal__V1__Go go = TEAL__V1__GO__INIT;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_GO);
    go.ref = ref;
    go.job = job;
    frame.go = &go;
    room_rig_send(r, &frame);
}

void room_rig_taken(room_rig *r, uint64_t ref)
{
    Teal__V1__Taken taken = TEAL__V1__TAKEN__INIT;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_TAKEN);
    taken.ref = ref;
    taken.job = room_rig_job_of(r, ref);
    frame.taken = &taken;
    room_rig_send(r, &frame);
}

void room_rig_edge_hello(room_rig *r)
{
    Teal__V1__EdgeHello hello = TEAL__V1__EDGE_HELLO__INIT;
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_EDGE_HELLO);
    frame.edge_hello = &hello;
    room_rig_send(r, &frame);
}

const Teal__V1__RoomFrame *room_rig_next(room_rig *r)
{
    Teal__V1__RoomFrame *frame = NULL;
    if (channel_receive(r->edge_fd, CENTRE_PATIENCE_MS, r->buf, &r->frames, &frame) != 1)
        return NULL;
    note_job(r, frame);
    return frame;
}

const Teal__V1__RoomFrame *room_rig_expect(room_rig *r, Teal__V1__RoomFrame__FrameCase which)
{
    const Teal__V1__RoomFrame *frame = room_rig_next(r);
    if (frame == NULL)
        fail_msg("no frame %d came", which);
    if (frame->frame_case != which)
        fail_msg("frame %d came, not %d", frame->frame_case, which);
    return frame;
}

void room_rig_sync(room_rig *r)
{
    room_rig_edge_hello(r);
    room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_ROOM_HELLO);
}

void room_rig_expect_leaving(room_rig *r, uint64_t ref)
{
    assert_int_equal(room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_LEAVING)->leaving->ref, ref);
}

void room_rig_expect_deferred(room_rig *r, uint64_t ref, const char *reason)
{
    const Teal__V1__Deferred *d =
        room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_DEFERRED)->deferred;
    assert_int_equal(d->ref, ref);
    if (reason != NULL)
        assert_string_equal(d->reason, reason);
    assert_true(d->retry_after_ms > 0);
}

static teal_receipt read_receipt(room_rig *r, ProtobufCBinaryData encoded)
{
    teal_receipt receipt;
    teal_diag why = { 0 };
    teal_bytes in = { encoded.data, encoded.len };
    if (teal_receipt_decode(in, &r->arena, &receipt, &why) != TEAL_OK)
        fail_msg("receipt: %s", why.rule);
    assert_int_equal(teal_receipt_verify(&receipt, r->gateway_key, &why), TEAL_OK);
    assert_memory_equal(receipt.device, r->gateway_device, sizeof receipt.device);
    assert_true(teal_bytes_equal(receipt.gateway, teal_text(RIG_GATEWAY)));
    assert_true(teal_bytes_equal(receipt.sender, teal_text(RIG_SENDER)));
    return receipt;
}

teal_receipt room_rig_expect_done(room_rig *r, uint64_t ref, const Teal__V1__Done **done)
{
    const Teal__V1__Done *d = room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_DONE)->done;
    assert_int_equal(d->ref, ref);
    if (done != NULL)
        *done = d;
    return read_receipt(r, d->receipt);
}

teal_receipt room_rig_expect_report(room_rig *r, uint64_t *ref)
{
    const Teal__V1__Report *report = room_rig_expect(r, TEAL__V1__ROOM_FRAME__FRAME_REPORT)->report;
    *ref = report->ref;
    return read_receipt(r, report->receipt);
}

static void *take(room_rig *r, size_t size)
{
    void *taken = teal_arena_take(&r->arena, size);
    assert_non_null(taken);
    return taken;
}

static void fill_consent(room_rig *r, const room_rig_order *o, int64_t now_ms, teal_envelope *e)
{
    teal_consent *d = &e->downgrade;
    teal_writer fallback = { take(r, 20000), 20000, 0 };
    uint8_t eph[32], other[32];
    randombytes_buf(other, sizeof other);
    const uint8_t *pk = o->other_gateway_key ? other : r->downgrade_pk;
    e->has_downgrade = true;
    d->floor = o->floor != 0 ? o->floor : TEAL_PLAINTEXT;
    d->when = o->when != 0 ? o->when : TEAL_NO_BETTER_PATH;
    d->failed_after_ms = o->failed_after_ms;
    d->expires_at_ms = (uint64_t)(now_ms + (o->consent_ms != 0 ? o->consent_ms : 3600000));
    teal_gateway_key_id(pk, d->gateway_key);
    if (o->empty_fallback_seal)
        teal_write_text(&fallback, "\xff\xff not a protobuf");
    else
        assert_int_equal(teal_fallback_of_text(teal_text(o->text != NULL ? o->text : "hello"),
                                               &r->arena, &fallback),
                         TEAL_OK);
    randombytes_buf(eph, sizeof eph);
    assert_int_equal(teal_fallback_seal(e, pk, eph, teal_written(&fallback), take(r, 32),
                                        take(r, fallback.len + 16)),
                     TEAL_OK);
    if (o->no_fallback)
        d->enc = d->sealed = (teal_bytes){ 0 };
}

static teal_bytes manifest_of(room_rig *r, const room_rig_order *o)
{
    uint64_t device = o->device != 0 ? o->device : RIG_DEVICE;
    teal_bytes handle = teal_text(o->manifest_handle != NULL ? o->manifest_handle : RIG_SENDER);
    teal_manifest m =
        test_manifest(&handle, 1, o->account != 0 ? o->account : RIG_ACCOUNT,
                      o->manifest_device != 0 ? o->manifest_device : device, 1, &r->arena);
    if (o->spoil_manifest)
        m.created_at_ms++;
    teal_writer w = { take(r, 4096), 4096, 0 };
    assert_int_equal(teal_manifest_encode(&m, &w), TEAL_OK);
    return teal_written(&w);
}

/* Sealed to nobody: the room is not given what is sealed anyway. */
static teal_envelope envelope_of(room_rig *r, const room_rig_order *o, int64_t now_ms)
{
    test_device device = test_device_of(o->device != 0 ? o->device : RIG_DEVICE);
    uint8_t key[32], eph[32];
    char *id = take(r, 32);
    snprintf(id, 32, "M%llu", (unsigned long long)o->ref);
    const char *recipient = o->recipient != NULL ? o->recipient : RIG_RECIPIENT;
    teal_bytes *to = take(r, sizeof *to);
    *to = teal_text(o->to != NULL ? o->to : recipient);
    teal_envelope e = { .suite = TEAL_SUITE_SEALED,
                        .message_id = teal_text(o->message_id != NULL ? o->message_id : id),
                        .conversation_id = teal_text("conversation"),
                        .sender = teal_text(RIG_SENDER),
                        .recipients = to,
                        .n_recipients = 1,
                        .sent_at_ms = (uint64_t)now_ms,
                        .kind = o->kind != 0 ? o->kind : TEAL_KIND_MESSAGE };
    memcpy(e.sender_device, device.id, sizeof e.sender_device);
    if (o->message_ms != 0)
        e.expires_at_ms = (uint64_t)(now_ms + o->message_ms);
    randombytes_buf(key, sizeof key);
    assert_int_equal(teal_seal(&e, teal_text("sealed"), NULL, 0, key, eph, NULL, take(r, 64)),
                     TEAL_OK);
    if (!o->no_consent)
        fill_consent(r, o, now_ms, &e);
    if (o->with_origin) {
        e.has_origin = true;
        e.origin = (teal_origin){ TEAL_PLAINTEXT, teal_text("sms"), e.sender };
    }
    test_envelope_sign(&e, device.sign_sk);
    return e;
}

void room_rig_submit(room_rig *r, const room_rig_order *o)
{
    r->arena.used = 0;
    int64_t now_ms = clock_unix_ms();
    teal_envelope e = envelope_of(r, o, now_ms);
    uint8_t *hash = take(r, 32);
    crypto_hash_sha256(hash, e.ciphertext.at, e.ciphertext.len);
    e.ciphertext = (teal_bytes){ 0 };
    if (o->spoil_signature)
        e.signature[5] ^= 1;
    if (o->spoil_hash)
        hash[5] ^= 1;
    teal_writer w = { take(r, 65536), 65536, 0 };
    assert_int_equal(teal_envelope_encode(&e, &w), TEAL_OK);
    if (o->spoil_fallback) { /* the last octet of sealed, where it stands in the encoding */
        uint8_t *at = memmem(w.base, w.len, e.downgrade.sealed.at, e.downgrade.sealed.len);
        assert_non_null(at);
        at[e.downgrade.sealed.len - 1] ^= 1;
    }
    teal_bytes manifest = manifest_of(r, o);

    Teal__V1__Submit s = TEAL__V1__SUBMIT__INIT;
    s.ref = o->ref;
    s.envelope = (ProtobufCBinaryData){ w.len, w.base };
    s.ciphertext_hash = (ProtobufCBinaryData){ 32, hash };
    s.manifest = (ProtobufCBinaryData){ manifest.len, (uint8_t *)(uintptr_t)manifest.at };
    s.recipient = (char *)(uintptr_t)(o->recipient != NULL ? o->recipient : RIG_RECIPIENT);
    s.path = (char *)(uintptr_t)(o->path != NULL ? o->path : "sms");
    s.network = (char *)(uintptr_t)(o->network != NULL ? o->network : "");
    s.failing_since_ms = o->failing_for_ms != 0 ? (uint64_t)now_ms - o->failing_for_ms : 0;
    s.e2ee_before = o->e2ee_before;
    s.left_before = o->left_before;
    r->submitted = s;
    room_rig_submit_again(r, o->ref);
}

void room_rig_submit_again(room_rig *r, uint64_t ref)
{
    Teal__V1__RoomFrame frame = frame_of(TEAL__V1__ROOM_FRAME__FRAME_SUBMIT);
    frame.submit = &r->submitted;
    frame.submit->ref = ref;
    room_rig_send(r, &frame);
}

void room_rig_submit_and_go(room_rig *r, const room_rig_order *o)
{
    room_rig_submit(r, o);
    room_rig_expect_leaving(r, o->ref);
    room_rig_go(r, o->ref);
}

void room_rig_expect_nothing(room_rig *r)
{
    teal_smpp_pdu pdu;
    if (centre_read(&r->centre, &pdu, 0))
        fail_msg("the centre got a %s", teal_smpp_command_name(pdu.command));
}

void room_rig_send_one(room_rig *r, const room_rig_order *o, const char *id)
{
    room_rig_submit_and_go(r, o);
    teal_smpp_pdu pdu = centre_expect(&r->centre, TEAL_SMPP_SUBMIT_SM);
    centre_answer(&r->centre, pdu.sequence, ESME_ROK, id);
    assert_int_equal(room_rig_expect_done(r, o->ref, NULL).status, TEAL_STATUS_SENT);
    room_rig_taken(r, o->ref);
}

const char *room_rig_long_text(size_t len)
{
    static char text[20000];
    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}
