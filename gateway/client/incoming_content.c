/* See incoming_content.h. */
#include "gateway/client/incoming_content.h"

#include "codecs/native/content.h"
#include "gateway/client/member.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>

/* ---- text ------------------------------------------------------------------------------------ */

static void write_media(const Teal__V1__Media *m, FILE *out)
{
    fprintf(out, "[media %s, %s, %llu octets: %s]", m->name, m->content_type,
            (unsigned long long)m->size_bytes, m->url);
}

static void write_contact(const Teal__V1__Contact *c, FILE *out)
{
    fprintf(out, "[contact %s:", c->name);
    for (size_t i = 0; i < c->n_handles; i++)
        fprintf(out, " %s", c->handles[i]);
    fputc(']', out);
}

static void write_part(const Teal__V1__Part *p, FILE *out)
{
    switch (p->part_case) {
    case TEAL__V1__PART__PART_TEXT:
        fputs(p->text, out);
        break;
    case TEAL__V1__PART__PART_MEDIA:
        write_media(p->media, out);
        break;
    case TEAL__V1__PART__PART_LOCATION:
        fprintf(out, "[location %s %.6f, %.6f]", p->location->label, p->location->latitude,
                p->location->longitude);
        break;
    case TEAL__V1__PART__PART_CONTACT:
        write_contact(p->contact, out);
        break;
    case TEAL__V1__PART__PART__NOT_SET:
    case _TEAL__V1__PART__PART__CASE_IS_INT_SIZE:
        fputs("[something that this teal does not know]", out);
        break;
    }
}

/* What stands where there are no parts. */
static void write_act(const Teal__V1__Content *c, FILE *out)
{
    if (c->reaction != NULL)
        fprintf(out, "[%s %s %s]", c->reaction->removed ? "takes back" : "reacts with",
                c->reaction->emoji, c->reaction->message_id);
    else if (c->revoke_of[0] != '\0')
        fprintf(out, "[withdraws %s]", c->revoke_of);
}

/* Parts, a line each. */
static json_t *text_of(const Teal__V1__Content *c)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        bug("out of memory");
    for (size_t i = 0; i < c->n_parts; i++) {
        if (i > 0)
            fputc('\n', out);
        write_part(c->parts[i], out);
    }
    if (c->n_parts == 0)
        write_act(c, out);
    if (fclose(out) != 0)
        bug("out of memory");
    json_t *json = member_of_text((teal_bytes){ (const uint8_t *)text, len });
    sodium_memzero(text, len);
    free(text);
    return json;
}

/* ---- items ----------------------------------------------------------------------------------- */

static json_t *origin_of(const teal_envelope *e)
{
    if (!e->has_origin)
        return json_null();
    return json_pack("{s:s, s:o, s:o}", "level", teal_level_name(e->origin.level), "network",
                     member_of_text(e->origin.network), "gateway",
                     member_of_text(e->origin.gateway));
}

static json_t *message_item(const teal_envelope *e, teal_bytes from, bool claimed,
                            const char *level, json_t *origin, json_t *text)
{
    return json_pack("{s:s, s:o, s:o, s:b, s:s, s:o, s:b, s:o, s:I, s:o}", "kind", "message",
                     "message_id", member_of_text(e->message_id), "from", member_of_text(from),
                     "claimed", (int)claimed, "level", level, "origin", origin, "verified", 1,
                     "text", text, "sent_at_ms", (json_int_t)e->sent_at_ms, "conversation_id",
                     member_of_bytes(e->conversation_id));
}

static const char *disposition_name(Teal__V1__Disposition d)
{
    if (d == TEAL__V1__DISPOSITION__DELIVERED)
        return "delivered";
    return d == TEAL__V1__DISPOSITION__DISPLAYED ? "displayed" : "failed";
}

static json_t *device_receipt_item(const teal_envelope *e, const char *message_id,
                                   const char *disposition)
{
    return json_pack("{s:s, s:o, s:o, s:s, s:b}", "kind", "device-receipt", "message_id",
                     member_of_text(teal_text(message_id)), "from", member_of_text(e->sender),
                     "disposition", disposition, "verified", 1);
}

static json_t *opened_item(const teal_envelope *e, const Teal__V1__Content *c)
{
    const bool claimed = e->has_origin;
    teal_bytes from = claimed ? teal_text(c->claimed_sender) : e->sender;
    const char *level = teal_level_name(claimed ? e->origin.level : TEAL_E2EE);
    return message_item(e, from, claimed, level, origin_of(e), text_of(c));
}

const char *incoming_content_item(const teal_envelope *e, teal_bytes content, teal_arena *arena,
                                  json_t **item)
{
    Teal__V1__Content *c = NULL;
    teal_diag why = { 0 };
    if (teal_content_decode(content, arena, &c, &why) != TEAL_OK) {
        *item = incoming_content_unopened(e);
        return why.rule;
    }
    if (e->kind != TEAL_KIND_RECEIPT) {
        *item = opened_item(e, c);
        return NULL;
    }
    if (c->receipt == NULL) {
        *item = device_receipt_item(e, "", "failed");
        return "REQ-CNT-4 a receipt that says nothing";
    }
    *item =
        device_receipt_item(e, c->receipt->message_id, disposition_name(c->receipt->disposition));
    return NULL;
}

json_t *incoming_content_unopened(const teal_envelope *e)
{
    json_t *item = message_item(e, e->sender, false, "NONE", json_null(), json_null());
    incoming_content_distrust(item);
    return item;
}

void incoming_content_distrust(json_t *item)
{
    json_object_set_new(item, "verified", json_false());
    if (json_object_get(item, "level") != NULL)
        json_object_set_new(item, "level", json_string("NONE"));
}
