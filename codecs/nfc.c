/* Normalisation form C by libunistring. Gives the library no reason to allocate: its buffers for a
 * run of marks hold 64 code points, and no composed character has more than two marks. */
#include "codecs/nfc.h"

#include "codecs/utf8.h"

#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>

#define FIRST_THAT_COMPOSES 0x300 /* nothing below it is a mark, or changes in form C */

typedef struct survey {
    bool may_change;
    size_t marks; /* longest run */
} survey;

static teal_result look_at(teal_bytes text, survey *s, teal_diag *why)
{
    teal_reader r = teal_reader_of(text);
    size_t run = 0;
    for (teal_utf8_skip_ascii(&r); teal_read_left(&r) > 0;) {
        size_t at = text.len - teal_read_left(&r);
        uint32_t code_point;
        if (teal_utf8_read(&r, &code_point) != TEAL_OK)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-1 text is not UTF-8", at, why);
        if (code_point < FIRST_THAT_COMPOSES) {
            run = 0;
            teal_utf8_skip_ascii(&r);
            continue;
        }
        s->may_change = true;
        run = uc_combining_class(code_point) != 0 ? run + 1 : 0;
        if (run > s->marks)
            s->marks = run;
    }
    return TEAL_OK;
}

teal_result teal_nfc(teal_bytes text, teal_writer *out, teal_diag *why)
{
    survey s = { 0 };
    teal_result result = look_at(text, &s, why);
    if (result != TEAL_OK)
        return result;
    if (!teal_write_fits(out) || (out->cap - out->len) / TEAL_NFC_MAX_GROWTH < text.len)
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    if (!s.may_change || s.marks > TEAL_NFC_MAX_MARKS) {
        teal_write_bytes(out, text);
        return TEAL_OK;
    }
    uint8_t *here = out->base + out->len;
    size_t len = out->cap - out->len;
    uint8_t *got = u8_normalize(UNINORM_NFC, text.at, text.len, here, &len);
    if (got != here) { /* cannot be, by the bounds above; if it is, nothing leaks */
        free(got);
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    }
    out->len += len;
    return TEAL_OK;
}
