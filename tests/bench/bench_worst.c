/* Hostile inputs: what each decoder takes for n of what costs it most, and for twice as many. About
 * twice the time is linear; four times would be a weapon. */
#include "codecs/base64.h"
#include "codecs/handle.h"
#include "codecs/native/content.h"
#include "codecs/native/conversation.h"
#include "codecs/native/manifest.h"
#include "codecs/native/transcript.h"
#include "codecs/nfc.h"
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/plain.h"
#include "codecs/sms/dlr.h"
#include "codecs/sms/mark.h"
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/xml.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 64 << 20, TEXT = 4 << 20 };

/* Makes an input of n hostile things. */
typedef void make(size_t n, teal_writer *w);
/* Takes it; what comes of it does not matter. */
typedef void take(teal_bytes in, teal_arena *arena, teal_writer *out);

static void repeat(teal_writer *w, const char *what, size_t n)
{
    for (size_t i = 0; i < n; i++)
        teal_write_text(w, what);
}

/* With a number in the middle, so that all are different. */
static void number(teal_writer *w, const char *before, size_t n, const char *after)
{
    for (size_t i = 0; i < n; i++) {
        teal_write_text(w, before);
        teal_write_decimal(w, 10000 + i);
        teal_write_text(w, after);
    }
}

/* ---- CPIM and what is in it ---- */

#define END "\r\nContent-Type: text/plain\r\n\r\nx"

static void headers(size_t n, teal_writer *w)
{
    number(w, "X-", n, ": value\r\n");
    teal_write_text(w, END);
}

static void prefixed_headers(size_t n, teal_writer *w)
{
    number(w, "NS: p", TEAL_CPIM_MAX_NAMESPACES, " <urn:x>\r\n");
    repeat(w, "p10015.X: v\r\n", n);
    teal_write_text(w, END);
}

/* In front of the NS headers that say what they mean. */
static void headers_before_namespaces(size_t n, teal_writer *w)
{
    repeat(w, "p10015.X: v\r\n", n);
    number(w, "NS: p", TEAL_CPIM_MAX_NAMESPACES, " <urn:x>\r\n");
    teal_write_text(w, END);
}

static void escapes(size_t n, teal_writer *w)
{
    teal_write_text(w, "Subject: ");
    repeat(w, "\\u0041", n);
    teal_write_text(w, "\r\n" END);
}

static void blanks(size_t n, teal_writer *w)
{
    teal_write_text(w, "Subject:");
    repeat(w, "\t ", n);
    teal_write_text(w, "a");
    repeat(w, " ", n);
    teal_write_text(w, "\r\n" END);
}

static void requires(size_t n, teal_writer *w)
{
    teal_write_text(w, "Require: ");
    repeat(w, "From,", n);
    teal_write_text(w, "To\r\n" END);
}

static void take_cpim(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_cpim m;
    (void)out;
    bench_require(teal_cpim_decode(in, arena, &m, NULL) == TEAL_OK, "hostile CPIM is taken");
}

#define HEAD                                                                                       \
    "From: <im:a@b.example>\r\nDateTime: 2026-11-24T09:00:00Z\r\nNS: imdn "                        \
    "<urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n"

static void recipients(size_t n, teal_writer *w)
{
    teal_write_text(w, HEAD);
    number(w, "To: <im:a", n, "@b.example>\r\n");
    teal_write_text(w, END);
}

static void recipients_in_a_line(size_t n, teal_writer *w)
{
    teal_write_text(w, HEAD "cc: ");
    number(w, "<im:", n, "@b.example>;");
    teal_write_text(w, "<im:z@b.example>\r\n" END);
}

static void dispositions(size_t n, teal_writer *w)
{
    teal_write_text(w, HEAD "To: <im:a@b.example>\r\nimdn.Disposition-Notification: ");
    repeat(w, "a,", n);
    teal_write_text(w, "display\r\n" END);
}

static void take_head(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_cpim m;
    teal_rcs_head head;
    (void)out;
    bench_require(teal_cpim_decode(in, arena, &m, NULL) == TEAL_OK &&
                      teal_rcs_head_read(&m, arena, NULL, &head, NULL) == TEAL_OK,
                  "a hostile head is taken");
}

static void base64_lines(size_t n, teal_writer *w)
{
    teal_write_text(w, HEAD "To: <im:a@b.example>\r\n\r\nContent-Type: text/plain\r\n"
                            "Content-Transfer-Encoding: base64\r\n\r\n");
    repeat(w, "QUFB\r\n", n);
}

static void take_plain(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_plain p;
    (void)out;
    bench_require(teal_plain_decode(in, arena, NULL, &p, NULL) == TEAL_OK,
                  "a hostile message is taken");
}

/* ---- envelopes: n keys, n recipients ---- */

static void envelope(size_t n_keys, size_t n_recipients, bool hashes, teal_envelope *e)
{
    static teal_wrapped_key keys[TEAL_MAX_KEYS];
    static teal_hash key_hashes[TEAL_MAX_KEYS];
    static teal_bytes to[TEAL_MAX_RECIPIENTS];
    static char handles[TEAL_MAX_RECIPIENTS][64];
    static uint8_t ciphertext[17];
    for (size_t i = 0; i < n_recipients; i++) {
        snprintf(handles[i], sizeof handles[i], "im:same%05zu@b.example", i);
        to[i] = teal_text(handles[i]);
    }
    for (size_t i = 0; i < n_keys; i++) {
        keys[i].prekey_id = (uint32_t)i + 1;
        teal_transcript_key_hash(&keys[i], &key_hashes[i]);
    }
    *e = (teal_envelope){ .suite = TEAL_SUITE_SEALED,
                          .message_id = teal_text("a"),
                          .conversation_id = teal_text("a"),
                          .sender = teal_text("im:a@b.example"),
                          .recipients = to,
                          .n_recipients = n_recipients,
                          .sent_at_ms = 1,
                          .kind = TEAL_KIND_MESSAGE,
                          .ciphertext = { ciphertext, sizeof ciphertext },
                          .keys = keys,
                          .n_keys = n_keys,
                          .key_hashes = key_hashes,
                          .n_key_hashes = hashes ? n_keys : 0 };
}

static void write_native(const teal_envelope *e, teal_writer *w)
{
    bench_require(teal_envelope_encode(e, w) == TEAL_OK, "an envelope can be encoded");
}

static void native_keys(size_t n, teal_writer *w)
{
    teal_envelope e;
    envelope(n, 1, false, &e);
    write_native(&e, w);
}

static void native_key_hashes(size_t n, teal_writer *w)
{
    teal_envelope e;
    envelope(n, 1, true, &e);
    write_native(&e, w);
}

static void native_recipients(size_t n, teal_writer *w)
{
    teal_envelope e;
    envelope(1, n, false, &e);
    write_native(&e, w);
}

static void take_envelope(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_envelope e;
    (void)out;
    bench_require(teal_envelope_decode(in, arena, &e, NULL) == TEAL_OK,
                  "a hostile envelope is taken");
}

static void e2ee_keys(size_t n, teal_writer *w)
{
    teal_envelope e;
    envelope(n, 1, true, &e);
    bench_require(teal_e2ee_encode(&e, NULL, w) == TEAL_OK, "an envelope can be encoded");
}

static void e2ee_recipients(size_t n, teal_writer *w)
{
    teal_envelope e;
    envelope(1, n, false, &e);
    bench_require(teal_e2ee_encode(&e, NULL, w) == TEAL_OK, "an envelope can be encoded");
}

static void take_e2ee(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_envelope e;
    (void)out;
    bench_require(teal_e2ee_decode(in, arena, NULL, &e, NULL) == TEAL_OK,
                  "a hostile envelope is taken");
}

static void participants(size_t n, teal_writer *w)
{
    for (size_t i = n; i > 0; i--) { /* the last comes first */
        teal_write_text(w, "im:aaaaaaaaaaaa");
        teal_write_decimal(w, 10000 + i);
        teal_write_text(w, "@b.example");
    }
}

static void take_participants(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    enum { LEN = 30 };
    static teal_bytes people[TEAL_MAX_PARTICIPANTS];
    uint8_t id[TEAL_HASH_BYTES];
    size_t n = in.len / LEN;
    (void)arena;
    (void)out;
    for (size_t i = 0; i < n; i++)
        people[i] = (teal_bytes){ in.at + i * LEN, LEN };
    teal_conversation_of(people, n, id);
}

static void prekeys(size_t n, teal_writer *w)
{
    static teal_prekey list[TEAL_MAX_PREKEYS];
    for (size_t i = 0; i < n; i++)
        list[i].id = (uint32_t)i + 1;
    teal_prekeys p = { .prekeys = list, .n_prekeys = n };
    bench_require(teal_prekeys_encode(&p, w) == TEAL_OK, "prekeys can be encoded");
}

static void take_prekeys(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_prekeys p;
    (void)out;
    bench_require(teal_prekeys_decode(in, arena, &p, NULL) == TEAL_OK, "a hostile upload is taken");
}

static void content_parts(size_t n, teal_writer *w)
{
    repeat(w, "\x0A\x03\x0A\x01x", n); /* Content.parts: a text */
}

static void take_content(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    Teal__V1__Content *c;
    (void)out;
    bench_require(teal_content_decode(in, arena, &c, NULL) == TEAL_OK,
                  "a hostile content is taken");
}

static void take_bodies(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    Teal__V1__Content *c;
    const teal_body *bodies;
    size_t n;
    (void)out;
    bench_require(teal_content_decode(in, arena, &c, NULL) == TEAL_OK &&
                      teal_bodies_encode(c, NULL, arena, &bodies, &n, NULL) == TEAL_OK,
                  "a hostile content is said");
}

/* ---- XML ---- */

static void xml_elements(size_t n, teal_writer *w)
{
    teal_write_text(w, "<a>");
    repeat(w, "<b/>", n);
    teal_write_text(w, "</a>");
}

static void xml_attributes(size_t n, teal_writer *w)
{
    teal_write_text(w, "<a ");
    number(w, "b", n, "='' ");
    teal_write_text(w, "/>");
}

static void xml_references(size_t n, teal_writer *w)
{
    teal_write_text(w, "<a>");
    repeat(w, "&lt;", n);
    teal_write_text(w, "</a>");
}

static void xml_comments(size_t n, teal_writer *w)
{
    teal_write_text(w, "<a>");
    repeat(w, "<!---->", n);
    teal_write_text(w, "</a>");
}

static void xml_sections(size_t n, teal_writer *w)
{
    teal_write_text(w, "<a>");
    repeat(w, "<![CDATA[x]]>", n);
    teal_write_text(w, "</a>");
}

static void take_xml(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    const teal_xml_element *root;
    (void)out;
    bench_require(teal_xml_read(in, arena, &root, NULL) == TEAL_OK, "hostile XML is taken");
}

static void xml_depth(size_t n, teal_writer *w)
{
    repeat(w, "<a>", n);
    repeat(w, "</a>", n);
}

/* ---- one line ---- */

static void handle_separators(size_t n, teal_writer *w)
{
    teal_write_text(w, "tel:+1415555");
    repeat(w, "-", n);
    teal_write_text(w, "0100");
}

static void handle_parameters(size_t n, teal_writer *w)
{
    teal_write_text(w, "sip:+14155550100@b.example");
    repeat(w, ";a=b", n);
    teal_write_text(w, ";user=phone");
}

static void take_handle(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    (void)arena;
    bench_require(teal_handle_canonicalize(in, out, NULL) == TEAL_OK, "a hostile handle is taken");
}

static void letters(size_t n, teal_writer *w)
{
    repeat(w, "QUFB", n);
}

static void take_base64(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    (void)arena;
    bench_require(teal_base64url_decode(in, out, NULL) == TEAL_OK, "long base64 is taken");
}

static void vcard_lines(size_t n, teal_writer *w)
{
    teal_write_text(w, "BEGIN:VCARD\r\nFN:a\r\n");
    repeat(w, "X-A:b\r\n", n);
    teal_write_text(w, "END:VCARD\r\n");
}

static void vcard_folds(size_t n, teal_writer *w)
{
    teal_write_text(w, "BEGIN:VCARD\r\nFN:a\r\nX-A:");
    repeat(w, "\r\n b", n);
    teal_write_text(w, "\r\nEND:VCARD\r\n");
}

static void vcard_cards(size_t n, teal_writer *w)
{
    repeat(w, "BEGIN:VCARD\r\nFN:a\r\nEND:VCARD\r\n", n);
}

static void take_vcards(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    (void)out;
    while (in.len > 0) {
        teal_vcard c;
        bench_require(teal_vcard_next(&in, arena, &c, NULL) == TEAL_OK, "a hostile card is taken");
    }
}

/* ---- SMS ---- */

static void udh_elements(size_t n, teal_writer *w)
{
    teal_write_u8(w, (uint8_t)(2 * n));
    for (size_t i = 0; i < n; i++)
        teal_write_u16(w, 0x7000);
}

static void take_udh(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_udh udh;
    (void)arena;
    (void)out;
    bench_require(teal_udh_decode(in, &udh, NULL) == TEAL_OK, "a hostile header is taken");
}

static void smpp_tlvs(size_t n, teal_writer *w)
{
    teal_write_u32(w, (uint32_t)(16 + 17 + 4 * n));
    teal_write_u32(w, TEAL_SMPP_DELIVER_SM);
    teal_write_u64(w, 1);
    for (size_t i = 0; i < 17; i++)
        teal_write_u8(w, 0);
    for (size_t i = 0; i < n; i++)
        teal_write_u32(w, 0x14000000);
}

static void take_smpp(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_smpp_pdu pdu;
    teal_bytes octets;
    teal_udh udh;
    (void)arena;
    (void)out;
    bench_require(teal_smpp_decode(in, &pdu, NULL) == TEAL_OK &&
                      teal_smpp_user_data(&pdu, &octets, &udh, NULL) == TEAL_OK,
                  "a hostile unit is taken");
}

static void dlr_words(size_t n, teal_writer *w)
{
    repeat(w, "id: ", n);
    teal_write_text(w, "id:1 stat:DELIVRD");
}

static void take_dlr(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    teal_dlr dlr;
    (void)arena;
    (void)out;
    (void)!teal_dlr_decode(in, &dlr, NULL);
}

static void gsm7_escapes(size_t n, teal_writer *w)
{
    repeat(w, "\x1B\x65", n);
}

static void take_gsm7(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    (void)arena;
    bench_require(teal_coding_decode(TEAL_CODING_GSM7, (teal_gsm7_shift){ 0 }, in, out, NULL) ==
                      TEAL_OK,
                  "hostile septets are taken");
}

static void marks(size_t n, teal_writer *w)
{
    for (size_t i = 0; i < n; i++) {
        teal_write_text(w, "e");
        repeat(w, "\xCC\x81\xCC\xA3",
               15); /* as many as there may be in a row, in the wrong order */
    }
}

static void marks_without_end(size_t n, teal_writer *w)
{
    repeat(w, "\xCC\x81\xCC\xA3", n);
}

static void take_nfc(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    (void)arena;
    (void)!teal_nfc(in, out, NULL);
}

static void take_tame(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    (void)arena;
    bench_require(teal_text_tame(in, out, NULL) == TEAL_OK, "hostile text is tamed");
}

static void controls(size_t n, teal_writer *w)
{
    repeat(w, "\xE2\x80\xAE\xF3\xA0\x81\xA1", n); /* an override, a tag */
}

static void flags(size_t n, teal_writer *w)
{
    repeat(w, "\xF0\x9F\x87\xA9", n); /* regional indicators: two make a flag */
}

/* In all languages, to the most segments there may be. */
static void take_segments(teal_bytes in, teal_arena *arena, teal_writer *out)
{
    static teal_segment segments[TEAL_SEGMENTS_MAX];
    const teal_segment_options o = { .languages = TEAL_GSM7_ALL_LANGUAGES };
    size_t n;
    (void)arena;
    (void)out;
    (void)!teal_segment_split(in, &o, segments, TEAL_SEGMENTS_MAX, &n, NULL);
}

static void letters_of_a_table(size_t n, teal_writer *w)
{
    repeat(w, "\xC3\xA0", n); /* the last one of the default alphabet */
}

static const struct {
    const char *name;
    make *make;
    take *take;
    size_t n; /* twice of which is still taken */
} rows[] = {
    { "cpim_headers", headers, take_cpim, 1200 },
    { "cpim_prefixed_headers", prefixed_headers, take_cpim, 1200 },
    { "cpim_headers_before_ns", headers_before_namespaces, take_cpim, 1200 },
    { "cpim_escapes", escapes, take_cpim, 2500 },
    { "cpim_blanks", blanks, take_cpim, 5000 },
    { "cpim_require", requires, take_cpim, 3000 },
    { "rcs_recipients", recipients, take_head, 128 },
    { "rcs_recipients_in_a_line", recipients_in_a_line, take_head, 127 },
    { "rcs_dispositions", dispositions, take_head, 7000 },
    { "plain_base64_lines", base64_lines, take_plain, 5000 },
    { "envelope_keys", native_keys, take_envelope, 512 },
    { "envelope_key_hashes", native_key_hashes, take_envelope, 512 },
    { "envelope_recipients", native_recipients, take_envelope, 128 },
    { "e2ee_keys", e2ee_keys, take_e2ee, 512 },
    { "e2ee_recipients", e2ee_recipients, take_e2ee, 128 },
    { "conversation_participants", participants, take_participants, 128 },
    { "prekeys", prekeys, take_prekeys, 128 },
    { "content_parts", content_parts, take_content, 4000 },
    { "bodies_parts", content_parts, take_bodies, 32 },
    { "xml_elements", xml_elements, take_xml, 63 },
    { "xml_attributes", xml_attributes, take_xml, 64 },
    { "xml_references", xml_references, take_xml, 2000 },
    { "xml_comments", xml_comments, take_xml, 1000 },
    { "xml_sections", xml_sections, take_xml, 600 },
    { "xml_depth", xml_depth, take_xml, 4 },
    { "handle_separators", handle_separators, take_handle, 5000 },
    { "handle_parameters", handle_parameters, take_handle, 5000 },
    { "base64", letters, take_base64, 20000 },
    { "vcard_lines", vcard_lines, take_vcards, 1000 },
    { "vcard_folds", vcard_folds, take_vcards, 1000 },
    { "vcard_cards", vcard_cards, take_vcards, 500 },
    { "udh_elements", udh_elements, take_udh, 60 },
    { "smpp_tlvs", smpp_tlvs, take_smpp, 8000 },
    { "dlr_words", dlr_words, take_dlr, 8000 },
    { "gsm7_escapes", gsm7_escapes, take_gsm7, 20000 },
    { "nfc_marks", marks, take_nfc, 500 },
    { "nfc_marks_without_end", marks_without_end, take_nfc, 20000 },
    { "tame_controls", controls, take_tame, 10000 },
    { "segment_flags", flags, take_segments, 4000 },
    { "segment_marks", marks_without_end, take_segments, 4000 },
    { "segment_letters", letters_of_a_table, take_segments, 8000 },
};

typedef struct subject {
    take *take;
    teal_bytes in;
    teal_arena *arena;
    teal_writer *out;
} subject;

static void run(void *arg)
{
    const subject *s = arg;
    s->arena->used = s->out->len = 0;
    s->take(s->in, s->arena, s->out);
}

static void measure(size_t row, teal_arena *keep, teal_arena *arena, teal_writer *out)
{
    subject once = { rows[row].take, { 0 }, arena, out }, twice = once;
    teal_writer w = { bench_take(keep, TEXT), TEXT, 0 }, w2 = { bench_take(keep, TEXT), TEXT, 0 };
    char name[96];
    rows[row].make(rows[row].n, &w);
    rows[row].make(2 * rows[row].n, &w2);
    bench_require(teal_write_fits(&w) && teal_write_fits(&w2), "there is room");
    once.in = teal_written(&w);
    twice.in = teal_written(&w2);
    bench_figure f = bench_compare((bench_work){ run, &twice }, (bench_work){ run, &once });
    snprintf(name, sizeof name, "worst_%s", rows[row].name);
    bench_print(name, "µs CPU", "half as much of it", &f);
}

int main(void)
{
    bench_require(sodium_init() >= 0, "libsodium starts");
    teal_arena keep = bench_arena(2 * TEXT), arena = bench_arena(ROOM);
    teal_writer out = { malloc(TEXT), TEXT, 0 };
    bench_require(out.base != NULL, "there is memory");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        keep.used = 0;
        measure(row, &keep, &arena, &out);
    }
    free(out.base);
    free(arena.base);
    free(keep.base);
    return EXIT_SUCCESS;
}
