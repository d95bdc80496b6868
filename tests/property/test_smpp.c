/* Properties of SMPP units of every command, and of delivery receipts. */
#include "codecs/sms/dlr.h"
#include "codecs/sms/smpp.h"
#include "tests/support/recode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[16 << 10];

static teal_arena fresh(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

/* --- units -------------------------------------------------------------------------------------
 */

static teal_bytes string(test_random *r, teal_arena *arena, size_t max)
{
    return test_random_text(r, arena, 0, max, "aZ09 +-_.\x7f\x80\xff\x01");
}

static teal_bytes date(test_random *r)
{
    return test_random_bool(r) ? teal_text("020610233429000R") : (teal_bytes){ 0 };
}

static teal_smpp_address address(test_random *r, teal_arena *arena, size_t max)
{
    return (teal_smpp_address){ test_random_u8(r), test_random_u8(r), string(r, arena, max) };
}

static teal_smpp_message any_message(test_random *r, teal_arena *arena)
{
    return (teal_smpp_message){ .service_type = string(r, arena, 5),
                                .source = address(r, arena, 20),
                                .destination = address(r, arena, 20),
                                .esm_class = test_random_u8(r),
                                .protocol_id = test_random_u8(r),
                                .priority_flag = test_random_u8(r),
                                .schedule_delivery_time = date(r),
                                .validity_period = date(r),
                                .registered_delivery = test_random_u8(r),
                                .replace_if_present_flag = test_random_u8(r),
                                .data_coding = test_random_u8(r),
                                .sm_default_msg_id = test_random_u8(r),
                                .short_message = test_random_bytes(r, arena, 0, 254) };
}

static teal_smpp_list list(test_random *r, teal_arena *arena, bool of_failures)
{
    size_t count = test_random_between(r, 1, 4), cap = count * 32;
    teal_writer w = { teal_arena_take(arena, cap), cap, 0 };
    for (size_t n = 0; n < count; n++) {
        teal_smpp_failure failure = { address(r, arena, 20),
                                      (uint32_t)test_random_below(r, UINT32_MAX) };
        teal_smpp_destination destination = { test_random_bool(r), failure.address };
        if (of_failures)
            teal_smpp_failure_write(&w, &failure);
        else
            teal_smpp_destination_write(&w, &destination);
    }
    return (teal_smpp_list){ (uint8_t)count, teal_written(&w) };
}

static void fill_request(test_random *r, teal_arena *arena, teal_smpp_pdu *pdu)
{
    switch (pdu->command) {
    case TEAL_SMPP_BIND_RECEIVER:
    case TEAL_SMPP_BIND_TRANSMITTER:
    case TEAL_SMPP_BIND_TRANSCEIVER:
        pdu->bind =
            (teal_smpp_bind){ string(r, arena, 15), string(r, arena, 8), string(r, arena, 12),
                              test_random_u8(r), address(r, arena, 40) };
        break;
    case TEAL_SMPP_OUTBIND:
        pdu->bind =
            (teal_smpp_bind){ .system_id = string(r, arena, 15), .password = string(r, arena, 8) };
        break;
    case TEAL_SMPP_SUBMIT_SM:
    case TEAL_SMPP_DELIVER_SM:
        pdu->message = any_message(r, arena);
        break;
    case TEAL_SMPP_SUBMIT_MULTI:
        pdu->message = any_message(r, arena);
        pdu->message.destination = (teal_smpp_address){ 0 };
        pdu->list = list(r, arena, false);
        break;
    case TEAL_SMPP_DATA_SM:
        pdu->message = (teal_smpp_message){ .service_type = string(r, arena, 5),
                                            .source = address(r, arena, 64),
                                            .destination = address(r, arena, 64),
                                            .esm_class = test_random_u8(r),
                                            .registered_delivery = test_random_u8(r),
                                            .data_coding = test_random_u8(r) };
        break;
    case TEAL_SMPP_QUERY_SM:
        pdu->id = string(r, arena, 64);
        pdu->message.source = address(r, arena, 20);
        break;
    case TEAL_SMPP_CANCEL_SM:
        pdu->id = string(r, arena, 64);
        pdu->message = (teal_smpp_message){ .service_type = string(r, arena, 5),
                                            .source = address(r, arena, 20),
                                            .destination = address(r, arena, 20) };
        break;
    case TEAL_SMPP_REPLACE_SM:
        pdu->id = string(r, arena, 64);
        pdu->message = (teal_smpp_message){ .source = address(r, arena, 20),
                                            .schedule_delivery_time = date(r),
                                            .validity_period = date(r),
                                            .registered_delivery = test_random_u8(r),
                                            .sm_default_msg_id = test_random_u8(r),
                                            .short_message = test_random_bytes(r, arena, 0, 254) };
        break;
    case TEAL_SMPP_ALERT_NOTIFICATION:
        pdu->message = (teal_smpp_message){ .source = address(r, arena, 64),
                                            .destination = address(r, arena, 64) };
        break;
    default:
        break;
    }
}

static void fill_response(test_random *r, teal_arena *arena, teal_smpp_pdu *pdu)
{
    switch (pdu->command & ~TEAL_SMPP_RESP) {
    case TEAL_SMPP_BIND_RECEIVER:
    case TEAL_SMPP_BIND_TRANSMITTER:
    case TEAL_SMPP_BIND_TRANSCEIVER:
        pdu->id = string(r, arena, 15);
        break;
    case TEAL_SMPP_SUBMIT_SM:
    case TEAL_SMPP_DELIVER_SM:
    case TEAL_SMPP_DATA_SM:
        pdu->id = string(r, arena, 64);
        break;
    case TEAL_SMPP_SUBMIT_MULTI:
        pdu->id = string(r, arena, 64);
        pdu->list = list(r, arena, true);
        break;
    case TEAL_SMPP_QUERY_SM:
        pdu->id = teal_text("1"); /* with an id or a date, a refusal keeps its body */
        pdu->outcome = (teal_smpp_outcome){ date(r), test_random_u8(r), test_random_u8(r) };
        break;
    default:
        break;
    }
}

static const uint32_t commands[] = {
    TEAL_SMPP_BIND_RECEIVER, TEAL_SMPP_BIND_TRANSMITTER, TEAL_SMPP_BIND_TRANSCEIVER,
    TEAL_SMPP_QUERY_SM,      TEAL_SMPP_SUBMIT_SM,        TEAL_SMPP_DELIVER_SM,
    TEAL_SMPP_UNBIND,        TEAL_SMPP_REPLACE_SM,       TEAL_SMPP_CANCEL_SM,
    TEAL_SMPP_ENQUIRE_LINK,  TEAL_SMPP_DATA_SM,          TEAL_SMPP_SUBMIT_MULTI,
    TEAL_SMPP_OUTBIND,       TEAL_SMPP_GENERIC_NACK,     TEAL_SMPP_ALERT_NOTIFICATION,
};
/* Those before it have a response. */
enum { COMMANDS = sizeof commands / sizeof *commands, WITH_RESPONSE = 12 };

static teal_smpp_pdu random_pdu(test_random *r, teal_arena *arena)
{
    bool response = test_random_bool(r);
    teal_smpp_pdu pdu = { .command =
                              commands[test_random_below(r, response ? WITH_RESPONSE : COMMANDS)] };
    if (test_random_bool(r))
        pdu.status = (uint32_t)test_random_below(r, 0x500);
    pdu.sequence = (uint32_t)test_random_below(r, UINT32_MAX);
    if (response) {
        pdu.command |= TEAL_SMPP_RESP;
        fill_response(r, arena, &pdu);
    } else
        fill_request(r, arena, &pdu);
    teal_writer tlvs = { teal_arena_take(arena, 128), 128, 0 };
    for (size_t n = test_random_below(r, 4); n > 0; n--)
        teal_smpp_tlv_write(&tlvs, (uint16_t)(0x1400 + n), test_random_bytes(r, arena, 0, 20));
    pdu.tlvs = teal_written(&tlvs);
    return pdu;
}

static const char *same_address(const teal_smpp_address *a, const teal_smpp_address *b)
{
    return property_that(a->ton == b->ton)
               ?: property_that(a->npi == b->npi)
               ?: property_differ(a->digits, b->digits);
}

static const char *same_message(const teal_smpp_message *a, const teal_smpp_message *b)
{
    return property_differ(a->service_type, b->service_type)
               ?: same_address(&a->source, &b->source)
               ?: same_address(&a->destination, &b->destination)
               ?: property_that(a->esm_class == b->esm_class)
               ?: property_that(a->protocol_id == b->protocol_id)
               ?: property_that(a->priority_flag == b->priority_flag)
               ?: property_differ(a->schedule_delivery_time, b->schedule_delivery_time)
               ?: property_differ(a->validity_period, b->validity_period)
               ?: property_that(a->registered_delivery == b->registered_delivery)
               ?: property_that(a->replace_if_present_flag == b->replace_if_present_flag)
               ?: property_that(a->data_coding == b->data_coding)
               ?: property_that(a->sm_default_msg_id == b->sm_default_msg_id)
               ?: property_differ(a->short_message, b->short_message);
}

static const char *same_bind(const teal_smpp_bind *a, const teal_smpp_bind *b)
{
    return property_differ(a->system_id, b->system_id)
               ?: property_differ(a->password, b->password)
               ?: property_differ(a->system_type, b->system_type)
               ?: property_that(a->interface_version == b->interface_version)
               ?: same_address(&a->range, &b->range);
}

static const char *same_outcome(const teal_smpp_outcome *a, const teal_smpp_outcome *b)
{
    return property_differ(a->final_date, b->final_date)
               ?: property_that(a->message_state == b->message_state)
               ?: property_that(a->error_code == b->error_code);
}

/* Members that do not count are zero on both sides. */
static const char *same_body(const teal_smpp_pdu *a, const teal_smpp_pdu *b)
{
    switch (a->command) {
    case TEAL_SMPP_BIND_RECEIVER:
    case TEAL_SMPP_BIND_TRANSMITTER:
    case TEAL_SMPP_BIND_TRANSCEIVER:
    case TEAL_SMPP_OUTBIND:
        return same_bind(&a->bind, &b->bind);
    case TEAL_SMPP_QUERY_SM | TEAL_SMPP_RESP:
        return same_outcome(&a->outcome, &b->outcome);
    default:
        return same_message(&a->message, &b->message);
    }
}

static recoded recode_pdu(teal_bytes in, teal_writer *out)
{
    teal_smpp_pdu pdu;
    teal_bytes unit;
    recoded what = { 0 };
    what.decoded = teal_smpp_frame(in, &unit, &what.why);
    if (what.decoded == TEAL_MORE) /* no more is coming */
        what.why.rule = "cut short";
    if (what.decoded == TEAL_OK)
        what.decoded = teal_smpp_decode(unit, &pdu, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_smpp_encode(&pdu, out, NULL);
    return what;
}

static const char *pdu_comes_back(test_random *r)
{
    uint8_t octets[1024];
    teal_arena arena = fresh();
    teal_writer w = { octets, sizeof octets, 0 };
    teal_smpp_pdu pdu = random_pdu(r, &arena), back;
    teal_diag why = { 0 };
    return property_ok(teal_smpp_encode(&pdu, &w, &why), &why)
               ?: property_ok(teal_smpp_decode(teal_written(&w), &back, &why), &why)
               ?: property_that(back.command == pdu.command)
               ?: property_that(back.status == pdu.status)
               ?: property_that(back.sequence == pdu.sequence)
               ?: property_differ(back.id, pdu.id)
               ?: property_differ(back.tlvs, pdu.tlvs)
               ?: property_that(back.list.count == pdu.list.count)
               ?: property_differ(back.list.entries, pdu.list.entries)
               ?: same_body(&back, &pdu)
               ?: recode_canonical(recode_pdu, teal_written(&w));
}

static const char *changed_pdu_becomes_canonical(test_random *r)
{
    uint8_t octets[1024];
    teal_arena arena = fresh();
    teal_writer w = { octets, sizeof octets, 0 };
    teal_smpp_pdu pdu = random_pdu(r, &arena);
    return property_ok(teal_smpp_encode(&pdu, &w, NULL), NULL)
               ?: recode_mutated(recode_pdu, teal_written(&w), r);
}

static void test_units(void **state)
{
    (void)state;
    assert_property(pdu_comes_back, 20000);
    assert_property(changed_pdu_becomes_canonical, 20000);
}

/* --- delivery receipts -------------------------------------------------------------------------
 */

static teal_dlr random_dlr(test_random *r, teal_arena *arena)
{
    static const char digits[] = "0123456789abcdefABCDEF-";
    return (teal_dlr){ .id = test_random_text(r, arena, 1, 64, digits),
                       .state = (teal_dlr_state)test_random_between(r, 1, TEAL_DLR_REJECTED),
                       .error = test_random_text(r, arena, 0, 3, digits),
                       .submit_date = test_random_text(r, arena, 0, 12, "0123456789"),
                       .done_date = test_random_text(r, arena, 0, 12, "0123456789") };
}

static recoded recode_dlr(teal_bytes in, teal_writer *out)
{
    teal_dlr dlr;
    recoded what = { 0 };
    what.decoded = teal_dlr_decode(in, &dlr, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_dlr_encode(&dlr, out);
    return what;
}

static const char *dlr_comes_back(test_random *r)
{
    uint8_t text[256];
    teal_arena arena = fresh();
    teal_writer w = { text, sizeof text, 0 };
    teal_dlr dlr = random_dlr(r, &arena), back;
    teal_diag why = { 0 };
    return property_ok(teal_dlr_encode(&dlr, &w), NULL)
               ?: property_ok(teal_dlr_decode(teal_written(&w), &back, &why), &why)
               ?: property_differ(back.id, dlr.id)
               ?: property_that(back.state == dlr.state)
               ?: property_differ(back.error, dlr.error)
               ?: property_differ(back.submit_date, dlr.submit_date)
               ?: property_differ(back.done_date, dlr.done_date)
               ?: recode_canonical(recode_dlr, teal_written(&w));
}

static const char *changed_dlr_becomes_canonical(test_random *r)
{
    uint8_t text[256];
    teal_arena arena = fresh();
    teal_writer w = { text, sizeof text, 0 };
    teal_dlr dlr = random_dlr(r, &arena);
    return property_ok(teal_dlr_encode(&dlr, &w), NULL)
               ?: recode_mutated(recode_dlr, teal_written(&w), r);
}

static void test_dlr(void **state)
{
    (void)state;
    assert_property(dlr_comes_back, 5000);
    assert_property(changed_dlr_becomes_canonical, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_dlr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
