/* RFC 9421 over one message at a time; see http_signature.h. */
#include "gateway/http_signature.h"

#include <sodium.h>

/* ---- finding --------------------------------------------------------------------------------- */

/* All fields of that name, as a dictionary; empty where there is none. */
static teal_result read_field(const http_message *m, const char *name, teal_arena *arena,
                              structured_dictionary *out, teal_diag *why)
{
    *out = (structured_dictionary){ 0 };
    if (!http_message_has(m, name))
        return TEAL_OK;
    teal_bytes value;
    teal_result r = http_message_take_field(m, name, arena, &value, why);
    return r == TEAL_OK ? structured_read_dictionary(value, arena, out, why) : r;
}

static bool has_tag(const structured_member *m, const char *tag)
{
    const structured_value *v =
        m->is_list ? structured_parameter_of(&m->list.parameters, "tag") : NULL;
    return v != NULL && v->kind == STRUCTURED_STRING && teal_bytes_equal(v->bytes, teal_text(tag));
}

static teal_result pair(const structured_member *input, const structured_dictionary *values,
                        http_signature *out, teal_diag *why)
{
    const structured_member *value = structured_member_of(values, input->key);
    if (value == NULL || value->is_list || value->item.value.kind != STRUCTURED_BYTES ||
        value->item.value.bytes.len != TEAL_SIGNATURE_BYTES)
        return teal_refuse(TEAL_MALFORMED, "REQ-SIG-1 Signature has no value of 64 octets for it",
                           0, why);
    *out = (http_signature){ input->key, input->list, value->item.value.bytes.at };
    return TEAL_OK;
}

teal_result http_signature_find(const http_message *m, const char *tag, teal_arena *arena,
                                http_signature *out, teal_diag *why)
{
    structured_dictionary inputs, values;
    const structured_member *found = NULL;
    *out = (http_signature){ 0 };
    teal_result r = read_field(m, "signature-input", arena, &inputs, why);
    if (r != TEAL_OK)
        return r;
    for (size_t i = 0; i < inputs.n; i++) {
        if (!has_tag(&inputs.members[i], tag))
            continue;
        if (found != NULL)
            return teal_refuse(TEAL_MALFORMED, "REQ-SIG-1 two signatures have the tag", 0, why);
        found = &inputs.members[i];
    }
    if (found == NULL)
        return TEAL_OK;
    r = read_field(m, "signature", arena, &values, why);
    return r == TEAL_OK ? pair(found, &values, out, why) : r;
}

/* ---- the base -------------------------------------------------------------------------------- */

static bool stands_before(const structured_list *input, size_t i)
{
    bool found = false;
    for (size_t j = 0; j < i && !found; j++)
        found = teal_bytes_equal(input->items[j].value.bytes, input->items[i].value.bytes);
    return found;
}

static teal_result write_line(const http_message *m, const structured_list *input, size_t i,
                              teal_writer *w, teal_diag *why)
{
    const structured_item *component = &input->items[i];
    if (component->value.kind != STRUCTURED_STRING)
        return teal_refuse(TEAL_MALFORMED, "REQ-SIG-2 a covered component is no string", 0, why);
    if (component->parameters.n > 0)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SIG-2 a covered component has a parameter", 0,
                           why);
    if (stands_before(input, i))
        return teal_refuse(TEAL_MALFORMED, "REQ-SIG-2 a component is covered twice", 0, why);
    structured_write_item(component, w);
    teal_write_text(w, ": ");
    teal_result r = http_message_write_component(m, component->value.bytes, w, why);
    teal_write_u8(w, '\n');
    return r;
}

teal_result http_signature_base(const http_message *m, const structured_list *input, teal_writer *w,
                                teal_diag *why)
{
    teal_result r = TEAL_OK;
    for (size_t i = 0; i < input->n && r == TEAL_OK; i++)
        r = write_line(m, input, i, w, why);
    if (r != TEAL_OK)
        return r;
    teal_write_text(w, "\"@signature-params\": ");
    structured_write_list(input, w);
    return TEAL_OK;
}

static teal_result make_base(const http_message *m, const structured_list *input,
                             const teal_arena *arena, teal_bytes *out, teal_diag *why)
{
    teal_writer w = teal_arena_rest(arena);
    teal_result r = http_signature_base(m, input, &w, why);
    if (r == TEAL_OK && !teal_write_fits(&w))
        r = teal_refuse(TEAL_SPACE, "the arena is full", 0, why);
    *out = r == TEAL_OK ? teal_written(&w) : (teal_bytes){ 0 };
    return r;
}

teal_result http_signature_sign(const http_message *m, const structured_list *input,
                                const uint8_t sk[static 64], const teal_arena *arena,
                                uint8_t out[static TEAL_SIGNATURE_BYTES], teal_diag *why)
{
    teal_bytes base;
    teal_result r = make_base(m, input, arena, &base, why);
    if (r == TEAL_OK)
        crypto_sign_detached(out, NULL, base.at, base.len, sk);
    return r;
}

/* libsodium refuses what http_signature.h says it must: tests/vectors/test_http_signature.c. */
teal_result http_signature_verify(const http_message *m, const http_signature *s,
                                  const uint8_t key[static TEAL_KEY_BYTES], const teal_arena *arena,
                                  teal_diag *why)
{
    teal_bytes base;
    teal_result r = make_base(m, &s->input, arena, &base, why);
    if (r == TEAL_OK && crypto_sign_verify_detached(s->value, base.at, base.len, key) != 0)
        r = teal_refuse(TEAL_FORGED, "REQ-SIG-10 the request's signature does not verify", 0, why);
    return r;
}
