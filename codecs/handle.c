/* Handles, read as people and peers write them and written in the one form that is compared. */
#include "codecs/handle.h"

#include "codecs/ascii.h"

enum {
    MIN_DIGITS = 5,
    MAX_DIGITS = 15, /* E.164 */
    MAX_LABEL_BYTES = 63,
    MAX_HOST_BYTES = 253, /* RFC 1035 */
};

enum {
    DIGIT = 1,
    UNRESERVED = 2, /* RFC 3986 section 2.3 */
    ESCAPED = 4,    /* may stand in a SIP user part (RFC 3261 section 25.1); written as %HH */
    SEPARATOR = 8,  /* visual separators of RFC 3966, and space */
    LABEL = 16,     /* of a host name */
    HEX = 32,
};

static const uint8_t classes[256] = {
    ['0' ... '9'] = DIGIT | UNRESERVED | LABEL | HEX,
    ['A' ... 'F'] = UNRESERVED | LABEL | HEX,
    ['G' ... 'Z'] = UNRESERVED | LABEL,
    ['a' ... 'f'] = UNRESERVED | LABEL | HEX,
    ['g' ... 'z'] = UNRESERVED | LABEL,
    ['-'] = UNRESERVED | SEPARATOR | LABEL,
    ['.'] = UNRESERVED | SEPARATOR,
    ['_'] = UNRESERVED,
    ['~'] = UNRESERVED,
    [' '] = SEPARATOR,
    ['('] = SEPARATOR | ESCAPED,
    [')'] = SEPARATOR | ESCAPED,
    ['!'] = ESCAPED,
    ['*'] = ESCAPED,
    ['\''] = ESCAPED,
    ['&'] = ESCAPED,
    ['='] = ESCAPED,
    ['+'] = ESCAPED,
    ['$'] = ESCAPED,
    [','] = ESCAPED,
    ['?'] = ESCAPED,
    ['/'] = ESCAPED,
};

static bool is(uint8_t octet, unsigned class)
{
    return (classes[octet] & class) != 0;
}

/* What stands before the first `mark` of *rest, which moves behind the mark; if there is none, all
 * of it, and *rest is empty. */
static teal_bytes cut(teal_bytes *rest, uint8_t mark)
{
    const uint8_t *found = rest->len > 0 ? memchr(rest->at, mark, rest->len) : NULL;
    teal_reader r = teal_reader_of(*rest);
    teal_bytes before = teal_read_bytes(&r, found == NULL ? rest->len : (size_t)(found - rest->at));
    (void)teal_read_u8(&r);
    *rest = (teal_bytes){ r.at, teal_read_left(&r) };
    return before;
}

static teal_bytes trim(teal_bytes b)
{
    while (b.len > 0 && (b.at[0] == ' ' || b.at[0] == '\t'))
        b = (teal_bytes){ b.at + 1, b.len - 1 };
    while (b.len > 0 && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
        b.len--;
    return b;
}

static uint8_t hex_value(uint8_t digit)
{
    return (uint8_t)(is(digit, DIGIT) ? digit - '0' : teal_ascii_lower(digit) - 'a' + 10);
}

static void write_escape(teal_writer *w, uint8_t octet)
{
    static const char digits[] = "0123456789ABCDEF";
    teal_write_u8(w, '%');
    teal_write_u8(w, (uint8_t)digits[octet >> 4]);
    teal_write_u8(w, (uint8_t)digits[octet & 15]);
}

/* RFC 3986 section 6.2.2: escapes only where they must be, in capitals. Control characters may not
 * even be escaped: somebody would show them. */
static bool write_local(teal_bytes local, teal_writer *w)
{
    teal_reader r = teal_reader_of(local);
    while (teal_read_left(&r) > 0) {
        uint8_t octet = teal_read_u8(&r);
        bool escape = is(octet, ESCAPED);
        if (octet == '%') {
            uint8_t high = teal_read_u8(&r), low = teal_read_u8(&r);
            if (r.failed || !is(high, HEX) || !is(low, HEX))
                return false;
            octet = (uint8_t)(hex_value(high) << 4 | hex_value(low));
            if (octet < 0x20 || octet == 0x7f)
                return false;
            escape = !is(octet, UNRESERVED);
        } else if (!escape && !is(octet, UNRESERVED)) {
            return false;
        }
        if (escape)
            write_escape(w, octet);
        else
            teal_write_u8(w, octet);
    }
    return local.len > 0;
}

/* RFC 3261 section 25.1: the last label begins with a letter, which tells names from addresses. */
static bool write_host(teal_bytes host, teal_writer *w)
{
    if (host.len == 0 || host.len > MAX_HOST_BYTES || host.at[host.len - 1] == '.')
        return false;
    for (teal_bytes rest = host; rest.len > 0;) {
        teal_bytes label = cut(&rest, '.');
        if (label.len == 0 || label.len > MAX_LABEL_BYTES || label.at[0] == '-' ||
            label.at[label.len - 1] == '-' || (rest.len == 0 && is(label.at[0], DIGIT)))
            return false;
        for (size_t i = 0; i < label.len; i++) {
            if (!is(label.at[i], LABEL))
                return false;
            teal_write_u8(w, teal_ascii_lower(label.at[i]));
        }
        if (rest.len > 0)
            teal_write_u8(w, '.');
    }
    return true;
}

/* `+` and an E.164 number, with separators between its digits. */
static bool write_number(teal_bytes number, teal_writer *w)
{
    teal_reader r = teal_reader_of(trim(number));
    size_t digits = 0;
    if (teal_read_u8(&r) != '+')
        return false;
    teal_write_text(w, "tel:+");
    while (teal_read_left(&r) > 0) {
        uint8_t octet = teal_read_u8(&r);
        if (is(octet, SEPARATOR))
            continue;
        if (!is(octet, DIGIT) || (digits == 0 && octet == '0'))
            return false;
        teal_write_u8(w, octet);
        digits++;
    }
    return digits >= MIN_DIGITS && digits <= MAX_DIGITS;
}

static bool has_parameter(teal_bytes parameters, const char *wanted)
{
    bool found = false;
    while (parameters.len > 0 && !found)
        found = teal_ascii_same(cut(&parameters, ';'), teal_text(wanted));
    return found;
}

/* A SIP URI with user=phone is a number that says by which host it came (RFC 3261 19.1.6). */
static bool write_address(const char *scheme, teal_bytes address, teal_writer *w)
{
    teal_bytes local = cut(&address, '@');
    teal_bytes parameters = cut(&address, '?'); /* headers, after the mark, are dropped */
    teal_bytes host = cut(&parameters, ';');
    if (strcmp(scheme, "sip:") == 0 && has_parameter(parameters, "user=phone"))
        return host.len > 0 && write_number(cut(&local, ';'), w);
    teal_write_text(w, scheme);
    bool good = write_local(local, w);
    teal_write_u8(w, '@');
    return write_host(host, w) && good;
}

static bool write_handle(teal_bytes in, teal_writer *w)
{
    teal_bytes rest = trim(in);
    if (rest.len >= 2 && rest.at[0] == '<' && rest.at[rest.len - 1] == '>')
        rest = trim((teal_bytes){ rest.at + 1, rest.len - 2 });
    if (rest.len > 0 && rest.at[0] == '+')
        return write_number(cut(&rest, ';'), w);
    teal_bytes scheme = cut(&rest, ':');
    if (teal_ascii_same(scheme, teal_text("tel")))
        return write_number(cut(&rest, ';'), w);
    if (teal_ascii_same(scheme, teal_text("im")))
        return write_address("im:", rest, w);
    if (teal_ascii_same(scheme, teal_text("sip")))
        return write_address("sip:", rest, w);
    return false;
}

teal_result teal_handle_canonicalize(teal_bytes in, teal_writer *out, teal_diag *why)
{
    uint8_t room[TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { room, sizeof room, 0 };
    if (!write_handle(in, &w))
        return teal_refuse(TEAL_MALFORMED,
                           "REQ-HDL-1 not tel:+number, im:local@host or sip:local@host", 0, why);
    if (!teal_write_fits(&w))
        return teal_refuse(TEAL_MALFORMED, "REQ-HDL-2 handle is longer than 256", 0, why);
    teal_write_bytes(out, teal_written(&w));
    if (!teal_write_fits(out))
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

/* Canonical is what canonicalizing leaves alone: there is no second grammar to agree with. */
bool teal_handle_is_canonical(teal_bytes h)
{
    uint8_t room[TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { room, sizeof room, 0 };
    return write_handle(h, &w) && teal_write_fits(&w) && teal_bytes_equal(teal_written(&w), h);
}

static bool is_number(teal_bytes h)
{
    return h.len > 4 && memcmp(h.at, "tel:", 4) == 0;
}

teal_bytes teal_handle_host(teal_bytes h)
{
    teal_bytes host = h;
    (void)cut(&host, '@');
    return is_number(h) ? (teal_bytes){ 0 } : host;
}

teal_bytes teal_handle_number(teal_bytes h)
{
    return is_number(h) ? (teal_bytes){ h.at + 4, h.len - 4 } : (teal_bytes){ 0 };
}
