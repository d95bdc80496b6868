/* Delivery receipts: SMPP 3.4 appendix B, the dialects that centres write, and the parameters. */
#include "codecs/sms/dlr.h"
#include "tests/support/exact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *name, *text;
    teal_result want;
    const char *id;
    teal_dlr_state state;
    const char *error, *submit_date, *done_date;
} rows[] = {
    { "appendix B",
      "id:0123456789 sub:001 dlvrd:001 submit date:2611240900 done date:2611240901 stat:DELIVRD "
      "err:000 text:hello",
      TEAL_OK, "0123456789", TEAL_DLR_DELIVERED, "000", "2611240900", "2611240901" },
    { "lower case, seconds in the dates, Text",
      "id:7f3a-0c sub:1 dlvrd:0 submit date:261124090011 done date:261124090112 stat:undeliv "
      "err:1b Text:hello",
      TEAL_OK, "7f3a-0c", TEAL_DLR_UNDELIVERABLE, "1b", "261124090011", "261124090112" },
    { "upper case", "ID:1 SUB:001 DLVRD:001 SUBMIT DATE:1 DONE DATE:2 STAT:EXPIRED ERR:3 TEXT:",
      TEAL_OK, "1", TEAL_DLR_EXPIRED, "3", "1", "2" },
    { "id and stat alone", "id:1 stat:REJECTD", TEAL_OK, "1", TEAL_DLR_REJECTED, "", "", "" },
    { "another order", "stat:DELETED err:9 id:1", TEAL_OK, "1", TEAL_DLR_DELETED, "9", "", "" },
    { "spaces at both ends and NUL", "  id:1   stat:ACCEPTD \r\n", TEAL_OK, "1", TEAL_DLR_ACCEPTED,
      "", "", "" },
    { "spaces behind the colons", "id: 1 sub: 001 submit date: 5 done date: 6 stat: UNKNOWN err: 0",
      TEAL_OK, "1", TEAL_DLR_UNKNOWN, "0", "5", "6" },
    { "values missing", "id:1 sub: dlvrd: submit date: done date: stat:DELIVRD err: text:", TEAL_OK,
      "1", TEAL_DLR_DELIVERED, "", "", "" },
    { "underscores", "id:1 submit_date:5 done_date:6 stat:ENROUTE", TEAL_OK, "1", TEAL_DLR_ENROUTE,
      "", "5", "6" },
    { "long names", "id:1 stat:Undeliverable", TEAL_OK, "1", TEAL_DLR_UNDELIVERABLE, "", "", "" },
    { "long names", "id:1 stat:DELIVERED", TEAL_OK, "1", TEAL_DLR_DELIVERED, "", "", "" },
    { "words that name no field", "receipt id:1 vendor:x:y stat:DELIVRD", TEAL_OK, "1",
      TEAL_DLR_DELIVERED, "", "", "" },
    { "first of equals", "id:1 id:2 stat:EXPIRED stat:DELIVRD", TEAL_OK, "1", TEAL_DLR_EXPIRED, "",
      "", "" },
    { "the message's words are no fields", "id:1 err:5 text:id:2 stat:DELIVRD", TEAL_MALFORMED,
      NULL, 0, NULL, NULL, NULL },
    { "a state inside a longer word", "id:1 stat:DELIVRDX", TEAL_MALFORMED, NULL, 0, NULL, NULL,
      NULL },
    { "a state cut short", "id:1 stat:DELIV", TEAL_MALFORMED, NULL, 0, NULL, NULL, NULL },
    { "no id", "sub:001 stat:DELIVRD", TEAL_MALFORMED, NULL, 0, NULL, NULL, NULL },
    { "empty id", "id: stat:DELIVRD", TEAL_MALFORMED, NULL, 0, NULL, NULL, NULL },
    { "id of 65",
      "id:01234567890123456789012345678901234567890123456789012345678901234 stat:DELIVRD",
      TEAL_MALFORMED, NULL, 0, NULL, NULL, NULL },
    { "nothing", "", TEAL_MALFORMED, NULL, 0, NULL, NULL, NULL },
    { "an ordinary text", "see you at stat: ion", TEAL_MALFORMED, NULL, 0, NULL, NULL, NULL },
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        size_t len = strlen(rows[i].text) + (strstr(rows[i].name, "NUL") != NULL);
        uint8_t *copy = exact_copy(rows[i].text, len);
        teal_dlr dlr;
        teal_diag why = { 0 };
        assert_int_equal(teal_dlr_decode((teal_bytes){ copy, len }, &dlr, &why), rows[i].want);
        if (rows[i].want == TEAL_OK) {
            assert_true(teal_bytes_equal(dlr.id, teal_text(rows[i].id)));
            assert_int_equal(dlr.state, rows[i].state);
            assert_true(teal_bytes_equal(dlr.error, teal_text(rows[i].error)));
            assert_true(teal_bytes_equal(dlr.submit_date, teal_text(rows[i].submit_date)));
            assert_true(teal_bytes_equal(dlr.done_date, teal_text(rows[i].done_date)));
        } else
            assert_memory_equal(why.rule, "REQ-SMS-4", 9);
        free(copy);
    }
}

static teal_smpp_pdu receipt(const char *text, teal_bytes tlvs)
{
    teal_smpp_pdu pdu = { .command = TEAL_SMPP_DELIVER_SM, .tlvs = tlvs };
    pdu.message.esm_class = TEAL_ESM_RECEIPT;
    pdu.message.short_message = teal_text(text);
    return pdu;
}

#define EXPECT_DLR(want_id, want_state)                                                            \
    do {                                                                                           \
        assert_int_equal(teal_dlr_of_message(&pdu, &dlr, NULL), TEAL_OK);                          \
        assert_true(teal_bytes_equal(dlr.id, teal_text(want_id)));                                 \
        assert_int_equal(dlr.state, want_state);                                                   \
    } while (0)

static void test_message(void **state)
{
    (void)state;
    uint8_t buf[256];
    teal_writer w = { buf, sizeof buf, 0 };
    teal_dlr dlr;
    teal_smpp_pdu pdu = receipt("id:1 stat:EXPIRED err:7", (teal_bytes){ 0 });
    EXPECT_DLR("1", TEAL_DLR_EXPIRED);

    teal_smpp_tlv_write(&w, TEAL_TLV_RECEIPTED_MESSAGE_ID, (teal_bytes){ (uint8_t *)"abc", 4 });
    pdu = receipt("id:1 stat:EXPIRED err:7", teal_written(&w));
    EXPECT_DLR("abc", TEAL_DLR_EXPIRED); /* the parameter wins, the text fills */
    assert_true(teal_bytes_equal(dlr.error, teal_text("7")));

    teal_smpp_tlv_write_uint(&w, TEAL_TLV_MESSAGE_STATE, 8, 1);
    pdu = receipt("", teal_written(&w));
    EXPECT_DLR("abc", TEAL_DLR_REJECTED);

    w.len = 0; /* without its NUL, and a state of no 3.4 number */
    teal_smpp_tlv_write(&w, TEAL_TLV_RECEIPTED_MESSAGE_ID, teal_text("abc"));
    teal_smpp_tlv_write_uint(&w, TEAL_TLV_MESSAGE_STATE, 9, 1);
    pdu = receipt("stat:DELIVRD", teal_written(&w));
    EXPECT_DLR("abc", TEAL_DLR_DELIVERED);
    pdu = receipt("", teal_written(&w));
    assert_int_equal(teal_dlr_of_message(&pdu, &dlr, NULL), TEAL_MALFORMED);

    w.len = 0;
    teal_smpp_tlv_write(&w, TEAL_TLV_MESSAGE_PAYLOAD, teal_text("id:5 stat:DELIVRD"));
    pdu = receipt("", teal_written(&w));
    EXPECT_DLR("5", TEAL_DLR_DELIVERED);
    pdu = receipt("id:5 stat:DELIVRD", teal_written(&w)); /* two bodies */
    assert_int_equal(teal_dlr_of_message(&pdu, &dlr, NULL), TEAL_MALFORMED);
    w.len = 0;
    teal_smpp_tlv_write_uint(&w, TEAL_TLV_MESSAGE_STATE, 0, 1);
    pdu = receipt("id:5 stat:DELIVRD", teal_written(&w));
    EXPECT_DLR("5", TEAL_DLR_DELIVERED);
}

static void test_not_a_receipt(void **state)
{
    (void)state;
    assert_string_equal(teal_dlr_state_name(TEAL_DLR_NONE), "NONE");
    static const uint8_t classes[] = { 0x00, 0x08, 0x10, 0x20, 0x40 };
    for (size_t i = 0; i < sizeof classes; i++) {
        teal_smpp_pdu pdu = receipt("id:1 stat:DELIVRD", (teal_bytes){ 0 });
        teal_dlr dlr;
        teal_diag why = { 0 };
        pdu.message.esm_class = classes[i]; /* a person can type what a receipt says */
        assert_int_equal(teal_dlr_of_message(&pdu, &dlr, &why), TEAL_UNSUPPORTED);
        assert_memory_equal(why.rule, "REQ-SMS-42 ", 11);
    }
}

static void test_encode(void **state)
{
    (void)state;
    uint8_t buf[256];
    teal_writer w = { buf, sizeof buf, 0 };
    const teal_dlr dlr = { .id = teal_text("7"),
                           .state = TEAL_DLR_DELIVERED,
                           .error = teal_text("000"),
                           .submit_date = teal_text("2611240900"),
                           .done_date = teal_text("2611240901") };
    assert_int_equal(teal_dlr_encode(&dlr, &w), TEAL_OK);
    assert_true(teal_bytes_equal(
        teal_written(&w),
        teal_text("id:7 sub:001 dlvrd:001 submit date:2611240900 done date:2611240901 "
                  "stat:DELIVRD err:000 text:")));
    teal_writer small = { buf, w.len - 1, 0 };
    assert_int_equal(teal_dlr_encode(&dlr, &small), TEAL_SPACE);
    assert_int_equal(small.len, w.len);
}

static void test_final(void **state)
{
    (void)state;
    assert_false(teal_dlr_is_final(TEAL_DLR_NONE));
    assert_false(teal_dlr_is_final(TEAL_DLR_ENROUTE));
    assert_false(teal_dlr_is_final(TEAL_DLR_ACCEPTED));
    assert_false(teal_dlr_is_final(TEAL_DLR_UNKNOWN));
    assert_true(teal_dlr_is_final(TEAL_DLR_DELIVERED));
    assert_true(teal_dlr_is_final(TEAL_DLR_EXPIRED));
    assert_true(teal_dlr_is_final(TEAL_DLR_DELETED));
    assert_true(teal_dlr_is_final(TEAL_DLR_UNDELIVERABLE));
    assert_true(teal_dlr_is_final(TEAL_DLR_REJECTED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_message),
        cmocka_unit_test(test_not_a_receipt), cmocka_unit_test(test_encode),
        cmocka_unit_test(test_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
