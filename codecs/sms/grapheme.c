/* Extended grapheme clusters, rule by rule. Never looks ahead. */
#include "codecs/sms/grapheme.h"

#include <unictype.h>
#include <unigbrk.h>

/* GB6..GB8: the parts of a Hangul syllable. */
static bool same_syllable(int a, int b)
{
    switch (a) {
    case GBP_L:
        return b == GBP_L || b == GBP_V || b == GBP_LV || b == GBP_LVT;
    case GBP_LV:
    case GBP_V:
        return b == GBP_V || b == GBP_T;
    case GBP_LVT:
    case GBP_T:
        return b == GBP_T;
    default:
        return false;
    }
}

static bool is_control(int property)
{
    return property == GBP_CR || property == GBP_LF || property == GBP_CONTROL;
}

/* Whether the rules keep a code point of that property with what stands before it. */
static bool belongs(const teal_grapheme *g, int property, bool pictograph)
{
    if (is_control(g->previous) || is_control(property)) /* GB3..GB5 */
        return g->previous == GBP_CR && property == GBP_LF;
    if (property == GBP_EXTEND || property == GBP_ZWJ || property == GBP_SPACINGMARK)
        return true; /* GB9, GB9a */
    if (g->previous == GBP_PREPEND || same_syllable(g->previous, property))
        return true;                             /* GB9b, GB6..GB8 */
    return (g->joined && pictograph) ||          /* GB11 */
           (g->half_flag && property == GBP_RI); /* GB12, GB13 */
}

/* Letters, digits and signs: nothing in Unicode's tables. */
static bool is_plain(uint32_t code_point)
{
    return code_point >= 0x20 && code_point < 0x7F;
}

bool teal_grapheme_begins(teal_grapheme *g, uint32_t code_point)
{
    bool plain = is_plain(code_point);
    int property = plain ? GBP_OTHER : uc_graphemeclusterbreak_property(code_point);
    bool pictograph = !plain && uc_is_property_extended_pictographic(code_point);
    bool begins = !g->begun || !belongs(g, property, pictograph);
    bool half_flag = !begins && g->half_flag;
    g->half_flag = property == GBP_RI && !half_flag;
    g->joined = property == GBP_ZWJ && g->pictograph;
    g->pictograph = pictograph || (property == GBP_EXTEND && g->pictograph);
    g->previous = property;
    g->begun = true;
    return begins;
}
