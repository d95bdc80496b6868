/* See tree_head.h. */
#include "gateway/ledger/tree_head.h"

#include "codecs/base64.h"
#include "codecs/native/transcript.h"

#include <assert.h>
#include <sodium.h>

enum { MAX_DIGITS = 19 };

static const char mark[] = "teal-head";

bool tree_head_is_name(teal_bytes name)
{
    bool good = name.len > 0 && name.len <= TREE_HEAD_MAX_NAME_BYTES;
    for (size_t i = 0; good && i < name.len; i++)
        good = name.at[i] >= 'a' && name.at[i] <= 'z';
    return good;
}

typedef struct signed_octets {
    uint8_t at[128];
    size_t len;
} signed_octets;

static signed_octets octets_of(const tree_head *h)
{
    signed_octets s;
    teal_writer w = { s.at, sizeof s.at, 0 };
    teal_transcript_lp(&w, teal_text("teal tree head v1"));
    teal_transcript_lp(&w, teal_text(h->log));
    teal_transcript_int(&w, h->size);
    teal_transcript_int(&w, h->time_ms);
    teal_transcript_lp(&w, TEAL_VIEW(h->root.at));
    assert(teal_write_fits(&w));
    s.len = w.len;
    return s;
}

void tree_head_sign(tree_head *h, const uint8_t device_sk[static 64])
{
    const signed_octets s = octets_of(h);
    crypto_sign_detached(h->signature, NULL, s.at, s.len, device_sk);
}

teal_result tree_head_verify(const tree_head *h, const uint8_t device_key[static TEAL_KEY_BYTES],
                             teal_diag *why)
{
    const signed_octets s = octets_of(h);
    if (crypto_sign_verify_detached(h->signature, s.at, s.len, device_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-LOG-8 the head is not signed by this device", 0, why);
    return TEAL_OK;
}

/* ---- the line -------------------------------------------------------------------------------- */

static void write_part(teal_writer *w, teal_bytes value)
{
    teal_write_u8(w, '.');
    teal_base64url_encode(value, w);
}

void tree_head_write(const tree_head *h, char line[static TREE_HEAD_LINE_BYTES])
{
    teal_writer w = { (uint8_t *)line, TREE_HEAD_LINE_BYTES - 1, 0 };
    teal_write_text(&w, mark);
    teal_write_u8(&w, '.');
    teal_write_text(&w, h->log);
    teal_write_u8(&w, '.');
    teal_write_decimal(&w, h->size);
    teal_write_u8(&w, '.');
    teal_write_decimal(&w, h->time_ms);
    write_part(&w, TEAL_VIEW(h->root.at));
    write_part(&w, TEAL_VIEW(h->device));
    write_part(&w, TEAL_VIEW(h->signature));
    assert(teal_write_fits(&w));
    line[w.len] = '\0';
}

/* Up to the next dot, which is taken too, or the end. */
static teal_bytes read_part(teal_reader *r)
{
    const uint8_t *dot = teal_read_left(r) > 0 ? memchr(r->at, '.', teal_read_left(r)) : NULL;
    teal_bytes part = teal_read_bytes(r, dot != NULL ? (size_t)(dot - r->at) : teal_read_left(r));
    if (dot != NULL)
        teal_read_u8(r);
    return part;
}

/* Decimal without leading zeros, up to max. */
static bool read_number(teal_reader *r, uint64_t max, uint64_t *out)
{
    const teal_bytes digits = read_part(r);
    bool good =
        digits.len > 0 && digits.len <= MAX_DIGITS && (digits.at[0] != '0' || digits.len == 1);
    *out = 0;
    for (size_t i = 0; good && i < digits.len; i++) {
        good = digits.at[i] >= '0' && digits.at[i] <= '9';
        *out = *out * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return good && *out <= max;
}

static bool read_octets(teal_reader *r, uint8_t *out, size_t len)
{
    return teal_base64url_decode_exact(read_part(r), out, len, NULL) == TEAL_OK;
}

teal_result tree_head_read(teal_bytes line, tree_head *out, teal_diag *why)
{
    tree_head h = { 0 };
    teal_reader r = teal_reader_of(line);
    const bool marked = teal_bytes_equal(read_part(&r), teal_text(mark));
    const teal_bytes log = read_part(&r);
    if (!marked || !tree_head_is_name(log))
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-9 not the head of a log", 0, why);
    memcpy(h.log, log.at, log.len);
    if (!read_number(&r, MERKLE_MAX_SIZE, &h.size) || !read_number(&r, INT64_MAX, &h.time_ms))
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-9 size or time is no number", 0, why);
    if (!read_octets(&r, h.root.at, sizeof h.root.at) ||
        !read_octets(&r, h.device, sizeof h.device) ||
        !read_octets(&r, h.signature, sizeof h.signature))
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-9 root, device or signature is not base64url",
                           0, why);
    /* A dot at the end would be taken too. */
    if (!teal_read_done(&r) || line.at[line.len - 1] == '.')
        return teal_refuse(TEAL_MALFORMED, "REQ-LOG-9 something stands behind the head",
                           line.len - teal_read_left(&r), why);
    *out = h;
    return TEAL_OK;
}
