/* The grammar of RFC 8941 section 4, top down: each read_* stands behind what it took. */
#include "gateway/structured_field.h"

#include "codecs/base64.h"

enum { MAX_INTEGER_DIGITS = 15, MAX_WHOLE_DIGITS = 12, MAX_FRACTION_DIGITS = 3 };

typedef struct parse {
    teal_reader r;
    const uint8_t *begin;
    teal_arena *arena;
    teal_diag *why;
} parse;

static const char no_room[] = "the arena is full";
static const char too_many[] = "REQ-SIG-9 the field has more elements than are taken";

static teal_result refuse(const parse *p, teal_result result, const char *rule)
{
    size_t at = p->begin == NULL ? 0 : (size_t)(p->r.at - p->begin);
    return teal_refuse(result, rule, at, p->why);
}

static parse begin(teal_bytes in, teal_arena *arena, teal_diag *why)
{
    return (parse){ teal_reader_of(in), in.at, arena, why };
}

/* ---- characters ------------------------------------------------------------------------------ */

/* -1 at the end. */
static int peek(const parse *p)
{
    return teal_read_left(&p->r) > 0 ? *p->r.at : -1;
}

static bool take(parse *p, int wanted)
{
    bool found = peek(p) == wanted;
    if (found)
        teal_read_u8(&p->r);
    return found;
}

static void skip_spaces(parse *p)
{
    while (take(p, ' '))
        ;
}

static void skip_blanks(parse *p)
{
    while (take(p, ' ') || take(p, '\t'))
        ;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(int c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alpha(int c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_of(int c, const char *set)
{
    return c > 0 && strchr(set, c) != NULL;
}

static bool begins_key(int c)
{
    return is_lower(c) || c == '*';
}

static bool goes_on_key(int c)
{
    return is_lower(c) || is_digit(c) || is_of(c, "_-.*");
}

static bool begins_token(int c)
{
    return is_alpha(c) || c == '*';
}

/* RFC 9110 tchar, and ":" and "/". */
static bool goes_on_token(int c)
{
    return is_alpha(c) || is_digit(c) || is_of(c, "!#$%&'*+-.^_`|~:/");
}

static teal_bytes read_run(parse *p, bool (*goes_on)(int c))
{
    teal_bytes run = { p->r.at, 0 };
    for (; goes_on(peek(p)); run.len++)
        teal_read_u8(&p->r);
    return run;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int64_t number_of(teal_bytes digits)
{
    int64_t n = 0;
    for (size_t i = 0; i < digits.len; i++)
        n = n * 10 + (digits.at[i] - '0');
    return n;
}

static teal_result read_number(parse *p, structured_value *out)
{
    int64_t sign = take(p, '-') ? -1 : 1;
    teal_bytes whole = read_run(p, is_digit), fraction = { 0 };
    bool is_decimal = whole.len > 0 && take(p, '.');
    if (is_decimal)
        fraction = read_run(p, is_digit);
    size_t most = is_decimal ? MAX_WHOLE_DIGITS : MAX_INTEGER_DIGITS;
    if (whole.len == 0 || whole.len > most || (is_decimal && fraction.len == 0) ||
        fraction.len > MAX_FRACTION_DIGITS)
        return refuse(p, TEAL_MALFORMED, "REQ-SIG-9 a number has too few or too many digits");
    *out = (structured_value){ .kind = is_decimal ? STRUCTURED_DECIMAL : STRUCTURED_INTEGER };
    out->number = number_of(whole);
    if (is_decimal) {
        int64_t thousandths = number_of(fraction);
        for (size_t i = fraction.len; i < MAX_FRACTION_DIGITS; i++)
            thousandths *= 10;
        out->number = out->number * 1000 + thousandths;
    }
    out->number *= sign;
    return TEAL_OK;
}

/* Behind the quote; ends behind the other. *escapes: how many there were. */
static teal_result read_quoted(parse *p, teal_bytes *inside, size_t *escapes)
{
    *inside = (teal_bytes){ p->r.at, 0 };
    *escapes = 0;
    for (int c; (c = peek(p)) != '"'; inside->len++) {
        if (c < 0x20 || c > 0x7e)
            return refuse(p, TEAL_MALFORMED, "REQ-SIG-9 a string ends nowhere, or is not ASCII");
        teal_read_u8(&p->r);
        if (c != '\\')
            continue;
        if (!is_of(peek(p), "\"\\"))
            return refuse(p, TEAL_MALFORMED, "REQ-SIG-9 a string escapes what needs no escape");
        teal_read_u8(&p->r);
        inside->len++;
        ++*escapes;
    }
    teal_read_u8(&p->r);
    return TEAL_OK;
}

static teal_result read_string(parse *p, structured_value *out)
{
    teal_bytes inside;
    size_t escapes;
    teal_result r = read_quoted(p, &inside, &escapes);
    if (r != TEAL_OK)
        return r;
    *out = (structured_value){ .kind = STRUCTURED_STRING, .bytes = inside };
    if (escapes == 0)
        return TEAL_OK;
    uint8_t *plain = teal_arena_take(p->arena, inside.len - escapes);
    if (plain == NULL)
        return refuse(p, TEAL_SPACE, no_room);
    out->bytes = (teal_bytes){ plain, inside.len - escapes };
    for (size_t i = 0; i < inside.len; i++) {
        if (inside.at[i] == '\\')
            i++;
        *plain++ = inside.at[i];
    }
    return TEAL_OK;
}

static bool goes_on_bytes(int c)
{
    return c >= 0 && c != ':';
}

static teal_result read_bytes(parse *p, structured_value *out)
{
    teal_bytes text = read_run(p, goes_on_bytes);
    if (!take(p, ':'))
        return refuse(p, TEAL_MALFORMED, "REQ-SIG-9 a byte sequence ends nowhere");
    size_t cap = teal_base64_length(text.len);
    uint8_t *value = teal_arena_take(p->arena, cap);
    if (value == NULL)
        return refuse(p, TEAL_SPACE, no_room);
    teal_writer w = { value, cap, 0 };
    if (teal_base64_decode(text, &w, NULL) != TEAL_OK)
        return refuse(p, TEAL_MALFORMED, "REQ-SIG-9 a byte sequence is not base64 in its one form");
    *out = (structured_value){ .kind = STRUCTURED_BYTES, .bytes = teal_written(&w) };
    return TEAL_OK;
}

static teal_result read_value(parse *p, structured_value *out)
{
    int c = peek(p);
    if (c == '-' || is_digit(c))
        return read_number(p, out);
    if (begins_token(c)) {
        *out = (structured_value){ .kind = STRUCTURED_TOKEN, .bytes = read_run(p, goes_on_token) };
        return TEAL_OK;
    }
    if (take(p, '"'))
        return read_string(p, out);
    if (take(p, ':'))
        return read_bytes(p, out);
    if (take(p, '?') && (peek(p) == '0' || peek(p) == '1')) {
        *out =
            (structured_value){ .kind = STRUCTURED_BOOLEAN, .number = teal_read_u8(&p->r) == '1' };
        return TEAL_OK;
    }
    return refuse(p, TEAL_MALFORMED, "REQ-SIG-9 no value stands where one must");
}

/* ---- what values are put together to --------------------------------------------------------- */

static teal_result read_key(parse *p, teal_bytes *out)
{
    if (!begins_key(peek(p)))
        return refuse(p, TEAL_MALFORMED, "REQ-SIG-9 no key stands where one must");
    *out = read_run(p, goes_on_key);
    return TEAL_OK;
}

/* Where the element with that key stands, or *n, which grows by it. */
static teal_result place_parameter(const parse *p, structured_parameter *all, size_t *n,
                                   teal_bytes key, size_t *at)
{
    for (*at = 0; *at < *n && !teal_bytes_equal(all[*at].key, key); ++*at)
        ;
    if (*at < *n)
        return TEAL_OK;
    if (*n == STRUCTURED_MAX_PARAMETERS)
        return refuse(p, TEAL_LIMIT, too_many);
    ++*n;
    return TEAL_OK;
}

static teal_result read_parameter(parse *p, structured_parameter *all, size_t *n)
{
    structured_parameter one = { .value = { .kind = STRUCTURED_BOOLEAN, .number = 1 } };
    size_t at = 0;
    skip_spaces(p);
    teal_result r = read_key(p, &one.key);
    if (r == TEAL_OK && take(p, '='))
        r = read_value(p, &one.value);
    if (r == TEAL_OK)
        r = place_parameter(p, all, n, one.key, &at);
    if (r == TEAL_OK)
        all[at] = one;
    return r;
}

/* A copy that stays; *out untouched unless TEAL_OK. */
static teal_result keep(const parse *p, const void *all, size_t n, size_t size, const void **out)
{
    void *kept = teal_arena_array(p->arena, n, size);
    if (kept == NULL)
        return refuse(p, TEAL_SPACE, no_room);
    if (n > 0)
        memcpy(kept, all, n * size);
    *out = kept;
    return TEAL_OK;
}

static teal_result read_parameters(parse *p, structured_parameters *out)
{
    structured_parameter all[STRUCTURED_MAX_PARAMETERS];
    size_t n = 0;
    teal_result r = TEAL_OK;
    while (r == TEAL_OK && take(p, ';'))
        r = read_parameter(p, all, &n);
    const void *kept = NULL;
    if (r == TEAL_OK)
        r = keep(p, all, n, sizeof all[0], &kept);
    *out = (structured_parameters){ kept, n };
    return r;
}

static teal_result read_item(parse *p, structured_item *out)
{
    teal_result r = read_value(p, &out->value);
    return r == TEAL_OK ? read_parameters(p, &out->parameters) : r;
}

/* Behind the bracket. */
static teal_result read_list(parse *p, structured_list *out)
{
    structured_item all[STRUCTURED_MAX_ITEMS];
    size_t n = 0;
    teal_result r = TEAL_OK;
    skip_spaces(p);
    while (r == TEAL_OK && !take(p, ')')) {
        if (n == STRUCTURED_MAX_ITEMS)
            return refuse(p, TEAL_LIMIT, too_many);
        r = read_item(p, &all[n++]);
        if (r == TEAL_OK && peek(p) != ' ' && peek(p) != ')')
            r = refuse(p, TEAL_MALFORMED, "REQ-SIG-9 a list ends nowhere");
        skip_spaces(p);
    }
    const void *kept = NULL;
    if (r == TEAL_OK)
        r = keep(p, all, n, sizeof all[0], &kept);
    *out = (structured_list){ .items = kept, .n = n };
    return r == TEAL_OK ? read_parameters(p, &out->parameters) : r;
}

static teal_result read_member(parse *p, structured_member *out)
{
    *out = (structured_member){ .item.value = { .kind = STRUCTURED_BOOLEAN, .number = 1 } };
    teal_result r = read_key(p, &out->key);
    if (r != TEAL_OK)
        return r;
    if (!take(p, '='))
        return read_parameters(p, &out->item.parameters);
    out->is_list = take(p, '(');
    return out->is_list ? read_list(p, &out->list) : read_item(p, &out->item);
}

static teal_result add_member(const parse *p, structured_member *all, size_t *n,
                              const structured_member *one)
{
    size_t at = 0;
    while (at < *n && !teal_bytes_equal(all[at].key, one->key))
        at++;
    if (at == STRUCTURED_MAX_MEMBERS)
        return refuse(p, TEAL_LIMIT, too_many);
    all[at] = *one;
    *n += at == *n;
    return TEAL_OK;
}

/* True: another member must follow. */
static bool take_comma(parse *p)
{
    skip_blanks(p);
    bool found = take(p, ',');
    if (found)
        skip_blanks(p);
    return found;
}

static teal_result read_end(parse *p)
{
    skip_spaces(p);
    return peek(p) < 0 ? TEAL_OK
                       : refuse(p, TEAL_MALFORMED, "REQ-SIG-9 something follows the value");
}

teal_result structured_read_dictionary(teal_bytes in, teal_arena *arena, structured_dictionary *out,
                                       teal_diag *why)
{
    parse p = begin(in, arena, why);
    structured_member all[STRUCTURED_MAX_MEMBERS], one;
    size_t n = 0;
    teal_result r = TEAL_OK;
    skip_spaces(&p);
    if (peek(&p) >= 0) {
        do {
            r = read_member(&p, &one);
            if (r == TEAL_OK)
                r = add_member(&p, all, &n, &one);
        } while (r == TEAL_OK && take_comma(&p));
    }
    if (r == TEAL_OK)
        r = read_end(&p);
    const void *kept = NULL;
    if (r == TEAL_OK)
        r = keep(&p, all, n, sizeof all[0], &kept);
    if (r == TEAL_OK)
        *out = (structured_dictionary){ kept, n };
    return r;
}

teal_result structured_read_item(teal_bytes in, teal_arena *arena, structured_item *out,
                                 teal_diag *why)
{
    parse p = begin(in, arena, why);
    structured_item one = { 0 };
    skip_spaces(&p);
    teal_result r = read_item(&p, &one);
    if (r == TEAL_OK)
        r = read_end(&p);
    if (r == TEAL_OK)
        *out = one;
    return r;
}

const structured_member *structured_member_of(const structured_dictionary *d, teal_bytes key)
{
    for (size_t i = 0; i < d->n; i++)
        if (teal_bytes_equal(d->members[i].key, key))
            return &d->members[i];
    return NULL;
}

const structured_value *structured_parameter_of(const structured_parameters *p, const char *key)
{
    for (size_t i = 0; i < p->n; i++)
        if (teal_bytes_equal(p->at[i].key, teal_text(key)))
            return &p->at[i].value;
    return NULL;
}
