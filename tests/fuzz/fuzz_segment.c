/* Any text that is UTF-8 comes back whole from its segments, in whatever languages, sent in reverse
 * and one of them twice; taming and normalising it are idempotent. */
#include "codecs/nfc.h"
#include "codecs/sms/mark.h"
#include "codecs/sms/reassembly.h"
#include "codecs/sms/smpp.h"
#include "codecs/utf8.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static teal_reassembly_part part_of(const teal_segment *s)
{
    teal_reassembly_part p = { .source = teal_text("1"),
                               .destination = teal_text("2"),
                               .data_coding = s->data_coding,
                               .octets = { s->octets, s->len } };
    if (s->esm_class & TEAL_ESM_UDHI) {
        teal_bytes header;
        require(teal_udh_split(p.octets, &header, &p.octets, NULL) == TEAL_OK);
        require(teal_udh_decode(header, &p.udh, NULL) == TEAL_OK);
    }
    return p;
}

static void check_round_trip(teal_bytes text, const teal_segment *segments, size_t count)
{
    static teal_reassembly_slot slots[2];
    static uint8_t joined[TEAL_REASSEMBLY_TEXT_BYTES];
    memset(slots, 0, sizeof slots);
    teal_reassembly table = { .slots = slots, .count = 2, .timeout_ms = 1000 };
    for (size_t i = count; i > 0; i--) {
        teal_writer w = { joined, sizeof joined, 0 };
        teal_reassembly_state state;
        teal_reassembly_loss loss;
        teal_reassembly_part p = part_of(&segments[i - 1]);
        require(teal_reassembly_add(&table, &p, 0, &w, &state, &loss, NULL) == TEAL_OK);
        require(loss.have == 0);
        require((state == TEAL_REASSEMBLY_COMPLETE) == (i == 1));
        if (i == 1)
            require(teal_bytes_equal(teal_written(&w), text));
        if (i == 2) {
            require(teal_reassembly_add(&table, &p, 0, &w, &state, &loss, NULL) == TEAL_OK);
            require(state == TEAL_REASSEMBLY_DUPLICATE);
        }
    }
}

static void check_taming(teal_bytes text)
{
    static uint8_t once_buf[16384], again_buf[16384];
    teal_writer once = { once_buf, sizeof once_buf, 0 }, again = { again_buf, sizeof again_buf, 0 };
    require(teal_text_tame(text, &once, NULL) == TEAL_OK && once.len <= text.len);
    require(teal_utf8_valid(teal_written(&once)));
    require(teal_text_tame(teal_written(&once), &again, NULL) == TEAL_OK);
    require(teal_bytes_equal(teal_written(&once), teal_written(&again)));
}

/* In form C it says the same, and saying it again changes nothing. */
static void check_normalising(teal_bytes text)
{
    static uint8_t once_buf[3 * 16384], again_buf[9 * 16384];
    teal_writer once = { once_buf, sizeof once_buf, 0 }, again = { again_buf, sizeof again_buf, 0 };
    require(teal_nfc(text, &once, NULL) == TEAL_OK && once.len <= 3 * text.len);
    require(teal_utf8_valid(teal_written(&once)));
    require(teal_nfc(teal_written(&once), &again, NULL) == TEAL_OK);
    require(teal_bytes_equal(teal_written(&once), teal_written(&again)));
}

/* The first two octets choose the languages, the third the reference's width. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static teal_segment segments[TEAL_REASSEMBLY_PARTS];
    if (size < 3 || size > 16384)
        return 0;
    teal_segment_options o = {
        .ref = 7,
        .wide_ref = data[2] & 1,
        .languages = (uint16_t)((data[0] << 8 | data[1]) & TEAL_GSM7_ALL_LANGUAGES),
    };
    teal_bytes text = { data + 3, size - 3 };
    size_t count = 0, counted = 0;
    teal_result result =
        teal_segment_split(text, &o, segments, TEAL_REASSEMBLY_PARTS, &count, NULL);
    require((result == TEAL_MALFORMED) == !teal_utf8_valid(text));
    require(teal_segment_split(text, &o, NULL, TEAL_REASSEMBLY_PARTS, &counted, NULL) == result);
    require(count == counted);
    if (result == TEAL_OK)
        check_round_trip(text, segments, count);
    if (result != TEAL_MALFORMED) {
        check_taming(text);
        check_normalising(text);
    }
    return 0;
}
