/* What every decoder promises when it refuses: its output is as it was, the refusal names a rule,
 * and where it was broken lies in the input. Over all seeds of the fuzz targets, cut and spoilt at
 * every octet. */
#include "codecs/base64.h"
#include "codecs/native/content.h"
#include "codecs/native/manifest.h"
#include "codecs/native/receipt.h"
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/iscomposing.h"
#include "codecs/rcs/location.h"
#include "codecs/rcs/plain.h"
#include "codecs/rcs/vcard.h"
#include "codecs/sms/dlr.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/tpdu.h"
#include "codecs/sms/ucs2.h"
#include "codecs/xml.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/exact.h"

enum { ROOM = 8 << 20, MAX_OUTPUT = 8 << 10, MAX_SEED = 64 << 10, UNTOUCHED = 0xA5 };

static _Alignas(16) uint8_t room[ROOM];

/* One decoder: `out` is room for its output, whatever that is. */
typedef teal_result decode(teal_bytes in, teal_arena *arena, void *out, teal_diag *why);

static const teal_rcs_routing outside = {
    .from = { (const uint8_t *)"im:alice@native.example", 23 },
    .to = { (const uint8_t *)"tel:+14155550100", 16 },
};

#define DECODER(name, call)                                                                        \
    static teal_result name(teal_bytes in, teal_arena *arena, void *out, teal_diag *why)           \
    {                                                                                              \
        (void)arena;                                                                               \
        (void)out;                                                                                 \
        return call;                                                                               \
    }

DECODER(content, teal_content_decode(in, arena, out, why))
DECODER(fallback, teal_fallback_decode(in, arena, out, why))
DECODER(envelope, teal_envelope_decode(in, arena, out, why))
DECODER(detached, teal_envelope_decode_detached(in, arena, out, why))
DECODER(manifest, teal_manifest_decode(in, arena, out, why))
DECODER(prekey, teal_prekey_decode(in, out, why))
DECODER(prekeys, teal_prekeys_decode(in, arena, out, why))
DECODER(receipt, teal_receipt_decode(in, arena, out, why))
DECODER(cpim, teal_cpim_decode(in, arena, out, why))
DECODER(xml, teal_xml_read(in, arena, out, why))
DECODER(imdn, teal_imdn_decode(in, arena, out, why))
DECODER(iscomposing, teal_iscomposing_decode(in, arena, out, why))
DECODER(filetransfer, teal_filetransfer_decode(in, arena, out, why))
DECODER(location, teal_location_decode(in, arena, out, why))
DECODER(datetime, teal_datetime_decode(in, out, why))
DECODER(smpp_frame, teal_smpp_frame(in, out, why))
DECODER(smpp, teal_smpp_decode(in, out, why))
DECODER(tlvs, teal_smpp_tlv_check(in, why))
DECODER(udh, teal_udh_decode(in, out, why))
DECODER(dlr, teal_dlr_decode(in, out, why))
DECODER(submit, teal_tpdu_decode(in, TEAL_TPDU_TO_CENTRE, out, why))
DECODER(deliver, teal_tpdu_decode(in, TEAL_TPDU_FROM_CENTRE, out, why))

/* Messages: what is outside of them is an output too. */
typedef struct routed {
    teal_rcs_routing routing;
    _Alignas(16) uint8_t message[MAX_OUTPUT - sizeof(teal_rcs_routing) - 16];
} routed;

static teal_result e2ee(teal_bytes in, teal_arena *arena, void *out, teal_diag *why)
{
    routed *r = out;
    teal_rcs_routing routing = outside;
    teal_result result = teal_e2ee_decode(in, arena, &routing, (void *)r->message, why);
    if (result == TEAL_OK || routing.hides_from || routing.hides_to)
        r->routing = routing;
    return result;
}

static teal_result plain(teal_bytes in, teal_arena *arena, void *out, teal_diag *why)
{
    routed *r = out;
    teal_rcs_routing routing = outside;
    teal_result result = teal_plain_decode(in, arena, &routing, (void *)r->message, why);
    if (result == TEAL_OK || routing.hides_from || routing.hides_to)
        r->routing = routing;
    return result;
}

static teal_result body(teal_bytes in, teal_arena *arena, void *out, teal_diag *why)
{
    teal_cpim m;
    teal_body b;
    teal_result result = teal_cpim_decode(in, arena, &m, why);
    if (result == TEAL_OK)
        result = teal_body_read(&m, arena, &b, why);
    return result == TEAL_OK ? teal_body_decode(&b, 1, arena, out, why) : result;
}

static teal_result vcard(teal_bytes in, teal_arena *arena, void *out, teal_diag *why)
{
    teal_bytes list = in;
    teal_result result = teal_vcard_next(&list, arena, out, why);
    assert_true(result == TEAL_OK || (list.at == in.at && list.len == in.len));
    return result;
}

static teal_result udh_split(teal_bytes in, teal_arena *arena, void *out, teal_diag *why)
{
    teal_bytes *halves = out;
    (void)arena;
    return teal_udh_split(in, &halves[0], &halves[1], why);
}

/* Text and octets are appended to a writer: what is refused is not counted, but for what would not
 * fit, where len says what is needed. */
static teal_result keep_count(teal_result result, const teal_writer *w, size_t before, void *out)
{
    if (result == TEAL_OK || (result != TEAL_SPACE && w->len != before))
        memcpy(out, &w->len, sizeof w->len);
    return result;
}

#define WRITER(name, call)                                                                         \
    static teal_result name(teal_bytes in, teal_arena *arena, void *out, teal_diag *why)           \
    {                                                                                              \
        teal_writer w = teal_arena_rest(arena);                                                    \
        w.len = 3;                                                                                 \
        return keep_count(call, &w, 3, out);                                                       \
    }

WRITER(base64, teal_base64_decode(in, &w, why))
WRITER(base64url, teal_base64url_decode(in, &w, why))
WRITER(handle, teal_handle_canonicalize(in, &w, why))
WRITER(gsm7, teal_gsm7_decode(&teal_gsm7_default, in, &w, why))
WRITER(unpack, teal_gsm7_unpack(in, 0, in.len + 20, &w, why))
WRITER(ucs2, teal_ucs2_decode(in, &w, why))
WRITER(ascii, teal_coding_decode(TEAL_CODING_ASCII, (teal_gsm7_shift){ 0 }, in, &w, why))

static const struct {
    const char *name, *seeds;
    decode *run;
    size_t skip; /* octets of a seed that are the target's own */
} rows[] = {
    { "content", "content", content, 0 },
    { "fallback", "content", fallback, 0 },
    { "envelope", "envelope", envelope, 0 },
    { "detached envelope", "envelope", detached, 0 },
    { "manifest", "manifest", manifest, 0 },
    { "prekey", "prekeys", prekey, 0 },
    { "prekeys", "prekeys", prekeys, 0 },
    { "receipt", "receipt", receipt, 0 },
    { "cpim", "cpim", cpim, 0 },
    { "e2ee", "e2ee", e2ee, 0 },
    { "plain", "plain", plain, 0 },
    { "body", "bodies", body, 0 },
    { "xml", "xml", xml, 0 },
    { "imdn", "imdn", imdn, 0 },
    { "iscomposing", "iscomposing", iscomposing, 0 },
    { "filetransfer", "filetransfer", filetransfer, 0 },
    { "location", "location", location, 0 },
    { "vcard", "vcard", vcard, 0 },
    { "datetime", "datetime", datetime, 0 },
    { "handle", "handle", handle, 0 },
    { "base64", "base64", base64, 0 },
    { "base64url", "base64", base64url, 0 },
    { "smpp frame", "smpp", smpp_frame, 0 },
    { "smpp", "smpp", smpp, 0 },
    { "smpp tlvs", "smpp", tlvs, 0 },
    { "udh", "udh", udh, 0 },
    { "udh split", "udh", udh_split, 0 },
    { "dlr", "dlr", dlr, 0 },
    { "tpdu to the centre", "tpdu", submit, 1 },
    { "tpdu from the centre", "tpdu", deliver, 1 },
    { "gsm7", "gsm7", gsm7, 0 },
    { "gsm7 packed", "gsm7", unpack, 0 },
    { "ucs2", "udh", ucs2, 0 },
    { "ascii", "gsm7", ascii, 0 },
};

static void check(const char *name, decode *run, teal_bytes in)
{
    static _Alignas(16) uint8_t out[MAX_OUTPUT], untouched[MAX_OUTPUT];
    uint8_t *copy = exact_copy(in.at, in.len);
    teal_arena arena = { room, ROOM, 0 };
    teal_diag why = { 0 };
    memset(out, UNTOUCHED, sizeof out);
    memset(untouched, UNTOUCHED, sizeof untouched);
    teal_result result = run((teal_bytes){ copy, in.len }, &arena, out, &why);
    if (result != TEAL_OK && memcmp(out, untouched, sizeof out) != 0)
        fail_msg("%s: %s, and its output has changed", name, why.rule);
    if (result != TEAL_OK && (why.rule == NULL || strncmp(why.rule, "REQ-", 4) != 0))
        fail_msg("%s: refuses by no rule: %s", name, why.rule != NULL ? why.rule : "NULL");
    if (result != TEAL_OK && why.at > in.len)
        fail_msg("%s: %s, at %zu of %zu", name, why.rule, why.at, in.len);
    arena.used = 0;
    if (run((teal_bytes){ copy, in.len }, &arena, out, NULL) != result)
        fail_msg("%s: answers otherwise when nobody asks why", name);
    free(copy);
}

static void check_seed(const char *name, decode *run, teal_bytes seed)
{
    static uint8_t spoilt[MAX_SEED];
    static const uint8_t marks[] = { 0x00, 0x01, 0x80, 0xFF };
    for (size_t len = 0; len <= seed.len; len++)
        check(name, run, (teal_bytes){ seed.at, len });
    memcpy(spoilt, seed.at, seed.len);
    for (size_t i = 0; i < seed.len; i++) {
        for (size_t mark = 0; mark < sizeof marks; mark++) {
            spoilt[i] = seed.at[i] ^ marks[mark];
            check(name, run, (teal_bytes){ spoilt, seed.len });
        }
        spoilt[i] = seed.at[i];
    }
}

/* With every arena that is too small: what is refused is the arena, not the input. Those that take
 * their place at once differ only by multiples of 16, which everything is aligned to. */
static void check_arenas(const char *name, decode *run, teal_bytes seed)
{
    static _Alignas(16) uint8_t out[MAX_OUTPUT], untouched[MAX_OUTPUT];
    teal_arena arena = { room, ROOM, 0 };
    teal_diag why;
    memset(untouched, UNTOUCHED, sizeof untouched);
    if (run(seed, &arena, out, NULL) != TEAL_OK)
        return;
    for (size_t cap = 0;; cap += 16) {
        arena = (teal_arena){ room, cap, 0 };
        memset(out, UNTOUCHED, sizeof out);
        teal_result result = run(seed, &arena, out, &why);
        if (result == TEAL_OK)
            return;
        if (result != TEAL_SPACE || strncmp(why.rule, "no rule: ", 9) != 0)
            fail_msg("%s: with %zu octets of arena %s: %s", name, cap, teal_result_text(result),
                     why.rule);
        if (memcmp(out, untouched, sizeof out) != 0)
            fail_msg("%s: with %zu octets of arena its output has changed", name, cap);
    }
}

static teal_bytes read_seed(const char *path)
{
    static uint8_t seed[MAX_SEED];
    FILE *f = fopen(path, "rbe");
    assert_non_null(f);
    size_t len = fread(seed, 1, sizeof seed, f);
    fclose(f);
    return (teal_bytes){ seed, len };
}

typedef void check_row(const char *name, decode *run, teal_bytes seed);

static void over_all_seeds(check_row *check_one)
{
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        char path[512];
        size_t n = 0;
        snprintf(path, sizeof path, "tests/fuzz/corpus/%s", rows[row].seeds);
        DIR *folder = opendir(path);
        if (folder == NULL)
            fail_msg("%s: there is no %s: run this from the root of the project", rows[row].name,
                     path);
        for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", rows[row].seeds, e->d_name);
            teal_bytes seed = read_seed(path);
            if (seed.len < rows[row].skip)
                continue;
            check_one(rows[row].name, rows[row].run,
                      (teal_bytes){ seed.at + rows[row].skip, seed.len - rows[row].skip });
            n++;
        }
        closedir(folder);
        assert_true(n > 0);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    over_all_seeds(check_seed);
}

static void test_small_arenas(void **state)
{
    (void)state;
    over_all_seeds(check_arenas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_small_arenas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
