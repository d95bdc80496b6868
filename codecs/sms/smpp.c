/* SMPP 3.4 units. Never reads past a field's bound or the unit's end, whatever the lengths say. */
#include "codecs/sms/smpp_layout.h"

const char *teal_smpp_command_name(uint32_t command)
{
    const teal_smpp_layout *layout = teal_smpp_layout_of(command);
    return layout != NULL ? layout->name : "unknown";
}

/* A refusal has no body (§4.4.2); neither have many peers' deliver_sm_resp, whose id is unused. */
static bool may_be_bare(const teal_smpp_pdu *pdu)
{
    return (pdu->command & TEAL_SMPP_RESP) != 0 &&
           (pdu->status != 0 || pdu->command == (TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP));
}

/* A unit being decoded: the first field that breaks a rule is kept, the rest reads as empty. */
typedef struct fields {
    teal_reader r;
    size_t len; /* of the unit */
    const char *broken;
    size_t at;
} fields;

static size_t offset(const fields *f)
{
    return f->len - teal_read_left(&f->r);
}

static void break_rule(fields *f, const char *rule, size_t at)
{
    if (f->broken == NULL) {
        f->broken = rule;
        f->at = at;
    }
    f->r.failed = true;
}

static teal_bytes read_string(fields *f, size_t max)
{
    size_t at = offset(f);
    teal_bytes string;
    if (!teal_smpp_string_read(&f->r, max, &string))
        break_rule(f, "REQ-SMPP-4 string has no end within its field", at);
    return string;
}

static teal_bytes read_time(fields *f, size_t octets)
{
    size_t at = offset(f);
    teal_bytes time = read_string(f, octets);
    if (time.len != 0 && time.len != octets)
        break_rule(f, "REQ-SMPP-5 time has neither 0 nor 16 characters", at);
    return time;
}

static uint8_t read_octet(fields *f)
{
    if (teal_read_left(&f->r) == 0)
        break_rule(f, "REQ-SMPP-3 unit ends inside its fields", f->len);
    return teal_read_u8(&f->r);
}

static teal_bytes read_short_message(fields *f, size_t max)
{
    size_t at = offset(f);
    uint8_t len = read_octet(f);
    if (len > max || len > teal_read_left(&f->r))
        break_rule(f, "REQ-SMPP-6 sm_length is over 254 or crosses the end", at);
    return teal_read_bytes(&f->r, len);
}

static bool read_entry(teal_smpp_kind kind, teal_reader *r)
{
    teal_smpp_destination destination;
    teal_smpp_failure failure;
    return kind == TEAL_SMPP_DESTINATIONS ? teal_smpp_destination_next(r, &destination)
                                          : teal_smpp_failure_next(r, &failure);
}

static bool count_is_right(teal_smpp_kind kind, uint8_t count)
{
    return kind == TEAL_SMPP_FAILURES || (count > 0 && count <= TEAL_SMPP_MAX_DESTINATIONS);
}

static teal_smpp_list read_list(fields *f, teal_smpp_kind kind)
{
    size_t at = offset(f);
    teal_smpp_list list = { .count = read_octet(f) };
    teal_reader entries = f->r;
    size_t left = teal_read_left(&f->r);
    if (!count_is_right(kind, list.count))
        break_rule(f, "REQ-SMPP-16 number_of_dests is not 1 to 254", at);
    for (uint8_t n = 0; n < list.count && f->broken == NULL; n++) {
        at = offset(f);
        if (!read_entry(kind, &f->r))
            break_rule(f, "REQ-SMPP-17 list has not as many entries as it says", at);
    }
    list.entries = teal_read_bytes(&entries, left - teal_read_left(&f->r));
    return list;
}

/* The member of a unit that a field describes. */
static void *member(teal_smpp_pdu *pdu, const teal_smpp_field *field)
{
    return (uint8_t *)pdu + field->at;
}

static void read_field(fields *f, const teal_smpp_field *field, teal_smpp_pdu *pdu)
{
    switch (field->kind) {
    case TEAL_SMPP_OCTET:
        *(uint8_t *)member(pdu, field) = read_octet(f);
        break;
    case TEAL_SMPP_STRING:
        *(teal_bytes *)member(pdu, field) = read_string(f, field->max);
        break;
    case TEAL_SMPP_TIME:
        *(teal_bytes *)member(pdu, field) = read_time(f, field->max);
        break;
    case TEAL_SMPP_SHORT:
        *(teal_bytes *)member(pdu, field) = read_short_message(f, field->max);
        break;
    case TEAL_SMPP_DESTINATIONS:
    case TEAL_SMPP_FAILURES:
        *(teal_smpp_list *)member(pdu, field) = read_list(f, field->kind);
        break;
    }
}

static void read_body(fields *f, const teal_smpp_layout *layout, teal_smpp_pdu *pdu)
{
    if (may_be_bare(pdu) && teal_read_left(&f->r) == 0)
        return;
    for (size_t i = 0; i < layout->count; i++)
        read_field(f, &layout->fields[i], pdu);
}

teal_result teal_smpp_frame(teal_bytes stream, teal_bytes *unit, teal_diag *why)
{
    teal_reader r = teal_reader_of(stream);
    teal_reader whole = r;
    uint32_t len = teal_read_u32(&r);
    if (r.failed)
        return teal_refuse(TEAL_MORE, "REQ-SMPP-1 command_length is cut short", stream.len, why);
    if (len < TEAL_SMPP_HEADER_OCTETS)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-1 command_length is below 16", 0, why);
    if (len > TEAL_SMPP_MAX_OCTETS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMPP-1 command_length is above 65536", 0, why);
    teal_bytes view = teal_read_bytes(&whole, len);
    if (whole.failed)
        return teal_refuse(TEAL_MORE, "REQ-SMPP-1 unit is cut short", stream.len, why);
    *unit = view;
    return TEAL_OK;
}

static teal_smpp_pdu read_head(teal_reader *r)
{
    teal_smpp_pdu head = { 0 };
    teal_read_u32(r); /* command_length */
    head.command = teal_read_u32(r);
    head.status = teal_read_u32(r);
    head.sequence = teal_read_u32(r);
    return head;
}

teal_smpp_pdu teal_smpp_head(teal_bytes unit)
{
    teal_reader r = teal_reader_of(unit);
    return read_head(&r);
}

teal_result teal_smpp_decode(teal_bytes unit, teal_smpp_pdu *out, teal_diag *why)
{
    teal_bytes whole;
    teal_result result = teal_smpp_frame(unit, &whole, why);
    if (result != TEAL_OK)
        return result;
    if (whole.len != unit.len)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-2 octets behind command_length", whole.len,
                           why);
    fields f = { .r = teal_reader_of(unit), .len = unit.len };
    teal_smpp_pdu pdu = read_head(&f.r);
    const teal_smpp_layout *layout = teal_smpp_layout_of(pdu.command);
    if (layout == NULL)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMPP-7 command_id is not taken", 4, why);
    read_body(&f, layout, &pdu);
    if (f.broken != NULL)
        return teal_refuse(TEAL_MALFORMED, f.broken, f.at, why);
    size_t at = offset(&f);
    pdu.tlvs = teal_read_bytes(&f.r, teal_read_left(&f.r));
    result = teal_smpp_tlv_check(pdu.tlvs, why);
    if (result == TEAL_OK)
        *out = pdu;
    else if (why != NULL)
        why->at += at;
    return result;
}

/* A unit being encoded: `fine` turns false at the first field that no decoder would take. */
typedef struct sink {
    teal_writer w;
    bool fine;
} sink;

static void write_string(sink *s, teal_bytes string, size_t max)
{
    if (string.len > max || (string.len > 0 && memchr(string.at, 0, string.len) != NULL))
        s->fine = false;
    teal_write_bytes(&s->w, string);
    teal_write_u8(&s->w, 0);
}

static void write_time(sink *s, teal_bytes time, size_t octets)
{
    if (time.len != 0 && time.len != octets)
        s->fine = false;
    write_string(s, time, octets);
}

static void write_short_message(sink *s, teal_bytes octets, size_t max)
{
    if (octets.len > max)
        s->fine = false;
    teal_write_u8(&s->w, (uint8_t)octets.len);
    teal_write_bytes(&s->w, octets);
}

static void write_list(sink *s, teal_smpp_list list, teal_smpp_kind kind)
{
    teal_reader entries = teal_reader_of(list.entries);
    s->fine = s->fine && count_is_right(kind, list.count);
    for (uint8_t n = 0; n < list.count && s->fine; n++)
        s->fine = read_entry(kind, &entries);
    s->fine = s->fine && teal_read_done(&entries);
    teal_write_u8(&s->w, list.count);
    teal_write_bytes(&s->w, list.entries);
}

static void write_field(sink *s, const teal_smpp_field *field, const teal_smpp_pdu *pdu)
{
    const void *at = (const uint8_t *)pdu + field->at;
    switch (field->kind) {
    case TEAL_SMPP_OCTET:
        teal_write_u8(&s->w, *(const uint8_t *)at);
        break;
    case TEAL_SMPP_STRING:
        write_string(s, *(const teal_bytes *)at, field->max);
        break;
    case TEAL_SMPP_TIME:
        write_time(s, *(const teal_bytes *)at, field->max);
        break;
    case TEAL_SMPP_SHORT:
        write_short_message(s, *(const teal_bytes *)at, field->max);
        break;
    case TEAL_SMPP_DESTINATIONS:
    case TEAL_SMPP_FAILURES:
        write_list(s, *(const teal_smpp_list *)at, field->kind);
        break;
    }
}

/* Of a response: none of them has destinations. */
static bool is_empty(const teal_smpp_field *field, const teal_smpp_pdu *pdu)
{
    const void *at = (const uint8_t *)pdu + field->at;
    if (field->kind == TEAL_SMPP_OCTET)
        return *(const uint8_t *)at == 0;
    if (field->kind == TEAL_SMPP_FAILURES)
        return ((const teal_smpp_list *)at)->count == 0 &&
               ((const teal_smpp_list *)at)->entries.len == 0;
    return ((const teal_bytes *)at)->len == 0;
}

static bool says_nothing(const teal_smpp_layout *layout, const teal_smpp_pdu *pdu)
{
    bool nothing = true;
    for (size_t i = 0; i < layout->count && nothing; i++)
        nothing = is_empty(&layout->fields[i], pdu);
    return nothing;
}

static void write_unit(sink *s, const teal_smpp_layout *layout, const teal_smpp_pdu *pdu,
                       size_t len)
{
    bool bare = (pdu->command & TEAL_SMPP_RESP) != 0 && pdu->status != 0 && pdu->tlvs.len == 0 &&
                says_nothing(layout, pdu);
    teal_write_u32(&s->w, (uint32_t)len);
    teal_write_u32(&s->w, pdu->command);
    teal_write_u32(&s->w, pdu->status);
    teal_write_u32(&s->w, pdu->sequence);
    for (size_t i = 0; i < layout->count && !bare; i++)
        write_field(s, &layout->fields[i], pdu);
    teal_write_bytes(&s->w, pdu->tlvs);
}

teal_result teal_smpp_encode(const teal_smpp_pdu *pdu, teal_writer *out, teal_diag *why)
{
    const teal_smpp_layout *layout = teal_smpp_layout_of(pdu->command);
    if (layout == NULL)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMPP-7 command_id is not taken", 0, why);
    teal_result result = teal_smpp_tlv_check(pdu->tlvs, why);
    if (result != TEAL_OK)
        return result;
    sink measure = { .fine = true };
    write_unit(&measure, layout, pdu, 0);
    if (!measure.fine)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-8 field is over its size or holds a NUL", 0,
                           why);
    if (measure.w.len > TEAL_SMPP_MAX_OCTETS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMPP-1 unit is above 65536 octets", 0, why);
    sink real = { .w = *out, .fine = true };
    write_unit(&real, layout, pdu, measure.w.len);
    *out = real.w;
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

static void read_sar(teal_bytes tlvs, teal_udh_concat *concat)
{
    uint32_t ref, total, seq;
    if (teal_smpp_tlv_find_uint(tlvs, TEAL_TLV_SAR_MSG_REF_NUM, 2, &ref) &&
        teal_smpp_tlv_find_uint(tlvs, TEAL_TLV_SAR_TOTAL_SEGMENTS, 1, &total) &&
        teal_smpp_tlv_find_uint(tlvs, TEAL_TLV_SAR_SEGMENT_SEQNUM, 1, &seq) && seq >= 1 &&
        seq <= total)
        *concat = (teal_udh_concat){
            .ref = (uint16_t)ref, .total = (uint8_t)total, .seq = (uint8_t)seq, .wide = true
        };
}

teal_result teal_smpp_user_data(const teal_smpp_pdu *pdu, teal_bytes *octets, teal_udh *udh,
                                teal_diag *why)
{
    teal_bytes data = pdu->message.short_message, payload, header;
    teal_udh found = { 0 };
    if (teal_smpp_tlv_find(pdu->tlvs, TEAL_TLV_MESSAGE_PAYLOAD, &payload)) {
        if (data.len > 0)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-12 short_message and message_payload", 0,
                               why);
        data = payload;
    }
    if (pdu->message.esm_class & TEAL_ESM_UDHI) {
        teal_bytes rest;
        if (teal_udh_split(data, &header, &rest, why) != TEAL_OK ||
            teal_udh_decode(header, &found, why) != TEAL_OK)
            return TEAL_MALFORMED; /* the message is whole: no octets can come after it */
        data = rest;
    }
    if (found.concat.total == 0)
        read_sar(pdu->tlvs, &found.concat);
    *octets = data;
    *udh = found;
    return TEAL_OK;
}
