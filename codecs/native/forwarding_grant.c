/* Grants of text forwarding: protobuf form, rules, signature. */
#include "codecs/native/forwarding_grant.h"

#include "codecs/handle.h"
#include "codecs/native/transcript.h"
#include "codecs/native/wire.h"

#include <assert.h>
#include <sodium.h>

/* Of a grant that has passed the check; the literal is below 64 octets. */
enum { TRANSCRIPT_BYTES = 64 + TEAL_MAX_HANDLE_BYTES + TEAL_DEVICE_BYTES + TEAL_KEY_BYTES + 64 };

/* Field numbers, as in forwarding.proto. */
enum {
    HANDLE = 1,
    DEVICE,
    SIGNING_KEY,
    GRANTED_AT_MS,
    EXPIRES_AT_MS,
    REVOKED,
    SEQUENCE,
    SIGNATURE
};

static teal_result check(const teal_forwarding_grant *g, teal_diag *why)
{
    if (!teal_handle_is_canonical(g->handle) || teal_handle_number(g->handle).len == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-FWD-2 the handle is no canonical number", 0, why);
    if (g->sequence == 0)
        return teal_refuse(TEAL_MALFORMED, "REQ-FWD-2 sequence is 0", 0, why);
    if (g->expires_at_ms <= g->granted_at_ms)
        return teal_refuse(TEAL_MALFORMED, "REQ-FWD-2 it expires before it begins", 0, why);
    if (g->expires_at_ms - g->granted_at_ms > TEAL_MAX_FORWARDING_MS)
        return teal_refuse(TEAL_LIMIT, "REQ-FWD-2 it holds for more than 365 days", 0, why);
    return TEAL_OK;
}

teal_result teal_forwarding_grant_decode(teal_bytes in, teal_forwarding_grant *out, teal_diag *why)
{
    if (in.len > TEAL_MAX_FORWARDING_GRANT_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-FWD-2 a grant is longer than 1 KiB", 0, why);
    teal_wire w = teal_wire_of(in);
    teal_forwarding_grant g = { .handle = teal_wire_bytes(&w, HANDLE) };
    teal_wire_copy(&w, DEVICE, g.device, sizeof g.device);
    teal_wire_copy(&w, SIGNING_KEY, g.signing_key, sizeof g.signing_key);
    g.granted_at_ms = teal_wire_uint(&w, GRANTED_AT_MS, INT64_MAX);
    g.expires_at_ms = teal_wire_uint(&w, EXPIRES_AT_MS, INT64_MAX);
    g.revoked = teal_wire_bool(&w, REVOKED);
    g.sequence = teal_wire_uint(&w, SEQUENCE, INT64_MAX);
    teal_wire_copy(&w, SIGNATURE, g.signature, sizeof g.signature);
    teal_result result = teal_wire_done(&w, why);
    if (result == TEAL_OK)
        result = check(&g, why);
    if (result == TEAL_OK)
        *out = g;
    return result;
}

teal_result teal_forwarding_grant_encode(const teal_forwarding_grant *g, teal_writer *out)
{
    teal_wire_put_bytes(out, HANDLE, g->handle);
    teal_wire_put_bytes(out, DEVICE, TEAL_VIEW(g->device));
    teal_wire_put_bytes(out, SIGNING_KEY, TEAL_VIEW(g->signing_key));
    teal_wire_put_uint(out, GRANTED_AT_MS, g->granted_at_ms);
    teal_wire_put_uint(out, EXPIRES_AT_MS, g->expires_at_ms);
    teal_wire_put_uint(out, REVOKED, g->revoked);
    teal_wire_put_uint(out, SEQUENCE, g->sequence);
    teal_wire_put_bytes(out, SIGNATURE, TEAL_VIEW(g->signature));
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

void teal_forwarding_grant_transcript(const teal_forwarding_grant *g, teal_writer *w)
{
    teal_transcript_lp(w, teal_text("teal forwarding grant v1"));
    teal_transcript_lp(w, g->handle);
    teal_transcript_lp(w, TEAL_VIEW(g->device));
    teal_transcript_lp(w, TEAL_VIEW(g->signing_key));
    teal_transcript_int(w, g->granted_at_ms);
    teal_transcript_int(w, g->expires_at_ms);
    teal_transcript_int(w, g->revoked);
    teal_transcript_int(w, g->sequence);
}

static teal_bytes transcript_of(const teal_forwarding_grant *g,
                                uint8_t buf[static TRANSCRIPT_BYTES])
{
    teal_writer w = { buf, TRANSCRIPT_BYTES, 0 };
    teal_forwarding_grant_transcript(g, &w);
    assert(teal_write_fits(&w)); /* a canonical handle is no longer */
    return teal_written(&w);
}

void teal_forwarding_grant_hash(const teal_forwarding_grant *g, teal_hash *out)
{
    uint8_t buf[TRANSCRIPT_BYTES];
    const teal_bytes t = transcript_of(g, buf);
    crypto_hash_sha256(out->at, t.at, t.len);
}

void teal_forwarding_grant_sign(teal_forwarding_grant *g, const uint8_t account_sk[static 64])
{
    uint8_t buf[TRANSCRIPT_BYTES];
    const teal_bytes t = transcript_of(g, buf);
    crypto_sign_detached(g->signature, NULL, t.at, t.len, account_sk);
}

teal_result teal_forwarding_grant_verify(const teal_forwarding_grant *g,
                                         const uint8_t account_key[static TEAL_KEY_BYTES],
                                         teal_diag *why)
{
    uint8_t buf[TRANSCRIPT_BYTES];
    const teal_bytes t = transcript_of(g, buf);
    if (crypto_sign_verify_detached(g->signature, t.at, t.len, account_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-FWD-3 the account key did not sign the grant", 0, why);
    return TEAL_OK;
}
