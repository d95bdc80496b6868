/* Envelopes whose octets are not canonical: each is a good one, spoilt in one place. */
#include "tests/support/published/refused.h"

#include "codecs/native/wire.h"

/* Field numbers of teal.v1.Envelope. */
enum { SUITE = 1, SENDER_DEVICE = 5, WANTS = 9, KEYS = 13, DOWNGRADE = 14, SIGNATURE = 15 };

/* Where the first field with at least this number starts; the end where there is none. */
static size_t field_at(teal_bytes message, uint32_t number)
{
    teal_reader r = teal_reader_of(message);
    while (teal_read_left(&r) > 0) {
        size_t at = message.len - teal_read_left(&r);
        uint64_t value[2] = { 0 }; /* the tag, then a number or a length */
        for (size_t i = 0; i < 2; i++)
            for (unsigned shift = 0;; shift += 7) {
                uint8_t octet = teal_read_u8(&r);
                value[i] |= (uint64_t)(octet & 0x7f) << shift;
                if (octet < 0x80)
                    break;
            }
        if (value[0] >> 3 >= number)
            return at;
        if ((value[0] & 7) == 2)
            (void)teal_read_bytes(&r, value[1]);
    }
    return message.len;
}

/* Cuts `cut` octets out at `at`, and puts `in` there. */
static teal_bytes spliced(teal_arena *a, teal_bytes b, size_t at, size_t cut, const char *in,
                          size_t in_len)
{
    teal_bytes tail = { b.at + at + cut, b.len - at - cut };
    teal_bytes head =
        vector_joined(a, (teal_bytes){ b.at, at }, (teal_bytes){ (const uint8_t *)in, in_len });
    return vector_joined(a, head, tail);
}

typedef struct row {
    const char *name, *rule;
    size_t of;        /* which message is spoilt */
    uint32_t field;   /* before this field */
    size_t skip, cut; /* so many octets behind its start, so many are cut out */
    const char *in;   /* and these put in */
    size_t in_len;
} row;

#define OCTETS(text) text, sizeof(text) - 1

static const row rows[] = {
    { "an unknown field", "REQ-WIRE-1", 0, 99, 0, 0, OCTETS("\x98\x01\x01") },
    { "the reserved field 17", "REQ-WIRE-1", 0, 17, 0, 0, OCTETS("\x8a\x01\x00") },
    { "field number 0", "REQ-WIRE-1", 0, 99, 0, 0, OCTETS("\x00\x01") },
    { "suite twice", "REQ-WIRE-1", 0, SUITE, 0, 0, OCTETS("\x08\x01") },
    { "the signature before the suite", "REQ-WIRE-1", 0, 99, 0, 0, OCTETS("\x08\x01") },
    { "suite with fixed width", "REQ-WIRE-1", 0, SUITE, 0, 2, OCTETS("\x0d\x01\x00\x00\x00") },
    { "wants that is there and 0", "REQ-WIRE-2", 0, WANTS, 0, 0, OCTETS("\x48\x00") },
    { "suite in two octets", "REQ-WIRE-3", 0, SUITE, 1, 1, OCTETS("\x81\x00") },
    { "a tag in two octets", "REQ-WIRE-3", 0, SUITE, 0, 1, OCTETS("\x88\x00") },
    { "suite of 33 bits", "REQ-WIRE-3", 0, SUITE, 1, 1, OCTETS("\x80\x80\x80\x80\x10") },
    { "suite of 11 octets", "REQ-WIRE-3", 0, SUITE, 1, 1,
      OCTETS("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },
    { "suite of 65 bits", "REQ-WIRE-3", 0, SUITE, 1, 1,
      OCTETS("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x02") },
    { "the signature crosses the end", "REQ-WIRE-4", 0, SIGNATURE, 2, 1, OCTETS("") },
    { "the last octet is a tag alone", "REQ-WIRE-4", 0, 99, 0, 0, OCTETS("\x98") },
    { "a key crosses the end of its message", "REQ-WIRE-4", 0, KEYS, 3, 1, OCTETS("\x7f") },
    { "a device of 15 octets", "REQ-WIRE-5", 0, SENDER_DEVICE, 1, 2, OCTETS("\x0f") },
    { "no signature", "REQ-WIRE-5", 0, SIGNATURE, 0, 66, OCTETS("") },
    { "an empty consent", "REQ-WIRE-5", 0, DOWNGRADE, 0, 0, OCTETS("\x72\x00") },
};

json_t *refused_encodings(teal_arena *a)
{
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const row *r = &rows[i];
        teal_diag why = { 0 };
        teal_envelope e;
        sealed s;
        sealed_make(&sealed_cases[r->of], a, &s);
        teal_bytes good = vector_envelope(a, &s.envelope);
        teal_bytes bad =
            spliced(a, good, field_at(good, r->field) + r->skip, r->cut, r->in, r->in_len);
        expect_refused(r->name, teal_envelope_decode(bad, a, &e, &why), &why, r->rule);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:o}", "name", r->name, "rule", r->rule,
                                               "encoded", vector_bytes(bad)));
    }
    return out;
}
