/* Conversation ids out of who takes part; see conversation.h. */
#include "codecs/native/conversation.h"

#include "codecs/native/transcript.h"
#include "codecs/order.h"

#include <assert.h>
#include <sodium.h>

void teal_conversation_of(const teal_bytes *participants, size_t n,
                          uint8_t out[static TEAL_HASH_BYTES])
{
    assert(n <= TEAL_MAX_PARTICIPANTS);
    teal_bytes sorted[TEAL_MAX_PARTICIPANTS];
    if (n > 0)
        memcpy(sorted, participants, n * sizeof *sorted);
    size_t count = teal_bytes_sort_distinct(sorted, n);
    uint8_t room[64 + TEAL_MAX_HANDLE_BYTES]; /* for one participant at a time */
    teal_writer w = { room, sizeof room, 0 };
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    teal_transcript_lp(&w, teal_text("teal conversation v1"));
    teal_transcript_int(&w, count);
    for (size_t i = 0; i < count; i++) {
        crypto_hash_sha256_update(&hash, room, w.len);
        w.len = 0;
        teal_transcript_lp(&w, sorted[i]);
        assert(teal_write_fits(&w));
    }
    crypto_hash_sha256_update(&hash, room, w.len);
    crypto_hash_sha256_final(&hash, out);
}
