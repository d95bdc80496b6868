/* See handle_proof.h. */
#include "codecs/native/handle_proof.h"

#include "codecs/native/transcript.h"

#include <assert.h>
#include <sodium.h>

enum { TRANSCRIPT_BYTES = TEAL_MAX_HANDLE_BYTES + 128 };

static teal_bytes transcript_of(const teal_handle_proof *p, uint8_t buf[static TRANSCRIPT_BYTES])
{
    teal_writer w = { buf, TRANSCRIPT_BYTES, 0 };
    teal_transcript_lp(&w, teal_text("teal handle proof v1"));
    teal_transcript_lp(&w, p->handle);
    teal_transcript_lp(&w, (teal_bytes){ p->account_key, sizeof p->account_key });
    teal_transcript_int(&w, p->proven_at_ms);
    teal_transcript_int(&w, p->expires_at_ms);
    assert(teal_write_fits(&w)); /* a canonical handle is no longer */
    return teal_written(&w);
}

void teal_handle_proof_sign(teal_handle_proof *p, const uint8_t device_sk[static 64])
{
    uint8_t buf[TRANSCRIPT_BYTES];
    teal_bytes t = transcript_of(p, buf);
    crypto_sign_detached(p->signature, NULL, t.at, t.len, device_sk);
}

teal_result teal_handle_proof_verify(const teal_handle_proof *p,
                                     const uint8_t device_key[static TEAL_KEY_BYTES],
                                     teal_diag *why)
{
    uint8_t buf[TRANSCRIPT_BYTES];
    if (p->handle.len <= TEAL_MAX_HANDLE_BYTES) {
        teal_bytes t = transcript_of(p, buf);
        if (crypto_sign_verify_detached(p->signature, t.at, t.len, device_key) == 0)
            return TEAL_OK;
    }
    return teal_refuse(TEAL_FORGED, "REQ-PRF-4 the gateway's room did not sign the proof", 0, why);
}
