/* cpim.json: the envelope in CPIM and back, what is tolerated, and what must be refused. */
#include "tests/support/published/cpim.h"
#include "tests/support/published/published.h"

#include "codecs/utf8.h"

/* Head as text, or in hexadecimal where it is none; body in hexadecimal. */
static void set_message(json_t *o, teal_bytes message, size_t head_len)
{
    teal_bytes head = { message.at, head_len };
    if (teal_utf8_valid(head))
        json_object_set_new(o, "head", vector_text(head));
    else
        json_object_set_new(o, "head_hex", vector_bytes(head));
    json_object_set_new(o, "body", vector_hex(message.at + head_len, message.len - head_len));
}

static json_t *routing_vector(const teal_rcs_routing *routing)
{
    json_t *out = json_object();
    if (routing->from.len > 0)
        json_object_set_new(out, "from", vector_text(routing->from));
    if (routing->to.len > 0)
        json_object_set_new(out, "to", vector_text(routing->to));
    return out;
}

static json_t *hidden_vector(const teal_rcs_routing *routing)
{
    return vector_pack("{s:b, s:b}", "from", routing->hides_from, "to", routing->hides_to);
}

/* Both ways, octet for octet (I2). */
static json_t *canonical_vector(teal_arena *a, const char *name, const teal_envelope *e,
                                teal_rcs_routing routing)
{
    teal_bytes encoded = vector_envelope(a, e);
    teal_bytes message = cpim_canonical(a, e, &routing);
    teal_rcs_routing back = { .from = routing.from, .to = routing.to };
    teal_envelope again;
    teal_diag why = { 0 };
    expect_ok(name, teal_e2ee_decode(message, a, &back, &again, &why), &why);
    expect_that(name, teal_bytes_equal(vector_envelope(a, &again), encoded) &&
                          back.hides_from == routing.hides_from &&
                          back.hides_to == routing.hides_to);
    json_t *out =
        vector_pack("{s:s, s:o, s:o, s:o}", "name", name, "routing", routing_vector(&routing),
                    "anonymous", hidden_vector(&routing), "envelope", vector_bytes(encoded));
    set_message(out, message, message.len - e->ciphertext.len);
    return out;
}

static json_t *canonical_vectors(teal_arena *a)
{
    json_t *out = json_array();
    sealed s;
    for (size_t i = 0; i < sealed_count; i++) {
        sealed_make(&sealed_cases[i], a, &s);
        json_array_append_new(
            out, canonical_vector(a, s.of->name, &s.envelope, (teal_rcs_routing){ 0 }));
    }
    sealed_make(&sealed_cases[SEALED_MANY_DEVICES], a, &s);
    teal_envelope f = sealed_forwarded(&s, 0x06);
    json_array_append_new(
        out, canonical_vector(a, "some of the keys, all hashes", &f, (teal_rcs_routing){ 0 }));
    sealed_make(&sealed_cases[SEALED_WAITING], a, &s);
    f = sealed_forwarded(&s, 0x01);
    json_array_append_new(out, canonical_vector(a, "a consent whose fallback was left out", &f,
                                                (teal_rcs_routing){ 0 }));
    teal_rcs_routing hidden = { .from = s.envelope.sender,
                                .to = s.envelope.recipients[0],
                                .hides_from = true };
    json_array_append_new(out, canonical_vector(a, "an anonymous sender", &f, hidden));
    hidden.hides_to = true;
    json_array_append_new(out, canonical_vector(a, "both anonymous", &f, hidden));
    return out;
}

static json_t *tolerated_vector(teal_arena *a, const cpim_row *row)
{
    sealed s;
    size_t head_len;
    teal_envelope again;
    teal_diag why = { 0 };
    teal_rcs_routing routing = cpim_routing(row);
    sealed_make(&sealed_cases[row->of], a, &s);
    teal_bytes encoded = vector_envelope(a, &s.envelope);
    teal_bytes message = cpim_edited(a, row, cpim_canonical(a, &s.envelope, NULL),
                                     s.envelope.ciphertext.len, &head_len);
    expect_ok(row->name, teal_e2ee_decode(message, a, &routing, &again, &why), &why);
    expect_that(row->name, teal_bytes_equal(vector_envelope(a, &again), encoded));
    json_t *out =
        vector_pack("{s:s, s:o, s:o, s:o}", "name", row->name, "routing", routing_vector(&routing),
                    "anonymous", hidden_vector(&routing), "envelope", vector_bytes(encoded));
    set_message(out, message, head_len);
    return out;
}

static json_t *refused_vector(teal_arena *a, const cpim_row *row)
{
    sealed s;
    size_t head_len;
    teal_envelope none;
    teal_diag why = { 0 };
    teal_rcs_routing routing = cpim_routing(row);
    sealed_make(&sealed_cases[row->of], a, &s);
    teal_bytes message = cpim_edited(a, row, cpim_canonical(a, &s.envelope, NULL),
                                     s.envelope.ciphertext.len, &head_len);
    expect_refused(row->name, teal_e2ee_decode(message, a, &routing, &none, &why), &why, row->rule);
    json_t *out = vector_pack("{s:s, s:s, s:o}", "name", row->name, "rule", row->rule, "routing",
                              routing_vector(&routing));
    set_message(out, message, head_len);
    return out;
}

json_t *published_cpim(void)
{
    teal_arena a = vector_arena_open();
    json_t *tolerated = json_array(), *refused = json_array();
    for (size_t i = 0; i < cpim_n_tolerated; i++)
        json_array_append_new(tolerated, tolerated_vector(&a, &cpim_tolerated[i]));
    for (size_t i = 0; i < cpim_n_refused; i++)
        json_array_append_new(refused, refused_vector(&a, &cpim_refused[i]));
    json_t *out =
        vector_pack("{s:s, s:o, s:o, s:o}", "about",
                    "Envelopes in CPIM: PROTOCOL.md sections 5.1 to 5.4. See README.md.",
                    "canonical", canonical_vectors(&a), "tolerated", tolerated, "refused", refused);
    vector_arena_close(&a);
    return out;
}
