/* Conversation ids out of who takes part; see conversation.h. */
#include "codecs/native/conversation.h"

#include "codecs/native/transcript.h"

#include <assert.h>
#include <sodium.h>

static int compare(teal_bytes a, teal_bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Insertion sort that drops what is there already: qsort takes memory from the heap. */
static size_t sort_distinct(const teal_bytes *in, size_t n, teal_bytes *sorted)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = count;
        while (at > 0 && compare(sorted[at - 1], in[i]) > 0)
            at--;
        if (at > 0 && compare(sorted[at - 1], in[i]) == 0)
            continue;
        memmove(sorted + at + 1, sorted + at, (count - at) * sizeof *sorted);
        sorted[at] = in[i];
        count++;
    }
    return count;
}

void teal_conversation_of(const teal_bytes *participants, size_t n,
                          uint8_t out[static TEAL_HASH_BYTES])
{
    assert(n <= TEAL_MAX_PARTICIPANTS);
    teal_bytes sorted[TEAL_MAX_PARTICIPANTS];
    size_t count = sort_distinct(participants, n, sorted);
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
