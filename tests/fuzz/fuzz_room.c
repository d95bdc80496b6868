/* What the edge says to the plaintext room: without a sender's signature nothing is asked to leave.
 * The first octet says whether a Submit is signed anew by the sender that is known, its `sealed`
 * sealed to the room as it is, so that inputs get past signature and seal. */
#include "codecs/native/hpke.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "gateway/plaintext/inbound.h"
#include "gateway/plaintext/letters.h"
#include "gateway/plaintext/outbound.h"
#include "gateway/plaintext/proofs.h"
#include "gateway/plaintext/reports.h"
#include "gateway/plaintext/sealer.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"
#include "tests/support/envelopes.h"

#include "proto/directory.pb-c.h"
#include "proto/envelope.pb-c.h"
#include "proto/receipt.pb-c.h"

#include <poll.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENDER "im:alice@native.example"
#define NUMBER "+447900000001"

enum { ACCOUNT = 1, SENDER_DEVICE, ROOM_DEVICE, DOWNGRADE_DEVICE, SIGNED = 1, ARENA = 2 << 20 };

static const char settings[] = "[gateway]\nhandle = im:gateway@native.example\nstate = .\n"
                               "[native]\ndomains = native.example\nnumbers = +4479\n"
                               "[peer rcs]\ndomains = rcs.example\nurl = http://127.0.0.1:1\n";

/* Everything that does not change. */
static config *configuration;
static keys_room keys;
static test_device sender, downgrade;
static uint8_t manifest[TEAL_MAX_MANIFEST_BYTES], arenas[3][ARENA];
static size_t manifest_len;
static struct inbound *inbound; /* holds no letter */
static struct proofs *proofs;
static int fds[2];

static config *load_config(void)
{
    char path[32];
    int fd = memfd_create("configuration", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, settings, strlen(settings)) == (ssize_t)strlen(settings));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    config *c = config_load(path, stderr);
    close(fd);
    return c;
}

static void make_keys(void)
{
    test_device own = test_device_of(ROOM_DEVICE);
    downgrade = test_device_of(DOWNGRADE_DEVICE);
    memcpy(keys.device.id, own.id, sizeof own.id);
    memcpy(keys.device.sk, own.sign_sk, sizeof own.sign_sk);
    memcpy(keys.downgrades[0].pk, downgrade.prekey_pk, sizeof keys.downgrades[0].pk);
    memcpy(keys.downgrades[0].sk, downgrade.prekey_sk, sizeof keys.downgrades[0].sk);
    teal_gateway_key_id(keys.downgrades[0].pk, keys.downgrades[0].id);
    keys.downgrades[0].until_ms = INT64_MAX;
    keys.n_downgrades = 1;
}

static void make_manifest(void)
{
    teal_arena arena = { arenas[0], ARENA, 0 };
    const teal_bytes handles[] = { teal_text(SENDER), teal_text("tel:" NUMBER) };
    teal_writer w = { manifest, sizeof manifest, 0 };
    teal_manifest m = test_manifest(handles, 2, ACCOUNT, SENDER_DEVICE, 1, &arena);
    require(teal_manifest_encode(&m, &w) == TEAL_OK);
    manifest_len = w.len;
    sender = test_device_of(SENDER_DEVICE);
}

static void set_up(void)
{
    require(sodium_init() >= 0 && channel_pair(fds));
    log_setup((log_level)(LOG_ERROR + 1), false, "fuzz"); /* nothing */
    configuration = load_config();
    require(configuration != NULL);
    make_keys();
    make_manifest();
    inbound = inbound_open();
    proofs = proofs_open();
}

/* In its place: what waits is in rings. */
static void open_room(room *r)
{
    *r = (room){ .config = configuration, .keys = &keys, .now_ms = 1795510800000 };
    r->clock_ms = r->started_ms = 1000;
    notices_open(&r->notices, fds[0]);
    r->pins = pins_open(64);
    r->granted = granted_open(64);
    r->verified = verified_open();
    r->reports = reports_open();
    r->inbound = inbound;
    r->outbound = outbound_open(configuration, &keys);
    r->proofs = proofs;
}

static void close_room(room *r)
{
    outbound_close(r);
    reports_close(r);
    granted_close(&r->granted);
    pins_close(&r->pins);
    verified_close(&r->verified);
    notices_close(&r->notices);
}

/* ---- a sender who signs whatever there is ---- */

static void seal_fallback(teal_envelope *e)
{
    static uint8_t enc[TEAL_HPKE_ENC_BYTES], sealed[TEAL_MAX_FALLBACK_BYTES];
    const uint8_t eph[TEAL_KEY_BYTES] = { 1 };
    teal_bytes plain = e->downgrade.sealed;
    if (!e->has_downgrade || plain.len == 0 || plain.len > sizeof sealed - TEAL_HPKE_TAG_BYTES)
        return;
    memcpy(e->downgrade.gateway_key, keys.downgrades[0].id, sizeof keys.downgrades[0].id);
    require(teal_fallback_seal(e, keys.downgrades[0].pk, eph, plain, enc, sealed) == TEAL_OK);
}

static void sign(Teal__V1__Submit *s)
{
    static uint8_t envelope[CHANNEL_MAX_FRAME], transcript[TEAL_TRANSCRIPT_MAX_BYTES];
    teal_arena arena = { arenas[1], ARENA, 0 };
    teal_writer w = { envelope, sizeof envelope, 0 }, t = { transcript, sizeof transcript, 0 };
    teal_envelope e;
    teal_hash hash;
    if (s->ciphertext_hash.len != sizeof hash.at ||
        teal_envelope_decode_detached((teal_bytes){ s->envelope.data, s->envelope.len }, &arena, &e,
                                      NULL) != TEAL_OK)
        return;
    memcpy(hash.at, s->ciphertext_hash.data, sizeof hash.at);
    e.sender = teal_text(SENDER);
    memcpy(e.sender_device, sender.id, sizeof e.sender_device);
    seal_fallback(&e);
    teal_transcript_write(&e, &hash, &t);
    crypto_sign_detached(e.signature, NULL, transcript, t.len, sender.sign_sk);
    if (teal_envelope_check_detached(&e, NULL) != TEAL_OK ||
        teal_envelope_encode(&e, &w) != TEAL_OK)
        return;
    s->envelope = (ProtobufCBinaryData){ w.len, envelope };
    s->manifest = (ProtobufCBinaryData){ manifest_len, manifest };
}

/* ---- frames ---- */

/* Whether the room asked for something to leave; its receipts are good. */
static bool heard_leaving(void)
{
    static uint8_t buf[CHANNEL_MAX_FRAME];
    teal_arena arena = { arenas[2], ARENA, 0 };
    Teal__V1__RoomFrame *frame;
    bool leaving = false;
    while (channel_receive(fds[1], 0, buf, &arena, &frame) > 0) {
        leaving = leaving || frame->frame_case == TEAL__V1__ROOM_FRAME__FRAME_LEAVING;
        if (frame->frame_case != TEAL__V1__ROOM_FRAME__FRAME_DONE)
            continue;
        ProtobufCBinaryData receipt = frame->done->receipt;
        teal_receipt r;
        require(teal_receipt_decode((teal_bytes){ receipt.data, receipt.len }, &arena, &r, NULL) ==
                TEAL_OK);
        require(teal_receipt_verify(&r, keys.device.sk + 32, NULL) == TEAL_OK);
    }
    return leaving;
}

static uint64_t number_of(const room *r, uint64_t ref)
{
    const job *j = jobs_find(&r->outbound->jobs, ref);
    return j != NULL ? j->number : 0;
}

static void submit(room *r, Teal__V1__Submit *s, bool is_signed)
{
    if (is_signed)
        sign(s);
    outbound_submit(r, s);
    require(notices_flush(&r->notices));
    require(!heard_leaving() || is_signed);
    outbound_submit(r, s);
    Teal__V1__Go go = TEAL__V1__GO__INIT;
    Teal__V1__Taken taken = TEAL__V1__TAKEN__INIT;
    go.ref = taken.ref = s->ref;
    go.job = taken.job = number_of(r, s->ref);
    outbound_go(r, &go);
    outbound_submit(r, s);
    outbound_taken(r, &taken);
    outbound_forget_waiting(r);
}

/* Whose number it is: seals for whoever proves it. */
static void who_is_answer(room *r, const Teal__V1__WhoIsAnswer *a)
{
    static uint8_t text[] = "hello", out[SEALER_ENVELOPE_BYTES];
    letter l = { .used = true, .number = NUMBER, .claimed = "tel:+14155550100", .text = text };
    l.text_len = sizeof text - 1;
    sealer *s = sealer_open();
    teal_writer w = { out, sizeof out, 0 };
    teal_arena arena = { arenas[1], ARENA, 0 };
    teal_envelope e;
    if (sealer_seal(r, s, &l, a, &w) == NULL) {
        require(teal_envelope_decode(teal_written(&w), &arena, &e, NULL) == TEAL_OK);
        require(e.has_origin && !e.has_downgrade && e.n_keys > 0);
    }
    sealer_close(&s);
    inbound_who_is_answer(r, a);
}

static void on_frame(room *r, const Teal__V1__RoomFrame *f, bool is_signed)
{
    if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_SUBMIT)
        submit(r, f->submit, is_signed);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER)
        who_is_answer(r, f->who_is_answer);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_OUTSTANDING)
        reports_outstanding(r, f->outstanding);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_PROVE_NUMBER)
        proofs_ask(r, f->prove_number);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_CHECK_CODE)
        proofs_check(r, f->check_code);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_GO)
        outbound_go(r, f->go);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_TAKEN)
        (void)(reports_taken(r, f->taken->ref) || inbound_taken(r, f->taken->ref));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (configuration == NULL)
        set_up();
    if (size < 2 || size > CHANNEL_MAX_FRAME)
        return 0;
    teal_arena arena = { arenas[0], ARENA, 0 };
    ProtobufCAllocator allocator = teal_arena_protobuf(&arena);
    Teal__V1__RoomFrame *f = teal__v1__room_frame__unpack(&allocator, size - 1, data + 1);
    if (f == NULL)
        return 0;
    room r;
    open_room(&r);
    on_frame(&r, f, data[0] & SIGNED);
    require(notices_flush(&r.notices));
    (void)heard_leaving();
    close_room(&r);
    return 0;
}

/* ---- */

static void mend(ProtobufCMessage *m, test_random *s)
{
    Teal__V1__RoomFrame *f = (Teal__V1__RoomFrame *)(void *)m;
    if (test_random_below(s, 2) > 0)
        return;
    if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_SUBMIT && f->submit != NULL)
        mutate_inside(&teal__v1__envelope__descriptor, mutate_mend_envelope, &f->submit->envelope,
                      s);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_WHO_IS_ANSWER && f->who_is_answer != NULL)
        mutate_inside(&teal__v1__manifest__descriptor, NULL, &f->who_is_answer->manifest, s);
    else if (f->frame_case == TEAL__V1__ROOM_FRAME__FRAME_OUTSTANDING && f->outstanding != NULL)
        mutate_inside(&teal__v1__receipt__descriptor, NULL, &f->outstanding->receipt, s);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    if (size < 2)
        return LLVMFuzzerMutate(data, size, max);
    if (test_random_below(&s, 8) == 0)
        data[0] ^= SIGNED;
    return 1 + mutate_protobuf(&teal__v1__room_frame__descriptor, mend, data + 1, size - 1, max - 1,
                               &s);
}
