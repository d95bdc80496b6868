/* Contents and fallbacks. protobuf-c unpacks them, for contents may grow; but it would pass on
 * strings that are cut at a NUL or no UTF-8, so every message is walked first. */
#include "codecs/native/content.h"

#include "codecs/utf8.h"

#include <assert.h>

typedef ProtobufCMessageDescriptor message_descriptor;
typedef ProtobufCFieldDescriptor field_descriptor;

enum { VARINT = 0, FIXED_64 = 1, DELIMITED = 2, FIXED_32 = 5 };
enum { MAX_VARINT_BYTES = 10, MAX_TAG_BYTES = 5 };

static uint64_t read_varint(teal_reader *r, unsigned max_octets)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < max_octets; i++) {
        uint8_t octet = teal_read_u8(r);
        value |= (uint64_t)(octet & 0x7f) << (7 * i);
        if ((octet & 0x80) == 0)
            return value;
    }
    r->failed = true;
    return 0;
}

/* Passes over one field; what it holds where it is delimited. */
static teal_bytes read_value(teal_reader *r, unsigned wire_type)
{
    teal_bytes value = { 0 };
    switch (wire_type) {
    case VARINT:
        (void)read_varint(r, MAX_VARINT_BYTES);
        break;
    case FIXED_64:
        (void)teal_read_bytes(r, 8);
        break;
    case FIXED_32:
        (void)teal_read_bytes(r, 4);
        break;
    case DELIMITED: {
        uint64_t len = read_varint(r, MAX_TAG_BYTES);
        value = teal_read_bytes(r, len <= teal_read_left(r) ? (size_t)len : SIZE_MAX);
        break;
    }
    default: /* groups, which proto3 does not have */
        r->failed = true;
        break;
    }
    return value;
}

static const uint8_t wire_types[] = {
    [PROTOBUF_C_TYPE_INT32] = VARINT,      [PROTOBUF_C_TYPE_SINT32] = VARINT,
    [PROTOBUF_C_TYPE_INT64] = VARINT,      [PROTOBUF_C_TYPE_SINT64] = VARINT,
    [PROTOBUF_C_TYPE_UINT32] = VARINT,     [PROTOBUF_C_TYPE_UINT64] = VARINT,
    [PROTOBUF_C_TYPE_BOOL] = VARINT,       [PROTOBUF_C_TYPE_ENUM] = VARINT,
    [PROTOBUF_C_TYPE_SFIXED64] = FIXED_64, [PROTOBUF_C_TYPE_FIXED64] = FIXED_64,
    [PROTOBUF_C_TYPE_DOUBLE] = FIXED_64,   [PROTOBUF_C_TYPE_SFIXED32] = FIXED_32,
    [PROTOBUF_C_TYPE_FIXED32] = FIXED_32,  [PROTOBUF_C_TYPE_FLOAT] = FIXED_32,
    [PROTOBUF_C_TYPE_STRING] = DELIMITED,  [PROTOBUF_C_TYPE_BYTES] = DELIMITED,
    [PROTOBUF_C_TYPE_MESSAGE] = DELIMITED,
};

static bool is_string(teal_bytes b)
{
    return teal_utf8_valid(b) && (b.len == 0 || memchr(b.at, '\0', b.len) == NULL);
}

/* Calls itself as deep as the schema is, which is no recursive one. */
static const char *walk(teal_reader *r, const message_descriptor *message)
{
    uint32_t last = 0;
    while (teal_read_left(r) > 0) {
        uint64_t tag = read_varint(r, MAX_TAG_BYTES);
        uint32_t number = (uint32_t)(tag >> 3);
        unsigned wire_type = tag & 7;
        teal_bytes value = read_value(r, wire_type);
        if (r->failed || number == 0 || tag > UINT32_MAX)
            return "REQ-CNT-1 not a protobuf message";
        const field_descriptor *field = protobuf_c_message_descriptor_get_field(message, number);
        if (field == NULL)
            continue;
        if (wire_type != wire_types[field->type])
            return "REQ-CNT-1 a field has another type";
        if (number < last || (number == last && field->label != PROTOBUF_C_LABEL_REPEATED))
            return "REQ-CNT-2 a field is out of order or there twice";
        last = number;
        if (field->type == PROTOBUF_C_TYPE_STRING && !is_string(value))
            return "REQ-CNT-3 a string is not UTF-8 without NUL";
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            teal_reader inner = teal_reader_of(value);
            const char *rule = walk(&inner, field->descriptor);
            if (rule != NULL)
                return rule;
        }
    }
    return NULL;
}

static teal_result unpack(teal_bytes in, const message_descriptor *message, teal_arena *arena,
                          ProtobufCMessage **out, teal_diag *why)
{
    teal_reader r = teal_reader_of(in);
    const char *rule = walk(&r, message);
    if (rule != NULL)
        return teal_refuse(TEAL_MALFORMED, rule, 0, why);
    ProtobufCAllocator allocator = teal_arena_protobuf(arena);
    *out = protobuf_c_message_unpack(message, &allocator, in.len, in.at);
    if (*out == NULL) /* nothing else is left that could be wrong */
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    return TEAL_OK;
}

static bool is_disposition(Teal__V1__Disposition d)
{
    return d == TEAL__V1__DISPOSITION__DELIVERED || d == TEAL__V1__DISPOSITION__DISPLAYED ||
           d == TEAL__V1__DISPOSITION__FAILED;
}

teal_result teal_content_decode(teal_bytes in, teal_arena *arena, Teal__V1__Content **out,
                                teal_diag *why)
{
    ProtobufCMessage *message;
    teal_result result = unpack(in, &teal__v1__content__descriptor, arena, &message, why);
    if (result != TEAL_OK)
        return result;
    Teal__V1__Content *content = (Teal__V1__Content *)message;
    if (content->receipt != NULL && !is_disposition(content->receipt->disposition))
        return teal_refuse(TEAL_MALFORMED, "REQ-CNT-4 disposition is not one of 1..3", 0, why);
    *out = content;
    return TEAL_OK;
}

teal_result teal_fallback_decode(teal_bytes in, teal_arena *arena, Teal__V1__Fallback **out,
                                 teal_diag *why)
{
    ProtobufCMessage *message;
    teal_result result = unpack(in, &teal__v1__fallback__descriptor, arena, &message, why);
    if (result != TEAL_OK)
        return result;
    Teal__V1__Fallback *fallback = (Teal__V1__Fallback *)message;
    if (fallback->text[0] == '\0' && fallback->n_media_links == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-CNT-5 fallback has no text and no link", 0, why);
    *out = fallback;
    return TEAL_OK;
}

typedef struct writer_buffer {
    ProtobufCBuffer base;
    teal_writer *out;
} writer_buffer;

static void append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
    teal_write_bytes(((writer_buffer *)buffer)->out, (teal_bytes){ data, len });
}

static teal_result pack(const ProtobufCMessage *message, teal_writer *out)
{
    writer_buffer buffer = { { append }, out };
    (void)protobuf_c_message_pack_to_buffer(message, &buffer.base);
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

teal_result teal_content_encode(const Teal__V1__Content *c, teal_writer *out)
{
    return pack(&c->base, out);
}

/* NUL-terminated copy of a text, as protobuf-c wants its strings. */
static teal_result string_of(teal_bytes text, teal_arena *arena, char **out)
{
    if (!is_string(text))
        return TEAL_MALFORMED;
    char *string = teal_arena_array(arena, text.len + 1, 1);
    if (string == NULL)
        return TEAL_SPACE;
    if (text.len > 0)
        memcpy(string, text.at, text.len);
    *out = string;
    return TEAL_OK;
}

teal_result teal_content_of_text(teal_bytes text, teal_arena *arena, teal_writer *out)
{
    return teal_content_of_inbound(text, (teal_bytes){ 0 }, arena, out);
}

teal_result teal_content_of_inbound(teal_bytes text, teal_bytes claimed_sender, teal_arena *arena,
                                    teal_writer *out)
{
    Teal__V1__Part part = TEAL__V1__PART__INIT, *parts[] = { &part };
    Teal__V1__Content content = TEAL__V1__CONTENT__INIT;
    teal_result result = string_of(text, arena, &part.text);
    if (result == TEAL_OK)
        result = string_of(claimed_sender, arena, &content.claimed_sender);
    if (result != TEAL_OK)
        return result;
    part.part_case = TEAL__V1__PART__PART_TEXT;
    content.parts = parts;
    content.n_parts = 1;
    return pack(&content.base, out);
}

teal_result teal_content_of_receipt(teal_bytes message_id, Teal__V1__Disposition disposition,
                                    uint64_t at_ms, teal_arena *arena, teal_writer *out)
{
    assert(is_disposition(disposition));
    Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
    Teal__V1__Content content = TEAL__V1__CONTENT__INIT;
    teal_result result = string_of(message_id, arena, &receipt.message_id);
    if (result != TEAL_OK)
        return result;
    receipt.disposition = disposition;
    receipt.at_ms = at_ms;
    content.receipt = &receipt;
    return pack(&content.base, out);
}

teal_result teal_fallback_of_text(teal_bytes text, teal_arena *arena, teal_writer *out)
{
    Teal__V1__Fallback fallback = TEAL__V1__FALLBACK__INIT;
    teal_result result = text.len > 0 ? string_of(text, arena, &fallback.text) : TEAL_MALFORMED;
    return result != TEAL_OK ? result : pack(&fallback.base, out);
}
