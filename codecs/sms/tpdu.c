/* SMS TPDUs. Never guesses a type from its length, never reads user data past its end. */
#include "codecs/sms/tpdu.h"

#include "codecs/sms/tpdu_user_data.h"

#include <assert.h>

/* First octet: §9.2.3.1 and those that follow it. */
enum {
    MTI_MASK = 0x03,
    MTI_DELIVER = 0x00,       /* from the centre */
    MTI_SUBMIT = 0x01,        /* to it */
    MTI_STATUS_REPORT = 0x02, /* from it */
    NO_MORE_TO_SEND = 0x04,   /* from the centre */
    REJECT_DUPLICATES = 0x04, /* to it */
    LOOP_PREVENTION = 0x08,   /* from the centre */
    VALIDITY_SHIFT = 3,       /* to it: two bits */
    REPORT = 0x20,
    USER_DATA_HEADER = 0x40,
    REPLY_PATH = 0x80,
};

/* TP-PI, §9.2.3.27. */
enum {
    HAS_PROTOCOL_ID = 0x01,
    HAS_DATA_CODING = 0x02,
    HAS_USER_DATA = 0x04,
    EXTENDED = 0x80, /* another octet of indicators, of which none is defined */
};

uint8_t teal_tpdu_coding(uint8_t data_coding)
{
    static const uint8_t by_bits[4] = { TEAL_CODING_GSM7, TEAL_CODING_BINARY, TEAL_CODING_UCS2,
                                        TEAL_CODING_GSM7 /* reserved */ };
    uint8_t group = data_coding >> 4;
    if (group <= 0x7) /* general, and marked for automatic deletion; bit 5: compressed */
        return data_coding & 0x20 ? TEAL_CODING_BINARY : by_bits[data_coding >> 2 & 3];
    if (group == 0xE) /* message waiting, in UCS-2 */
        return TEAL_CODING_UCS2;
    if (group == 0xF)
        return data_coding & 0x04 ? TEAL_CODING_BINARY : TEAL_CODING_GSM7;
    return TEAL_CODING_GSM7; /* message waiting, reserved groups */
}

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

int64_t teal_tpdu_relative_ms(uint8_t relative)
{
    if (relative <= 143)
        return (relative + 1) * 5 * MINUTE;
    if (relative <= 167)
        return 12 * HOUR + (relative - 143) * 30 * MINUTE;
    if (relative <= 196)
        return (relative - 166) * DAY;
    return (relative - 192) * 7 * DAY;
}

uint8_t teal_tpdu_relative_of(int64_t ms)
{
    uint8_t relative = 0;
    while (relative < UINT8_MAX && teal_tpdu_relative_ms(relative) < ms)
        relative++;
    return relative;
}

teal_tpdu_outcome teal_tpdu_outcome_of(uint8_t status)
{
    switch (status >> 5) {
    case 0:
        return TEAL_TPDU_OUTCOME_COMPLETED;
    case 1:
        return TEAL_TPDU_OUTCOME_TRYING;
    case 3:
        return TEAL_TPDU_OUTCOME_GIVEN_UP;
    default:
        return TEAL_TPDU_OUTCOME_FAILED;
    }
}

static void read_validity(teal_reader *r, teal_tpdu_validity *v)
{
    switch (v->format) {
    case TEAL_TPDU_VALIDITY_NONE:
        break;
    case TEAL_TPDU_VALIDITY_ENHANCED:
        teal_read_copy(r, v->enhanced, sizeof v->enhanced);
        break;
    case TEAL_TPDU_VALIDITY_RELATIVE:
        v->relative = teal_read_u8(r);
        break;
    case TEAL_TPDU_VALIDITY_ABSOLUTE:
        v->absolute = teal_tpdu_time_read(r);
        break;
    }
}

/* What all types begin with, once the type is known. */
static void read_flags(uint8_t first, teal_tpdu *t)
{
    bool submit = t->type == TEAL_TPDU_SUBMIT;
    t->report = first & REPORT;
    t->has_header = first & USER_DATA_HEADER;
    t->reply_path = first & REPLY_PATH && t->type != TEAL_TPDU_STATUS_REPORT;
    t->more_to_send = !submit && (first & NO_MORE_TO_SEND) == 0;
    t->loop_prevention = !submit && first & LOOP_PREVENTION;
    t->reject_duplicates = submit && first & REJECT_DUPLICATES;
    if (submit)
        t->validity.format = (teal_tpdu_validity_format)(first >> VALIDITY_SHIFT & 3);
}

static void read_indicators(teal_reader *r, teal_tpdu *t)
{
    uint8_t indicators = 0;
    if (teal_read_left(r) > 0)
        indicators = teal_read_u8(r);
    for (uint8_t more = indicators; more & EXTENDED;)
        more = teal_read_u8(r);
    t->has_protocol_id = indicators & HAS_PROTOCOL_ID;
    t->has_data_coding = indicators & HAS_DATA_CODING;
    t->has_user_data = indicators & HAS_USER_DATA;
}

/* Everything between the address and the user data. */
static void read_fields(teal_reader *r, teal_tpdu *t)
{
    if (t->type == TEAL_TPDU_STATUS_REPORT) {
        t->centre_time = teal_tpdu_time_read(r);
        t->discharge_time = teal_tpdu_time_read(r);
        t->status = teal_read_u8(r);
        read_indicators(r, t);
    } else
        t->has_protocol_id = t->has_data_coding = t->has_user_data = true;
    if (t->has_protocol_id)
        t->protocol_id = teal_read_u8(r);
    if (t->has_data_coding)
        t->data_coding = teal_read_u8(r);
    if (t->type == TEAL_TPDU_DELIVER)
        t->centre_time = teal_tpdu_time_read(r);
    if (t->type == TEAL_TPDU_SUBMIT)
        read_validity(r, &t->validity);
}

static bool type_of(uint8_t first, teal_tpdu_direction direction, teal_tpdu_type *type)
{
    uint8_t mti = first & MTI_MASK;
    if (direction == TEAL_TPDU_TO_CENTRE) {
        *type = TEAL_TPDU_SUBMIT;
        return mti == MTI_SUBMIT;
    }
    *type = mti == MTI_DELIVER ? TEAL_TPDU_DELIVER : TEAL_TPDU_STATUS_REPORT;
    return mti == MTI_DELIVER || mti == MTI_STATUS_REPORT;
}

static teal_result read_unit(teal_reader *r, teal_tpdu_direction direction, teal_tpdu *t,
                             teal_diag *why)
{
    uint8_t first = teal_read_u8(r);
    if (r->failed)
        return teal_refuse(TEAL_MORE, "REQ-SMS-60 unit is empty", 0, why);
    if (!type_of(first, direction, &t->type))
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMS-60 type is not taken", 0, why);
    read_flags(first, t);
    if (t->type != TEAL_TPDU_DELIVER)
        t->reference = teal_read_u8(r);
    teal_result result = teal_tpdu_address_read(r, &t->address, why);
    if (result != TEAL_OK)
        return result;
    read_fields(r, t);
    if (r->failed)
        return teal_refuse(TEAL_MORE, "REQ-SMS-60 unit is cut short", 0, why);
    if (t->has_user_data)
        result = teal_tpdu_user_data_read(r, t, why);
    if (result == TEAL_OK && t->type != TEAL_TPDU_STATUS_REPORT && !teal_read_done(r))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-65 octets behind the user data", 0, why);
    return result;
}

teal_result teal_tpdu_decode(teal_bytes in, teal_tpdu_direction direction, teal_tpdu *out,
                             teal_diag *why)
{
    teal_reader r = teal_reader_of(in);
    teal_tpdu unit = { 0 };
    teal_result result = read_unit(&r, direction, &unit, why);
    if (result == TEAL_OK)
        *out = unit;
    else if (why != NULL)
        why->at = result == TEAL_MORE ? in.len : in.len - teal_read_left(&r);
    return result;
}

static uint8_t first_octet(const teal_tpdu *t)
{
    static const uint8_t mti[] = { [TEAL_TPDU_SUBMIT] = MTI_SUBMIT,
                                   [TEAL_TPDU_DELIVER] = MTI_DELIVER,
                                   [TEAL_TPDU_STATUS_REPORT] = MTI_STATUS_REPORT };
    unsigned first = mti[t->type];
    first |= t->report ? REPORT : 0;
    first |= t->has_header ? USER_DATA_HEADER : 0;
    first |= t->reply_path && t->type != TEAL_TPDU_STATUS_REPORT ? REPLY_PATH : 0;
    if (t->type == TEAL_TPDU_SUBMIT) {
        first |= t->reject_duplicates ? REJECT_DUPLICATES : 0;
        first |= (unsigned)t->validity.format << VALIDITY_SHIFT;
    } else {
        first |= t->more_to_send ? 0 : NO_MORE_TO_SEND;
        first |= t->loop_prevention ? LOOP_PREVENTION : 0;
    }
    return (uint8_t)first;
}

/* False where a time cannot be written. */
static bool write_validity(const teal_tpdu_validity *v, teal_writer *w)
{
    switch (v->format) {
    case TEAL_TPDU_VALIDITY_NONE:
        return true;
    case TEAL_TPDU_VALIDITY_ENHANCED:
        teal_write_bytes(w, (teal_bytes){ v->enhanced, sizeof v->enhanced });
        return true;
    case TEAL_TPDU_VALIDITY_RELATIVE:
        teal_write_u8(w, v->relative);
        return true;
    case TEAL_TPDU_VALIDITY_ABSOLUTE:
        return teal_tpdu_time_write(&v->absolute, w);
    }
    return false;
}

static bool write_fields(const teal_tpdu *t, teal_writer *w)
{
    bool report = t->type == TEAL_TPDU_STATUS_REPORT, fine = true;
    if (report) {
        fine =
            teal_tpdu_time_write(&t->centre_time, w) && teal_tpdu_time_write(&t->discharge_time, w);
        teal_write_u8(w, t->status);
        int indicators = (t->has_protocol_id ? HAS_PROTOCOL_ID : 0) |
                         (t->has_data_coding ? HAS_DATA_CODING : 0) |
                         (t->has_user_data ? HAS_USER_DATA : 0);
        if (indicators != 0)
            teal_write_u8(w, (uint8_t)indicators);
    }
    if (!report || t->has_protocol_id)
        teal_write_u8(w, t->protocol_id);
    if (!report || t->has_data_coding)
        teal_write_u8(w, t->data_coding);
    if (t->type == TEAL_TPDU_DELIVER)
        fine = teal_tpdu_time_write(&t->centre_time, w);
    if (t->type == TEAL_TPDU_SUBMIT)
        fine = write_validity(&t->validity, w);
    return fine;
}

teal_result teal_tpdu_encode(const teal_tpdu *t, teal_writer *out, teal_diag *why)
{
    uint8_t room[TEAL_TPDU_MAX_OCTETS];
    teal_writer w = { room, sizeof room, 0 };
    teal_write_u8(&w, first_octet(t));
    if (t->type != TEAL_TPDU_DELIVER)
        teal_write_u8(&w, t->reference);
    teal_result result = teal_tpdu_address_write(&t->address, &w, why);
    if (result != TEAL_OK)
        return result;
    if (!write_fields(t, &w))
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-62 time outside 1990..2089", 0, why);
    if (t->type != TEAL_TPDU_STATUS_REPORT || t->has_user_data)
        result = teal_tpdu_user_data_write(t, &w, why);
    if (result != TEAL_OK)
        return result;
    assert(teal_write_fits(&w));
    teal_write_bytes(out, teal_written(&w));
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}
