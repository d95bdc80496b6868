/* SMPP 3.4 commands beside submit and deliver: layouts of §4.1.7 and §4.7..§4.12, each member of
 * them compared. */
#include "codecs/sms/dlr.h"
#include "codecs/sms/smpp.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BYTES(literal) ((teal_bytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })
#define TEXT(literal)  BYTES(literal)

static const struct {
    const char *name;
    teal_bytes unit;
    teal_smpp_pdu pdu;
} rows[] = {
    { "§4.1.7 outbind",
      BYTES("\0\0\0\x19\0\0\0\x0B\0\0\0\0\0\0\0\x01SMSC\0pwd\0"),
      { .command = TEAL_SMPP_OUTBIND,
        .sequence = 1,
        .bind = { .system_id = TEXT("SMSC"), .password = TEXT("pwd") } } },
    { "§4.5.1 submit_multi, an address and a distribution list",
      BYTES("\0\0\0\x3B\0\0\0\x21\0\0\0\0\0\0\0\x07\0\x05\0Teal\0\x02"
            "\x01\x01\x01"
            "4477\0"
            "\x02"
            "friends\0"
            "\0\0\0\0\0\x01\0\0\0\x02hi\x14\x01\0\x01x"),
      { .command = TEAL_SMPP_SUBMIT_MULTI,
        .sequence = 7,
        .message = { .source = { 5, 0, TEXT("Teal") },
                     .registered_delivery = 1,
                     .short_message = TEXT("hi") },
        .list = { 2, BYTES("\x01\x01\x01"
                           "4477\0"
                           "\x02"
                           "friends\0") },
        .tlvs = BYTES("\x14\x01\0\x01x") } },
    { "§4.5.2 submit_multi_resp, one who does not get it",
      BYTES("\0\0\0\x20\x80\0\0\x21\0\0\0\0\0\0\0\x07"
            "7f2\0\x01\x01\x01"
            "4477\0\0\0\0\x0B"),
      { .command = TEAL_SMPP_SUBMIT_MULTI | TEAL_SMPP_RESP,
        .sequence = 7,
        .id = TEXT("7f2"),
        .list = { 1, BYTES("\x01\x01"
                           "4477\0\0\0\0\x0B") } } },
    { "§4.5.2 submit_multi_resp, all get it",
      BYTES("\0\0\0\x15\x80\0\0\x21\0\0\0\0\0\0\0\x07"
            "7f2\0\0"),
      { .command = TEAL_SMPP_SUBMIT_MULTI | TEAL_SMPP_RESP, .sequence = 7, .id = TEXT("7f2") } },
    { "§4.5.2 submit_multi_resp, refused",
      BYTES("\0\0\0\x10\x80\0\0\x21\0\0\0\x14\0\0\0\x07"),
      { .command = TEAL_SMPP_SUBMIT_MULTI | TEAL_SMPP_RESP, .status = 0x14, .sequence = 7 } },
    { "§4.7.1 data_sm",
      BYTES("\0\0\0\x2B\0\0\x01\x03\0\0\0\0\0\0\0\x02WAP\0\x01\x01"
            "4477\0\x05\0Teal\0\x40\x01\x04\x04\x24\0\x02"
            "\0\xFF"),
      { .command = TEAL_SMPP_DATA_SM,
        .sequence = 2,
        .message = { .service_type = TEXT("WAP"),
                     .source = { 1, 1, TEXT("4477") },
                     .destination = { 5, 0, TEXT("Teal") },
                     .esm_class = 0x40,
                     .registered_delivery = 1,
                     .data_coding = 4 },
        .tlvs = BYTES("\x04\x24\0\x02\0\xFF") } },
    { "§4.7.2 data_sm_resp, delivery_failure_reason",
      BYTES("\0\0\0\x19\x80\0\x01\x03\0\0\0\xFE\0\0\0\x02"
            "7f2\0\x04\x25\0\x01\x01"),
      { .command = TEAL_SMPP_DATA_SM | TEAL_SMPP_RESP,
        .status = ESME_RDELIVERYFAILURE,
        .sequence = 2,
        .id = TEXT("7f2"),
        .tlvs = BYTES("\x04\x25\0\x01\x01") } },
    { "§4.8.1 query_sm",
      BYTES("\0\0\0\x1B\0\0\0\x03\0\0\0\0\0\0\0\x03"
            "7f2\0\x01\x01"
            "4477\0"),
      { .command = TEAL_SMPP_QUERY_SM,
        .sequence = 3,
        .id = TEXT("7f2"),
        .message = { .source = { 1, 1, TEXT("4477") } } } },
    { "§4.8.2 query_sm_resp, delivered",
      BYTES("\0\0\0\x27\x80\0\0\x03\0\0\0\0\0\0\0\x03"
            "7f2\0"
            "020610233429000R\0\x02\0"),
      { .command = TEAL_SMPP_QUERY_SM | TEAL_SMPP_RESP,
        .sequence = 3,
        .id = TEXT("7f2"),
        .outcome = { .final_date = TEXT("020610233429000R"),
                     .message_state = TEAL_DLR_DELIVERED } } },
    { "§4.8.2 query_sm_resp, under way",
      BYTES("\0\0\0\x17\x80\0\0\x03\0\0\0\0\0\0\0\x03"
            "7f2\0\0\x01\x09"),
      { .command = TEAL_SMPP_QUERY_SM | TEAL_SMPP_RESP,
        .sequence = 3,
        .id = TEXT("7f2"),
        .outcome = { .message_state = TEAL_DLR_ENROUTE, .error_code = 9 } } },
    { "§4.8.2 query_sm_resp, no such message",
      BYTES("\0\0\0\x10\x80\0\0\x03\0\0\0\x67\0\0\0\x03"),
      { .command = TEAL_SMPP_QUERY_SM | TEAL_SMPP_RESP, .status = 0x67, .sequence = 3 } },
    { "§4.9.1 cancel_sm, all of a service between two",
      BYTES("\0\0\0\x21\0\0\0\x08\0\0\0\0\0\0\0\x04VMN\0\0\x05\0Teal\0\x01\x01"
            "44\0"),
      { .command = TEAL_SMPP_CANCEL_SM,
        .sequence = 4,
        .message = { .service_type = TEXT("VMN"),
                     .source = { 5, 0, TEXT("Teal") },
                     .destination = { 1, 1, TEXT("44") } } } },
    { "§4.9.2 cancel_sm_resp",
      BYTES("\0\0\0\x10\x80\0\0\x08\0\0\0\x11\0\0\0\x04"),
      { .command = TEAL_SMPP_CANCEL_SM | TEAL_SMPP_RESP, .status = 0x11, .sequence = 4 } },
    { "§4.10.1 replace_sm",
      BYTES("\0\0\0\x30\0\0\0\x07\0\0\0\0\0\0\0\x05"
            "7f2\0\x01\x01"
            "1\0\0"
            "020610233429000R\0\x01\0\x03new"),
      { .command = TEAL_SMPP_REPLACE_SM,
        .sequence = 5,
        .id = TEXT("7f2"),
        .message = { .source = { 1, 1, TEXT("1") },
                     .validity_period = TEXT("020610233429000R"),
                     .registered_delivery = 1,
                     .short_message = TEXT("new") } } },
    { "§4.10.2 replace_sm_resp",
      BYTES("\0\0\0\x10\x80\0\0\x07\0\0\0\0\0\0\0\x05"),
      { .command = TEAL_SMPP_REPLACE_SM | TEAL_SMPP_RESP, .sequence = 5 } },
    { "§4.12.1 alert_notification, ms_availability_status",
      BYTES("\0\0\0\x22\0\0\x01\x02\0\0\0\0\0\0\0\x06\x01\x01"
            "4477\0\0\0"
            "901\0\x04\x22\0\x01\0"),
      { .command = TEAL_SMPP_ALERT_NOTIFICATION,
        .sequence = 6,
        .message = { .source = { 1, 1, TEXT("4477") }, .destination = { 0, 0, TEXT("901") } },
        .tlvs = BYTES("\x04\x22\0\x01\0") } },
};

enum { ROWS = sizeof rows / sizeof *rows };

static void assert_address(const teal_smpp_address *a, const teal_smpp_address *b)
{
    assert_int_equal(a->ton, b->ton);
    assert_int_equal(a->npi, b->npi);
    assert_true(teal_bytes_equal(a->digits, b->digits));
}

static void assert_message(const teal_smpp_message *a, const teal_smpp_message *b)
{
    assert_true(teal_bytes_equal(a->service_type, b->service_type));
    assert_address(&a->source, &b->source);
    assert_address(&a->destination, &b->destination);
    assert_int_equal(a->esm_class, b->esm_class);
    assert_int_equal(a->protocol_id, b->protocol_id);
    assert_int_equal(a->priority_flag, b->priority_flag);
    assert_true(teal_bytes_equal(a->schedule_delivery_time, b->schedule_delivery_time));
    assert_true(teal_bytes_equal(a->validity_period, b->validity_period));
    assert_int_equal(a->registered_delivery, b->registered_delivery);
    assert_int_equal(a->replace_if_present_flag, b->replace_if_present_flag);
    assert_int_equal(a->data_coding, b->data_coding);
    assert_int_equal(a->sm_default_msg_id, b->sm_default_msg_id);
    assert_true(teal_bytes_equal(a->short_message, b->short_message));
}

static void assert_bind(const teal_smpp_bind *a, const teal_smpp_bind *b)
{
    assert_true(teal_bytes_equal(a->system_id, b->system_id));
    assert_true(teal_bytes_equal(a->password, b->password));
    assert_true(teal_bytes_equal(a->system_type, b->system_type));
    assert_int_equal(a->interface_version, b->interface_version);
    assert_address(&a->range, &b->range);
}

static bool is_bind(uint32_t command)
{
    return command == TEAL_SMPP_BIND_RECEIVER || command == TEAL_SMPP_BIND_TRANSMITTER ||
           command == TEAL_SMPP_BIND_TRANSCEIVER || command == TEAL_SMPP_OUTBIND;
}

/* Every member, those that do not count included: they are zero on both sides. */
static void assert_pdu(const teal_smpp_pdu *a, const teal_smpp_pdu *b)
{
    assert_int_equal(a->command, b->command);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->sequence, b->sequence);
    assert_true(teal_bytes_equal(a->id, b->id));
    assert_true(teal_bytes_equal(a->tlvs, b->tlvs));
    assert_int_equal(a->list.count, b->list.count);
    assert_true(teal_bytes_equal(a->list.entries, b->list.entries));
    if (is_bind(a->command))
        assert_bind(&a->bind, &b->bind);
    else if (a->command == (TEAL_SMPP_QUERY_SM | TEAL_SMPP_RESP)) {
        assert_true(teal_bytes_equal(a->outcome.final_date, b->outcome.final_date));
        assert_int_equal(a->outcome.message_state, b->outcome.message_state);
        assert_int_equal(a->outcome.error_code, b->outcome.error_code);
    } else
        assert_message(&a->message, &b->message);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].name);
        uint8_t buf[256], *copy = exact_copy(rows[i].unit.at, rows[i].unit.len);
        teal_writer w = { buf, sizeof buf, 0 };
        teal_smpp_pdu pdu;
        assert_int_equal(teal_smpp_decode((teal_bytes){ copy, rows[i].unit.len }, &pdu, NULL),
                         TEAL_OK);
        assert_pdu(&pdu, &rows[i].pdu);
        free(copy);
        assert_int_equal(teal_smpp_encode(&rows[i].pdu, &w, NULL), TEAL_OK);
        assert_true(teal_bytes_equal(teal_written(&w), rows[i].unit));
        assert_string_not_equal(teal_smpp_command_name(pdu.command), "unknown");
    }
}

/* Any shorter unit is refused with its rule, but where the body is there and parameters end. */
static void test_cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].name);
        size_t body = rows[i].unit.len - rows[i].pdu.tlvs.len;
        for (size_t cut = 16; cut < rows[i].unit.len; cut++) {
            uint8_t *copy = exact_copy(rows[i].unit.at, cut);
            teal_smpp_pdu pdu;
            teal_diag why = { 0 };
            copy[3] = (uint8_t)cut;
            teal_result result = teal_smpp_decode((teal_bytes){ copy, cut }, &pdu, &why);
            bool bare = cut == 16 && rows[i].pdu.status != 0;
            if (cut == body || bare)
                assert_int_equal(result, TEAL_OK);
            else {
                assert_int_equal(result, TEAL_MALFORMED);
                assert_memory_equal(why.rule, "REQ-SMPP-", 9);
                assert_in_range(why.at, 16, cut);
            }
            free(copy);
        }
    }
}

static void test_lists(void **state)
{
    (void)state;
    teal_smpp_destination destination;
    teal_smpp_failure failure;
    teal_reader r = teal_reader_of(rows[1].pdu.list.entries);
    assert_true(teal_smpp_destination_next(&r, &destination));
    assert_false(destination.is_list);
    assert_address(&destination.address, &(teal_smpp_address){ 1, 1, TEXT("4477") });
    assert_true(teal_smpp_destination_next(&r, &destination));
    assert_true(destination.is_list);
    assert_true(teal_bytes_equal(destination.address.digits, TEXT("friends")));
    assert_false(teal_smpp_destination_next(&r, &destination));
    r = teal_reader_of(rows[2].pdu.list.entries);
    assert_true(teal_smpp_failure_next(&r, &failure));
    assert_int_equal(failure.status, ESME_RINVDSTADR);
    assert_false(teal_smpp_failure_next(&r, &failure));
}

/* What stands before a list is asked for too. */
static void test_list_behind_a_broken_field(void **state)
{
    (void)state;
    uint8_t buf[128];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_smpp_pdu pdu = rows[1].pdu;
    teal_diag why = { 0 };
    pdu.message.service_type = TEXT("longer");
    assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_MALFORMED);
    assert_memory_equal(why.rule, "REQ-SMPP-8 ", 11);
}

/* A submit_multi and a response that end in a list and nothing else. */
static void test_broken_lists(void **state)
{
    static const struct {
        const char *name, *rule;
        bool of_failures;
        teal_smpp_list list;
    } bad[] = {
        { "none", "REQ-SMPP-16 ", false, { 0, { 0 } } },
        { "255", "REQ-SMPP-16 ", false, { 255, { 0 } } },
        { "fewer than said", "REQ-SMPP-17 ", false, { 2, BYTES("\x02x\0") } },
        { "neither address nor list", "REQ-SMPP-17 ", false, { 1, BYTES("\x03\0\0\0\0") } },
        { "name of 21",
          "REQ-SMPP-17 ",
          false,
          { 1, BYTES("\x02"
                     "012345678901234567890\0") } },
        { "address of 21",
          "REQ-SMPP-17 ",
          false,
          { 1, BYTES("\x01\0\0"
                     "012345678901234567890\0") } },
        { "address without an end",
          "REQ-SMPP-17 ",
          false,
          { 1, BYTES("\x01\0\0"
                     "01") } },
        { "failures, fewer than said", "REQ-SMPP-17 ", true, { 1, { 0 } } },
        { "failure of 21",
          "REQ-SMPP-17 ",
          true,
          { 1, BYTES("\0\0"
                     "012345678901234567890\0\0\0\0\1") } },
        { "failure with half a status",
          "REQ-SMPP-17 ",
          true,
          { 1, BYTES("\0\0"
                     "1\0\0\0") } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        print_message("%s\n", bad[i].name);
        uint8_t buf[128];
        teal_writer w = { buf, sizeof buf, 0 };
        teal_write_u32(&w, 0);
        teal_write_u32(&w, TEAL_SMPP_SUBMIT_MULTI | (bad[i].of_failures ? TEAL_SMPP_RESP : 0));
        teal_write_u64(&w, 1);
        teal_write_bytes(&w, bad[i].of_failures ? BYTES("\0") : BYTES("\0\0\0\0"));
        teal_write_u8(&w, bad[i].list.count);
        teal_write_bytes(&w, bad[i].list.entries);
        buf[3] = (uint8_t)w.len;
        assert_true(teal_write_fits(&w));
        size_t len = w.len < sizeof buf ? w.len : sizeof buf;
        uint8_t *copy = exact_copy(buf, len);
        teal_smpp_pdu pdu;
        teal_diag why = { 0 };
        assert_int_equal(teal_smpp_decode((teal_bytes){ copy, len }, &pdu, &why), TEAL_MALFORMED);
        assert_memory_equal(why.rule, bad[i].rule, strlen(bad[i].rule));
        free(copy);
        pdu = (teal_smpp_pdu){ .command = TEAL_SMPP_SUBMIT_MULTI |
                                          (bad[i].of_failures ? TEAL_SMPP_RESP : 0),
                               .list = bad[i].list };
        w.len = 0;
        assert_int_equal(teal_smpp_encode(&pdu, &w, &why), TEAL_MALFORMED);
        assert_memory_equal(why.rule, "REQ-SMPP-8 ", 11);
    }
    teal_smpp_pdu refused = { .command = TEAL_SMPP_SUBMIT_MULTI | TEAL_SMPP_RESP,
                              .status = 0x33 /* ESME_RINVNUMDESTS */,
                              .list = { 0, BYTES("x") } };
    uint8_t buf[64];
    teal_writer w = { buf, sizeof buf, 0 };
    assert_int_equal(teal_smpp_encode(&refused, &w, NULL), TEAL_MALFORMED);
}

/* data_sm carries a text as deliver_sm does, a receipt too. */
static void test_data_sm_carries(void **state)
{
    (void)state;
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_DATA_SM,
                          .message = { .esm_class = TEAL_ESM_UDHI },
                          .tlvs = BYTES("\x04\x24\0\x06\x03\x24\x01\x01hi") };
    teal_bytes octets;
    teal_udh udh;
    assert_int_equal(teal_smpp_user_data(&pdu, &octets, &udh, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(octets, TEXT("hi")));
    assert_int_equal(udh.shift.single, TEAL_GSM7_TURKISH);
    pdu.message.esm_class = TEAL_ESM_RECEIPT;
    pdu.tlvs = BYTES("\0\x1E\0\x04"
                     "7f2\0\x04\x27\0\x01\x02");
    teal_dlr dlr;
    assert_int_equal(teal_dlr_of_message(&pdu, &dlr, NULL), TEAL_OK);
    assert_true(teal_bytes_equal(dlr.id, TEXT("7f2")));
    assert_int_equal(dlr.state, TEAL_DLR_DELIVERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_lists),        cmocka_unit_test(test_list_behind_a_broken_field),
        cmocka_unit_test(test_broken_lists), cmocka_unit_test(test_data_sm_carries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
