/* See contents.h. */
#include "tests/support/contents.h"

#include "codecs/rcs/datetime.h"
#include "tests/support/texts.h"

#include <assert.h>

static void *take(teal_arena *arena, size_t size)
{
    void *taken = teal_arena_take(arena, size);
    assert(taken != NULL);
    return taken;
}

static char *string_of(teal_bytes b, teal_arena *arena)
{
    char *s = take(arena, b.len + 1);
    if (b.len > 0)
        memcpy(s, b.at, b.len);
    s[b.len] = '\0';
    return s;
}

static char *hard_string(test_random *r, teal_arena *arena, size_t max, bool lines)
{
    return string_of(test_hard_text(r, arena, max, lines), arena);
}

static char *random_id(test_random *r, teal_arena *arena)
{
    return string_of(test_random_text(r, arena, 1, 64, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~aZ09"),
                     arena);
}

static Teal__V1__Media *random_media(test_random *r, teal_arena *arena)
{
    Teal__V1__Media *m = take(arena, sizeof *m);
    teal__v1__media__init(m);
    m->url = "https://x.example/<\"&'>";
    m->content_type = "video/mp4";
    m->size_bytes = test_random_u64(r);
    m->plays_at_once = test_random_bool(r);
    if (test_random_bool(r))
        m->playing_length_s = (uint32_t)test_random_u64(r);
    if (test_random_bool(r))
        m->expires_at_ms = test_random_below(r, TEAL_DATETIME_MAX_MS + 1);
    if (test_random_bool(r)) {
        teal_bytes key = test_random_bytes(r, arena, 1, 64);
        m->key = (ProtobufCBinaryData){ key.len, (uint8_t *)key.at };
    }
    if (test_random_bool(r)) {
        m->thumbnail = take(arena, sizeof *m->thumbnail);
        teal__v1__thumbnail__init(m->thumbnail);
        m->thumbnail->url = "http://y";
        m->thumbnail->content_type = "a/b";
        m->thumbnail->size_bytes = test_random_u64(r);
    }
    if (test_random_bool(r))
        m->name = string_of(test_random_text(r, arena, 1, 30, "abc.<&>_"), arena);
    if (strcmp(m->name, ".") == 0 || strcmp(m->name, "..") == 0)
        m->name = "x";
    return m;
}

static Teal__V1__Location *random_location(test_random *r, teal_arena *arena)
{
    Teal__V1__Location *l = take(arena, sizeof *l);
    teal__v1__location__init(l);
    l->latitude = ((double)test_random_below(r, 180000000001) - 90e9) / 1e9;
    l->longitude = ((double)test_random_below(r, 360000000001) - 180e9) / 1e9;
    if (test_random_bool(r))
        l->radius_m = (double)test_random_below(r, 1000000) / 1e3;
    if (test_random_bool(r))
        l->label = hard_string(r, arena, 40, true);
    if (test_random_bool(r))
        l->expires_at_ms = test_random_between(r, 1, TEAL_DATETIME_MAX_MS);
    return l;
}

static Teal__V1__Contact *random_contact(test_random *r, teal_arena *arena)
{
    static char *handles[] = { "tel:+14155550100", "im:a@b.example", "0800 123" };
    Teal__V1__Contact *c = take(arena, sizeof *c);
    teal__v1__contact__init(c);
    c->name = hard_string(r, arena, 40, false);
    c->handles = handles;
    c->n_handles = test_random_below(r, 4);
    return c;
}

static Teal__V1__Part *random_part(test_random *r, teal_arena *arena)
{
    Teal__V1__Part *p = take(arena, sizeof *p);
    teal__v1__part__init(p);
    p->part_case = (Teal__V1__Part__PartCase)test_random_between(r, 1, 4);
    switch (p->part_case) {
    case TEAL__V1__PART__PART_MEDIA:
        p->media = random_media(r, arena);
        break;
    case TEAL__V1__PART__PART_LOCATION:
        p->location = random_location(r, arena);
        break;
    case TEAL__V1__PART__PART_CONTACT:
        p->contact = random_contact(r, arena);
        break;
    default:
        p->text = hard_string(r, arena, 200, true);
    }
    return p;
}

Teal__V1__Content *test_content_random(test_random *r, teal_arena *arena)
{
    Teal__V1__Content *c = take(arena, sizeof *c);
    teal__v1__content__init(c);
    c->n_parts = test_random_between(r, 1, 4);
    c->parts = take(arena, c->n_parts * sizeof *c->parts);
    for (size_t i = 0; i < c->n_parts; i++)
        c->parts[i] = random_part(r, arena);
    if (test_random_bool(r))
        c->reply_to = random_id(r, arena);
    if (test_random_bool(r))
        c->edit_of = random_id(r, arena);
    if (test_random_below(r, 4) == 3)
        c->claimed_sender = hard_string(r, arena, 20, false);
    return c;
}

Teal__V1__Content *test_reaction_random(test_random *r, teal_arena *arena)
{
    Teal__V1__Content *c = take(arena, sizeof *c);
    teal__v1__content__init(c);
    c->reaction = take(arena, sizeof *c->reaction);
    teal__v1__reaction__init(c->reaction);
    c->reaction->message_id = string_of(test_random_text(r, arena, 1, 64, "aZ09=-_"), arena);
    c->reaction->emoji = hard_string(r, arena, 16, false);
    c->reaction->removed = test_random_bool(r);
    return c;
}
