/* Namespaces of message/cpim; see cpim_spaces.h. */
#include "codecs/rcs/cpim_spaces.h"

#include "codecs/rcs/field.h"

/* The URI of a prefix; NULL: not bound. */
static const teal_bytes *find(const teal_cpim_spaces *s, teal_bytes prefix)
{
    for (size_t i = 0; i < s->count; i++) {
        if (teal_ascii_same(s->bound[i].prefix, prefix))
            return &s->bound[i].uri;
    }
    return NULL;
}

/* `prefix <uri>`, the blank optional. */
static bool split_ns(teal_bytes raw, teal_bytes *prefix, teal_bytes *uri)
{
    teal_bytes rest;
    bool opened = teal_field_split(raw, '<', prefix, &rest);
    bool closed = teal_field_split(rest, '>', uri, &rest);
    *prefix = teal_field_trim(*prefix);
    return opened && closed && rest.len == 0 && uri->len > 0;
}

teal_result teal_cpim_spaces_bind(teal_cpim_spaces *s, const teal_cpim_header *ns,
                                  const teal_cpim_lines *l)
{
    teal_bytes prefix, uri;
    if (!split_ns(ns->raw, &prefix, &uri))
        return teal_cpim_lines_refuse(l, TEAL_MALFORMED, "REQ-CPIM-7 NS is not `prefix <uri>`",
                                      ns->raw);
    if (prefix.len == 0 && !teal_bytes_equal(uri, teal_text(TEAL_NS_CPIM)))
        return teal_cpim_lines_refuse(l, TEAL_UNSUPPORTED, "REQ-CPIM-8 another default namespace",
                                      ns->raw);
    if (prefix.len == 0)
        return TEAL_OK;
    if (!teal_cpim_is_name(prefix))
        return teal_cpim_lines_refuse(l, TEAL_MALFORMED,
                                      "REQ-CPIM-7 NS prefix with a foreign character", ns->raw);
    const teal_bytes *known = find(s, prefix);
    if (known != NULL && !teal_bytes_equal(*known, uri))
        return teal_cpim_lines_refuse(l, TEAL_MALFORMED, "REQ-CPIM-8 prefix with two meanings",
                                      ns->raw);
    if (known != NULL)
        return TEAL_OK;
    if (s->count == TEAL_CPIM_MAX_NAMESPACES)
        return teal_cpim_lines_refuse(l, TEAL_LIMIT, "REQ-CPIM-2 too many namespaces", ns->raw);
    s->bound[s->count].prefix = prefix;
    s->bound[s->count++].uri = uri;
    return TEAL_OK;
}

teal_bytes teal_cpim_spaces_of(const teal_cpim_spaces *s, teal_bytes prefix)
{
    if (prefix.len == 0)
        return teal_text(TEAL_NS_CPIM);
    const teal_bytes *uri = find(s, prefix);
    return uri != NULL ? *uri : (teal_bytes){ 0 };
}

static bool is_known(const teal_cpim_spaces *s, teal_bytes required)
{
    static const char *const core[] = {
        "From", "To", "cc", "DateTime", "Subject", "Require", "NS"
    };
    static const char *const spaces[] = { TEAL_NS_IMDN, TEAL_NS_E2EE, TEAL_NS_MLS };
    teal_bytes prefix, name;
    if (!teal_field_split(required, '.', &prefix, &name)) {
        name = required;
        prefix = (teal_bytes){ 0 };
    }
    teal_bytes ns = teal_cpim_spaces_of(s, prefix);
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        if (teal_bytes_equal(ns, teal_text(spaces[i])))
            return true;
    }
    for (size_t i = 0; i < sizeof core / sizeof core[0]; i++) {
        if (teal_bytes_equal(ns, teal_text(TEAL_NS_CPIM)) &&
            teal_ascii_same(name, teal_text(core[i])))
            return true;
    }
    return false;
}

bool teal_cpim_spaces_know(const teal_cpim_spaces *s, teal_bytes required)
{
    bool known = true;
    do {
        teal_bytes item;
        teal_field_split(required, ',', &item, &required);
        known = is_known(s, teal_field_trim(item));
    } while (known && required.len > 0);
    return known;
}
