/* SMPP 3.4 units. Never reads past a field's bound or the unit's end, whatever the lengths say. */
#include "codecs/sms/smpp.h"

/* Bounds of the C-octet strings, without their NUL: §4.1, §4.4, §4.6. */
enum {
    MAX_SYSTEM_ID = 15,
    MAX_PASSWORD = 8,
    MAX_SYSTEM_TYPE = 12,
    MAX_ADDRESS_RANGE = 40,
    MAX_SERVICE_TYPE = 5,
    TIME_OCTETS = 16,
};

/* What stands between the header and the optional parameters. */
typedef enum shape {
    SHAPE_UNKNOWN = 0,
    SHAPE_NONE,
    SHAPE_BIND,
    SHAPE_MESSAGE,
    SHAPE_SYSTEM_ID,
    SHAPE_MESSAGE_ID,
} shape;

static const struct {
    uint32_t command;
    shape shape;
    const char *name;
} commands[] = {
    { TEAL_SMPP_BIND_RECEIVER, SHAPE_BIND, "bind_receiver" },
    { TEAL_SMPP_BIND_TRANSMITTER, SHAPE_BIND, "bind_transmitter" },
    { TEAL_SMPP_BIND_TRANSCEIVER, SHAPE_BIND, "bind_transceiver" },
    { TEAL_SMPP_SUBMIT_SM, SHAPE_MESSAGE, "submit_sm" },
    { TEAL_SMPP_DELIVER_SM, SHAPE_MESSAGE, "deliver_sm" },
    { TEAL_SMPP_UNBIND, SHAPE_NONE, "unbind" },
    { TEAL_SMPP_ENQUIRE_LINK, SHAPE_NONE, "enquire_link" },
    { TEAL_SMPP_BIND_RECEIVER | TEAL_SMPP_RESP, SHAPE_SYSTEM_ID, "bind_receiver_resp" },
    { TEAL_SMPP_BIND_TRANSMITTER | TEAL_SMPP_RESP, SHAPE_SYSTEM_ID, "bind_transmitter_resp" },
    { TEAL_SMPP_BIND_TRANSCEIVER | TEAL_SMPP_RESP, SHAPE_SYSTEM_ID, "bind_transceiver_resp" },
    { TEAL_SMPP_SUBMIT_SM | TEAL_SMPP_RESP, SHAPE_MESSAGE_ID, "submit_sm_resp" },
    { TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP, SHAPE_MESSAGE_ID, "deliver_sm_resp" },
    { TEAL_SMPP_UNBIND | TEAL_SMPP_RESP, SHAPE_NONE, "unbind_resp" },
    { TEAL_SMPP_ENQUIRE_LINK | TEAL_SMPP_RESP, SHAPE_NONE, "enquire_link_resp" },
    { TEAL_SMPP_GENERIC_NACK, SHAPE_NONE, "generic_nack" },
};

enum { COMMANDS = sizeof commands / sizeof *commands };

/* Index of a command in `commands`, or COMMANDS. */
static size_t find_command(uint32_t command)
{
    size_t i = 0;
    while (i < COMMANDS && commands[i].command != command)
        i++;
    return i;
}

static shape shape_of(uint32_t command)
{
    size_t i = find_command(command);
    return i < COMMANDS ? commands[i].shape : SHAPE_UNKNOWN;
}

const char *teal_smpp_command_name(uint32_t command)
{
    size_t i = find_command(command);
    return i < COMMANDS ? commands[i].name : "unknown";
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

/* A string that ends in NUL within its field of max + 1 octets. */
static teal_bytes read_string(fields *f, size_t max)
{
    size_t at = offset(f), len = 0;
    teal_reader ahead = f->r;
    while (len <= max && teal_read_u8(&ahead) != 0)
        len++;
    if (ahead.failed || len > max) {
        break_rule(f, "REQ-SMPP-4 string has no end within its field", at);
        return (teal_bytes){ 0 };
    }
    teal_bytes view = teal_read_bytes(&f->r, len);
    f->r = ahead;
    return view;
}

static teal_bytes read_time(fields *f)
{
    size_t at = offset(f);
    teal_bytes time = read_string(f, TIME_OCTETS);
    if (time.len != 0 && time.len != TIME_OCTETS)
        break_rule(f, "REQ-SMPP-5 time has neither 0 nor 16 characters", at);
    return time;
}

static uint8_t read_octet(fields *f)
{
    if (teal_read_left(&f->r) == 0)
        break_rule(f, "REQ-SMPP-3 unit ends inside its fields", f->len);
    return teal_read_u8(&f->r);
}

static teal_smpp_address read_address(fields *f, size_t max)
{
    teal_smpp_address a = { .ton = read_octet(f) };
    a.npi = read_octet(f);
    a.digits = read_string(f, max);
    return a;
}

static void read_bind(fields *f, teal_smpp_bind *b)
{
    b->system_id = read_string(f, MAX_SYSTEM_ID);
    b->password = read_string(f, MAX_PASSWORD);
    b->system_type = read_string(f, MAX_SYSTEM_TYPE);
    b->interface_version = read_octet(f);
    b->range = read_address(f, MAX_ADDRESS_RANGE);
}

static teal_bytes read_short_message(fields *f)
{
    size_t at = offset(f);
    uint8_t len = read_octet(f);
    if (len > TEAL_SMPP_MAX_SHORT || len > teal_read_left(&f->r))
        break_rule(f, "REQ-SMPP-6 sm_length is over 254 or crosses the end", at);
    return teal_read_bytes(&f->r, len);
}

static void read_message(fields *f, teal_smpp_message *m)
{
    m->service_type = read_string(f, MAX_SERVICE_TYPE);
    m->source = read_address(f, TEAL_SMPP_MAX_ADDRESS);
    m->destination = read_address(f, TEAL_SMPP_MAX_ADDRESS);
    m->esm_class = read_octet(f);
    m->protocol_id = read_octet(f);
    m->priority_flag = read_octet(f);
    m->schedule_delivery_time = read_time(f);
    m->validity_period = read_time(f);
    m->registered_delivery = read_octet(f);
    m->replace_if_present_flag = read_octet(f);
    m->data_coding = read_octet(f);
    m->sm_default_msg_id = read_octet(f);
    m->short_message = read_short_message(f);
}

/* A refusal has no body (§4.4.2); neither have many peers' deliver_sm_resp, whose id is unused. */
static teal_bytes read_id(fields *f, const teal_smpp_pdu *pdu, size_t max)
{
    bool optional = pdu->status != 0 || pdu->command == (TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP);
    if (optional && teal_read_left(&f->r) == 0)
        return (teal_bytes){ 0 };
    return read_string(f, max);
}

static void read_body(fields *f, teal_smpp_pdu *pdu)
{
    switch (shape_of(pdu->command)) {
    case SHAPE_UNKNOWN:
    case SHAPE_NONE:
        break;
    case SHAPE_BIND:
        read_bind(f, &pdu->bind);
        break;
    case SHAPE_MESSAGE:
        read_message(f, &pdu->message);
        break;
    case SHAPE_SYSTEM_ID:
        pdu->id = read_id(f, pdu, MAX_SYSTEM_ID);
        break;
    case SHAPE_MESSAGE_ID:
        pdu->id = read_id(f, pdu, TEAL_SMPP_MAX_MESSAGE_ID);
        break;
    }
}

teal_result teal_smpp_frame(teal_bytes stream, teal_bytes *unit, teal_diag *why)
{
    *unit = (teal_bytes){ 0 };
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

teal_result teal_smpp_decode(teal_bytes unit, teal_smpp_pdu *out, teal_diag *why)
{
    memset(out, 0, sizeof *out);
    teal_reader header = teal_reader_of(unit);
    teal_read_u32(&header);
    uint32_t command = teal_read_u32(&header), status = teal_read_u32(&header);
    uint32_t sequence = teal_read_u32(&header);
    if (!header.failed) {
        out->command = command;
        out->status = status;
        out->sequence = sequence;
    }
    teal_bytes whole;
    teal_result result = teal_smpp_frame(unit, &whole, why);
    if (result != TEAL_OK)
        return result;
    if (whole.len != unit.len)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-2 octets behind command_length", whole.len,
                           why);
    if (shape_of(command) == SHAPE_UNKNOWN)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMPP-7 command_id is not taken", 4, why);
    fields f = { .r = header, .len = unit.len };
    read_body(&f, out);
    if (f.broken != NULL)
        return teal_refuse(TEAL_MALFORMED, f.broken, f.at, why);
    size_t at = offset(&f);
    out->tlvs = teal_read_bytes(&f.r, teal_read_left(&f.r));
    result = teal_smpp_tlv_check(out->tlvs, why);
    if (result != TEAL_OK && why != NULL)
        why->at += at;
    return result;
}

/* --- encoding: `fine` turns false at the first field that no decoder would take ----------------
 */

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

static void write_time(sink *s, teal_bytes time)
{
    if (time.len != 0 && time.len != TIME_OCTETS)
        s->fine = false;
    write_string(s, time, TIME_OCTETS);
}

static void write_address(sink *s, const teal_smpp_address *a, size_t max)
{
    teal_write_u8(&s->w, a->ton);
    teal_write_u8(&s->w, a->npi);
    write_string(s, a->digits, max);
}

static void write_bind(sink *s, const teal_smpp_bind *b)
{
    write_string(s, b->system_id, MAX_SYSTEM_ID);
    write_string(s, b->password, MAX_PASSWORD);
    write_string(s, b->system_type, MAX_SYSTEM_TYPE);
    teal_write_u8(&s->w, b->interface_version);
    write_address(s, &b->range, MAX_ADDRESS_RANGE);
}

static void write_message(sink *s, const teal_smpp_message *m)
{
    write_string(s, m->service_type, MAX_SERVICE_TYPE);
    write_address(s, &m->source, TEAL_SMPP_MAX_ADDRESS);
    write_address(s, &m->destination, TEAL_SMPP_MAX_ADDRESS);
    teal_write_u8(&s->w, m->esm_class);
    teal_write_u8(&s->w, m->protocol_id);
    teal_write_u8(&s->w, m->priority_flag);
    write_time(s, m->schedule_delivery_time);
    write_time(s, m->validity_period);
    teal_write_u8(&s->w, m->registered_delivery);
    teal_write_u8(&s->w, m->replace_if_present_flag);
    teal_write_u8(&s->w, m->data_coding);
    teal_write_u8(&s->w, m->sm_default_msg_id);
    if (m->short_message.len > TEAL_SMPP_MAX_SHORT)
        s->fine = false;
    teal_write_u8(&s->w, (uint8_t)m->short_message.len);
    teal_write_bytes(&s->w, m->short_message);
}

static void write_id(sink *s, const teal_smpp_pdu *pdu, size_t max)
{
    if (pdu->status == 0 || pdu->id.len > 0 || pdu->tlvs.len > 0)
        write_string(s, pdu->id, max);
}

static void write_unit(sink *s, const teal_smpp_pdu *pdu, size_t len)
{
    teal_write_u32(&s->w, (uint32_t)len);
    teal_write_u32(&s->w, pdu->command);
    teal_write_u32(&s->w, pdu->status);
    teal_write_u32(&s->w, pdu->sequence);
    switch (shape_of(pdu->command)) {
    case SHAPE_UNKNOWN:
    case SHAPE_NONE:
        break;
    case SHAPE_BIND:
        write_bind(s, &pdu->bind);
        break;
    case SHAPE_MESSAGE:
        write_message(s, &pdu->message);
        break;
    case SHAPE_SYSTEM_ID:
        write_id(s, pdu, MAX_SYSTEM_ID);
        break;
    case SHAPE_MESSAGE_ID:
        write_id(s, pdu, TEAL_SMPP_MAX_MESSAGE_ID);
        break;
    }
    teal_write_bytes(&s->w, pdu->tlvs);
}

teal_result teal_smpp_encode(const teal_smpp_pdu *pdu, teal_writer *out, teal_diag *why)
{
    if (shape_of(pdu->command) == SHAPE_UNKNOWN)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMPP-7 command_id is not taken", 0, why);
    teal_result result = teal_smpp_tlv_check(pdu->tlvs, why);
    if (result != TEAL_OK)
        return result;
    sink measure = { .fine = true };
    write_unit(&measure, pdu, 0);
    if (!measure.fine)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-8 field is over its size or holds a NUL", 0,
                           why);
    if (measure.w.len > TEAL_SMPP_MAX_OCTETS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMPP-1 unit is above 65536 octets", 0, why);
    sink real = { .w = *out, .fine = true };
    write_unit(&real, pdu, measure.w.len);
    *out = real.w;
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, "REQ-SMPP-1 unit does not fit the buffer", 0, why);
    return TEAL_OK;
}

/* --- what a message carries --------------------------------------------------------------------
 */

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
    *octets = (teal_bytes){ 0 };
    *udh = (teal_udh){ 0 };
    teal_bytes data = pdu->message.short_message, payload, header;
    if (teal_smpp_tlv_find(pdu->tlvs, TEAL_TLV_MESSAGE_PAYLOAD, &payload)) {
        if (data.len > 0)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMPP-12 short_message and message_payload", 0,
                               why);
        data = payload;
    }
    if (pdu->message.esm_class & TEAL_ESM_UDHI) {
        teal_bytes rest;
        if (teal_udh_split(data, &header, &rest, why) != TEAL_OK ||
            teal_udh_decode(header, udh, why) != TEAL_OK)
            return TEAL_MALFORMED; /* the message is whole: no octets can come after it */
        data = rest;
    }
    if (udh->concat.total == 0)
        read_sar(pdu->tlvs, &udh->concat);
    *octets = data;
    return TEAL_OK;
}
