/* Taming on top of the codec's. Must never let an octet through that is not UTF-8. */
#include "gateway/client/tamed.h"

#include "codecs/sms/mark.h"
#include "codecs/utf8.h"
#include "gateway/log.h"

#include <stdlib.h>

enum { REPLACEMENT = 0xFFFD, GROWTH = 4 }; /* an octet becomes 3 at most, a tab 4 spaces */

/* Valid UTF-8, whatever the text was. */
static void write_valid(teal_bytes text, teal_writer *out)
{
    teal_reader r = teal_reader_of(text);
    while (teal_read_left(&r) > 0) {
        uint32_t c;
        if (teal_utf8_read(&r, &c) != TEAL_OK) {
            teal_read_u8(&r);
            c = REPLACEMENT;
        }
        teal_utf8_write(out, c);
    }
}

static char *tame(teal_bytes text, bool one_line)
{
    const size_t cap = GROWTH * text.len + 1;
    char *tamed = malloc(cap);
    uint8_t *valid = malloc(cap), *flat = malloc(cap);
    if (tamed == NULL || valid == NULL || flat == NULL)
        bug("out of memory");
    teal_writer v = { valid, cap, 0 }, f = { flat, cap, 0 }, out = { (uint8_t *)tamed, cap, 0 };
    write_valid(text, &v);
    if (teal_text_tame(teal_written(&v), &f, NULL) != TEAL_OK)
        bug("valid UTF-8 cannot be tamed");
    for (size_t i = 0; i < f.len; i++) {
        if (flat[i] == '\t')
            teal_write_text(&out, "    ");
        else
            teal_write_u8(&out, one_line && flat[i] == '\n' ? ' ' : flat[i]);
    }
    teal_write_u8(&out, '\0');
    if (!teal_write_fits(&out))
        bug("tamed text outgrew its buffer");
    free(valid);
    free(flat);
    return tamed;
}

char *tamed_text(teal_bytes text)
{
    return tame(text, false);
}

char *tamed_line(teal_bytes text)
{
    return tame(text, true);
}
