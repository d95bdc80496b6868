/* A body in its CPIM message: the provisional e2ee headers; see bodies.h. */
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/bodies_words.h"
#include "codecs/rcs/field.h"

static const char *const bad_value = "REQ-BODY-3 header whose value is not canonical";

bool teal_body_is_notice(const teal_body *b)
{
    return b->stand_in > 0 && b->stand_in == b->bytes.len && b->reply_to.len == 0 &&
           b->edit_of.len == 0 && b->revoke_of.len == 0 && b->reaction_to.len == 0 &&
           b->claimed_sender.len == 0;
}

static bool read_id(teal_bytes value, teal_bytes *id)
{
    *id = value;
    return teal_body_is_id(value);
}

/* `add; id; emoji`: the emoji is the rest, whatever is in it. */
static bool read_reaction(teal_bytes value, teal_body *out)
{
    teal_bytes verb = { 0 }, id = { 0 }, rest;
    bool good = teal_field_split(value, ';', &verb, &rest) &&
                teal_field_split(rest, ';', &id, &out->reaction);
    out->reaction = teal_field_trim(out->reaction);
    verb = teal_field_trim(verb);
    out->reaction_removed = teal_bytes_equal(verb, teal_text(TEAL_BODY_REMOVE));
    return good && (out->reaction_removed || teal_bytes_equal(verb, teal_text(TEAL_BODY_ADD))) &&
           read_id(teal_field_trim(id), &out->reaction_to) &&
           teal_body_is_line(out->reaction, TEAL_BODY_MAX_EMOJI_BYTES);
}

/* At most six digits, and not 0. */
static bool read_stand_in(teal_bytes value, teal_body *out)
{
    uint64_t octets = 0;
    bool good = teal_decimal_value(value, 999999, &octets) && octets > 0;
    out->stand_in = (size_t)octets;
    return good;
}

static bool read_header(teal_body_header header, teal_bytes value, teal_body *out)
{
    switch (header) {
    case TEAL_BODY_REPLY_TO:
        return read_id(value, &out->reply_to);
    case TEAL_BODY_EDIT_OF:
        return read_id(value, &out->edit_of);
    case TEAL_BODY_REVOKE_OF:
        return read_id(value, &out->revoke_of);
    case TEAL_BODY_REACTION:
        return read_reaction(value, out);
    case TEAL_BODY_CLAIMED_SENDER:
        out->claimed_sender = value;
        return teal_body_is_line(value, TEAL_BODY_MAX_SENDER_BYTES);
    case TEAL_BODY_STAND_IN:
        return read_stand_in(value, out);
    case TEAL_BODY_HEADERS:
        break;
    }
    return teal_ascii_same(value, teal_text("transport"));
}

static teal_result read_headers(const teal_cpim *m, teal_body *out, teal_diag *why)
{
    bool seen[TEAL_BODY_HEADERS + 1] = { false }; /* the last is e2ee.Level */
    for (size_t i = 0; i < m->n_headers; i++) {
        const teal_cpim_header *h = &m->headers[i];
        if (!teal_bytes_equal(h->ns, teal_text(TEAL_NS_E2EE)))
            continue;
        teal_body_header header = teal_body_find(h->name);
        if (header == TEAL_BODY_HEADERS && !teal_ascii_same(h->name, teal_text("Level")))
            return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-51 e2ee header in a plain message", h->at,
                               why);
        if (seen[header])
            return teal_refuse(TEAL_MALFORMED, "REQ-BODY-3 header twice", h->at, why);
        if (h->params.len > 0 || !read_header(header, h->value, out))
            return teal_refuse(TEAL_MALFORMED, bad_value, h->at, why);
        seen[header] = true;
    }
    return TEAL_OK;
}

static teal_kind kind_of(teal_bytes content_type)
{
    if (teal_media_type_is(content_type, "message/imdn+xml"))
        return TEAL_KIND_RECEIPT;
    if (teal_media_type_is(content_type, "application/im-iscomposing+xml"))
        return TEAL_KIND_TYPING;
    return TEAL_KIND_MESSAGE;
}

teal_result teal_body_read(const teal_cpim *m, teal_arena *arena, teal_body *out, teal_diag *why)
{
    teal_body found = { .kind = kind_of(m->content_type), .content_type = m->content_type };
    teal_result result = read_headers(m, &found, why);
    if (result == TEAL_OK)
        result = teal_rcs_content(m, arena, &found.bytes, why);
    if (result == TEAL_OK && found.stand_in > 0 &&
        (!teal_cpim_type_is(m, "text/plain") || found.stand_in > found.bytes.len))
        result =
            teal_refuse(TEAL_MALFORMED, "REQ-BODY-7 words to leave out are longer than the text",
                        m->body_at, why);
    if (result == TEAL_OK)
        *out = found;
    return result;
}

/* What a decoder takes, and takes for the same. */
static bool can_be_written(const teal_body *b)
{
    const teal_bytes ids[] = { b->reply_to, b->edit_of, b->revoke_of, b->reaction_to };
    bool good = b->content_type.len > 0 && b->kind == kind_of(b->content_type);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        good = good && (ids[i].len == 0 || teal_body_is_id(ids[i]));
    if (b->reaction_to.len > 0)
        good = good && teal_body_is_line(b->reaction, TEAL_BODY_MAX_EMOJI_BYTES);
    else
        good = good && b->reaction.len == 0 && !b->reaction_removed;
    if (b->claimed_sender.len > 0)
        good = good && teal_body_is_line(b->claimed_sender, TEAL_BODY_MAX_SENDER_BYTES);
    if (b->stand_in > 0)
        good = good && b->stand_in <= b->bytes.len &&
               teal_media_type_is(b->content_type, "text/plain");
    return good;
}

static void put_header(teal_cpim_writer *w, teal_body_header header, teal_bytes value)
{
    static const char *const names[] = {
        [TEAL_BODY_REPLY_TO] = "e2ee.Reply-To",
        [TEAL_BODY_EDIT_OF] = "e2ee.Edit-Of",
        [TEAL_BODY_REVOKE_OF] = "e2ee.Revoke-Of",
        [TEAL_BODY_CLAIMED_SENDER] = "e2ee.Claimed-Sender",
        [TEAL_BODY_STAND_IN] = "e2ee.Stand-In",
    };
    if (value.len > 0)
        teal_cpim_put(w, names[header], value);
}

static void put_reaction(teal_cpim_writer *w, const teal_body *b)
{
    uint8_t text[16 + TEAL_MAX_ID_BYTES + TEAL_BODY_MAX_EMOJI_BYTES];
    teal_writer value = { text, sizeof text, 0 };
    teal_write_text(&value, b->reaction_removed ? TEAL_BODY_REMOVE "; " : TEAL_BODY_ADD "; ");
    teal_write_bytes(&value, b->reaction_to);
    teal_write_text(&value, "; ");
    teal_write_bytes(&value, b->reaction);
    teal_cpim_put(w, "e2ee.Reaction", teal_written(&value));
}

static void put_headers(teal_cpim_writer *w, const teal_body *b)
{
    uint8_t digits[20];
    teal_writer stand_in = { digits, sizeof digits, 0 };
    if (b->stand_in > 0)
        teal_write_decimal(&stand_in, b->stand_in);
    put_header(w, TEAL_BODY_REPLY_TO, b->reply_to);
    put_header(w, TEAL_BODY_EDIT_OF, b->edit_of);
    put_header(w, TEAL_BODY_REVOKE_OF, b->revoke_of);
    if (b->reaction_to.len > 0)
        put_reaction(w, b);
    put_header(w, TEAL_BODY_CLAIMED_SENDER, b->claimed_sender);
    put_header(w, TEAL_BODY_STAND_IN, teal_written(&stand_in));
}

teal_result teal_body_message_encode(const teal_rcs_head *head, const teal_rcs_routing *routing,
                                     const teal_body *b, teal_writer *out)
{
    teal_cpim_writer w = { .out = out };
    if (b->kind != TEAL_KIND_MESSAGE && head->wants != 0)
        return TEAL_MALFORMED; /* a notification of a notification would never end */
    if (!can_be_written(b))
        return TEAL_MALFORMED;
    teal_rcs_head_write(&w, head, routing);
    teal_cpim_put_ns(&w, "e2ee", TEAL_NS_E2EE);
    teal_cpim_put(&w, "e2ee.Level", teal_text("transport"));
    put_headers(&w, b);
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", b->content_type);
    if (b->kind == TEAL_KIND_RECEIPT)
        teal_cpim_put_mime(&w, "Content-Disposition", teal_text("notification"));
    teal_cpim_put_body(&w, b->bytes);
    return teal_cpim_finish(&w);
}
