/* Editing a canonical CPIM message as a row of the vectors says. */
#include "tests/support/published/cpim.h"

#include "codecs/base64.h"

#include <string.h>

teal_rcs_routing cpim_routing(const cpim_row *row)
{
    teal_rcs_routing routing = { 0 };
    if (row->from != NULL)
        routing.from = teal_text(row->from);
    if (row->to != NULL)
        routing.to = teal_text(row->to);
    return routing;
}

teal_bytes cpim_canonical(teal_arena *a, const teal_envelope *e, const teal_rcs_routing *routing)
{
    teal_writer size = { 0 };
    expect_that("CPIM is measured", teal_e2ee_encode(e, routing, &size) == TEAL_SPACE);
    teal_writer w = vector_writer(a, size.len);
    expect_that("CPIM is written", teal_e2ee_encode(e, routing, &w) == TEAL_OK);
    return teal_written(&w);
}

teal_bytes cpim_head(teal_bytes message, size_t ciphertext_len)
{
    return (teal_bytes){ message.at, message.len - ciphertext_len };
}

/* Where `find` is in b, from `from` on; b.len: nowhere. A line's start where it ends in a colon. */
static size_t place_of(teal_bytes b, size_t from, teal_bytes find)
{
    bool line = find.at[find.len - 1] == ':';
    for (size_t i = from; i + find.len <= b.len; i++)
        if (memcmp(b.at + i, find.at, find.len) == 0 && (!line || i == 0 || b.at[i - 1] == '\n'))
            return i;
    return b.len;
}

static teal_bytes apply(teal_arena *a, const cpim_row *row, const cpim_edit *edit, teal_bytes head)
{
    teal_bytes find = teal_text(edit->find);
    teal_writer w = vector_writer(a, head.len + 64 * (strlen(edit->put) + 1) + 4096);
    size_t at = 0, next = place_of(head, 0, find);
    expect_that(row->name, next < head.len);
    for (; next < head.len; next = place_of(head, at, find)) {
        teal_write_bytes(&w, (teal_bytes){ head.at + at, next - at });
        teal_write_text(&w, edit->put);
        at = next + find.len;
        if (find.at[find.len - 1] == ':') { /* the line ends in CRLF; it stays, unless all goes */
            at = (size_t)((const uint8_t *)memchr(head.at + at, '\r', head.len - at) - head.at);
            at += *edit->put == '\0' ? 2 : 0;
        }
    }
    teal_write_bytes(&w, (teal_bytes){ head.at + at, head.len - at });
    expect_that(row->name, teal_write_fits(&w));
    return teal_written(&w);
}

static teal_bytes in_lines_of_base64(teal_arena *a, teal_bytes body)
{
    enum { LINE = 76 };
    teal_writer text = vector_writer(a, teal_base64_length(body.len));
    teal_base64_encode(body, &text);
    teal_writer w = vector_writer(a, 2 * text.len + 2);
    for (size_t at = 0; at < text.len; at += LINE) {
        size_t len = text.len - at < LINE ? text.len - at : LINE;
        teal_write_bytes(&w, (teal_bytes){ text.base + at, len });
        teal_write_text(&w, "\r\n");
    }
    return teal_written(&w);
}

teal_bytes cpim_edited(teal_arena *a, const cpim_row *row, teal_bytes canonical,
                       size_t ciphertext_len, size_t *head_len)
{
    teal_bytes head = cpim_head(canonical, ciphertext_len);
    teal_bytes body = { canonical.at + head.len, ciphertext_len };
    for (size_t i = 0; i < CPIM_MAX_EDITS && row->edits[i].find != NULL; i++)
        head = apply(a, row, &row->edits[i], head);
    if (row->base64)
        body = in_lines_of_base64(a, body);
    if (row->cut > 0) {
        head.len -= row->cut;
        body.len = 0;
    }
    *head_len = head.len;
    return vector_joined(a, head, body);
}
