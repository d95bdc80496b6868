/* Finding things in a decoded message/cpim; see cpim.h. */
#include "codecs/rcs/cpim.h"
#include "codecs/rcs/field.h"

const teal_cpim_header *teal_cpim_find(const teal_cpim *m, const char *ns, const char *name)
{
    for (size_t i = 0; i < m->n_headers; i++) {
        if (teal_cpim_header_is(&m->headers[i], ns, name))
            return &m->headers[i];
    }
    return NULL;
}

teal_bytes teal_cpim_mime(const teal_cpim *m, const char *name)
{
    for (size_t i = 0; i < m->n_mime; i++) {
        if (teal_ascii_same(m->mime[i].name, teal_text(name)))
            return m->mime[i].value;
    }
    return (teal_bytes){ 0 };
}

bool teal_media_type_is(teal_bytes content_type, const char *type)
{
    teal_bytes media, parameters;
    teal_field_split(content_type, ';', &media, &parameters);
    return teal_ascii_same(teal_field_trim(media), teal_text(type));
}

bool teal_cpim_is_identity(const teal_cpim *m)
{
    static const char *const identity[] = { "binary", "8bit", "7bit" };
    teal_bytes encoding = teal_cpim_mime(m, "Content-Transfer-Encoding");
    bool is = encoding.len == 0;
    for (size_t i = 0; i < sizeof identity / sizeof identity[0]; i++)
        is = is || teal_ascii_same(encoding, teal_text(identity[i]));
    return is;
}

bool teal_cpim_has_token(teal_bytes list, const char *token)
{
    while (list.len > 0) {
        teal_bytes item;
        teal_field_split(list, ',', &item, &list);
        if (teal_ascii_same(teal_field_trim(item), teal_text(token)))
            return true;
    }
    return false;
}

/* Skips a display name that is quoted; false where the quote does not end. *b is not empty. */
static bool skip_quoted(teal_bytes *b)
{
    if (b->at[0] != '"')
        return true;
    for (size_t i = 1; i < b->len; i++) {
        if (b->at[i] == '\\') {
            i++;
        } else if (b->at[i] == '"') {
            *b = (teal_bytes){ b->at + i + 1, b->len - i - 1 };
            return true;
        }
    }
    return false;
}

/* A URI has neither blanks nor brackets nor backslashes; a bare one no second scheme either, which
 * would be a list that lost its brackets. */
static bool is_uri(teal_bytes b, bool bare)
{
    bool scheme = false, parameters = false;
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.at[i];
        if (c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '\\' || c == '"')
            return false;
        parameters = parameters || c == ';' || c == ',';
        if (c == ':' && bare && parameters)
            return false;
        scheme = scheme || c == ':';
    }
    return scheme;
}

bool teal_cpim_next_uri(teal_bytes *list, teal_bytes *uri)
{
    teal_bytes rest = teal_field_trim(*list), name, after, separator;
    *list = rest;
    if (rest.len == 0 || !skip_quoted(&rest))
        return false;
    if (!teal_field_split(rest, '<', &name, &after)) {
        *uri = rest;
        if (rest.at != list->at || !is_uri(rest, true))
            return false;
        *list = (teal_bytes){ 0 };
        return true;
    }
    if (!teal_field_split(after, '>', uri, &after) || !is_uri(*uri, false))
        return false;
    after = teal_field_trim(after);
    separator = (teal_bytes){ after.at, after.len > 0 ? 1 : 0 };
    if (separator.len > 0 && separator.at[0] != ';' && separator.at[0] != ',')
        return false;
    *list = separator.len > 0 ? (teal_bytes){ after.at + 1, after.len - 1 } : after;
    return true;
}
