/* Reads contents out of RCS bodies; see bodies.h. */
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/bodies_words.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/iscomposing.h"
#include "codecs/rcs/location.h"
#include "codecs/rcs/plain.h"
#include "codecs/rcs/vcard.h"
#include "codecs/utf8.h"

typedef struct body_reader {
    const teal_body *b;
    uint64_t at_ms;
    teal_arena *arena;
    teal_diag *why;
    Teal__V1__Content *c;
    bool full; /* the arena: asked once, at the end */
} body_reader;

static teal_result refuse(const body_reader *r, teal_result result, const char *rule)
{
    return teal_refuse(result, rule, 0, r->why);
}

static void *take(body_reader *r, size_t count, size_t size)
{
    void *taken = teal_arena_array(r->arena, count, size);
    r->full = r->full || taken == NULL;
    return taken;
}

/* Keeps a text as protobuf-c wants it; an empty one is its own constant. */
static void set_string(body_reader *r, char **field, teal_bytes text)
{
    char *string = text.len > 0 ? take(r, text.len + 1, 1) : NULL;
    if (string == NULL)
        return;
    memcpy(string, text.at, text.len);
    *field = string;
}

static void set_octets(body_reader *r, ProtobufCBinaryData *field, teal_bytes octets)
{
    field->data = octets.len > 0 ? take(r, octets.len, 1) : NULL;
    field->len = field->data != NULL ? octets.len : 0;
    if (field->data != NULL)
        memcpy(field->data, octets.at, octets.len);
}

static Teal__V1__Part *add_part(body_reader *r, Teal__V1__Part__PartCase part_case)
{
    Teal__V1__Part *part = take(r, 1, sizeof *part);
    if (r->c->parts == NULL)
        r->c->parts = take(r, TEAL_BODY_MAX_PARTS, sizeof *r->c->parts);
    if (part == NULL || r->c->parts == NULL)
        return NULL;
    teal__v1__part__init(part);
    part->part_case = part_case;
    r->c->parts[r->c->n_parts++] = part;
    return part;
}

static uint64_t from_1970(bool has, int64_t ms)
{
    return has && ms > 0 ? (uint64_t)ms : 0;
}

static teal_result read_text(body_reader *r)
{
    teal_bytes text = r->b->bytes;
    if (!teal_plain_charset_is_utf8(r->b->content_type))
        return refuse(r, TEAL_UNSUPPORTED, "REQ-CPIM-52 charset is not UTF-8");
    if (text.len > TEAL_PLAIN_MAX_TEXT_BYTES)
        return refuse(r, TEAL_LIMIT, "REQ-CPIM-54 text too long");
    if (text.len == 0 || memchr(text.at, 0, text.len) != NULL || !teal_utf8_valid(text))
        return refuse(r, TEAL_MALFORMED, "REQ-CPIM-54 text is empty or not UTF-8");
    if (r->b->stand_in > text.len)
        return refuse(r, TEAL_MALFORMED, "REQ-BODY-7 words to leave out are longer than the text");
    text = (teal_bytes){ text.at + r->b->stand_in, text.len - r->b->stand_in };
    if (!teal_utf8_valid(text))
        return refuse(r, TEAL_MALFORMED, "REQ-BODY-7 words to leave out end inside a character");
    if (text.len == 0)
        return TEAL_OK;
    Teal__V1__Part *part = add_part(r, TEAL__V1__PART__PART_TEXT);
    if (part != NULL)
        set_string(r, &part->text, text);
    return TEAL_OK;
}

static void set_thumbnail(body_reader *r, Teal__V1__Media *m, const teal_file_info *from)
{
    Teal__V1__Thumbnail *t = take(r, 1, sizeof *t);
    if (t == NULL)
        return;
    teal__v1__thumbnail__init(t);
    set_string(r, &t->url, from->url);
    set_string(r, &t->content_type, from->content_type);
    t->size_bytes = from->size_bytes;
    t->expires_at_ms = from_1970(from->has_until, from->until_ms);
    m->thumbnail = t;
}

static teal_result read_file(body_reader *r)
{
    teal_filetransfer f;
    teal_result result = teal_filetransfer_decode(r->b->bytes, r->arena, &f, r->why);
    Teal__V1__Part *part = result == TEAL_OK ? add_part(r, TEAL__V1__PART__PART_MEDIA) : NULL;
    Teal__V1__Media *m = part != NULL ? take(r, 1, sizeof *m) : NULL;
    if (m == NULL)
        return result;
    teal__v1__media__init(m);
    set_string(r, &m->url, f.file.url);
    set_string(r, &m->content_type, f.file.content_type);
    set_string(r, &m->name, f.name);
    set_octets(r, &m->key, f.key);
    set_octets(r, &m->digest, f.digest);
    m->size_bytes = f.file.size_bytes;
    m->expires_at_ms = from_1970(f.file.has_until, f.file.until_ms);
    m->playing_length_s = f.playing_length_s;
    m->plays_at_once = f.renders;
    if (f.has_thumbnail)
        set_thumbnail(r, m, &f.thumbnail);
    part->media = m;
    return TEAL_OK;
}

static teal_result read_location(body_reader *r)
{
    teal_location l;
    teal_result result = teal_location_decode(r->b->bytes, r->arena, &l, r->why);
    Teal__V1__Part *part = result == TEAL_OK ? add_part(r, TEAL__V1__PART__PART_LOCATION) : NULL;
    Teal__V1__Location *to = part != NULL ? take(r, 1, sizeof *to) : NULL;
    if (to == NULL)
        return result;
    teal__v1__location__init(to);
    to->latitude = (double)l.latitude_ndeg / 1e9;
    to->longitude = (double)l.longitude_ndeg / 1e9;
    to->radius_m = (double)l.radius_mm / 1e3;
    to->expires_at_ms = from_1970(l.has_until, l.until_ms);
    set_string(r, &to->label, l.label);
    part->location = to;
    return TEAL_OK;
}

static void add_contact(body_reader *r, const teal_vcard *card)
{
    Teal__V1__Part *part = add_part(r, TEAL__V1__PART__PART_CONTACT);
    Teal__V1__Contact *to = part != NULL ? take(r, 1, sizeof *to) : NULL;
    if (to == NULL)
        return;
    teal__v1__contact__init(to);
    set_string(r, &to->name, card->name);
    to->handles = take(r, card->n_handles, sizeof *to->handles);
    to->n_handles = to->handles != NULL ? card->n_handles : 0;
    for (size_t i = 0; i < to->n_handles; i++)
        set_string(r, &to->handles[i], card->handles[i]);
    part->contact = to;
}

static teal_result read_contacts(body_reader *r)
{
    teal_bytes list = r->b->bytes;
    teal_result result = TEAL_OK;
    do {
        teal_vcard card;
        result = teal_vcard_next(&list, r->arena, &card, r->why);
        if (result == TEAL_OK && r->c->n_parts == TEAL_BODY_MAX_PARTS)
            result = refuse(r, TEAL_LIMIT, "REQ-BODY-1 too many parts");
        if (result == TEAL_OK)
            add_contact(r, &card);
    } while (result == TEAL_OK && list.len > 0 && !r->full);
    return result;
}

/* The word of a DeviceReceipt for a notification; DISPOSITION_NONE: it has none. */
static Teal__V1__Disposition disposition_of(const teal_imdn *n)
{
    switch (n->kind) {
    case TEAL_IMDN_DELIVERY:
        return n->status == TEAL_IMDN_DELIVERED ? TEAL__V1__DISPOSITION__DELIVERED
                                                : TEAL__V1__DISPOSITION__FAILED;
    case TEAL_IMDN_DISPLAY:
        return n->status == TEAL_IMDN_DISPLAYED ? TEAL__V1__DISPOSITION__DISPLAYED
                                                : TEAL__V1__DISPOSITION__DISPOSITION_NONE;
    case TEAL_IMDN_PROCESSING:
    case TEAL_IMDN_INTERWORKING:
        break;
    }
    return TEAL__V1__DISPOSITION__DISPOSITION_NONE;
}

static teal_result read_receipt(body_reader *r)
{
    teal_imdn n;
    teal_result result = teal_imdn_decode(r->b->bytes, r->arena, &n, r->why);
    if (result != TEAL_OK)
        return result;
    Teal__V1__Disposition disposition = disposition_of(&n);
    if (disposition == TEAL__V1__DISPOSITION__DISPOSITION_NONE)
        return refuse(r, TEAL_UNSUPPORTED, "REQ-BODY-8 notification that a receipt cannot say");
    Teal__V1__DeviceReceipt *to = take(r, 1, sizeof *to);
    if (to == NULL)
        return TEAL_OK;
    teal__v1__device_receipt__init(to);
    set_string(r, &to->message_id, n.message_id);
    to->disposition = disposition;
    to->at_ms = r->at_ms;
    r->c->receipt = to;
    return TEAL_OK;
}

static teal_result read_typing(body_reader *r)
{
    teal_iscomposing state;
    teal_result result = teal_iscomposing_decode(r->b->bytes, r->arena, &state, r->why);
    Teal__V1__Typing *to = result == TEAL_OK ? take(r, 1, sizeof *to) : NULL;
    if (to == NULL)
        return result;
    teal__v1__typing__init(to);
    to->active = state.active;
    to->refresh_s = state.refresh_s;
    r->c->typing = to;
    return TEAL_OK;
}

static teal_result read_bytes(body_reader *r)
{
    static const struct {
        const char *type;
        teal_result (*read)(body_reader *r);
    } types[] = {
        { "text/plain", read_text },
        { TEAL_FILE_TYPE, read_file },
        { TEAL_LOCATION_TYPE, read_location },
        { TEAL_VCARD_TYPE, read_contacts },
        { "text/x-vcard", read_contacts },
        { "message/imdn+xml", read_receipt },
        { TEAL_ISCOMPOSING_TYPE, read_typing },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (teal_media_type_is(r->b->content_type, types[i].type))
            return types[i].read(r);
    }
    return refuse(r, TEAL_UNSUPPORTED, "REQ-BODY-8 media type that is not carried");
}

static void set_reaction(body_reader *r)
{
    Teal__V1__Reaction *to = take(r, 1, sizeof *to);
    if (to == NULL)
        return;
    teal__v1__reaction__init(to);
    set_string(r, &to->message_id, r->b->reaction_to);
    set_string(r, &to->emoji, r->b->reaction);
    to->removed = r->b->reaction_removed;
    r->c->reaction = to;
}

teal_result teal_body_decode(const teal_body *b, uint64_t at_ms, teal_arena *arena,
                             Teal__V1__Content **out, teal_diag *why)
{
    body_reader r = { .b = b, .at_ms = at_ms, .arena = arena, .why = why };
    r.c = take(&r, 1, sizeof *r.c);
    if (r.c == NULL)
        return refuse(&r, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
    teal__v1__content__init(r.c);
    teal_result result = read_bytes(&r);
    if (result != TEAL_OK)
        return result;
    set_string(&r, &r.c->reply_to, b->reply_to);
    set_string(&r, &r.c->edit_of, b->edit_of);
    set_string(&r, &r.c->revoke_of, b->revoke_of);
    set_string(&r, &r.c->claimed_sender, b->claimed_sender);
    if (b->reaction_to.len > 0)
        set_reaction(&r);
    if (r.full)
        return refuse(&r, TEAL_SPACE, TEAL_ARENA_TOO_SMALL);
    *out = r.c;
    return TEAL_OK;
}
