/* Reads an envelope out of CPIM; see e2ee.h. One pass over the headers, by a table of names. */
#include "codecs/rcs/e2ee.h"

#include "codecs/base64.h"
#include "codecs/rcs/e2ee_words.h"
#include "codecs/rcs/field.h"

enum { MAX_FIELDS = 9 };

typedef struct e2ee_reader {
    teal_arena *arena;
    teal_diag *why;
    teal_envelope e;
    teal_wrapped_key *keys; /* sized by a count of the headers */
    teal_hash *hashes;
    bool full; /* the arena had no room for a value */
} e2ee_reader;

static const char *const bad_value = "REQ-CPIM-42 e2ee header whose value is not canonical";

/* Splits at `;`, the blanks around it do not count. More than MAX_FIELDS: MAX_FIELDS + 1. */
static size_t split_fields(teal_bytes value, teal_bytes fields[MAX_FIELDS])
{
    size_t n = 0;
    for (bool more = true; more; n++) {
        if (n == MAX_FIELDS)
            return MAX_FIELDS + 1;
        more = teal_field_split(value, ';', &fields[n], &value);
        fields[n] = teal_field_trim(fields[n]);
    }
    return n;
}

static bool read_word(teal_bytes text, const char *const *words, size_t n, unsigned *out)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i] == NULL || !teal_bytes_equal(text, teal_text(words[i])))
            continue;
        *out = (unsigned)i;
        return true;
    }
    return false;
}

static bool read_exact(teal_bytes text, uint8_t *out, size_t len)
{
    return teal_base64url_decode_exact(text, out, len, NULL) == TEAL_OK;
}

/* A value of any length up to max, into the arena. */
static bool read_value(e2ee_reader *r, teal_bytes text, size_t max, teal_bytes *out)
{
    size_t len = text.len / 4 * 3 + (text.len % 4 > 0 ? text.len % 4 - 1 : 0);
    if (len > max)
        return false;
    teal_writer w = { teal_arena_take(r->arena, len), len, 0 };
    r->full = w.base == NULL;
    if (r->full || teal_base64url_decode(text, &w, NULL) != TEAL_OK)
        return false;
    *out = teal_written(&w);
    return true;
}

static bool read_suite(e2ee_reader *r, teal_bytes value)
{
    uint64_t suite;
    bool good = teal_decimal_value(value, UINT32_MAX, &suite);
    r->e.suite = good ? (uint32_t)suite : 0;
    return good;
}

static bool read_kind(e2ee_reader *r, teal_bytes value)
{
    unsigned kind = 0;
    bool good = read_word(value, teal_e2ee_kinds, TEAL_E2EE_KINDS, &kind);
    r->e.kind = (teal_kind)kind;
    return good;
}

static bool read_conversation(e2ee_reader *r, teal_bytes value)
{
    return read_value(r, value, TEAL_MAX_ID_BYTES, &r->e.conversation_id);
}

/* 0, which says that it does not expire, is written by leaving the header out. */
static bool read_expires(e2ee_reader *r, teal_bytes value)
{
    return teal_decimal_value(value, UINT64_MAX, &r->e.expires_at_ms) && r->e.expires_at_ms > 0;
}

static bool read_device(e2ee_reader *r, teal_bytes value)
{
    return read_exact(value, r->e.sender_device, sizeof r->e.sender_device);
}

static bool read_commitment(e2ee_reader *r, teal_bytes value)
{
    return read_exact(value, r->e.key_commitment, sizeof r->e.key_commitment);
}

static bool read_signature(e2ee_reader *r, teal_bytes value)
{
    return read_exact(value, r->e.signature, sizeof r->e.signature);
}

static bool read_key(e2ee_reader *r, teal_bytes value)
{
    teal_bytes fields[MAX_FIELDS];
    uint64_t prekey_id;
    teal_wrapped_key *key = &r->keys[r->e.n_keys++];
    bool good = split_fields(value, fields) == 4 &&
                read_exact(fields[0], key->device, sizeof key->device) &&
                teal_decimal_value(fields[1], UINT32_MAX, &prekey_id) &&
                read_exact(fields[2], key->enc, sizeof key->enc) &&
                read_exact(fields[3], key->wrapped, sizeof key->wrapped);
    key->prekey_id = good ? (uint32_t)prekey_id : 0;
    return good;
}

static bool read_key_hash(e2ee_reader *r, teal_bytes value)
{
    teal_hash *hash = &r->hashes[r->e.n_key_hashes++];
    return read_exact(value, hash->at, sizeof hash->at);
}

static bool read_downgrade(e2ee_reader *r, teal_bytes value)
{
    teal_consent *d = &r->e.downgrade;
    teal_bytes fields[MAX_FIELDS];
    unsigned floor = 0, when = 0, accepts = 0;
    size_t n = split_fields(value, fields);
    bool good = (n == 7 || n == 9) &&
                read_word(fields[0], teal_e2ee_levels, TEAL_E2EE_LEVELS, &floor) &&
                read_word(fields[1], teal_e2ee_whens, TEAL_E2EE_WHENS, &when) &&
                teal_decimal_value(fields[2], UINT64_MAX, &d->failed_after_ms) &&
                teal_decimal_value(fields[3], UINT64_MAX, &d->expires_at_ms) &&
                read_word(fields[4], teal_e2ee_booleans, TEAL_E2EE_BOOLEANS, &accepts) &&
                read_exact(fields[5], d->gateway_key, sizeof d->gateway_key) &&
                read_exact(fields[6], d->fallback_hash.at, sizeof d->fallback_hash.at);
    if (good && n == 9)
        good = read_value(r, fields[7], TEAL_KEY_BYTES, &d->enc) && d->enc.len > 0 &&
               read_value(r, fields[8], TEAL_MAX_FALLBACK_BYTES, &d->sealed) && d->sealed.len > 0;
    d->floor = (teal_level)floor;
    d->when = (teal_when)when;
    d->accepts_e2ee_loss = accepts == 1;
    r->e.has_downgrade = good;
    return good;
}

static bool read_origin(e2ee_reader *r, teal_bytes value)
{
    teal_bytes fields[MAX_FIELDS];
    unsigned level = 0;
    bool good = split_fields(value, fields) == 3 &&
                read_word(fields[0], teal_e2ee_levels, TEAL_E2EE_LEVELS, &level);
    if (good)
        r->e.origin = (teal_origin){ (teal_level)level, fields[1], fields[2] };
    r->e.has_origin = good;
    return good;
}

#define NAME(s)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static const struct {
    teal_bytes name;
    bool (*read)(e2ee_reader *r, teal_bytes value);
    bool required, repeats;
} known[] = {
    { NAME("Key"), read_key, false, true },
    { NAME("Key-Hash"), read_key_hash, false, true },
    { NAME("Conversation-ID"), read_conversation, true, false },
    { NAME("Suite"), read_suite, true, false },
    { NAME("Kind"), read_kind, true, false },
    { NAME("Expires"), read_expires, false, false },
    { NAME("Sender-Device"), read_device, true, false },
    { NAME("Key-Commitment"), read_commitment, true, false },
    { NAME("Downgrade"), read_downgrade, false, false },
    { NAME("Origin"), read_origin, false, false },
    { NAME("Signature"), read_signature, true, false },
};
enum { KNOWN = sizeof known / sizeof known[0] };

static size_t find_known(teal_bytes name)
{
    size_t i = 0;
    while (i < KNOWN && !teal_ascii_same(name, known[i].name))
        i++;
    return i;
}

/* Room for as many keys and hashes as there are headers of that name. */
static teal_result make_room(e2ee_reader *r, const teal_cpim *m)
{
    size_t n_keys = 0, n_hashes = 0;
    for (size_t i = 0; i < m->n_headers; i++) {
        n_keys += teal_cpim_header_is(&m->headers[i], TEAL_NS_E2EE, "Key");
        n_hashes += teal_cpim_header_is(&m->headers[i], TEAL_NS_E2EE, "Key-Hash");
    }
    if (n_keys > TEAL_MAX_KEYS || n_hashes > TEAL_MAX_KEYS)
        return teal_refuse(TEAL_LIMIT, "REQ-CPIM-2 too many keys", 0, r->why);
    r->keys = teal_arena_array(r->arena, n_keys, sizeof *r->keys);
    r->hashes = teal_arena_array(r->arena, n_hashes, sizeof *r->hashes);
    if (r->keys == NULL || r->hashes == NULL)
        return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, 0, r->why);
    r->e.keys = r->keys;
    r->e.key_hashes = r->hashes;
    return TEAL_OK;
}

static teal_result read_e2ee_headers(e2ee_reader *r, const teal_cpim *m)
{
    bool seen[KNOWN] = { false }, seen_any = false;
    for (size_t i = 0; i < m->n_headers; i++) {
        const teal_cpim_header *h = &m->headers[i];
        if (!teal_bytes_equal(h->ns, teal_text(TEAL_NS_E2EE)))
            continue;
        size_t k = find_known(h->name);
        if (k == KNOWN)
            return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-41 unknown e2ee header", h->at, r->why);
        if (seen[k] && !known[k].repeats)
            return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-41 e2ee header twice", h->at, r->why);
        bool good = h->params.len == 0 && known[k].read(r, h->value);
        if (r->full)
            return teal_refuse(TEAL_SPACE, TEAL_ARENA_TOO_SMALL, h->at, r->why);
        if (!good)
            return teal_refuse(TEAL_MALFORMED, bad_value, h->at, r->why);
        seen[k] = seen_any = true;
    }
    if (!seen_any)
        return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-40 no e2ee header", 0, r->why);
    for (size_t k = 0; k < KNOWN; k++) {
        if (known[k].required && !seen[k])
            return teal_refuse(TEAL_MALFORMED, "REQ-CPIM-41 e2ee header is missing", 0, r->why);
    }
    return TEAL_OK;
}

/* Base64 by a network on the way is undone: it is framing, as the headers' order is. */
static teal_result read_part(e2ee_reader *r, const teal_cpim *m)
{
    if (!teal_cpim_type_is(m, TEAL_E2EE_TYPE))
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-CPIM-40 part is not " TEAL_E2EE_TYPE, m->body_at,
                           r->why);
    return teal_rcs_content(m, r->arena, &r->e.ciphertext, r->why);
}

teal_result teal_e2ee_read(const teal_cpim *m, teal_arena *arena, teal_rcs_routing *routing,
                           teal_envelope *out, teal_diag *why)
{
    e2ee_reader r = { .arena = arena, .why = why };
    teal_rcs_routing found = routing != NULL ? *routing : (teal_rcs_routing){ 0 };
    teal_rcs_head head;
    teal_result result = read_part(&r, m);
    if (result == TEAL_OK)
        result = make_room(&r, m);
    if (result == TEAL_OK)
        result = read_e2ee_headers(&r, m);
    if (result == TEAL_OK)
        result = teal_rcs_head_read(m, arena, &found, &head, why);
    if (result == TEAL_OK && !head.has_sent_at)
        result = teal_refuse(TEAL_MALFORMED, "REQ-CPIM-32 no DateTime", 0, why);
    if (result != TEAL_OK)
        return result;
    r.e.message_id = head.message_id;
    r.e.sender = head.from;
    r.e.recipients = head.to;
    r.e.n_recipients = head.n_to;
    r.e.sent_at_ms = head.sent_at_ms;
    r.e.wants = head.wants;
    result = teal_envelope_check(&r.e, why);
    if (result != TEAL_OK)
        return result;
    *out = r.e;
    if (routing != NULL)
        *routing = found;
    return TEAL_OK;
}

teal_result teal_e2ee_decode(teal_bytes in, teal_arena *arena, teal_rcs_routing *routing,
                             teal_envelope *out, teal_diag *why)
{
    teal_cpim m;
    teal_result result = teal_cpim_decode(in, arena, &m, why);
    if (result != TEAL_OK)
        return result;
    return teal_e2ee_read(&m, arena, routing, out, why);
}
