/* Gateway receipts: protobuf form, rules, signature. */
#include "codecs/native/receipt.h"

#include "codecs/ascii.h"
#include "codecs/handle.h"
#include "codecs/native/transcript.h"
#include "codecs/native/wire.h"
#include "codecs/utf8.h"

#include <assert.h>
#include <sodium.h>

enum {
    /* Of a receipt that has passed the check: its views, and below 512 octets for all the rest. */
    MAX_TRANSCRIPT_BYTES = 512 + TEAL_MAX_ID_BYTES + 3 * TEAL_MAX_HANDLE_BYTES +
                           TEAL_MAX_REASON_BYTES + TEAL_MAX_MARK_BYTES,
    MAX_SEGMENTS = 255, /* 3GPP TS 23.040 section 9.2.3.24.1 */
};

/* Field numbers, as in receipt.proto. */
enum {
    MESSAGE_ID = 1,
    SENDER,
    RECIPIENT,
    STATUS,
    LEVEL,
    PATH,
    REASON,
    AT_MS,
    SEGMENTS,
    MARK,
    GATEWAY,
    DEVICE,
    SIGNATURE,
    TRANSCRIPT_HASH,
};

static bool is_visible(teal_bytes b, size_t max)
{
    return b.len <= max && teal_ascii_is_visible(b);
}

/* The level that a path has; TEAL_LEVEL_NONE for the empty path. False for what is no path. */
static bool level_of_path(teal_bytes path, teal_level *level)
{
    static const struct {
        const char *name;
        teal_level level;
    } paths[] = {
        { "", TEAL_LEVEL_NONE },     { "native", TEAL_E2EE },   { "rcs", TEAL_E2EE },
        { "plain", TEAL_TRANSPORT }, { "sms", TEAL_PLAINTEXT },
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (teal_bytes_equal(path, teal_text(paths[i].name))) {
            *level = paths[i].level;
            return true;
        }
    }
    return false;
}

static teal_result check(const teal_receipt *r, teal_diag *why)
{
    teal_level level;
    bool below_e2ee = r->level == TEAL_TRANSPORT || r->level == TEAL_PLAINTEXT;
    if (r->message_id.len == 0 || !is_visible(r->message_id, TEAL_MAX_ID_BYTES))
        return teal_refuse(TEAL_MALFORMED, "REQ-ENV-2 message_id is not visible ASCII", 0, why);
    if (!teal_handle_is_canonical(r->sender) || !teal_handle_is_canonical(r->recipient) ||
        !teal_handle_is_canonical(r->gateway))
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-6 not a canonical handle", 0, why);
    if (r->status < TEAL_STATUS_SENT) /* nor above the last: a number is read with its limit */
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-7 status is not one of 1..4", 0, why);
    if (!level_of_path(r->path, &level) || level != r->level)
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-8 level is not that of the path", 0, why);
    if (r->level == TEAL_LEVEL_NONE && r->status != TEAL_STATUS_UNDELIVERABLE)
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-8 nothing left, but not undeliverable", 0,
                           why);
    if (!is_visible(r->reason, TEAL_MAX_REASON_BYTES))
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-9 reason is not a code", 0, why);
    if (r->segments > MAX_SEGMENTS)
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-10 more than 255 segments", 0, why);
    if (r->mark.len > TEAL_MAX_MARK_BYTES || !teal_utf8_valid(r->mark))
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-10 mark is not UTF-8 of at most 128", 0, why);
    if (below_e2ee && r->mark.len == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-RCPT-2 no mark below E2EE", 0, why);
    return TEAL_OK;
}

teal_result teal_receipt_decode(teal_bytes in, teal_arena *arena, teal_receipt *out, teal_diag *why)
{
    teal_bytes own = teal_arena_copy(arena, in);
    if (own.at == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    teal_wire w = teal_wire_of(own);
    teal_receipt r = { 0 };
    r.message_id = teal_wire_bytes(&w, MESSAGE_ID);
    r.sender = teal_wire_bytes(&w, SENDER);
    r.recipient = teal_wire_bytes(&w, RECIPIENT);
    r.status = (teal_status)teal_wire_uint(&w, STATUS, TEAL_STATUS_OUTCOME_UNKNOWN);
    r.level = (teal_level)teal_wire_uint(&w, LEVEL, TEAL_E2EE);
    r.path = teal_wire_bytes(&w, PATH);
    r.reason = teal_wire_bytes(&w, REASON);
    r.at_ms = teal_wire_uint(&w, AT_MS, INT64_MAX);
    r.segments = (uint32_t)teal_wire_uint(&w, SEGMENTS, UINT32_MAX);
    r.mark = teal_wire_bytes(&w, MARK);
    r.gateway = teal_wire_bytes(&w, GATEWAY);
    teal_wire_copy(&w, DEVICE, r.device, sizeof r.device);
    teal_wire_copy(&w, SIGNATURE, r.signature, sizeof r.signature);
    teal_wire_copy(&w, TRANSCRIPT_HASH, r.transcript_hash.at, sizeof r.transcript_hash.at);
    teal_result result = teal_wire_done(&w, why);
    if (result == TEAL_OK)
        result = check(&r, why);
    if (result == TEAL_OK)
        *out = r;
    return result;
}

teal_result teal_receipt_encode(const teal_receipt *r, teal_writer *out)
{
    teal_wire_put_bytes(out, MESSAGE_ID, r->message_id);
    teal_wire_put_bytes(out, SENDER, r->sender);
    teal_wire_put_bytes(out, RECIPIENT, r->recipient);
    teal_wire_put_uint(out, STATUS, r->status);
    teal_wire_put_uint(out, LEVEL, r->level);
    teal_wire_put_bytes(out, PATH, r->path);
    teal_wire_put_bytes(out, REASON, r->reason);
    teal_wire_put_uint(out, AT_MS, r->at_ms);
    teal_wire_put_uint(out, SEGMENTS, r->segments);
    teal_wire_put_bytes(out, MARK, r->mark);
    teal_wire_put_bytes(out, GATEWAY, r->gateway);
    teal_wire_put_bytes(out, DEVICE, TEAL_VIEW(r->device));
    teal_wire_put_bytes(out, SIGNATURE, TEAL_VIEW(r->signature));
    teal_wire_put_bytes(out, TRANSCRIPT_HASH, TEAL_VIEW(r->transcript_hash.at));
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

void teal_receipt_transcript(const teal_receipt *r, teal_writer *w)
{
    teal_transcript_lp(w, teal_text("teal receipt v1"));
    teal_transcript_lp(w, r->message_id);
    teal_transcript_lp(w, r->sender);
    teal_transcript_lp(w, r->recipient);
    teal_transcript_int(w, r->status);
    teal_transcript_int(w, r->level);
    teal_transcript_lp(w, r->path);
    teal_transcript_lp(w, r->reason);
    teal_transcript_int(w, r->at_ms);
    teal_transcript_int(w, r->segments);
    teal_transcript_lp(w, r->mark);
    teal_transcript_lp(w, r->gateway);
    teal_transcript_lp(w, TEAL_VIEW(r->device));
    teal_transcript_lp(w, TEAL_VIEW(r->transcript_hash.at));
}

void teal_receipt_sign(teal_receipt *r, const uint8_t device_sk[static 64])
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_receipt_transcript(r, &w);
    assert(teal_write_fits(&w));
    crypto_sign_detached(r->signature, NULL, bytes, w.len, device_sk);
}

teal_result teal_receipt_verify(const teal_receipt *r, const uint8_t device_key[static 32],
                                teal_diag *why)
{
    uint8_t bytes[MAX_TRANSCRIPT_BYTES];
    teal_writer w = { bytes, sizeof bytes, 0 };
    teal_receipt_transcript(r, &w);
    assert(teal_write_fits(&w));
    if (crypto_sign_verify_detached(r->signature, bytes, w.len, device_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-RCPT-1 not signed by this device", 0, why);
    return TEAL_OK;
}

const char *teal_status_name(teal_status status)
{
    switch (status) {
    case TEAL_STATUS_SENT:
        return "SENT";
    case TEAL_STATUS_ARRIVED:
        return "ARRIVED";
    case TEAL_STATUS_UNDELIVERABLE:
        return "UNDELIVERABLE";
    case TEAL_STATUS_OUTCOME_UNKNOWN:
        return "OUTCOME_UNKNOWN";
    }
    return "NONE";
}
