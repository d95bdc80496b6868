/* SMS TPDUs: published units, and the fields of 3GPP TS 23.040 §9.2.3 one by one. */
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/tpdu.h"
#include "tests/support/exact.h"
#include "tests/support/hex.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NAME(string) .len = sizeof(string) - 1, .text = string
#define DATA(string) .len = sizeof(string) - 1, .user_data = string
/* What a SUBMIT and a DELIVER always have. */
#define FULL .has_protocol_id = true, .has_data_coding = true, .has_user_data = true

static const struct {
    const char *name, *hex;
    teal_tpdu_direction direction;
    teal_tpdu tpdu;
} rows[] = {
    { "dreamfabric.com/sms, SMS-DELIVER",
      "040BC87238880900F10000993092516195800AE8329BFD4697D9EC37",
      TEAL_TPDU_FROM_CENTRE,
      { .type = TEAL_TPDU_DELIVER,
        .address = { 4, 8, NAME("27838890001") },
        .centre_time = { 922713419000, 8, { 0x99, 0x30, 0x92, 0x51, 0x61, 0x95, 0x80 } },
        FULL,
        DATA("hellohello") } },
    { "dreamfabric.com/sms, SMS-SUBMIT, valid for four days",
      "11000B916407281553F80000AA0AE8329BFD4697D9EC37",
      TEAL_TPDU_TO_CENTRE,
      { .type = TEAL_TPDU_SUBMIT,
        .address = { 1, 1, NAME("46708251358") },
        .validity = { .format = TEAL_TPDU_VALIDITY_RELATIVE, .relative = 0xAA },
        FULL,
        DATA("hellohello") } },
    { "diafaan.com, from a name",
      "240DD0E474D81C0EBB010000111011315214000BE474D81C0EBB5DE3771B",
      TEAL_TPDU_FROM_CENTRE,
      { .type = TEAL_TPDU_DELIVER,
        .report = true,
        .address = { 5, 0, NAME("diafaan") },
        .centre_time = { 1294752341000, 0, { 0x11, 0x10, 0x11, 0x31, 0x52, 0x14, 0x00 } },
        FULL,
        DATA("diafaan.com") } },
    { "§9.2.2.2, everything set, absolute validity west of Greenwich, part 2 of 3: one fill bit",
      "FDFF0481214300F16211429000000A"
      "0C0500032A030282E8773A04",
      TEAL_TPDU_TO_CENTRE,
      { .type = TEAL_TPDU_SUBMIT,
        .reject_duplicates = true,
        .reply_path = true,
        .report = true,
        .reference = 255,
        .address = { 0, 1, NAME("1234") },
        .validity = { .format = TEAL_TPDU_VALIDITY_ABSOLUTE,
                      .absolute = { 1795528800000, -20, { 0 } } },
        .has_protocol_id = true,
        .has_data_coding = true,
        .has_user_data = true,
        .data_coding = 0xF1,
        .has_header = true,
        DATA("\5\0\3\x2A\3\2"
             "Ahoi!") } },
    { "§9.2.3.12.3, enhanced validity kept",
      "090000810000410A000000000000",
      TEAL_TPDU_TO_CENTRE,
      { .type = TEAL_TPDU_SUBMIT,
        .address = { 0, 1, .len = 0 },
        .validity = { .format = TEAL_TPDU_VALIDITY_ENHANCED, .enhanced = { 0x41, 0x0A } },
        FULL } },
    { "§9.2.3.3, no validity, no text, number with * and #",
      "0107048A1A2B000000",
      TEAL_TPDU_TO_CENTRE,
      { .type = TEAL_TPDU_SUBMIT, .reference = 7, .address = { 0, 10, NAME("*1#2") }, FULL } },
    { "§9.2.3.24, a header and no text: fill bits alone",
      "41000191F10000070500032A020100",
      TEAL_TPDU_TO_CENTRE,
      { .type = TEAL_TPDU_SUBMIT,
        .address = { 1, 1, NAME("1") },
        .has_header = true,
        FULL,
        DATA("\5\0\3\x2A\2\1") } },
    { "UCS-2 with a pair, more to send",
      "000191F100086211429000000008D83DDE0020AC0021",
      TEAL_TPDU_FROM_CENTRE,
      { .type = TEAL_TPDU_DELIVER,
        .more_to_send = true,
        .address = { 1, 1, NAME("1") },
        .data_coding = 8,
        .centre_time = { 1795510800000, 0, { 0x62, 0x11, 0x42, 0x90, 0, 0, 0 } },
        FULL,
        DATA("\xD8\x3D\xDE\x00\x20\xAC\x00!") } },
    { "8-bit data with ports, TS 23.040 §9.2.3.24.4",
      "440191F10004621142900000000A0605040B8423F0FF0001",
      TEAL_TPDU_FROM_CENTRE,
      { .type = TEAL_TPDU_DELIVER,
        .address = { 1, 1, NAME("1") },
        .data_coding = 4,
        .centre_time = { 1795510800000, 0, { 0x62, 0x11, 0x42, 0x90, 0, 0, 0 } },
        .has_header = true,
        FULL,
        DATA("\6\5\4\x0B\x84\x23\xF0\xFF\0\1") } },
    { "§9.2.3.11, zeros are no moment",
      "040191F100000000000000000000",
      TEAL_TPDU_FROM_CENTRE,
      { .type = TEAL_TPDU_DELIVER,
        .address = { 1, 1, NAME("1") },
        .centre_time = { TEAL_TPDU_TIME_UNKNOWN, 0, { 0 } },
        FULL } },
    { "§9.2.2.3, SMS-STATUS-REPORT as most are",
      "06FF0B914477000921F3621142900000406211429010324000",
      TEAL_TPDU_FROM_CENTRE,
      { .type = TEAL_TPDU_STATUS_REPORT,
        .reference = 255,
        .address = { 1, 1, NAME("44770090123") },
        .centre_time = { 1795507200000, 4, { 0x62, 0x11, 0x42, 0x90, 0x00, 0x00, 0x40 } },
        .discharge_time = { 1795507283000, 4, { 0x62, 0x11, 0x42, 0x90, 0x10, 0x32, 0x40 } } } },
    { "§9.2.2.3, with all that it may have",
      "6A01018AF162114290000040621142900000404607"
      "7F08080500035A02010041",
      TEAL_TPDU_FROM_CENTRE,
      { .type = TEAL_TPDU_STATUS_REPORT,
        .more_to_send = true,
        .loop_prevention = true,
        .report = true,
        .reference = 1,
        .address = { 0, 10, NAME("1") },
        .centre_time = { 1795507200000, 4, { 0x62, 0x11, 0x42, 0x90, 0x00, 0x00, 0x40 } },
        .discharge_time = { 1795507200000, 4, { 0x62, 0x11, 0x42, 0x90, 0x00, 0x00, 0x40 } },
        .status = 0x46,
        FULL,
        .protocol_id = 0x7F,
        .data_coding = 0x08,
        .has_header = true,
        DATA("\5\0\3\x5A\2\1\0A") } },
};

enum { ROWS = sizeof rows / sizeof *rows };

static void assert_time(const teal_tpdu_time *a, const teal_tpdu_time *b)
{
    assert_int_equal(a->unix_ms, b->unix_ms);
    assert_int_equal(a->zone_quarters, b->zone_quarters);
    if (a->unix_ms == TEAL_TPDU_TIME_UNKNOWN)
        assert_memory_equal(a->octets, b->octets, sizeof a->octets);
}

static void assert_address(const teal_tpdu_address *a, const teal_tpdu_address *b)
{
    assert_int_equal(a->ton, b->ton);
    assert_int_equal(a->npi, b->npi);
    assert_true(teal_bytes_equal((teal_bytes){ a->text, a->len }, (teal_bytes){ b->text, b->len }));
}

static void assert_validity(const teal_tpdu_validity *a, const teal_tpdu_validity *b)
{
    assert_int_equal(a->format, b->format);
    assert_int_equal(a->relative, b->relative);
    assert_memory_equal(a->enhanced, b->enhanced, sizeof a->enhanced);
    if (a->format == TEAL_TPDU_VALIDITY_ABSOLUTE)
        assert_time(&a->absolute, &b->absolute);
}

static void assert_tpdu(const teal_tpdu *a, const teal_tpdu *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->more_to_send, b->more_to_send);
    assert_int_equal(a->loop_prevention, b->loop_prevention);
    assert_int_equal(a->reject_duplicates, b->reject_duplicates);
    assert_int_equal(a->reply_path, b->reply_path);
    assert_int_equal(a->report, b->report);
    assert_int_equal(a->reference, b->reference);
    assert_address(&a->address, &b->address);
    assert_validity(&a->validity, &b->validity);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->has_protocol_id, b->has_protocol_id);
    assert_int_equal(a->has_data_coding, b->has_data_coding);
    assert_int_equal(a->has_user_data, b->has_user_data);
    assert_int_equal(a->protocol_id, b->protocol_id);
    assert_int_equal(a->data_coding, b->data_coding);
    assert_int_equal(a->has_header, b->has_header);
    assert_true(teal_bytes_equal((teal_bytes){ a->user_data, a->len },
                                 (teal_bytes){ b->user_data, b->len }));
    if (a->type != TEAL_TPDU_SUBMIT)
        assert_time(&a->centre_time, &b->centre_time);
    if (a->type == TEAL_TPDU_STATUS_REPORT)
        assert_time(&a->discharge_time, &b->discharge_time);
}

static teal_result decode(teal_bytes in, teal_tpdu_direction direction, teal_tpdu *t,
                          teal_diag *why)
{
    uint8_t *copy = exact_copy(in.at, in.len);
    teal_result result = teal_tpdu_decode((teal_bytes){ copy, in.len }, direction, t, why);
    free(copy);
    return result;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t room[TEAL_TPDU_MAX_OCTETS], buf[TEAL_TPDU_MAX_OCTETS];
        teal_bytes unit = test_hex(rows[i].hex, room, sizeof room);
        teal_tpdu t;
        assert_int_equal(decode(unit, rows[i].direction, &t, NULL), TEAL_OK);
        assert_tpdu(&t, &rows[i].tpdu);
        teal_writer w = { buf, sizeof buf, 0 };
        assert_int_equal(teal_tpdu_encode(&rows[i].tpdu, &w, NULL), TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), unit));
        w = (teal_writer){ buf, unit.len - 1, 0 };
        assert_int_equal(teal_tpdu_encode(&rows[i].tpdu, &w, NULL), TEAL_SPACE);
        assert_int_equal(w.len, unit.len);
    }
}

/* A STATUS-REPORT may end behind its status; any other cut is felt. */
static void test_cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t room[TEAL_TPDU_MAX_OCTETS];
        teal_bytes unit = test_hex(rows[i].hex, room, sizeof room);
        size_t good_cuts = 0;
        for (size_t cut = 0; cut < unit.len; cut++) {
            teal_tpdu t;
            teal_diag why = { 0 };
            if (decode((teal_bytes){ unit.at, cut }, rows[i].direction, &t, &why) == TEAL_OK) {
                good_cuts++;
                assert_false(t.has_user_data);
                continue;
            }
            assert_int_equal(why.at, cut);
            assert_memory_equal(why.rule, "REQ-SMS-6", 9);
        }
        bool may = rows[i].tpdu.type == TEAL_TPDU_STATUS_REPORT && rows[i].tpdu.has_user_data;
        assert_int_equal(good_cuts, may);
    }
}

static const struct {
    const char *name, *hex;
    teal_tpdu_direction direction;
    teal_result want;
    const char *rule;
} bad[] = {
    { "SMS-DELIVER-REPORT", "0000", TEAL_TPDU_TO_CENTRE, TEAL_UNSUPPORTED, "REQ-SMS-60 " },
    { "SMS-COMMAND", "0200000000018100", TEAL_TPDU_TO_CENTRE, TEAL_UNSUPPORTED, "REQ-SMS-60 " },
    { "SMS-SUBMIT-REPORT", "0100", TEAL_TPDU_FROM_CENTRE, TEAL_UNSUPPORTED, "REQ-SMS-60 " },
    { "reserved type", "0300", TEAL_TPDU_FROM_CENTRE, TEAL_UNSUPPORTED, "REQ-SMS-60 " },
    { "21 digits", "0100159111111111111111111111F1000000", TEAL_TPDU_TO_CENTRE, TEAL_LIMIT,
      "REQ-SMS-61 " },
    { "filler inside", "010004911F11000000", TEAL_TPDU_TO_CENTRE, TEAL_MALFORMED, "REQ-SMS-61 " },
    { "filler as the last of an even number", "0100049111F1000000", TEAL_TPDU_TO_CENTRE,
      TEAL_MALFORMED, "REQ-SMS-61 " },
    { "161 septets", "01000191F10000A1", TEAL_TPDU_TO_CENTRE, TEAL_LIMIT, "REQ-SMS-63 " },
    { "141 octets", "01000191F100048D", TEAL_TPDU_TO_CENTRE, TEAL_LIMIT, "REQ-SMS-63 " },
    { "header over the end of septets", "41000191F10000040500032A", TEAL_TPDU_TO_CENTRE,
      TEAL_MALFORMED, "REQ-SMS-63 " },
    { "header over the end of octets", "41000191F1000402FF00", TEAL_TPDU_TO_CENTRE, TEAL_MALFORMED,
      "REQ-SMS-63 " },
    { "header announced, no user data", "41000191F1000000", TEAL_TPDU_TO_CENTRE, TEAL_MALFORMED,
      "REQ-SMS-63 " },
    { "octets behind", "01000191F100000000", TEAL_TPDU_TO_CENTRE, TEAL_MALFORMED, "REQ-SMS-65 " },
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        print_message("%s\n", bad[i].name);
        uint8_t room[TEAL_TPDU_MAX_OCTETS];
        teal_tpdu t;
        teal_diag why = { 0 };
        teal_bytes unit = test_hex(bad[i].hex, room, sizeof room);
        assert_int_equal(decode(unit, bad[i].direction, &t, &why), bad[i].want);
        assert_memory_equal(why.rule, bad[i].rule, strlen(bad[i].rule));
        assert_in_range(why.at, 0, unit.len);
    }
}

/* §9.2.2.3: what newer centres put behind is skipped. */
static void test_status_report_from_the_future(void **state)
{
    (void)state;
    static const char *const units[] = {
        "06FF0191F162114290000040621142901032400000"
        "1234", /* no indicators, octets behind */
        "06FF0191F1621142900000406211429010324000"
        "F800014142", /* unknown parameters */
    };
    for (size_t i = 0; i < 2; i++) {
        uint8_t room[TEAL_TPDU_MAX_OCTETS];
        teal_tpdu t;
        print_message("%s\n", units[i]);
        assert_int_equal(
            decode(test_hex(units[i], room, sizeof room), TEAL_TPDU_FROM_CENTRE, &t, NULL),
            TEAL_OK);
        assert_false(t.has_user_data);
        assert_int_equal(t.status, 0);
    }
}

/* A STATUS-REPORT has no reply path: its bit is ignored, and not written. */
static void test_report_has_no_reply_path(void **state)
{
    (void)state;
    static const char *const hex = "86FF0191F16211429000004062114290103240"
                                   "00";
    uint8_t room[TEAL_TPDU_MAX_OCTETS], buf[TEAL_TPDU_MAX_OCTETS];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_tpdu t;
    assert_int_equal(decode(test_hex(hex, room, sizeof room), TEAL_TPDU_FROM_CENTRE, &t, NULL),
                     TEAL_OK);
    assert_false(t.reply_path);
    t.reply_path = true;
    assert_int_equal(teal_tpdu_encode(&t, &w, NULL), TEAL_OK);
    assert_int_equal(buf[0], 0x06);
    assert_int_equal(decode((teal_bytes){ 0 }, TEAL_TPDU_FROM_CENTRE, &t, NULL), TEAL_MORE);
}

static void test_encode_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        teal_tpdu tpdu;
        teal_result want;
        const char *rule;
    } refused[] = {
        { "a letter in a number",
          { .address = { 1, 1, NAME("12x") } },
          TEAL_UNSUPPORTED,
          "REQ-SMS-61 " },
        { "21 digits",
          { .address = { 1, 1, NAME("123456789012345678901") } },
          TEAL_LIMIT,
          "REQ-SMS-61 " },
        { "a NUL in a number",
          { .address = { 1, 1, NAME("1\0002") } },
          TEAL_UNSUPPORTED,
          "REQ-SMS-61 " },
        { "ton 8", { .address = { .ton = 8 } }, TEAL_LIMIT, "REQ-SMS-61 " },
        { "npi 16", { .address = { .npi = 16 } }, TEAL_LIMIT, "REQ-SMS-61 " },
        { "an address of 23 bytes", { .address = { .len = 23 } }, TEAL_LIMIT, "REQ-SMS-61 " },
        { "a name of 12 septets",
          { .address = { 5, 0, NAME("abcdefghijkl") } },
          TEAL_LIMIT,
          "REQ-SMS-61 " },
        { "a name outside the alphabet",
          { .address = { 5, 0, NAME("Ж") } },
          TEAL_UNSUPPORTED,
          "REQ-SMS-2 " },
        { "a name that is no UTF-8",
          { .address = { 5, 0, NAME("\xC0\x80") } },
          TEAL_MALFORMED,
          "REQ-SMS-1 " },
        { "1989",
          { .type = TEAL_TPDU_DELIVER, .centre_time = { 631151999000, 0, { 0 } } },
          TEAL_LIMIT,
          "REQ-SMS-62 " },
        { "2090",
          { .type = TEAL_TPDU_DELIVER, .centre_time = { INT64_C(3786912000000), 0, { 0 } } },
          TEAL_LIMIT,
          "REQ-SMS-62 " },
        { "2090 in a report",
          { .type = TEAL_TPDU_STATUS_REPORT, .centre_time = { INT64_C(3786912000000), 0, { 0 } } },
          TEAL_LIMIT,
          "REQ-SMS-62 " },
        { "2090 in the outcome of a report",
          { .type = TEAL_TPDU_STATUS_REPORT,
            .centre_time = { 922713419000, 0, { 0 } },
            .discharge_time = { INT64_C(3786912000000), 0, { 0 } } },
          TEAL_LIMIT,
          "REQ-SMS-62 " },
        { "the end of time",
          { .type = TEAL_TPDU_DELIVER, .centre_time = { INT64_MAX, 0, { 0 } } },
          TEAL_LIMIT,
          "REQ-SMS-62 " },
        { "zone 80",
          { .type = TEAL_TPDU_DELIVER, .centre_time = { 922713419000, 80, { 0 } } },
          TEAL_LIMIT,
          "REQ-SMS-62 " },
        { "no septet", { DATA("\x80") }, TEAL_MALFORMED, "REQ-SMS-3 " },
        { "no septet before another", { DATA("\x80z") }, TEAL_MALFORMED, "REQ-SMS-3 " },
        { "141 octets", { .data_coding = 4, .len = 141 }, TEAL_LIMIT, "REQ-SMS-63 " },
        { "header and 154 septets",
          { .has_header = true, .len = 160, .user_data = { 5 } },
          TEAL_LIMIT,
          "REQ-SMS-63 " },
        { "header over the end",
          { .has_header = true, DATA("\5\0\3") },
          TEAL_MALFORMED,
          "REQ-SMS-63 " },
        { "more than there is room for", { .len = 161 }, TEAL_LIMIT, "REQ-SMS-63 " },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        print_message("%s\n", refused[i].name);
        uint8_t buf[TEAL_TPDU_MAX_OCTETS];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_diag why = { 0 };
        assert_int_equal(teal_tpdu_encode(&refused[i].tpdu, &w, &why), refused[i].want);
        assert_memory_equal(why.rule, refused[i].rule, strlen(refused[i].rule));
        assert_int_equal(w.len, 0);
    }
}

/* --- single fields -----------------------------------------------------------------------------
 */

static void test_coding(void **state)
{
    (void)state;
    static const struct {
        uint8_t data_coding, want;
    } codings[] = {
        { 0x00, TEAL_CODING_GSM7 }, { 0x04, TEAL_CODING_BINARY }, { 0x08, TEAL_CODING_UCS2 },
        { 0x0C, TEAL_CODING_GSM7 }, { 0x11, TEAL_CODING_GSM7 },   { 0x15, TEAL_CODING_BINARY },
        { 0x18, TEAL_CODING_UCS2 }, { 0x20, TEAL_CODING_BINARY }, { 0x40, TEAL_CODING_GSM7 },
        { 0x48, TEAL_CODING_UCS2 }, { 0x80, TEAL_CODING_GSM7 },   { 0xB4, TEAL_CODING_GSM7 },
        { 0xC8, TEAL_CODING_GSM7 }, { 0xD8, TEAL_CODING_GSM7 },   { 0xE0, TEAL_CODING_UCS2 },
        { 0xF0, TEAL_CODING_GSM7 }, { 0xF4, TEAL_CODING_BINARY }, { 0xF7, TEAL_CODING_BINARY },
        { 0xFB, TEAL_CODING_GSM7 },
    };
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        print_message("%02X\n", codings[i].data_coding);
        assert_int_equal(teal_tpdu_coding(codings[i].data_coding), codings[i].want);
    }
}

/* §9.2.3.12.1 as it is printed there. */
static void test_relative_validity(void **state)
{
    (void)state;
    static const struct {
        uint8_t relative;
        int64_t minutes;
    } periods[] = {
        { 0, 5 },           { 1, 10 },
        { 143, 720 },       { 144, 750 },
        { 167, 1440 },      { 168, 2 * 1440 },
        { 196, 30 * 1440 }, { 197, 5 * 7 * 1440 },
        { 170, 4 * 1440 },  { 255, 63 * 7 * 1440 },
    };
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        print_message("%u\n", periods[i].relative);
        assert_int_equal(teal_tpdu_relative_ms(periods[i].relative), periods[i].minutes * 60000);
        assert_int_equal(teal_tpdu_relative_of(periods[i].minutes * 60000), periods[i].relative);
        if (periods[i].relative < 255)
            assert_int_equal(teal_tpdu_relative_of(periods[i].minutes * 60000 + 1),
                             periods[i].relative + 1);
    }
    assert_int_equal(teal_tpdu_relative_of(-1), 0);
    assert_int_equal(teal_tpdu_relative_of(INT64_MAX), 255);
}

static void test_outcomes(void **state)
{
    (void)state;
    assert_int_equal(teal_tpdu_outcome_of(0x00), TEAL_TPDU_OUTCOME_COMPLETED);
    assert_int_equal(teal_tpdu_outcome_of(0x1F), TEAL_TPDU_OUTCOME_COMPLETED);
    assert_int_equal(teal_tpdu_outcome_of(0x20), TEAL_TPDU_OUTCOME_TRYING);
    assert_int_equal(teal_tpdu_outcome_of(0x3F), TEAL_TPDU_OUTCOME_TRYING);
    assert_int_equal(teal_tpdu_outcome_of(0x40), TEAL_TPDU_OUTCOME_FAILED);
    assert_int_equal(teal_tpdu_outcome_of(0x5F), TEAL_TPDU_OUTCOME_FAILED);
    assert_int_equal(teal_tpdu_outcome_of(0x60), TEAL_TPDU_OUTCOME_GIVEN_UP);
    assert_int_equal(teal_tpdu_outcome_of(0x7F), TEAL_TPDU_OUTCOME_GIVEN_UP);
    assert_int_equal(teal_tpdu_outcome_of(0x80), TEAL_TPDU_OUTCOME_FAILED);
    assert_int_equal(teal_tpdu_outcome_of(0xFF), TEAL_TPDU_OUTCOME_FAILED);
}

static const struct {
    const char *name;
    uint8_t octets[7];
    int64_t unix_s; /* 0: unknown */
    int zone_quarters;
} times[] = {
    { "the first second", { 0x09, 0x10, 0x10, 0, 0, 0, 0 }, 631152000, 0 },
    { "the last second", { 0x98, 0x21, 0x13, 0x32, 0x95, 0x95, 0 }, 3786911999, 0 },
    { "leap day", { 0x42, 0x20, 0x92, 0, 0, 0, 0 }, 1709164800, 0 },
    { "no leap day", { 0x32, 0x20, 0x92, 0, 0, 0, 0 }, 0, 0 },
    { "India, +5:30", { 0x62, 0x11, 0x42, 0x41, 0x03, 0, 0x22 }, 1795510800, 22 },
    { "Newfoundland, -3:30", { 0x62, 0x11, 0x42, 0x50, 0x03, 0, 0x49 }, 1795510800, -14 },
    { "-19:45", { 0x62, 0x11, 0x32, 0x31, 0x51, 0, 0x9F }, 1795510800, -79 },
    { "month 13", { 0x62, 0x31, 0x42, 0, 0, 0, 0 }, 0, 0 },
    { "hour 24", { 0x62, 0x11, 0x42, 0x42, 0, 0, 0 }, 0, 0 },
    { "second 60", { 0x62, 0x11, 0x42, 0, 0, 0x06, 0 }, 0, 0 },
    { "no digits", { 0xA2, 0x11, 0x42, 0, 0, 0, 0 }, 0, 0 },
    { "zone without digits", { 0x62, 0x11, 0x42, 0, 0, 0, 0xA0 }, 0, 0 },
    { "all ones", { 255, 255, 255, 255, 255, 255, 255 }, 0, 0 },
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        print_message("%s\n", times[i].name);
        uint8_t buf[7];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_reader r = teal_reader_of((teal_bytes){ times[i].octets, 7 });
        teal_tpdu_time t = teal_tpdu_time_read(&r);
        assert_true(teal_read_done(&r));
        assert_int_equal(t.unix_ms,
                         times[i].unix_s != 0 ? times[i].unix_s * 1000 : TEAL_TPDU_TIME_UNKNOWN);
        assert_int_equal(t.zone_quarters, times[i].zone_quarters);
        assert_true(teal_tpdu_time_write(&t, &w));
        assert_memory_equal(buf, times[i].octets, 7);
    }
}

/* Segments, shift elements and all, go into TPDUs and come out as they were. */
static void test_segments(void **state)
{
    (void)state;
    static uint8_t text[2048];
    teal_writer w = { text, sizeof text, 0 };
    for (unsigned i = 0; i < 40; i++)
        teal_write_text(&w, "Şişli'de çay? ");
    teal_segment_options o = { .ref = 9, .languages = TEAL_GSM7_ALL_LANGUAGES };
    teal_segment segments[8];
    size_t count = 0;
    assert_int_equal(teal_segment_split(teal_written(&w), &o, segments, 8, &count, NULL), TEAL_OK);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        const teal_segment *segment = &segments[i];
        teal_tpdu t = { .type = TEAL_TPDU_SUBMIT,
                        FULL,
                        .data_coding = segment->data_coding,
                        .has_header = segment->esm_class & TEAL_ESM_UDHI,
                        .len = segment->len };
        teal_tpdu back;
        uint8_t buf[TEAL_TPDU_MAX_OCTETS];
        teal_writer unit = { buf, sizeof buf, 0 };
        memcpy(t.user_data, segment->octets, segment->len);
        assert_int_equal(teal_tpdu_encode(&t, &unit, NULL), TEAL_OK);
        assert_int_equal(decode(teal_written(&unit), TEAL_TPDU_TO_CENTRE, &back, NULL), TEAL_OK);
        assert_tpdu(&back, &t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_status_report_from_the_future),
        cmocka_unit_test(test_report_has_no_reply_path),
        cmocka_unit_test(test_encode_refuses),
        cmocka_unit_test(test_coding),
        cmocka_unit_test(test_relative_validity),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
