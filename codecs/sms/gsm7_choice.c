/* Which alphabets have every character of a text. Linear in the text, whatever is in it. */
#include "codecs/sms/gsm7_choice.h"

#include "codecs/sms/gsm7_tables.h"
#include "codecs/utf8.h"

#include <assert.h>

/* The sets of languages whose tables have a code point. */
typedef struct reach {
    uint16_t code_point; /* 0: free */
    uint16_t locking, single;
} reach;

/* Open addressing. All tables together hold about 1,000 code points. */
enum { SLOTS = 2048 };

typedef struct reaches {
    reach slots[SLOTS];
} reaches;

static size_t first_slot(uint16_t code_point)
{
    return (code_point * UINT32_C(2654435769)) >> 21; /* 11 bits of Knuth's multiplicative hash */
}

/* The slot of a code point, or the free one where it would be. */
static reach *find(reaches *r, uint16_t code_point)
{
    size_t i = first_slot(code_point);
    while (r->slots[i].code_point != 0 && r->slots[i].code_point != code_point)
        i = (i + 1) % SLOTS;
    return &r->slots[i];
}

static void add_table(reaches *r, const uint16_t *table, uint16_t locking, uint16_t single)
{
    for (size_t i = 0; i < 128; i++) {
        if (table[i] == 0)
            continue;
        reach *slot = find(r, table[i]);
        slot->code_point = table[i];
        slot->locking |= locking;
        slot->single |= single;
    }
}

static void add_languages(reaches *r, uint16_t languages)
{
    add_table(r, teal_gsm7_default.basic, TEAL_GSM7_BIT(TEAL_GSM7_DEFAULT), 0);
    add_table(r, teal_gsm7_default.extension, 0, TEAL_GSM7_BIT(TEAL_GSM7_DEFAULT));
    for (uint8_t i = 1; i < TEAL_GSM7_LANGUAGES; i++) {
        uint16_t bit = TEAL_GSM7_BIT(i);
        if ((languages & bit) == 0)
            continue;
        add_table(r, teal_gsm7_single[i], 0, bit);
        if (teal_gsm7_locking[i] != NULL) /* Spanish has none */
            add_table(r, teal_gsm7_locking[i], bit, 0);
    }
}

/* Strikes out what cannot write one character. */
static void narrow(teal_gsm7_choice *c, uint16_t languages, reaches *r, uint32_t code_point)
{
    reach none = { 0 };
    bool in_tables = code_point != 0 && code_point <= UINT16_MAX;
    const reach *has = in_tables ? find(r, (uint16_t)code_point) : &none;
    if ((has->locking & languages) == languages) /* all of them can, as most of the time */
        return;
    for (size_t i = 0; i < TEAL_GSM7_LANGUAGES; i++)
        if ((has->locking >> i & 1) == 0)
            c->singles[i] &= has->single;
}

teal_result teal_gsm7_choose(teal_bytes text, uint16_t languages, teal_gsm7_choice *out,
                             teal_diag *why)
{
    reaches r = { 0 };
    languages |= TEAL_GSM7_BIT(TEAL_GSM7_DEFAULT);
    assert((languages & ~TEAL_GSM7_ALL_LANGUAGES) == 0);
    add_languages(&r, languages);
    for (size_t i = 0; i < TEAL_GSM7_LANGUAGES; i++)
        out->singles[i] = (languages >> i & 1) != 0 ? languages : 0;
    out->singles[TEAL_GSM7_SPANISH] = 0; /* no locking table: it would be the default */
    teal_reader in = teal_reader_of(text);
    while (teal_read_left(&in) > 0) {
        size_t at = text.len - teal_read_left(&in);
        uint32_t code_point;
        if (teal_utf8_read(&in, &code_point) != TEAL_OK)
            return teal_refuse(TEAL_MALFORMED, "REQ-SMS-1 text is not UTF-8", at, why);
        narrow(out, languages, &r, code_point);
    }
    return TEAL_OK;
}
