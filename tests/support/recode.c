/* See recode.h. */
#include "tests/support/recode.h"

#include "tests/support/exact.h"

enum { ROOM = 1 << 20, MAX_CHANGES = 3 };

/* From and to copies of exactly their size. */
static recoded recode(recoder again, teal_bytes in, teal_writer *out)
{
    uint8_t *copy = exact_copy(in.at, in.len);
    recoded what = again((teal_bytes){ copy, in.len }, out);
    free(copy);
    return what;
}

const char *recode_canonical(recoder again, teal_bytes canonical)
{
    static uint8_t room[ROOM];
    teal_writer out = { room, sizeof room, 0 };
    recoded what = recode(again, canonical, &out);
    if (what.decoded != TEAL_OK)
        return property_ok(what.decoded, &what.why);
    if (what.encoded != TEAL_OK)
        return property_wrong("decoded, but not to be encoded: %s", teal_result_text(what.encoded));
    return property_differ(teal_written(&out), canonical);
}

typedef struct mutable
{
    uint8_t at[ROOM];
    size_t len;
}
mutable;

static void insert(mutable *m, size_t at, const uint8_t *octets, size_t len)
{
    if (len > sizeof m->at - m->len)
        return;
    memmove(m->at + at + len, m->at + at, m->len - at);
    memcpy(m->at + at, octets, len);
    m->len += len;
}

static void delete (mutable *m, size_t at, size_t len)
{
    memmove(m->at + at, m->at + at + len, m->len - at - len);
    m->len -= len;
}

/* Octets that mean something to one format or another. */
static uint8_t telling_octet(test_random *r)
{
    static const uint8_t telling[] = "\0\x01\x7f\x80\xff 09aAzZ<>&;:,.-+=\"'\\/@%\r\n\t";
    return telling[test_random_below(r, sizeof telling - 1)];
}

static void change(mutable *m, test_random *r)
{
    uint8_t octets[16];
    size_t at = test_random_below(r, m->len + 1), left = m->len - at;
    size_t len = test_random_between(r, left > 0, left < sizeof octets ? left : sizeof octets);
    memcpy(octets, m->at + at, len);
    switch (test_random_below(r, 6)) {
    case 0:
        delete (m, at, len);
        break;
    case 1: /* once more, there or elsewhere */
        insert(m, test_random_below(r, m->len + 1), octets, len);
        break;
    case 2:
        octets[0] = telling_octet(r);
        insert(m, at, octets, 1);
        break;
    case 3:
        if (len > 0)
            m->at[at] = telling_octet(r);
        break;
    case 4:
        if (len > 0)
            m->at[at] ^= (uint8_t)(1U << test_random_below(r, 8));
        break;
    default:
        if (len > 0)
            m->at[at] = (uint8_t)(m->at[at] + 1);
    }
}

const char *recode_mutated(recoder again, teal_bytes canonical, test_random *r)
{
    static mutable m;
    static uint8_t room[ROOM];
    teal_writer out = { room, sizeof room, 0 };
    if (canonical.len > sizeof m.at)
        return property_wrong("more than %zu octets", sizeof m.at);
    m.len = canonical.len;
    memcpy(m.at, canonical.at, m.len);
    for (size_t n = test_random_between(r, 1, MAX_CHANGES); n > 0; n--)
        change(&m, r);
    recoded what = recode(again, (teal_bytes){ m.at, m.len }, &out);
    if (what.decoded != TEAL_OK)
        return what.why.rule == NULL ? property_wrong("refused without a rule") : property_moot;
    if (what.encoded == TEAL_LIMIT) /* taken, and longer than may be once it is canonical */
        return property_moot;
    if (what.encoded != TEAL_OK)
        return property_wrong("decoded, but not to be encoded: %s", teal_result_text(what.encoded));
    return recode_canonical(again, teal_written(&out));
}
