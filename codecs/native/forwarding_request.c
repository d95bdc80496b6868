/* See forwarding_request.h. */
#include "codecs/native/forwarding_request.h"

#include "codecs/native/transcript.h"

#include <assert.h>
#include <sodium.h>

enum {
    TRANSCRIPT_BYTES = 64 + TEAL_MAX_HANDLE_BYTES + TEAL_DEVICE_BYTES + 2 * TEAL_KEY_BYTES +
                       TEAL_FORWARDING_NONCE_BYTES + 32
};

static teal_bytes transcript_of(const teal_forwarding_request *r, const char *what,
                                uint8_t buf[static TRANSCRIPT_BYTES])
{
    teal_writer w = { buf, TRANSCRIPT_BYTES, 0 };
    teal_transcript_lp(&w, teal_text(what));
    teal_transcript_lp(&w, r->handle);
    teal_transcript_lp(&w, TEAL_VIEW(r->device));
    teal_transcript_lp(&w, TEAL_VIEW(r->signing_key));
    teal_transcript_lp(&w, TEAL_VIEW(r->account_key));
    teal_transcript_lp(&w, TEAL_VIEW(r->nonce));
    assert(teal_write_fits(&w)); /* a canonical handle is no longer */
    return teal_written(&w);
}

static teal_bytes signed_by(const teal_forwarding_request *r, uint8_t buf[static TRANSCRIPT_BYTES])
{
    return transcript_of(r, "teal forwarding request v1", buf);
}

void teal_forwarding_request_sign(teal_forwarding_request *r, const uint8_t device_sk[static 64])
{
    uint8_t buf[TRANSCRIPT_BYTES];
    const teal_bytes t = signed_by(r, buf);
    crypto_sign_detached(r->signature, NULL, t.at, t.len, device_sk);
}

teal_result teal_forwarding_request_verify(const teal_forwarding_request *r, teal_diag *why)
{
    uint8_t buf[TRANSCRIPT_BYTES];
    const teal_bytes t = signed_by(r, buf);
    if (crypto_sign_verify_detached(r->signature, t.at, t.len, r->signing_key) != 0)
        return teal_refuse(TEAL_FORGED, "REQ-FWD-6 the device did not sign the request", 0, why);
    return TEAL_OK;
}

void teal_forwarding_request_code(const teal_forwarding_request *r,
                                  char code[static TEAL_FORWARDING_CODE_DIGITS + 1])
{
    uint8_t buf[TRANSCRIPT_BYTES], hash[crypto_hash_sha256_BYTES];
    const teal_bytes t = transcript_of(r, "teal forwarding", buf);
    crypto_hash_sha256(hash, t.at, t.len);
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | hash[i];
    for (size_t i = TEAL_FORWARDING_CODE_DIGITS; i > 0; i--, number /= 10)
        code[i - 1] = (char)('0' + number % 10);
    code[TEAL_FORWARDING_CODE_DIGITS] = '\0';
}
