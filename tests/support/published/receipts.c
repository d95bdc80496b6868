/* receipts.json: what a gateway states, and what is no such statement. */
#include "tests/support/published/parts.h"
#include "tests/support/published/published.h"

#include "codecs/native/receipt.h"

#include "tests/support/devices.h"

enum { EDGE = 901, ROOM = 902, MAX_RECEIPT = 4096 }; /* device numbers */

typedef struct row {
    const char *name, *rule; /* rule NULL: good */
    teal_status status;
    teal_level level;
    const char *path, *reason, *mark;
    uint32_t segments;
    uint64_t at_ms;
    const char *sender; /* NULL: alice */
} row;

#define AT   1795521605000
#define MARK "[SMS, not encrypted]"

static const row rows[] = {
    { "sent end-to-end encrypted", NULL, TEAL_STATUS_SENT, TEAL_E2EE, "native", "", "", 0, AT,
      NULL },
    { "arrived on the far network", NULL, TEAL_STATUS_ARRIVED, TEAL_E2EE, "rcs", "", "", 0, AT,
      NULL },
    { "sent as plain RCS", NULL, TEAL_STATUS_SENT, TEAL_TRANSPORT, "plain", "", "[not encrypted]",
      0, AT, NULL },
    { "sent as three SMS", NULL, TEAL_STATUS_SENT, TEAL_PLAINTEXT, "sms", "", MARK, 3, AT, NULL },
    { "undeliverable, nothing left", NULL, TEAL_STATUS_UNDELIVERABLE, TEAL_LEVEL_NONE, "",
      "expired", "", 0, AT, NULL },
    { "undeliverable, but it was shown", NULL, TEAL_STATUS_UNDELIVERABLE, TEAL_PLAINTEXT, "sms",
      "sms-undelivered", MARK, 255, AT, NULL },
    { "the outcome is unknown", NULL, TEAL_STATUS_OUTCOME_UNKNOWN, TEAL_E2EE, "rcs",
      "outcome-unknown", "", 0, 0, NULL },
    { "the last time", NULL, TEAL_STATUS_SENT, TEAL_E2EE, "native", "", "", 0, INT64_MAX, NULL },
    { "a time of 64 bits", "REQ-WIRE-3", TEAL_STATUS_SENT, TEAL_E2EE, "native", "", "", 0,
      UINT64_C(1) << 63, NULL },
    { "no status", "REQ-RCPT-7", (teal_status)0, TEAL_E2EE, "native", "", "", 0, AT, NULL },
    { "status 5", "REQ-WIRE-3", (teal_status)5, TEAL_E2EE, "native", "", "", 0, AT, NULL },
    { "sms at level E2EE", "REQ-RCPT-8", TEAL_STATUS_SENT, TEAL_E2EE, "sms", "", MARK, 1, AT,
      NULL },
    { "an unknown path", "REQ-RCPT-8", TEAL_STATUS_SENT, TEAL_E2EE, "mail", "", "", 0, AT, NULL },
    { "sent, and nothing left", "REQ-RCPT-8", TEAL_STATUS_SENT, TEAL_LEVEL_NONE, "", "", "", 0, AT,
      NULL },
    { "below E2EE without a mark", "REQ-RCPT-2", TEAL_STATUS_SENT, TEAL_PLAINTEXT, "sms", "", "", 1,
      AT, NULL },
    { "a reason with a blank", "REQ-RCPT-9", TEAL_STATUS_UNDELIVERABLE, TEAL_LEVEL_NONE, "",
      "not now", "", 0, AT, NULL },
    { "256 segments", "REQ-RCPT-10", TEAL_STATUS_SENT, TEAL_PLAINTEXT, "sms", "", MARK, 256, AT,
      NULL },
    { "a mark that is not UTF-8", "REQ-RCPT-10", TEAL_STATUS_SENT, TEAL_PLAINTEXT, "sms", "",
      "\xff", 1, AT, NULL },
    { "a sender that is no handle", "REQ-RCPT-6", TEAL_STATUS_SENT, TEAL_E2EE, "native", "", "", 0,
      AT, "alice" },
};

static teal_receipt receipt_of(const row *r, const test_device *by)
{
    teal_receipt receipt = { .message_id = teal_text("MxAZPsCHEAcACAAAAAAAAABA"),
                             .sender = teal_text(r->sender != NULL ? r->sender
                                                                   : "im:alice@native.example"),
                             .recipient = teal_text("tel:+447700900123"),
                             .status = r->status,
                             .level = r->level,
                             .path = teal_text(r->path),
                             .reason = teal_text(r->reason),
                             .at_ms = r->at_ms,
                             .segments = r->segments,
                             .mark = teal_text(r->mark),
                             .gateway = teal_text("im:gateway@native.example") };
    memcpy(receipt.device, by->id, sizeof receipt.device);
    for (size_t i = 0; i < sizeof receipt.transcript_hash.at; i++)
        receipt.transcript_hash.at[i] = (uint8_t)i;
    teal_receipt_sign(&receipt, by->sign_sk);
    return receipt;
}

static json_t *fields_of(const teal_receipt *r)
{
    return vector_pack("{s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}",
                       "message_id", vector_text(r->message_id), "sender", vector_text(r->sender),
                       "recipient", vector_text(r->recipient), "status", r->status, "level",
                       r->level, "path", vector_text(r->path), "reason", vector_text(r->reason),
                       "at_ms", vector_number(r->at_ms), "segments", (json_int_t)r->segments,
                       "mark", vector_text(r->mark), "gateway", vector_text(r->gateway), "device",
                       vector_hex(r->device, sizeof r->device), "transcript_hash",
                       vector_hex(r->transcript_hash.at, 32));
}

static teal_bytes encoded(teal_arena *a, const teal_receipt *r)
{
    teal_writer w = vector_writer(a, MAX_RECEIPT);
    expect_that("receipt is encoded", teal_receipt_encode(r, &w) == TEAL_OK);
    return teal_written(&w);
}

static json_t *good_vector(teal_arena *a, const row *r)
{
    const test_device by = test_device_of(r->mark[0] != '\0' ? ROOM : EDGE);
    teal_receipt receipt = receipt_of(r, &by), again;
    teal_writer transcript = vector_writer(a, MAX_RECEIPT);
    teal_diag why = { 0 };
    teal_receipt_transcript(&receipt, &transcript);
    expect_ok(r->name, teal_receipt_decode(encoded(a, &receipt), a, &again, &why), &why);
    expect_ok(r->name, teal_receipt_verify(&again, by.sign_pk, &why), &why);
    return vector_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", r->name, "fields",
                       fields_of(&receipt), "signing_seed", vector_hex(by.sign_sk, 32),
                       "signing_key", vector_hex(by.sign_pk, 32), "transcript",
                       vector_bytes(teal_written(&transcript)), "signature",
                       vector_hex(receipt.signature, sizeof receipt.signature), "encoded",
                       vector_bytes(encoded(a, &receipt)));
}

static json_t *refused_vector(teal_arena *a, const row *r)
{
    const test_device by = test_device_of(ROOM);
    teal_receipt receipt = receipt_of(r, &by), none;
    teal_diag why = { 0 };
    expect_refused(r->name, teal_receipt_decode(encoded(a, &receipt), a, &none, &why), &why,
                   r->rule);
    return vector_pack("{s:s, s:s, s:o}", "name", r->name, "rule", r->rule, "encoded",
                       vector_bytes(encoded(a, &receipt)));
}

/* The first row, with one thing changed behind the signature. */
static json_t *forged_vectors(teal_arena *a)
{
    static const char *const names[] = { "arrived instead of sent", "another message",
                                         "another octet in the signature" };
    const test_device by = test_device_of(EDGE);
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        teal_receipt r = receipt_of(&rows[0], &by);
        teal_diag why = { 0 };
        if (i == 0)
            r.status = TEAL_STATUS_ARRIVED;
        else if (i == 1)
            r.transcript_hash.at[31] ^= 1;
        else
            r.signature[0] ^= 1;
        expect_refused(names[i], teal_receipt_verify(&r, by.sign_pk, &why), &why, "REQ-RCPT-1");
        json_array_append_new(out,
                              vector_pack("{s:s, s:s, s:o, s:o}", "name", names[i], "rule",
                                          "REQ-RCPT-1", "signing_key", vector_hex(by.sign_pk, 32),
                                          "encoded", vector_bytes(encoded(a, &r))));
    }
    return out;
}

json_t *published_receipts(void)
{
    teal_arena a = vector_arena_open();
    json_t *good = json_array(), *refused = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].rule == NULL)
            json_array_append_new(good, good_vector(&a, &rows[i]));
        else
            json_array_append_new(refused, refused_vector(&a, &rows[i]));
    json_t *out = vector_pack("{s:s, s:o, s:o, s:o}", "about",
                              "Receipts of a gateway: PROTOCOL.md section 8. See README.md.",
                              "receipts", good, "refused", refused, "forged", forged_vectors(&a));
    vector_arena_close(&a);
    return out;
}
