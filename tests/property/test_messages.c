/* Properties of CPIM messages: headers and bodies as such, plain texts, the envelope in CPIM, and
 * contents as bodies. */
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/plain.h"
#include "codecs/utf8.h"
#include "tests/support/contents.h"
#include "tests/support/envelopes.h"
#include "tests/support/recode.h"
#include "tests/support/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) uint8_t room[256 << 10], scratch_room[4 << 20];
static uint8_t text[256 << 10];

static teal_arena fresh(void)
{
    return (teal_arena){ room, sizeof room, 0 };
}

/* With what its header promises to be enough. */
static teal_arena scratch(size_t cap)
{
    return (teal_arena){ scratch_room, cap < sizeof scratch_room ? cap : sizeof scratch_room, 0 };
}

static teal_writer output(void)
{
    return (teal_writer){ text, sizeof text, 0 };
}

/* --- headers and bodies ------------------------------------------------------------------------
 */

enum { MAX_HEADERS = 20 };

typedef struct header {
    char name[32];
    const char *ns;
    teal_bytes value;
} header;

/* `p.Name` of one of three namespaces, or of none; the prefixes are declared first. */
static header random_header(test_random *r, teal_arena *arena)
{
    static const struct {
        const char *prefix, *ns;
    } spaces[] = { { "", TEAL_NS_CPIM }, { "x.", "urn:x" }, { "imdn.", TEAL_NS_IMDN } };
    size_t space = test_random_below(r, 3);
    header h = { .ns = spaces[space].ns };
    teal_bytes local = test_random_text(r, arena, 1, 16, "abcXYZ019-_!#$%&'*+^`|~");
    snprintf(h.name, sizeof h.name, "%sZ%.*s", spaces[space].prefix, (int)local.len,
             (const char *)local.at);
    if (test_random_below(r, 8) > 0)
        h.value = test_hard_text(r, arena, 60, false);
    return h;
}

/* Bare LF up to the body, as some networks leave it. */
static void strip_returns(teal_writer *out, size_t body_len)
{
    size_t to = 0, head = out->len - body_len;
    for (size_t from = 0; from < out->len; from++)
        if (out->base[from] != '\r' || from >= head)
            out->base[to++] = out->base[from];
    out->len = to;
}

static const char *random_message(test_random *r, teal_arena *arena, header *headers, size_t n,
                                  teal_bytes body, teal_writer *out)
{
    teal_cpim_writer w = { .out = out };
    teal_cpim_put_ns(&w, "x", "urn:x");
    teal_cpim_put_ns(&w, "imdn", TEAL_NS_IMDN);
    for (size_t i = 0; i < n; i++) {
        headers[i] = random_header(r, arena);
        teal_cpim_put(&w, headers[i].name, headers[i].value);
    }
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", teal_text("a/b;c=\"d\""));
    teal_cpim_put_body(&w, body);
    return property_ok(teal_cpim_finish(&w), NULL);
}

/* Whatever is written comes back, in order, under its namespace; and so it does when a network on
 * the way has changed line ends. */
static const char *headers_come_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    header headers[MAX_HEADERS];
    size_t n = test_random_below(r, MAX_HEADERS + 1);
    teal_bytes body = test_random_bytes(r, &arena, 0, 200);
    teal_cpim m;
    teal_diag why = { 0 };
    const char *wrong = random_message(r, &arena, headers, n, body, &out);
    if (test_random_bool(r))
        strip_returns(&out, body.len);
    teal_arena a = scratch(TEAL_CPIM_ARENA(out.len));
    wrong = wrong ?: property_ok(teal_cpim_decode(teal_written(&out), &a, &m, &why), &why)
                  ?: property_that(m.n_headers == n);
    for (size_t i = 0; i < n && wrong == NULL; i++)
        wrong = property_differ(m.headers[i].ns, teal_text(headers[i].ns))
                    ?: property_differ(m.headers[i].value, headers[i].value);
    return wrong ?: property_differ(m.content_type, teal_text("a/b;c=\"d\""))
                 ?: property_differ(m.body, body);
}

/* The plainest message that says one value. */
static const char *value_comes_back(teal_bytes value)
{
    static uint8_t again[sizeof text];
    teal_writer out = { again, sizeof again, 0 };
    teal_cpim_writer w = { .out = &out };
    teal_arena arena = { room, sizeof room, 0 };
    teal_cpim m;
    teal_cpim_put(&w, "Subject", value);
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", teal_text("a/b"));
    teal_cpim_put_body(&w, (teal_bytes){ 0 });
    return property_ok(teal_cpim_finish(&w), NULL)
               ?: property_ok(teal_cpim_decode(teal_written(&out), &arena, &m, NULL), NULL)
               ?: property_that(m.n_headers == 1)
               ?: property_differ(m.headers[0].value, value);
}

/* A writer refuses control characters, and blanks that a reader would trim. */
static bool can_be_written(teal_bytes value)
{
    bool can = value.len == 0 || (value.at[0] != ' ' && value.at[value.len - 1] != ' ');
    for (size_t i = 0; i < value.len; i++)
        can = can && value.at[i] >= ' ' && value.at[i] != 0x7f;
    return can;
}

/* The values that are taken are text, and come back where they can be written. The message stays
 * what it was. */
static recoded reread_cpim(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_CPIM_ARENA(in.len));
    teal_cpim m = { 0 };
    recoded what = { 0 };
    what.decoded = teal_cpim_decode(in, &arena, &m, &what.why);
    for (size_t i = 0; i < m.n_headers; i++) {
        teal_bytes value = m.headers[i].value;
        if (!teal_utf8_valid(value) || (can_be_written(value) && value_comes_back(value) != NULL))
            what.encoded = TEAL_MALFORMED;
    }
    teal_write_bytes(out, in);
    return what;
}

static const char *changed_headers_are_text(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    header headers[MAX_HEADERS];
    size_t n = test_random_below(r, MAX_HEADERS + 1);
    teal_bytes body = test_random_bytes(r, &arena, 0, 20);
    return random_message(r, &arena, headers, n, body, &out)
               ?: recode_mutated(reread_cpim, teal_written(&out), r);
}

static void test_cpim(void **state)
{
    (void)state;
    assert_property(headers_come_back, 2000);
    assert_property(changed_headers_are_text, 3000);
}

/* --- plain texts -------------------------------------------------------------------------------
 */

/* What stands in the signed request around a message, for addresses that the message hides. */
static const teal_rcs_routing outside = { .from = { (const uint8_t *)"im:alice@native.example",
                                                    23 },
                                          .to = { (const uint8_t *)"tel:+14155550100", 16 } };

static teal_rcs_routing random_routing(test_random *r)
{
    teal_rcs_routing routing = outside;
    routing.hides_from = test_random_bool(r);
    routing.hides_to = test_random_bool(r);
    return routing;
}

static teal_plain random_plain(test_random *r, teal_arena *arena, const teal_rcs_routing *routing)
{
    teal_plain p = { .from = test_handle(r, arena),
                     .to = test_handle(r, arena),
                     .message_id =
                         test_random_text(r, arena, 1, TEAL_MAX_ID_BYTES, "aZ09-_+/=.\\;"),
                     .sent_at_ms = test_random_below(r, TEAL_DATETIME_MAX_MS + 1),
                     .wants = (uint32_t)test_random_below(r, 4),
                     .text = test_hard_text(r, arena, 200, true) };
    if (routing->hides_from)
        p.from = routing->from;
    if (routing->hides_to)
        p.to = routing->to;
    return p;
}

static recoded recode_plain(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_PLAIN_ARENA(in.len));
    teal_rcs_routing routing = outside;
    teal_plain p;
    recoded what = { 0 };
    what.decoded = teal_plain_decode(in, &arena, &routing, &p, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_plain_encode(&p, &routing, out);
    return what;
}

static const char *plain_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_rcs_routing routing = random_routing(r), back_routing = outside;
    teal_plain p = random_plain(r, &arena, &routing), back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_plain_encode(&p, &routing, &out), NULL);
    teal_arena a = scratch(TEAL_PLAIN_ARENA(out.len));
    return wrong ?: property_ok(teal_plain_decode(teal_written(&out), &a, &back_routing, &back,
                                                  &why),
                                &why)
                 ?: property_that(back_routing.hides_from == routing.hides_from)
                 ?: property_that(back_routing.hides_to == routing.hides_to)
                 ?: property_differ(back.from, p.from)
                 ?: property_differ(back.to, p.to)
                 ?: property_differ(back.message_id, p.message_id)
                 ?: property_that(back.sent_at_ms == p.sent_at_ms)
                 ?: property_that(back.wants == p.wants)
                 ?: property_differ(back.text, p.text)
                 ?: recode_canonical(recode_plain, teal_written(&out));
}

static const char *changed_plain_becomes_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    teal_rcs_routing routing = random_routing(r);
    teal_plain p = random_plain(r, &arena, &routing);
    return property_ok(teal_plain_encode(&p, &routing, &out), NULL)
               ?: recode_mutated(recode_plain, teal_written(&out), r);
}

static void test_plain(void **state)
{
    (void)state;
    assert_property(plain_comes_back, 2000);
    assert_property(changed_plain_becomes_canonical, 5000);
}

/* --- the envelope in CPIM (I2) -----------------------------------------------------------------
 */

static recoded recode_e2ee(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(TEAL_E2EE_ARENA(in.len));
    teal_rcs_routing routing = outside;
    teal_envelope e;
    recoded what = { 0 };
    what.decoded = teal_e2ee_decode(in, &arena, &routing, &e, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_e2ee_encode(&e, &routing, out);
    return what;
}

/* By way of the native form. */
static recoded recode_across(teal_bytes in, teal_writer *out)
{
    static uint8_t native[sizeof text];
    teal_writer w = { native, sizeof native, 0 };
    teal_arena arena = scratch(sizeof scratch_room);
    teal_rcs_routing routing = outside;
    teal_envelope e, back;
    recoded what = { 0 };
    what.decoded = teal_e2ee_decode(in, &arena, &routing, &e, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_envelope_encode(&e, &w);
    if (what.decoded == TEAL_OK && what.encoded == TEAL_OK)
        what.encoded = teal_envelope_decode(teal_written(&w), &arena, &back, NULL);
    if (what.decoded == TEAL_OK && what.encoded == TEAL_OK)
        what.encoded = teal_e2ee_encode(&back, &routing, out);
    return what;
}

/* As sent, as forwarded, or as a gateway sends it. */
static teal_envelope random_envelope(test_random *r, teal_arena *arena, test_sealed *s)
{
    bool keep[TEST_MAX_TO];
    test_sealed_random(r, arena, s);
    size_t form = test_random_below(r, 3);
    if (form == 0)
        return s->envelope;
    if (form == 1) {
        test_sealed_as_inbound(s);
        return s->envelope;
    }
    for (size_t i = 0; i < TEST_MAX_TO; i++)
        keep[i] = test_random_bool(r);
    return test_forwarded(&s->envelope, keep, arena);
}

/* native → CPIM → native gives the same octets, and so does CPIM → native → CPIM. */
static const char *envelope_crosses_unchanged(test_random *r)
{
    static uint8_t want[sizeof text], got[sizeof text];
    teal_writer w = { want, sizeof want, 0 }, g = { got, sizeof got, 0 }, out = output();
    teal_arena arena = fresh();
    test_sealed s;
    teal_envelope e = random_envelope(r, &arena, &s), back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_e2ee_encode(&e, NULL, &out), NULL);
    teal_arena a = scratch(TEAL_E2EE_ARENA(out.len));
    return wrong ?: property_ok(teal_e2ee_decode(teal_written(&out), &a, NULL, &back, &why), &why)
                 ?: property_ok(test_envelope_verify(&back, NULL, s.sender.sign_pk, &why), &why)
                 ?: property_ok(teal_envelope_encode(&e, &w), NULL)
                 ?: property_ok(teal_envelope_encode(&back, &g), NULL)
                 ?: property_differ(teal_written(&g), teal_written(&w))
                 ?: recode_canonical(recode_e2ee, teal_written(&out))
                 ?: recode_canonical(recode_across, teal_written(&out));
}

static const char *changed_e2ee_becomes_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    test_sealed s;
    teal_envelope e = random_envelope(r, &arena, &s);
    teal_rcs_routing routing = outside;
    routing.hides_to = e.n_recipients == 1 && test_random_bool(r);
    return property_ok(teal_e2ee_encode(&e, &routing, &out), NULL)
               ?: recode_mutated(test_random_bool(r) ? recode_e2ee : recode_across,
                                 teal_written(&out), r);
}

static void test_e2ee(void **state)
{
    (void)state;
    assert_property(envelope_crosses_unchanged, 300);
    assert_property(changed_e2ee_becomes_canonical, 500);
}

/* --- contents, and contents as bodies ----------------------------------------------------------
 */

static Teal__V1__Content *any_content(test_random *r, teal_arena *arena)
{
    return test_random_below(r, 4) == 3 ? test_reaction_random(r, arena)
                                        : test_content_random(r, arena);
}

static size_t content_arena(size_t in_len)
{
    return 4096 + 16 * in_len;
}

static recoded recode_content(teal_bytes in, teal_writer *out)
{
    teal_arena arena = scratch(sizeof scratch_room);
    Teal__V1__Content *c;
    recoded what = { 0 };
    what.decoded = teal_content_decode(in, &arena, &c, &what.why);
    if (what.decoded == TEAL_OK)
        what.encoded = teal_content_encode(c, out);
    return what;
}

static const char *content_comes_back(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    Teal__V1__Content *back;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_content_encode(any_content(r, &arena), &out), NULL);
    teal_arena a = scratch(content_arena(out.len));
    return wrong ?: property_ok(teal_content_decode(teal_written(&out), &a, &back, &why), &why)
                 ?: recode_canonical(recode_content, teal_written(&out));
}

static const char *changed_content_becomes_canonical(test_random *r)
{
    teal_arena arena = fresh();
    teal_writer out = output();
    return property_ok(teal_content_encode(any_content(r, &arena), &out), NULL)
               ?: recode_mutated(recode_content, teal_written(&out), r);
}

static const char *fallback_comes_back(test_random *r)
{
    teal_arena arena = fresh(), a = scratch(sizeof scratch_room);
    teal_writer out = output();
    teal_bytes said = test_hard_text(r, &arena, 200, true);
    Teal__V1__Fallback *back;
    teal_diag why = { 0 };
    return property_ok(teal_fallback_of_text(said, &arena, &out), NULL)
               ?: property_ok(teal_fallback_decode(teal_written(&out), &a, &back, &why), &why)
               ?: property_differ(teal_text(back->text), said)
               ?: property_that(back->n_media_links == 0);
}

static void test_content(void **state)
{
    (void)state;
    assert_property(content_comes_back, 2000);
    assert_property(changed_content_becomes_canonical, 5000);
    assert_property(fallback_comes_back, 500);
}

/* The part of that number alone, the first with the headers, as the bodies have it. */
static Teal__V1__Content only_part(const Teal__V1__Content *c, size_t i)
{
    Teal__V1__Content one = TEAL__V1__CONTENT__INIT;
    if (i == 0)
        one = *c;
    one.parts = c->parts + i;
    one.n_parts = c->n_parts > 0;
    return one;
}

static const char *read_message(teal_bytes message, teal_arena *arena, teal_body *out)
{
    teal_cpim m;
    teal_diag why = { 0 };
    return property_ok(teal_cpim_decode(message, arena, &m, &why), &why)
               ?: property_ok(teal_body_read(&m, arena, out, &why), &why);
}

/* Over a whole message and back: the same octets. */
static const char *body_comes_back(const Teal__V1__Content *c, const teal_body *b)
{
    static uint8_t want[sizeof text], got[sizeof text];
    static const teal_bytes to = { (const uint8_t *)"sip:bob@rcs.example", 19 };
    const teal_rcs_head head = { .from = to,
                                 .to = &to,
                                 .n_to = 1,
                                 .sent_at_ms = 1795510800123,
                                 .message_id = teal_text("MxM") };
    teal_writer w = { want, sizeof want, 0 }, g = { got, sizeof got, 0 }, out = output();
    teal_arena arena = scratch(sizeof scratch_room);
    Teal__V1__Content *back;
    teal_body read;
    teal_diag why = { 0 };
    return property_ok(teal_content_encode(c, &w), NULL)
               ?: property_ok(teal_body_message_encode(&head, NULL, b, &out), NULL)
               ?: read_message(teal_written(&out), &arena, &read)
               ?: property_that(read.kind == b->kind)
               ?: property_that(read.stand_in == b->stand_in)
               ?: property_ok(teal_body_decode(&read, head.sent_at_ms, &arena, &back, &why), &why)
               ?: property_ok(teal_content_encode(back, &g), NULL)
               ?: property_differ(teal_written(&g), teal_written(&w));
}

static const char *content_crosses_as_bodies(test_random *r)
{
    teal_arena arena = fresh();
    const Teal__V1__Content *c = any_content(r, &arena);
    teal_body_context x = { .sealed = true };
    if (test_random_bool(r))
        x.quote = test_hard_text(r, &arena, 100, true);
    const teal_body *bodies;
    size_t n = 0, parts = 0;
    teal_diag why = { 0 };
    const char *wrong = property_ok(teal_bodies_encode(c, &x, &arena, &bodies, &n, &why), &why);
    for (size_t i = 0; i < n && wrong == NULL; i++) {
        if (teal_body_is_notice(&bodies[i]))
            continue;
        Teal__V1__Content one = only_part(c, parts);
        parts += c->n_parts > 0;
        wrong = body_comes_back(&one, &bodies[i]);
    }
    return wrong ?: property_that(parts == c->n_parts);
}

static void test_bodies(void **state)
{
    (void)state;
    assert_property(content_crosses_as_bodies, 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpim),    cmocka_unit_test(test_plain),  cmocka_unit_test(test_e2ee),
        cmocka_unit_test(test_content), cmocka_unit_test(test_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
