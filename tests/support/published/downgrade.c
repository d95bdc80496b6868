/* downgrade.json: consents and their fallbacks, the decision, and the mark. */
#include "tests/support/published/cases.h"
#include "tests/support/published/decisions.h"
#include "tests/support/published/published.h"

#include "codecs/native/content.h"
#include "codecs/native/transcript.h"
#include "codecs/sms/mark.h"
#include "codecs/sms/segment.h"

#include <string.h>

enum { MAX_SEGMENTS = 10, MAX_SHOWN = 4096, REFERENCE = 0x2a };

#define MARK "[SMS, not encrypted]"

static json_t *opened_vector(teal_arena *a, size_t of)
{
    sealed s;
    size_t len;
    teal_diag why = { 0 };
    Teal__V1__Fallback *fallback;
    sealed_make(&sealed_cases[of], a, &s);
    uint8_t *out = vector_room(a, s.envelope.downgrade.sealed.len);
    expect_ok(
        s.of->name,
        teal_fallback_open(&s.envelope, s.gateway.prekey_pk, s.gateway.prekey_sk, out, &len, &why),
        &why);
    teal_bytes opened = { out, len };
    expect_that(s.of->name, teal_bytes_equal(opened, s.fallback));
    expect_ok(s.of->name, teal_fallback_decode(opened, a, &fallback, &why), &why);
    return vector_pack("{s:s, s:o, s:o, s:o, s:o}", "name", s.of->name, "encoded",
                       vector_bytes(vector_envelope(a, &s.envelope)), "gateway_private",
                       vector_hex(s.gateway.prekey_sk, 32), "fallback", vector_bytes(opened),
                       "text", vector_text(teal_text(fallback->text)));
}

/* ---- fallbacks that do not open ----------------------------------------------------------------
 */

static void left_out(sealed *s)
{
    s->envelope.downgrade.enc = s->envelope.downgrade.sealed = (teal_bytes){ 0 };
}

static void no_consent(sealed *s)
{
    s->envelope.has_downgrade = false;
}

static void lower_floor(sealed *s)
{
    s->envelope.downgrade.floor = TEAL_PLAINTEXT;
}

static void longer_life(sealed *s)
{
    s->envelope.downgrade.expires_at_ms++;
}

static void other_message(sealed *s)
{
    s->envelope.message_id = teal_text("other");
}

static void other_gateway(sealed *s)
{
    s->gateway = test_device_of(SEALED_GATEWAY + 1);
}

static void other_octet(sealed *s)
{
    teal_consent *d = &s->envelope.downgrade;
    uint8_t *copy = vector_room(s->arena, d->sealed.len);
    memcpy(copy, d->sealed.at, d->sealed.len);
    copy[d->sealed.len - 1] ^= 1;
    d->sealed.at = copy;
    teal_transcript_fallback_hash(d->enc, d->sealed, &d->fallback_hash);
}

static json_t *unopened_vectors(teal_arena *a)
{
    static const struct {
        const char *name, *rule;
        void (*spoil)(sealed *s);
    } rows[] = {
        { "the fallback was left out", "REQ-SEAL-5", left_out },
        { "there is no consent", "REQ-SEAL-5", no_consent },
        { "a lower floor", "REQ-SEAL-6", lower_floor },
        { "a longer life", "REQ-SEAL-6", longer_life },
        { "of another message", "REQ-SEAL-6", other_message },
        { "to another gateway", "REQ-SEAL-6", other_gateway },
        { "another octet", "REQ-SEAL-6", other_octet },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sealed s;
        size_t len;
        teal_diag why = { 0 };
        sealed_make(&sealed_cases[SEALED_WAITING], a, &s);
        rows[i].spoil(&s);
        sealed_sign(&s);
        uint8_t *room = vector_room(a, 4096);
        expect_refused(rows[i].name,
                       teal_fallback_open(&s.envelope, s.gateway.prekey_pk, s.gateway.prekey_sk,
                                          room, &len, &why),
                       &why, rows[i].rule);
        json_array_append_new(
            out, vector_pack("{s:s, s:s, s:o, s:o}", "name", rows[i].name, "rule", rows[i].rule,
                             "encoded", vector_bytes(vector_envelope(a, &s.envelope)),
                             "gateway_private", vector_hex(s.gateway.prekey_sk, 32)));
    }
    return out;
}

/* ---- what the recipient sees -------------------------------------------------------------------
 */

static json_t *segment_vectors(const char *name, teal_bytes shown)
{
    teal_segment segments[MAX_SEGMENTS];
    const teal_segment_options options = { .ref = REFERENCE };
    size_t count;
    teal_diag why = { 0 };
    json_t *out = json_array();
    expect_ok(name, teal_segment_split(shown, &options, segments, MAX_SEGMENTS, &count, &why),
              &why);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(out,
                              vector_pack("{s:i, s:i, s:o}", "data_coding", segments[i].data_coding,
                                          "esm_class", segments[i].esm_class, "octets",
                                          vector_hex(segments[i].octets, segments[i].len)));
    return out;
}

static json_t *marked_vectors(teal_arena *a)
{
    static const struct {
        const char *name, *mark, *text;
    } rows[] = {
        { "a short text", MARK, "See you at noon." },
        { "a single segment, filled by an extension character", MARK,
          "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456"
          "789012345678901234567890123456789012345678901[]" },
        { "two segments: no escape pair is cut", MARK,
          "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{" },
        { "UCS-2", MARK, "До встречи в полдень." },
        { "several segments of UCS-2: no surrogate pair is cut", "⚠ SMS",
          "👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋👋" },
        { "a text that would turn the mark around", MARK, "\u202Etxet\u202C\u200B \u2067x\u2069" },
        { "a text with line ends", "[not encrypted]", "one\r\ntwo\rthree\u2028four\tfive" },
        { "joiners, direction marks and selectors stay", MARK,
          "👩\u200D👩\u200D👧 می\u200Cخواهم a\u200Eb ❤\uFE0F" },
        { "the flag of Wales stays, other tags go", MARK,
          "\U0001F3F4\U000E0067\U000E0062\U000E0077\U000E006C\U000E0073\U000E007F "
          "\U000E0041\U000E0020\U0001F3F4\U000E0067" },
        { "noncharacters, shorthand and annotation controls go", MARK,
          "a\uFDD0b\uFFFEc\U0010FFFFd\U0001BCA0e\uFFF9f\u00ADg\uFEFFh\x7Fi" },
        { "nothing but the mark", MARK, "" },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_bytes mark = teal_text(rows[i].mark), text = teal_text(rows[i].text);
        teal_writer tame = vector_writer(a, MAX_SHOWN), shown = vector_writer(a, MAX_SHOWN);
        teal_diag why = { 0 };
        expect_ok(rows[i].name, teal_text_tame(text, &tame, &why), &why);
        expect_ok(rows[i].name, teal_mark_apply(mark, teal_written(&tame), &shown, &why), &why);
        json_array_append_new(out,
                              vector_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "name", rows[i].name,
                                          "mark", vector_text(mark), "text", vector_text(text),
                                          "tame", vector_text(teal_written(&tame)), "shown",
                                          vector_text(teal_written(&shown)), "segments",
                                          segment_vectors(rows[i].name, teal_written(&shown))));
    }
    return out;
}

static json_t *refused_marks(teal_arena *a)
{
    static const char *const rows[] = { "", " ", "\u00A0\t", "\u200B", "\u2060\uFE0F" };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_writer w = vector_writer(a, MAX_SHOWN);
        teal_diag why = { 0 };
        expect_refused("mark", teal_mark_apply(teal_text(rows[i]), teal_text("x"), &w, &why), &why,
                       "REQ-SMS-50");
        json_array_append_new(out, vector_pack("{s:s, s:o}", "rule", "REQ-SMS-50", "mark",
                                               vector_text(teal_text(rows[i]))));
    }
    return out;
}

json_t *published_downgrade(void)
{
    teal_arena a = vector_arena_open();
    json_t *out = vector_pack("{s:s, s:[o, o], s:o, s:o, s:i, s:o, s:o}", "about",
                              "Downgrade: PROTOCOL.md sections 4, 7 and 11.5. See README.md.",
                              "fallbacks", opened_vector(&a, SEALED_CONSENT),
                              opened_vector(&a, SEALED_WAITING), "unopened", unopened_vectors(&a),
                              "decisions", decision_vectors(), "segment_reference", REFERENCE,
                              "marked", marked_vectors(&a), "refused_marks", refused_marks(&a));
    vector_arena_close(&a);
    return out;
}
