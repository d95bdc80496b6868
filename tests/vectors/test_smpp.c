/* SMPP 3.4 units: layouts of section 4, and each length that lies. */
#include "codecs/sms/smpp.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BYTES(literal) ((teal_bytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })
#define LONG_64        "0123456789012345678901234567890123456789012345678901234567890123"

/* Units as they stand on the wire. */
static const struct {
    const char *name;
    teal_bytes unit;
    uint32_t command;
    size_t good_cuts; /* shorter units that are good too: where parameters end */
} good[] = {
    { "the specification's sample bind_transmitter",
      BYTES("\0\0\0\x2F\0\0\0\x02\0\0\0\0\0\0\0\x01SMPP3TEST\0secret08\0SUBMIT1\0\0\x01\x01\0"),
      TEAL_SMPP_BIND_TRANSMITTER, 0 },
    { "§4.1.5 bind_transceiver, all empty",
      BYTES("\0\0\0\x17\0\0\0\x09\0\0\0\0\0\0\0\x01\0\0\0\x34\0\0\0"), TEAL_SMPP_BIND_TRANSCEIVER,
      0 },
    { "§4.1.6 bind_transceiver_resp, sc_interface_version",
      BYTES("\0\0\0\x1A\x80\0\0\x09\0\0\0\0\0\0\0\x01SMSC\0\x02\x10\0\x01\x34"),
      TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP, 1 },
    { "§4.1.6 refused bind without a body", BYTES("\0\0\0\x10\x80\0\0\x09\0\0\0\x0E\0\0\0\x01"),
      TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP, 0 },
    { "§4.2.1 unbind", BYTES("\0\0\0\x10\0\0\0\x06\0\0\0\0\0\0\0\x02"), TEAL_SMPP_UNBIND, 0 },
    { "§4.3.1 generic_nack", BYTES("\0\0\0\x10\x80\0\0\0\0\0\0\x03\0\0\0\x09"),
      TEAL_SMPP_GENERIC_NACK, 0 },
    { "§4.11.1 enquire_link", BYTES("\0\0\0\x10\0\0\0\x15\0\0\0\0\x7F\xFF\xFF\xFF"),
      TEAL_SMPP_ENQUIRE_LINK, 0 },
    { "§4.11.2 enquire_link_resp", BYTES("\0\0\0\x10\x80\0\0\x15\0\0\0\0\0\0\0\x03"),
      TEAL_SMPP_ENQUIRE_LINK | TEAL_SMPP_RESP, 0 },
    { "§4.4.1 submit_sm",
      BYTES("\0\0\0\x37\0\0\0\x04\0\0\0\0\0\0\0\x05"
            "CMT\0\x05\0Teal\0\x01\x01"
            "14155550100\0\x40\0\x01\0\0\x01\0\x08\0\x04\0h\0i"),
      TEAL_SMPP_SUBMIT_SM, 0 },
    { "§4.4.1 submit_sm, times of §7.1.1, message_payload, unknown parameter",
      BYTES("\0\0\0\x55\0\0\0\x04\0\0\0\0\0\0\0\x05"
            "\0\0\0\0\x01\x01"
            "1\0\0\0\0"
            "020610233429000R\0"
            "020610233429000R\0\x01\0\0\0\0"
            "\x04\x24\0\x03"
            "abc"
            "\x14\x00\0\x02\xFF\xFE"
            "\x02\x04\0\x02\x12\x34"),
      TEAL_SMPP_SUBMIT_SM, 3 },
    { "§4.4.2 submit_sm_resp, longest id",
      BYTES("\0\0\0\x51\x80\0\0\x04\0\0\0\0\0\0\0\x05" LONG_64 "\0"),
      TEAL_SMPP_SUBMIT_SM | TEAL_SMPP_RESP, 0 },
    { "§4.4.2 submit_sm_resp, throttled", BYTES("\0\0\0\x10\x80\0\0\x04\0\0\0\x58\0\0\0\x05"),
      TEAL_SMPP_SUBMIT_SM | TEAL_SMPP_RESP, 0 },
    { "§4.6.1 deliver_sm, receipt in parameters",
      BYTES("\0\0\0\x39\0\0\0\x05\0\0\0\0\0\0\0\x07"
            "\0\x01\x01"
            "1415\0\x05\0"
            "A\0\x04\0\0\0\0"
            "\0\0\0\0\0"
            "\0\x1E\0\x03"
            "7f\0"
            "\x04\x27\0\x01\x02"
            "\x04\x23\0\x03\x03\0\0"),
      TEAL_SMPP_DELIVER_SM, 3 },
    { "§4.6.2 deliver_sm_resp", BYTES("\0\0\0\x11\x80\0\0\x05\0\0\0\0\0\0\0\x07\0"),
      TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP, 1 },
};

enum { GOOD = sizeof good / sizeof *good };

static teal_result decode(teal_bytes unit, teal_smpp_pdu *pdu, teal_diag *why)
{
    /* the copy dies before the views do: only their lengths are looked at below */
    uint8_t *copy = exact_copy(unit.at, unit.len);
    teal_result result = teal_smpp_decode((teal_bytes){ copy, unit.len }, pdu, why);
    free(copy);
    return result;
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        print_message("%s\n", good[i].name);
        teal_smpp_pdu pdu;
        uint8_t buf[256];
        teal_writer w = { buf, sizeof buf, 0 };
        assert_int_equal(decode(good[i].unit, &pdu, NULL), TEAL_OK);
        assert_int_equal(pdu.command, good[i].command);
        assert_string_not_equal(teal_smpp_command_name(pdu.command), "unknown");
        assert_int_equal(teal_smpp_decode(good[i].unit, &pdu, NULL), TEAL_OK);
        assert_int_equal(teal_smpp_encode(&pdu, &w, NULL), TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), good[i].unit));
        teal_writer small = { buf, w.len - 1, 0 };
        assert_int_equal(teal_smpp_encode(&pdu, &small, NULL), TEAL_SPACE);
        assert_int_equal(small.len, good[i].unit.len);
    }
}

static void test_fields(void **state)
{
    (void)state;
    teal_smpp_pdu pdu;
    assert_int_equal(teal_smpp_decode(good[0].unit, &pdu, NULL), TEAL_OK);
    assert_int_equal(pdu.sequence, 1);
    assert_true(teal_bytes_equal(pdu.bind.system_id, teal_text("SMPP3TEST")));
    assert_true(teal_bytes_equal(pdu.bind.password, teal_text("secret08")));
    assert_true(teal_bytes_equal(pdu.bind.system_type, teal_text("SUBMIT1")));
    assert_int_equal(pdu.bind.range.ton, 1);
    assert_int_equal(pdu.bind.range.npi, 1);
    assert_int_equal(pdu.bind.range.digits.len, 0);
    assert_int_equal(teal_smpp_decode(good[8].unit, &pdu, NULL), TEAL_OK);
    const teal_smpp_message *m = &pdu.message;
    assert_true(teal_bytes_equal(m->service_type, teal_text("CMT")));
    assert_int_equal(m->source.ton, 5);
    assert_true(teal_bytes_equal(m->source.digits, teal_text("Teal")));
    assert_true(teal_bytes_equal(m->destination.digits, teal_text("14155550100")));
    assert_int_equal(m->esm_class, 0x40);
    assert_int_equal(m->priority_flag, 1);
    assert_int_equal(m->registered_delivery, TEAL_REGISTERED_FINAL);
    assert_int_equal(m->data_coding, 8);
    assert_true(teal_bytes_equal(m->short_message, BYTES("\0h\0i")));
    assert_int_equal(pdu.tlvs.len, 0);
    assert_int_equal(teal_smpp_decode(good[9].unit, &pdu, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(pdu.message.validity_period, teal_text("020610233429000R")));
}

/* Cut, a unit is incomplete; cut with a length that says so, it breaks off in a field or in a
 * parameter, or it ends where a shorter one may. */
static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        print_message("%s\n", good[i].name);
        uint8_t buf[256];
        size_t whole = good[i].unit.len, good_cuts = 0;
        memcpy(buf, good[i].unit.at, whole);
        for (size_t cut = 0; cut < whole; cut++) {
            teal_smpp_pdu pdu;
            teal_bytes unit;
            teal_diag why = { 0 };
            assert_int_equal(decode((teal_bytes){ good[i].unit.at, cut }, &pdu, &why), TEAL_MORE);
            assert_int_equal(teal_smpp_frame((teal_bytes){ good[i].unit.at, cut }, &unit, NULL),
                             TEAL_MORE);
            if (cut >= 16)
                assert_int_equal(teal_smpp_head((teal_bytes){ buf, cut }).command, good[i].command);
            if (cut < 4)
                continue;
            buf[3] = (uint8_t)cut;
            teal_result result = decode((teal_bytes){ buf, cut }, &pdu, &why);
            if (result == TEAL_OK)
                good_cuts++;
            else {
                assert_int_equal(result, TEAL_MALFORMED);
                assert_memory_equal(why.rule, "REQ-SMPP-", 9);
                assert_true(why.at <= cut);
            }
        }
        assert_int_equal(good_cuts, good[i].good_cuts);
    }
}

/* A submit_sm with nothing in it, and what can be wrong with one; `at` is the octet complained of.
 */
#define HEAD(len) "\0\0\0" len "\0\0\0\x04\0\0\0\0\0\0\0\x05"
static const struct {
    const char *name;
    teal_bytes unit;
    teal_result want;
    size_t at;
    const char *rule;
} bad[] = {
    { "command_length 0", BYTES("\0\0\0\0\0\0\0\x15\0\0\0\0\0\0\0\x01"), TEAL_MALFORMED, 0,
      "REQ-SMPP-1 " },
    { "command_length 15", BYTES("\0\0\0\x0F\0\0\0\x15\0\0\0\0\0\0\0\x01"), TEAL_MALFORMED, 0,
      "REQ-SMPP-1 " },
    { "command_length 65537", BYTES("\0\x01\0\x01\0\0\0\x15\0\0\0\0\0\0\0\x01"), TEAL_LIMIT, 0,
      "REQ-SMPP-1 " },
    { "command_length all ones", BYTES("\xFF\xFF\xFF\xFF\0\0\0\x15\0\0\0\0\0\0\0\x01"), TEAL_LIMIT,
      0, "REQ-SMPP-1 " },
    { "octets behind", BYTES("\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01x"), TEAL_MALFORMED, 16,
      "REQ-SMPP-2 " },
    { "§5.1.2.1 a reserved command", BYTES("\0\0\0\x10\0\0\0\x0A\0\0\0\0\0\0\0\x01"),
      TEAL_UNSUPPORTED, 4, "REQ-SMPP-7 " },
    { "no such command", BYTES("\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\x01"), TEAL_UNSUPPORTED, 4,
      "REQ-SMPP-7 " },
    { "no body", BYTES(HEAD("\x10")), TEAL_MALFORMED, 16, "REQ-SMPP-4 " },
    { "service_type of 6", BYTES(HEAD("\x27") "SIXSIX\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
      TEAL_MALFORMED, 16, "REQ-SMPP-4 " },
    { "source_addr of 21",
      BYTES(HEAD("\x36") "\0\x01\x01"
                         "123456789012345678901\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
      TEAL_MALFORMED, 19, "REQ-SMPP-4 " },
    { "source_addr without an end",
      BYTES(HEAD("\x17") "\0\x01\x01"
                         "1234"),
      TEAL_MALFORMED, 19, "REQ-SMPP-4 " },
    { "time of 3",
      BYTES(HEAD("\x24") "\0\0\0\0\0\0\0\0\0\0"
                         "123\0\0\0\0\0\0\0"),
      TEAL_MALFORMED, 26, "REQ-SMPP-5 " },
    { "time of 17",
      BYTES(HEAD("\x32") "\0\0\0\0\0\0\0\0\0\0"
                         "12345678901234567\0\0\0\0\0\0\0"),
      TEAL_MALFORMED, 26, "REQ-SMPP-4 " },
    { "ends before sm_length", BYTES(HEAD("\x20") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
      TEAL_MALFORMED, 32, "REQ-SMPP-3 " },
    { "sm_length beyond the end",
      BYTES(HEAD("\x22") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"
                         "a"),
      TEAL_MALFORMED, 32, "REQ-SMPP-6 " },
    { "sm_length 255 beyond the end",
      BYTES(HEAD("\x22") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF"
                         "a"),
      TEAL_MALFORMED, 32, "REQ-SMPP-6 " },
    { "parameter with half a tag",
      BYTES(HEAD("\x22") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                         "\x04"),
      TEAL_MALFORMED, 33, "REQ-SMPP-10 " },
    { "parameter without a length",
      BYTES(HEAD("\x23") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                         "\x04\x24"),
      TEAL_MALFORMED, 33, "REQ-SMPP-10 " },
    { "second parameter beyond the end",
      BYTES(HEAD("\x2A") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                         "\x14\0\0\0"
                         "\x04\x24\0\x02"
                         "a"),
      TEAL_MALFORMED, 37, "REQ-SMPP-10 " },
    { "parameter of 65535 octets",
      BYTES(HEAD("\x26") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                         "\x04\x24\xFF\xFF"
                         "a"),
      TEAL_MALFORMED, 33, "REQ-SMPP-10 " },
    { "§5.3.2.35 message_state of 2 octets",
      BYTES(HEAD("\x27") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                         "\x04\x27\0\x02\0\x02"),
      TEAL_MALFORMED, 33, "REQ-SMPP-11 " },
    { "§5.3.2.22 sar_msg_ref_num of 1 octet",
      BYTES(HEAD("\x26") "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                         "\x02\x0C\0\x01\x07"),
      TEAL_MALFORMED, 33, "REQ-SMPP-11 " },
    { "accepted submit_sm without an id", BYTES("\0\0\0\x10\x80\0\0\x04\0\0\0\0\0\0\0\x05"),
      TEAL_MALFORMED, 16, "REQ-SMPP-4 " },
    { "message_id of 65", BYTES("\0\0\0\x52\x80\0\0\x04\0\0\0\0\0\0\0\x05" LONG_64 "4\0"),
      TEAL_MALFORMED, 16, "REQ-SMPP-4 " },
    { "system_id of 16",
      BYTES("\0\0\0\x27\0\0\0\x09\0\0\0\0\0\0\0\x01"
            "0123456789012345\0\0\0\x34\0\0\0"),
      TEAL_MALFORMED, 16, "REQ-SMPP-4 " },
    { "password of 9",
      BYTES("\0\0\0\x20\0\0\0\x09\0\0\0\0\0\0\0\x01"
            "\0"
            "123456789\0\0\x34\0\0\0"),
      TEAL_MALFORMED, 17, "REQ-SMPP-4 " },
    { "garbage behind enquire_link", BYTES("\0\0\0\x11\0\0\0\x15\0\0\0\0\0\0\0\x01x"),
      TEAL_MALFORMED, 16, "REQ-SMPP-10 " },
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        print_message("%s\n", bad[i].name);
        teal_smpp_pdu pdu;
        teal_diag why = { 0 };
        assert_int_equal(decode(bad[i].unit, &pdu, &why), bad[i].want);
        assert_memory_equal(why.rule, bad[i].rule, strlen(bad[i].rule));
        assert_int_equal(why.at, bad[i].at);
        assert_int_equal(teal_smpp_head(bad[i].unit).sequence, bad[i].unit.at[15]); /* to answer */
    }
}

static void test_sm_length_bound(void **state)
{
    (void)state;
    uint8_t unit[33 + 255] = { 0, 0, 1, 0x20, 0, 0, 0, 4 };
    teal_smpp_pdu pdu;
    teal_diag why = { 0 };
    unit[32] = 255; /* all of them are there */
    assert_int_equal(decode((teal_bytes){ unit, sizeof unit }, &pdu, &why), TEAL_MALFORMED);
    assert_memory_equal(why.rule, "REQ-SMPP-6 ", 11);
    unit[3] = 0x1F;
    unit[32] = 254;
    assert_int_equal(decode((teal_bytes){ unit, sizeof unit - 1 }, &pdu, &why), TEAL_OK);
    assert_int_equal(pdu.message.short_message.len, 254);
}

static void test_deliver_resp_may_be_bare(void **state)
{
    (void)state;
    teal_smpp_pdu pdu;
    assert_int_equal(decode(BYTES("\0\0\0\x10\x80\0\0\x05\0\0\0\0\0\0\0\x07"), &pdu, NULL),
                     TEAL_OK);
    assert_int_equal(pdu.id.len, 0);
}

static void test_frame(void **state)
{
    (void)state;
    const teal_bytes stream =
        BYTES("\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01\0\0\0\x11\x80\0\0\x05\0\0\0\0\0\0\0\x07\0");
    teal_bytes unit;
    assert_int_equal(teal_smpp_frame(stream, &unit, NULL), TEAL_OK);
    assert_ptr_equal(unit.at, stream.at);
    assert_int_equal(unit.len, 16);
    teal_bytes rest = { stream.at + 16, stream.len - 16 };
    assert_int_equal(teal_smpp_frame(rest, &unit, NULL), TEAL_OK);
    assert_int_equal(unit.len, 17);
    assert_int_equal(teal_smpp_frame((teal_bytes){ 0 }, &unit, NULL), TEAL_MORE);
    /* a length that is out of bounds is known before the octets it announces */
    assert_int_equal(teal_smpp_frame(BYTES("\0\x01\0\0"), &unit, NULL), TEAL_MORE);
    assert_int_equal(teal_smpp_frame(BYTES("\0\x01\0\x01"), &unit, NULL), TEAL_LIMIT);
    assert_int_equal(teal_smpp_frame(BYTES("\0\0\0\x0F"), &unit, NULL), TEAL_MALFORMED);
    assert_int_equal(unit.len, 17); /* as before */
}

static void test_encode_refuses(void **state)
{
    (void)state;
    static uint8_t big[70000], out[70000];
    teal_writer w = { out, sizeof out, 0 };
    teal_diag why = { 0 };
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_SUBMIT_SM };
    pdu.message.source.digits = BYTES("123456789012345678901");
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_MALFORMED);
    assert_memory_equal(why.rule, "REQ-SMPP-8 ", 11);
    pdu.message.source.digits = BYTES("12\0"
                                      "34");
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_MALFORMED);
    pdu.message.source.digits = BYTES("1234");
    pdu.message.validity_period = BYTES("1234");
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_MALFORMED);
    pdu.message.validity_period = BYTES("");
    pdu.message.short_message = (teal_bytes){ big, 255 };
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_MALFORMED);
    pdu.message.short_message = (teal_bytes){ big, 254 };
    pdu.tlvs = BYTES("\x04\x24\0\x05"
                     "a");
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_MALFORMED);
    assert_memory_equal(why.rule, "REQ-SMPP-10 ", 12);
    teal_writer tlvs = { big, sizeof big, 0 };
    teal_smpp_tlv_write(&tlvs, TEAL_TLV_MESSAGE_PAYLOAD, (teal_bytes){ out, 65535 });
    pdu.tlvs = teal_written(&tlvs);
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_LIMIT);
    assert_int_equal(w.len, 0);
    pdu.command = 0x0A;
    pdu.tlvs = BYTES("");
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_UNSUPPORTED);
    assert_int_equal(w.len, 0);
}

static void test_tlvs(void **state)
{
    (void)state;
    uint8_t buf[64];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_smpp_tlv_write_uint(&w, TEAL_TLV_USER_MESSAGE_REFERENCE, 0x1234, 2);
    teal_smpp_tlv_write(&w, 0x1400, teal_text("x"));
    teal_smpp_tlv_write(&w, 0x1400, teal_text("y"));
    teal_smpp_tlv_write(&w, TEAL_TLV_MESSAGE_PAYLOAD, (teal_bytes){ 0 });
    teal_bytes value;
    uint32_t number;
    assert_int_equal(teal_smpp_tlv_check(teal_written(&w), NULL), TEAL_OK);
    assert_true(teal_smpp_tlv_find_uint(teal_written(&w), 0x0204, 2, &number));
    assert_int_equal(number, 0x1234);
    assert_false(teal_smpp_tlv_find_uint(teal_written(&w), 0x0204, 1, &number));
    assert_int_equal(number, 0);
    assert_true(teal_smpp_tlv_find(teal_written(&w), 0x1400, &value));
    assert_true(teal_bytes_equal(value, teal_text("x")));
    assert_true(teal_smpp_tlv_find(teal_written(&w), TEAL_TLV_MESSAGE_PAYLOAD, &value));
    assert_int_equal(value.len, 0);
    assert_false(teal_smpp_tlv_find(teal_written(&w), 0x1401, &value));
    teal_reader r = teal_reader_of(teal_written(&w));
    teal_smpp_tlv tlv;
    size_t count = 0;
    while (teal_smpp_tlv_next(&r, &tlv))
        count++;
    assert_int_equal(count, 4);
    assert_true(teal_read_done(&r));
}

static const struct {
    const char *name;
    uint8_t esm_class;
    teal_bytes short_message, tlvs;
    teal_result want;
    const char *octets;
    teal_udh_concat concat;
} carried[] = {
    { "plain", 0, BYTES("hi"), BYTES(""), TEAL_OK, "hi", { 0 } },
    { "§5.3.2.32 message_payload", 0, BYTES(""), BYTES("\x04\x24\0\x02hi"), TEAL_OK, "hi", { 0 } },
    { "header",
      0x40,
      BYTES("\x05\0\x03\x2A\x02\x01hi"),
      BYTES(""),
      TEAL_OK,
      "hi",
      { 42, 2, 1, false } },
    { "header in message_payload",
      0x44,
      BYTES(""),
      BYTES("\x04\x24\0\x08\x05\0\x03\x2A\x02\x01hi"),
      TEAL_OK,
      "hi",
      { 42, 2, 1, false } },
    { "§5.3.2.22 sar_*",
      0,
      BYTES("hi"),
      BYTES("\x02\x0C\0\x02\x01\x2A\x02\x0E\0\x01\x03\x02\x0F\0\x01\x02"),
      TEAL_OK,
      "hi",
      { 298, 3, 2, true } },
    { "header before sar_*",
      0x40,
      BYTES("\x05\0\x03\x2A\x02\x01hi"),
      BYTES("\x02\x0C\0\x02\x01\x2A\x02\x0E\0\x01\x03\x02\x0F\0\x01\x02"),
      TEAL_OK,
      "hi",
      { 42, 2, 1, false } },
    { "sar_* not all there",
      0,
      BYTES("hi"),
      BYTES("\x02\x0C\0\x02\x01\x2A\x02\x0E\0\x01\x03"),
      TEAL_OK,
      "hi",
      { 0 } },
    { "sar_* without a total",
      0,
      BYTES("hi"),
      BYTES("\x02\x0C\0\x02\x01\x2A\x02\x0F\0\x01\x01"),
      TEAL_OK,
      "hi",
      { 0 } },
    { "sar_segment_seqnum 0",
      0,
      BYTES("hi"),
      BYTES("\x02\x0C\0\x02\x01\x2A\x02\x0E\0\x01\x03\x02\x0F\0\x01\0"),
      TEAL_OK,
      "hi",
      { 0 } },
    { "sar_segment_seqnum over the total",
      0,
      BYTES("hi"),
      BYTES("\x02\x0C\0\x02\x01\x2A\x02\x0E\0\x01\x03\x02\x0F\0\x01\x04"),
      TEAL_OK,
      "hi",
      { 0 } },
    { "both bodies", 0, BYTES("hi"), BYTES("\x04\x24\0\x02hi"), TEAL_MALFORMED, "", { 0 } },
    { "header beyond the end",
      0x40,
      BYTES("\x05\0\x03\x2A\x02"),
      BYTES(""),
      TEAL_MALFORMED,
      "",
      { 0 } },
    { "header announced, nothing there", 0x40, BYTES(""), BYTES(""), TEAL_MALFORMED, "", { 0 } },
    { "element beyond the header",
      0x40,
      BYTES("\x05\0\x04\x2A\x02\x01hi"),
      BYTES(""),
      TEAL_MALFORMED,
      "",
      { 0 } },
};

static void test_user_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
        print_message("%s\n", carried[i].name);
        teal_smpp_pdu pdu = { .command = TEAL_SMPP_DELIVER_SM, .tlvs = carried[i].tlvs };
        pdu.message.esm_class = carried[i].esm_class;
        pdu.message.short_message = carried[i].short_message;
        teal_bytes octets = { 0 };
        teal_udh udh = { 0 };
        teal_diag why = { 0 };
        assert_int_equal(teal_smpp_user_data(&pdu, &octets, &udh, &why), carried[i].want);
        assert_true(teal_bytes_equal(octets, teal_text(carried[i].octets)));
        assert_int_equal(why.rule == NULL, carried[i].want == TEAL_OK);
        assert_int_equal(udh.concat.ref, carried[i].concat.ref);
        assert_int_equal(udh.concat.total, carried[i].concat.total);
        assert_int_equal(udh.concat.seq, carried[i].concat.seq);
        assert_int_equal(udh.concat.wide, carried[i].concat.wide);
    }
}

static void test_status(void **state)
{
    (void)state;
    assert_int_equal(teal_smpp_status_class(ESME_ROK), TEAL_SMPP_CLASS_OK);
    assert_int_equal(teal_smpp_status_class(ESME_RTHROTTLED), TEAL_SMPP_CLASS_THROTTLED);
    assert_int_equal(teal_smpp_status_class(ESME_RMSGQFUL), TEAL_SMPP_CLASS_THROTTLED);
    assert_int_equal(teal_smpp_status_class(ESME_RSYSERR), TEAL_SMPP_CLASS_RETRY);
    assert_int_equal(teal_smpp_status_class(ESME_RALYBND), TEAL_SMPP_CLASS_RETRY);
    assert_int_equal(teal_smpp_status_class(ESME_RINVDSTADR), TEAL_SMPP_CLASS_FATAL);
    assert_int_equal(teal_smpp_status_class(ESME_RINVPASWD), TEAL_SMPP_CLASS_FATAL);
    assert_int_equal(teal_smpp_status_class(0x400), TEAL_SMPP_CLASS_FATAL);
    assert_string_equal(teal_smpp_status_name(0x58), "ESME_RTHROTTLED");
    assert_string_equal(teal_smpp_status_name(0x0B), "ESME_RINVDSTADR");
    assert_string_equal(teal_smpp_status_name(0x400), "unknown");
    assert_string_equal(teal_smpp_command_name(0x80000004), "submit_sm_resp");
    assert_string_equal(teal_smpp_command_name(0x0A), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_sm_length_bound),
        cmocka_unit_test(test_deliver_resp_may_be_bare),
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_encode_refuses),
        cmocka_unit_test(test_tlvs),
        cmocka_unit_test(test_user_data),
        cmocka_unit_test(test_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
