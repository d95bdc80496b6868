/* Septets of any kind decode to UTF-8 or are refused; what encodes comes back; packing loses
 * nothing. */
#include "codecs/sms/gsm7.h"
#include "codecs/utf8.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 16384 };
static uint8_t text[ROOM], septets[ROOM], again[ROOM];

static void check_packing(teal_bytes in, unsigned fill_bits)
{
    static uint8_t packed[ROOM], back[ROOM];
    teal_writer p = { packed, sizeof packed, 0 }, b = { back, sizeof back, 0 };
    require(teal_gsm7_pack(in, fill_bits, &p) == TEAL_OK);
    require(teal_gsm7_unpack(teal_written(&p), fill_bits, in.len, &b, NULL) == TEAL_OK);
    require(teal_bytes_equal(teal_written(&b), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    teal_bytes in = { data, size };
    teal_writer t = { text, sizeof text, 0 };
    if (teal_gsm7_decode(&teal_gsm7_default, in, &t, NULL) == TEAL_OK) {
        require(t.len <= 2 * size && teal_utf8_valid(teal_written(&t)));
        check_packing(in, (unsigned)(size % 7));
    }
    teal_writer s = { septets, sizeof septets, 0 }, a = { again, sizeof again, 0 };
    if (teal_gsm7_encode(&teal_gsm7_default, in, &s, NULL) == TEAL_OK) {
        require(teal_gsm7_decode(&teal_gsm7_default, teal_written(&s), &a, NULL) == TEAL_OK);
        require(teal_bytes_equal(teal_written(&a), in));
    }
    teal_writer u = { again, sizeof again, 0 };
    if (size > 2) /* claims of all sizes about the count */
        (void)!teal_gsm7_unpack(in, data[0] % 7, data[1] | (size_t)data[2] << 4, &u, NULL);
    return 0;
}
