/* Says contents as RCS bodies; see bodies.h. */
#include "codecs/rcs/bodies.h"

#include "codecs/rcs/bodies_words.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/iscomposing.h"
#include "codecs/rcs/location.h"
#include "codecs/rcs/plain.h"
#include "codecs/rcs/vcard.h"
#include "codecs/utf8.h"

#define TEXT_TYPE "text/plain;charset=UTF-8"

typedef struct bodies_writer {
    const Teal__V1__Content *c;
    teal_body_context x;
    teal_arena *arena;
    teal_diag *why;
    teal_body *bodies;
    size_t n;
    teal_writer out; /* of the body that is being written: the rest of the arena */
} bodies_writer;

static void begin(bodies_writer *w)
{
    uint8_t *start = teal_arena_take(w->arena, 0);
    size_t cap = start != NULL ? w->arena->cap - w->arena->used : 0;
    w->out = (teal_writer){ start, cap, 0 };
}

/* Keeps what was written as the bytes of a body, which is added. */
static teal_result end(bodies_writer *w, const char *content_type, teal_body body)
{
    if (!teal_write_fits(&w->out) || teal_arena_take(w->arena, w->out.len) == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, w->why);
    body.content_type = teal_text(content_type);
    body.bytes = teal_written(&w->out);
    if (body.kind == 0)
        body.kind = TEAL_KIND_MESSAGE;
    w->bodies[w->n++] = body;
    return TEAL_OK;
}

static teal_result end_text(bodies_writer *w, teal_body body)
{
    if (w->out.len > TEAL_PLAIN_MAX_TEXT_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-CPIM-54 text too long", 0, w->why);
    return end(w, TEXT_TYPE, body);
}

static teal_result read_id(bodies_writer *w, const char *text, teal_bytes *id)
{
    *id = teal_text(text);
    if (id->len > 0 && !teal_body_is_id(*id))
        return teal_refuse(TEAL_MALFORMED, "REQ-BODY-3 id that is no message id", 0, w->why);
    return TEAL_OK;
}

/* In quotation marks, on one line, cut between two characters. */
static void write_quoted(teal_writer *out, teal_bytes text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    while (len > 0 && len < text.len && (text.at[len] & 0xc0) == 0x80)
        len--;
    teal_write_text(out, "\u201c");
    for (size_t i = 0; i < len; i++)
        teal_write_u8(out, text.at[i] < ' ' || text.at[i] == 0x7f ? ' ' : text.at[i]);
    teal_write_text(out, len < text.len ? "\u2026\u201d" : "\u201d");
}

/* The message that is meant, as far as the caller knows it. */
static void write_target(bodies_writer *w)
{
    if (w->x.quote.len > 0)
        write_quoted(&w->out, w->x.quote, TEAL_BODY_MAX_QUOTE_BYTES);
    else
        teal_write_text(&w->out, TEAL_BODY_EARLIER);
}

static teal_result put_reaction(bodies_writer *w)
{
    const Teal__V1__Reaction *r = w->c->reaction;
    teal_body body = { .reaction = teal_text(r->emoji), .reaction_removed = r->removed };
    teal_result result = read_id(w, r->message_id, &body.reaction_to);
    if (result == TEAL_OK &&
        (body.reaction_to.len == 0 || !teal_body_is_line(body.reaction, TEAL_BODY_MAX_EMOJI_BYTES)))
        result = teal_refuse(TEAL_MALFORMED, "REQ-BODY-4 reaction that is not one short line", 0,
                             w->why);
    if (result != TEAL_OK)
        return result;
    begin(w);
    teal_write_text(&w->out, r->removed ? "Removed the reaction " : "Reacted ");
    teal_write_bytes(&w->out, body.reaction);
    teal_write_text(&w->out, r->removed ? " from " : " to ");
    write_target(w);
    body.stand_in = w->out.len;
    return end_text(w, body);
}

/* Quotes nothing: it is to be forgotten. */
static teal_result put_revoke(bodies_writer *w)
{
    teal_body body = { 0 };
    teal_result result = read_id(w, w->c->revoke_of, &body.revoke_of);
    if (result != TEAL_OK)
        return result;
    begin(w);
    teal_write_text(&w->out, TEAL_BODY_REVOKED);
    body.stand_in = w->out.len;
    return end_text(w, body);
}

/* Known, and one that RCS can say. */
static bool is_time(uint64_t ms)
{
    return ms > 0 && ms <= TEAL_DATETIME_MAX_MS;
}

static teal_result put_receipt(bodies_writer *w)
{
    static const struct {
        teal_imdn_kind kind;
        teal_imdn_status status;
    } says[] = {
        [TEAL__V1__DISPOSITION__DELIVERED] = { TEAL_IMDN_DELIVERY, TEAL_IMDN_DELIVERED },
        [TEAL__V1__DISPOSITION__DISPLAYED] = { TEAL_IMDN_DISPLAY, TEAL_IMDN_DISPLAYED },
        [TEAL__V1__DISPOSITION__FAILED] = { TEAL_IMDN_DELIVERY, TEAL_IMDN_FAILED },
    };
    const Teal__V1__DeviceReceipt *r = w->c->receipt;
    if (r->disposition < TEAL__V1__DISPOSITION__DELIVERED ||
        r->disposition > TEAL__V1__DISPOSITION__FAILED)
        return teal_refuse(TEAL_MALFORMED, "REQ-CNT-4 disposition is not one of 1..3", 0, w->why);
    teal_imdn n = { .kind = says[r->disposition].kind,
                    .status = says[r->disposition].status,
                    .has_sent_at = is_time(w->x.receipted_sent_at_ms),
                    .sent_at_ms = (int64_t)w->x.receipted_sent_at_ms };
    teal_body body = { .kind = TEAL_KIND_RECEIPT, .at_ms = r->at_ms };
    teal_result result = read_id(w, r->message_id, &n.message_id);
    if (result == TEAL_OK && n.message_id.len == 0)
        result = teal_refuse(TEAL_MALFORMED, "REQ-BODY-3 id that is no message id", 0, w->why);
    if (result != TEAL_OK)
        return result;
    begin(w);
    (void)!teal_imdn_encode(&n, &w->out); /* end() asks whether it fitted */
    return end(w, "message/imdn+xml", body);
}

static teal_result put_typing(bodies_writer *w)
{
    const teal_iscomposing state = { .active = w->c->typing->active,
                                     .refresh_s = w->c->typing->refresh_s };
    begin(w);
    (void)!teal_iscomposing_encode(&state, &w->out);
    return end(w, TEAL_ISCOMPOSING_TYPE, (teal_body){ .kind = TEAL_KIND_TYPING });
}

/* What the first part says about itself before it says anything. */
static void write_preface(bodies_writer *w, const teal_body *headers)
{
    if (headers->claimed_sender.len > 0) {
        teal_write_text(&w->out, "From ");
        write_quoted(&w->out, headers->claimed_sender, TEAL_BODY_MAX_SENDER_BYTES);
        teal_write_text(&w->out, " (not verified): ");
    }
    if (headers->edit_of.len > 0) {
        teal_write_text(&w->out, "Edit of ");
        write_target(w);
        teal_write_text(&w->out, ": ");
    }
    if (headers->reply_to.len > 0) {
        teal_write_text(&w->out, "Reply to ");
        write_target(w);
        teal_write_text(&w->out, ": ");
    }
}

static teal_result put_text(bodies_writer *w, const char *text, teal_body headers)
{
    begin(w);
    write_preface(w, &headers);
    headers.stand_in = w->out.len;
    teal_write_text(&w->out, text);
    return end_text(w, headers);
}

static bool has_preface(const teal_body *headers)
{
    return headers->claimed_sender.len > 0 || headers->edit_of.len > 0 || headers->reply_to.len > 0;
}

/* A body that is no text cannot hold the words: they go before it, in a message of their own. */
static teal_result put_notice(bodies_writer *w, const teal_body *headers)
{
    if (!has_preface(headers))
        return TEAL_OK;
    begin(w);
    write_preface(w, headers);
    w->out.len--; /* the blank behind the colon */
    return end_text(w, (teal_body){ .stand_in = w->out.len });
}

/* Nothing where it is no name at all. */
static teal_bytes file_name(const char *text)
{
    teal_bytes name = teal_file_name_of(teal_text(text));
    return teal_body_is_line(name, TEAL_FILE_MAX_NAME_BYTES) ? name : (teal_bytes){ 0 };
}

static void set_until(teal_file_info *info, uint64_t expires_at_ms, uint64_t otherwise_ms)
{
    uint64_t until_ms = expires_at_ms > 0 ? expires_at_ms : otherwise_ms;
    info->has_until = is_time(until_ms);
    info->until_ms = (int64_t)until_ms;
}

static teal_file_info file_info(const char *url, const char *content_type, uint64_t size_bytes)
{
    static const char unknown[] = "application/octet-stream";
    return (teal_file_info){
        .size_bytes = size_bytes,
        .content_type = teal_text(content_type[0] != '\0' ? content_type : unknown),
        .url = teal_text(url),
    };
}

static teal_filetransfer file_of(const bodies_writer *w, const Teal__V1__Media *m)
{
    teal_filetransfer f = { .file = file_info(m->url, m->content_type, m->size_bytes),
                            .name = file_name(m->name),
                            .renders = m->plays_at_once,
                            .playing_length_s = m->playing_length_s,
                            .has_thumbnail = m->thumbnail != NULL,
                            .key = { m->key.data, m->key.len },
                            .digest = { m->digest.data, m->digest.len } };
    set_until(&f.file, m->expires_at_ms, w->x.media_until_ms);
    if (f.has_thumbnail) {
        const Teal__V1__Thumbnail *t = m->thumbnail;
        f.thumbnail = file_info(t->url, t->content_type, t->size_bytes);
        set_until(&f.thumbnail, t->expires_at_ms, w->x.media_until_ms);
    }
    return f;
}

/* In words, since nobody there could fetch it. */
static teal_result put_lost_file(bodies_writer *w, const Teal__V1__Media *m, teal_body headers)
{
    teal_bytes name = file_name(m->name);
    begin(w);
    write_preface(w, &headers);
    headers.stand_in = w->out.len;
    teal_write_text(&w->out, TEAL_BODY_UNKNOWN_FILE);
    if (name.len > 0) {
        teal_write_text(&w->out, ": ");
        write_quoted(&w->out, name, TEAL_FILE_MAX_NAME_BYTES);
    }
    return end_text(w, headers);
}

/* A thumbnail that cannot be written is left out: the file is what counts. */
static teal_result put_media(bodies_writer *w, const Teal__V1__Media *m, teal_body headers)
{
    teal_filetransfer f = file_of(w, m);
    teal_writer measured = { 0 };
    teal_result possible = teal_filetransfer_encode(&f, &measured);
    if (f.has_thumbnail && possible != TEAL_SPACE) {
        f.has_thumbnail = false;
        possible = teal_filetransfer_encode(&f, &measured);
    }
    bool secret = m->key.len > 0 || m->digest.len > 0;
    if (possible != TEAL_SPACE || measured.len > TEAL_XML_MAX_BYTES || (secret && !w->x.sealed))
        return put_lost_file(w, m, headers);
    teal_result result = put_notice(w, &headers);
    if (result != TEAL_OK)
        return result;
    begin(w);
    (void)!teal_filetransfer_encode(&f, &w->out);
    return end(w, TEAL_FILE_TYPE, headers);
}

/* Rounded to nine digits, three for metres; false for what is not within max. */
static bool fix(double value, double max, double units, int64_t *out)
{
    if (!(value >= -max && value <= max)) /* no number either */
        return false;
    *out = (int64_t)(value * units + (value < 0 ? -0.5 : 0.5));
    return true;
}

static teal_result put_location(bodies_writer *w, const Teal__V1__Location *from, teal_body headers)
{
    teal_location l = { .entity = w->x.sender,
                        .id = teal_text("a1"),
                        .label = teal_xml_trim(teal_text(from->label)),
                        .has_until = is_time(from->expires_at_ms),
                        .until_ms = (int64_t)from->expires_at_ms,
                        .has_at = is_time(w->x.sent_at_ms),
                        .at_ms = (int64_t)w->x.sent_at_ms };
    int64_t radius_mm = 0;
    if (!fix(from->latitude, 90, 1e9, &l.latitude_ndeg) ||
        !fix(from->longitude, 180, 1e9, &l.longitude_ndeg) ||
        !fix(from->radius_m, (double)TEAL_LOCATION_MAX_RADIUS_MM / 1e3, 1e3, &radius_mm) ||
        radius_mm < 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-BODY-5 location that is not on the globe", 0,
                           w->why);
    l.radius_mm = (uint64_t)radius_mm;
    teal_result result = put_notice(w, &headers);
    if (result != TEAL_OK)
        return result;
    begin(w);
    result = teal_location_encode(&l, &w->out);
    if (result == TEAL_LIMIT)
        return teal_refuse(result, "REQ-LOC-2 text too long", 0, w->why);
    return end(w, TEAL_LOCATION_TYPE, headers);
}

static teal_result put_contact(bodies_writer *w, const Teal__V1__Contact *from, teal_body headers)
{
    teal_bytes handles[TEAL_VCARD_MAX_HANDLES];
    teal_vcard card = { .name = teal_text(from->name), .handles = handles };
    if (from->n_handles > TEAL_VCARD_MAX_HANDLES)
        return teal_refuse(TEAL_LIMIT, "REQ-VCF-2 too many ways to reach a contact", 0, w->why);
    for (size_t i = 0; i < from->n_handles; i++) {
        if (from->handles[i][0] != '\0')
            handles[card.n_handles++] = teal_text(from->handles[i]);
    }
    if (card.name.len == 0 && card.n_handles == 0)
        return put_text(w, TEAL_BODY_UNKNOWN, headers);
    teal_result result = put_notice(w, &headers);
    if (result != TEAL_OK)
        return result;
    begin(w);
    result = teal_vcard_encode(&card, &w->out);
    if (result == TEAL_LIMIT)
        return teal_refuse(result, "REQ-VCF-2 text too long", 0, w->why);
    return end(w, TEAL_VCARD_TYPE, headers);
}

static teal_result put_part(bodies_writer *w, const Teal__V1__Part *part, teal_body headers)
{
    switch (part->part_case) {
    case TEAL__V1__PART__PART_TEXT:
        return put_text(w, part->text, headers);
    case TEAL__V1__PART__PART_MEDIA:
        return put_media(w, part->media, headers);
    case TEAL__V1__PART__PART_LOCATION:
        return put_location(w, part->location, headers);
    case TEAL__V1__PART__PART_CONTACT:
        return put_contact(w, part->contact, headers);
    default: /* of a later version */
        return put_text(w, TEAL_BODY_UNKNOWN, headers);
    }
}

/* An empty text says nothing. */
static bool is_empty(const Teal__V1__Part *part)
{
    return part->part_case == TEAL__V1__PART__PART_TEXT && part->text[0] == '\0';
}

/* The first part has the headers. */
static teal_result put_parts(bodies_writer *w)
{
    teal_body headers = { .claimed_sender = teal_text(w->c->claimed_sender) };
    bool any = false;
    teal_result result = read_id(w, w->c->reply_to, &headers.reply_to);
    if (result == TEAL_OK)
        result = read_id(w, w->c->edit_of, &headers.edit_of);
    if (result == TEAL_OK && headers.claimed_sender.len > 0 &&
        !teal_body_is_line(headers.claimed_sender, TEAL_BODY_MAX_SENDER_BYTES))
        result = teal_refuse(TEAL_MALFORMED, "REQ-BODY-6 claimed sender is not one short line", 0,
                             w->why);
    for (size_t i = 0; i < w->c->n_parts && result == TEAL_OK; i++) {
        if (is_empty(w->c->parts[i]))
            continue;
        result = put_part(w, w->c->parts[i], any ? (teal_body){ 0 } : headers);
        any = true;
    }
    if (result == TEAL_OK && !any && has_preface(&headers))
        result = put_text(w, "", headers);
    return result;
}

static teal_result put_all(bodies_writer *w)
{
    teal_result result = TEAL_OK;
    if (w->c->receipt != NULL)
        result = put_receipt(w);
    if (result == TEAL_OK && w->c->typing != NULL)
        result = put_typing(w);
    if (result == TEAL_OK && w->c->reaction != NULL)
        result = put_reaction(w);
    if (result == TEAL_OK && w->c->revoke_of[0] != '\0')
        result = put_revoke(w);
    if (result == TEAL_OK)
        result = put_parts(w);
    if (result == TEAL_OK && w->n == 0)
        result = put_text(w, TEAL_BODY_UNKNOWN, (teal_body){ 0 });
    return result;
}

teal_result teal_bodies_encode(const Teal__V1__Content *c, const teal_body_context *context,
                               teal_arena *arena, const teal_body **bodies, size_t *n,
                               teal_diag *why)
{
    enum { BESIDE_PARTS = 5 }; /* receipt, typing, reaction, revoke, notice */
    bodies_writer w = { .c = c, .arena = arena, .why = why };
    if (context != NULL)
        w.x = *context;
    if (c->n_parts > TEAL_BODY_MAX_PARTS)
        return teal_refuse(TEAL_LIMIT, "REQ-BODY-1 too many parts", 0, why);
    if (!teal_utf8_valid(w.x.quote))
        return teal_refuse(TEAL_MALFORMED, "REQ-BODY-2 quote is not UTF-8", 0, why);
    w.bodies = teal_arena_array(arena, c->n_parts + BESIDE_PARTS, sizeof *w.bodies);
    if (w.bodies == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, why);
    teal_result result = put_all(&w);
    if (result != TEAL_OK)
        return result;
    *bodies = w.bodies;
    *n = w.n;
    return TEAL_OK;
}
