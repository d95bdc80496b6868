/* content.json: what ciphertexts and fallbacks hold. */
#include "tests/support/published/parts.h"
#include "tests/support/published/published.h"

#include "codecs/native/content.h"

enum { MAX_CONTENT = 4096 };

/* ---- any message as JSON: what is not there, or has its default, is left out -------------------
 */

static json_t *message_vector(const ProtobufCMessage *m);

static json_t *value_vector(const ProtobufCFieldDescriptor *f, const void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return vector_text(teal_text(*(char *const *)at));
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *b = at;
        return vector_hex(b->data, b->len);
    }
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_real(*(const double *)at);
    case PROTOBUF_C_TYPE_UINT64:
        return vector_number(*(const uint64_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        return vector_number(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_vector(*(ProtobufCMessage *const *)at);
    default:
        return NULL;
    }
}

static bool is_there(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const void *at)
{
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t which; /* an enumeration: the number of the field that is there */
        memcpy(&which, (const char *)m + f->quantifier_offset, sizeof which);
        return which == f->id;
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return **(char *const *)at != '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len > 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)at != NULL;
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)at != 0;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_UINT64:
        return *(const uint64_t *)at != 0;
    default:
        return *(const uint32_t *)at != 0;
    }
}

static json_t *message_vector(const ProtobufCMessage *m)
{
    json_t *out = json_object();
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        const char *at = (const char *)m + f->offset;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n;
            memcpy(&n, (const char *)m + f->quantifier_offset, sizeof n);
            json_t *list = json_array();
            for (size_t k = 0; k < n; k++) /* strings and messages: pointers */
                json_array_append_new(list,
                                      value_vector(f, *(char *const *)at + k * sizeof(void *)));
            if (n > 0)
                json_object_set(out, f->name, list);
            json_decref(list);
        } else if (is_there(m, f, at))
            json_object_set_new(out, f->name, vector_packed(value_vector(f, at)));
    }
    return out;
}

/* ---- contents ----------------------------------------------------------------------------------
 */

/* Everything that a content can say, once. */
static teal_bytes whole_content(teal_arena *a)
{
    Teal__V1__Thumbnail thumbnail = TEAL__V1__THUMBNAIL__INIT;
    Teal__V1__Typing typing = TEAL__V1__TYPING__INIT;
    Teal__V1__Media media = TEAL__V1__MEDIA__INIT;
    Teal__V1__Location location = TEAL__V1__LOCATION__INIT;
    Teal__V1__Contact contact = TEAL__V1__CONTACT__INIT;
    Teal__V1__Reaction reaction = TEAL__V1__REACTION__INIT;
    Teal__V1__DeviceReceipt receipt = TEAL__V1__DEVICE_RECEIPT__INIT;
    Teal__V1__Part parts[4], *list[4];
    Teal__V1__Content content = TEAL__V1__CONTENT__INIT;
    char *handles[] = { "tel:+14155550100", "" };
    uint8_t key[32] = { 1, 2, 3 }, digest[32] = { 4, 5, 6 };
    for (size_t i = 0; i < 4; i++) {
        teal__v1__part__init(&parts[i]);
        list[i] = &parts[i];
    }
    media.url = "https://media.native.example/1";
    media.content_type = "image/jpeg";
    media.size_bytes = 123456789012;
    media.key = (ProtobufCBinaryData){ sizeof key, key };
    media.digest = (ProtobufCBinaryData){ sizeof digest, digest };
    media.name = "Fähre.jpg";
    thumbnail.url = "https://media.native.example/1s";
    thumbnail.content_type = "image/png";
    thumbnail.size_bytes = 2000;
    thumbnail.expires_at_ms = 1795608000000;
    media.thumbnail = &thumbnail;
    media.expires_at_ms = 1795608000000;
    media.playing_length_s = 61;
    media.plays_at_once = true;
    location.radius_m = 12.5;
    location.expires_at_ms = 1795521660000;
    typing.active = true;
    typing.refresh_s = 90;
    location.latitude = 47.3769;
    location.longitude = -8.5417;
    location.label = "Zürich";
    contact.name = "Bob";
    contact.n_handles = 2;
    contact.handles = handles;
    reaction.message_id = "MxAZPsCHEAcACAAAAAAAAAAQ";
    reaction.emoji = "👍🏽";
    reaction.removed = true;
    receipt.message_id = "MxAZPsCHEAcACAAAAAAAAAAQ";
    receipt.disposition = TEAL__V1__DISPOSITION__DISPLAYED;
    receipt.at_ms = 1795521600123;
    parts[0].part_case = TEAL__V1__PART__PART_TEXT;
    parts[0].text = "";
    parts[1].part_case = TEAL__V1__PART__PART_MEDIA;
    parts[1].media = &media;
    parts[2].part_case = TEAL__V1__PART__PART_LOCATION;
    parts[2].location = &location;
    parts[3].part_case = TEAL__V1__PART__PART_CONTACT;
    parts[3].contact = &contact;
    content.n_parts = 4;
    content.parts = list;
    content.reply_to = "a";
    content.reaction = &reaction;
    content.edit_of = "b";
    content.revoke_of = "c";
    content.receipt = &receipt;
    content.typing = &typing;
    content.claimed_sender = "tel:+447700900123";
    teal_writer w = vector_writer(a, MAX_CONTENT);
    expect_that("whole content", teal_content_encode(&content, &w) == TEAL_OK);
    return teal_written(&w);
}

static json_t *content_vector(teal_arena *a, const char *name, teal_bytes in, bool canonical)
{
    Teal__V1__Content *c;
    teal_diag why = { 0 };
    expect_ok(name, teal_content_decode(in, a, &c, &why), &why);
    return vector_pack("{s:s, s:o, s:o, s:b}", "name", name, "fields", message_vector(&c->base),
                       "encoded", vector_bytes(in), "canonical", canonical);
}

static json_t *fallback_vector(teal_arena *a, const char *name, teal_bytes in, bool canonical)
{
    Teal__V1__Fallback *f;
    teal_diag why = { 0 };
    expect_ok(name, teal_fallback_decode(in, a, &f, &why), &why);
    return vector_pack("{s:s, s:o, s:o, s:b}", "name", name, "fields", message_vector(&f->base),
                       "encoded", vector_bytes(in), "canonical", canonical);
}

#define OCTETS(text)                                                                               \
    (teal_bytes)                                                                                   \
    {                                                                                              \
        (const uint8_t *)text, sizeof(text) - 1                                                    \
    }

static json_t *content_vectors(teal_arena *a)
{
    const struct {
        const char *name;
        teal_bytes in;
        bool canonical;
    } rows[] = {
        { "nothing", OCTETS(""), true },
        { "a text",
          OCTETS("\x0a\x0a\x0a\x08Gr\xc3\xbc\xc3\x9f"
                 "e!"),
          true },
        { "two texts, one empty", OCTETS("\x0a\x02\x0a\x00\x0a\x03\x0a\x01x"), true },
        { "everything", whole_content(a), true },
        { "a delivered message", OCTETS("\x32\x09\x0a\x02id\x10\x01\x18\x83\x02"), true },
        { "a failed message", OCTETS("\x32\x06\x0a\x02id\x10\x03"), true },
        { "unknown fields are ignored",
          OCTETS("\x12\x01r\x9a\x06\x01x\xa0\x06\x96\x01\x22\x01"
                 "e"),
          false },
        { "a length in two octets", OCTETS("\x12\x81\x00r"), false },
        { "a default value that is there", OCTETS("\x12\x00"), false },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        json_array_append_new(out, content_vector(a, rows[i].name, rows[i].in, rows[i].canonical));
    return out;
}

static json_t *fallback_vectors(teal_arena *a)
{
    return vector_pack(
        "[o, o, o, o]", fallback_vector(a, "a text", OCTETS("\x0a\x05Hello"), true),
        fallback_vector(a, "a link alone", OCTETS("\x12\x13https://a.example/1"), true),
        fallback_vector(a, "a text and two links", OCTETS("\x0a\x01x\x12\x01y\x12\x01z"), true),
        fallback_vector(a, "unknown fields are ignored", OCTETS("\x0a\x01x\x18\x05"), false));
}

static json_t *refused_vectors(teal_arena *a)
{
    static const struct {
        const char *name, *rule;
        bool fallback;
        const char *in;
        size_t len;
    } rows[] = {
#define IN(text) text, sizeof(text) - 1
        { "a field crosses the end", "REQ-CNT-1", false, IN("\x12\x05r") },
        { "a part crosses the end of its message", "REQ-CNT-1", false,
          IN("\x0a\x03\x0a\x02x\x12\x01r") },
        { "reply_to as a number", "REQ-CNT-1", false, IN("\x10\x01") },
        { "field number 0", "REQ-CNT-1", false, IN("\x02\x00") },
        { "a wire type that does not exist", "REQ-CNT-1", false, IN("\xa7\x06") },
        { "a varint of 11 octets", "REQ-CNT-1", false,
          IN("\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },
        { "fields in another order", "REQ-CNT-2", false,
          IN("\x22\x01"
             "e\x12\x01r") },
        { "reply_to twice", "REQ-CNT-2", false, IN("\x12\x01r\x12\x01r") },
        { "a text that is not UTF-8", "REQ-CNT-3", false, IN("\x0a\x03\x0a\x01\xff") },
        { "a text with an overlong form", "REQ-CNT-3", false, IN("\x0a\x04\x0a\x02\xc0\xaf") },
        { "a text with a surrogate", "REQ-CNT-3", false, IN("\x0a\x05\x0a\x03\xed\xa0\x80") },
        { "a text with U+0000", "REQ-CNT-3", false, IN("\x0a\x03\x0a\x01\x00") },
        { "a receipt without a disposition", "REQ-CNT-4", false, IN("\x32\x04\x0a\x02id") },
        { "a receipt of disposition 4", "REQ-CNT-4", false, IN("\x32\x06\x0a\x02id\x10\x04") },
        { "a fallback of nothing", "REQ-CNT-5", true, IN("") },
        { "a fallback of an empty text", "REQ-CNT-5", true, IN("\x0a\x00") },
        { "a fallback that is not UTF-8", "REQ-CNT-3", true, IN("\x0a\x01\xff") },
        { "a fallback that is cut", "REQ-CNT-1", true, IN("\x0a\x05Hell") },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Teal__V1__Content *c;
        Teal__V1__Fallback *f;
        teal_diag why = { 0 };
        teal_bytes in = { (const uint8_t *)rows[i].in, rows[i].len };
        teal_result result = rows[i].fallback ? teal_fallback_decode(in, a, &f, &why)
                                              : teal_content_decode(in, a, &c, &why);
        expect_refused(rows[i].name, result, &why, rows[i].rule);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:s, s:o}", "name", rows[i].name, "rule",
                                               rows[i].rule, "message",
                                               rows[i].fallback ? "Fallback" : "Content", "encoded",
                                               vector_bytes(in)));
    }
    return out;
}

json_t *published_content(void)
{
    teal_arena a = vector_arena_open();
    json_t *out = vector_pack("{s:s, s:o, s:o, s:o}", "about",
                              "Contents and fallbacks: PROTOCOL.md section 4.1. See README.md.",
                              "contents", content_vectors(&a), "fallbacks", fallback_vectors(&a),
                              "refused", refused_vectors(&a));
    vector_arena_close(&a);
    return out;
}
