/* No decoder of codecs/ takes anything from the heap, whatever its input: every allocation of the
 * program is counted, in our code and in the libraries below it (expat, protobuf-c, libunistring).
 */
#include "codecs/base64.h"
#include "codecs/handle.h"
#include "codecs/native/content.h"
#include "codecs/native/manifest.h"
#include "codecs/native/receipt.h"
#include "codecs/nfc.h"
#include "codecs/rcs/bodies.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/e2ee.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/rcs/imdn.h"
#include "codecs/rcs/iscomposing.h"
#include "codecs/rcs/location.h"
#include "codecs/rcs/plain.h"
#include "codecs/sms/coding.h"
#include "codecs/sms/dlr.h"
#include "codecs/sms/mark.h"
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/tpdu.h"
#include "codecs/sms/ucs2.h"
#include "tests/support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>

static volatile size_t allocations;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Of the sanitizer's run-time library; gcc has no header for it. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *taken, size_t size)
{
    (void)taken;
    (void)size;
    allocations = allocations + 1;
}

static void on_free(const volatile void *taken)
{
    (void)taken;
}

static int count_allocations(void **state)
{
    (void)state;
    return __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0 ? 0 : -1;
}
#else
/* Those of the program win over the library's, also for calls from other libraries. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *taken, size_t size);

void *malloc(size_t size)
{
    allocations = allocations + 1;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations = allocations + 1;
    return __libc_calloc(count, size);
}

void *realloc(void *taken, size_t size)
{
    allocations = allocations + 1;
    return __libc_realloc(taken, size);
}

static int count_allocations(void **state)
{
    (void)state;
    return 0;
}
#endif

enum { ROOM = 8 << 20, MAX_SEED = 64 << 10 };

static _Alignas(16) uint8_t room[ROOM], text[8 * MAX_SEED];

static teal_writer output(void)
{
    return (teal_writer){ text, sizeof text, 0 };
}

/* Results do not matter here. */
static void run_envelope(teal_bytes in, teal_arena *arena)
{
    teal_envelope e;
    (void)!teal_envelope_decode(in, arena, &e, NULL);
    (void)!teal_envelope_decode_detached(in, arena, &e, NULL);
}

static void run_manifest(teal_bytes in, teal_arena *arena)
{
    teal_manifest m;
    (void)!teal_manifest_decode(in, arena, &m, NULL);
}

static void run_prekeys(teal_bytes in, teal_arena *arena)
{
    teal_prekeys all;
    teal_prekey one;
    (void)!teal_prekeys_decode(in, arena, &all, NULL);
    (void)!teal_prekey_decode(in, &one, NULL);
}

static void run_receipt(teal_bytes in, teal_arena *arena)
{
    teal_receipt r;
    (void)!teal_receipt_decode(in, arena, &r, NULL);
}

static void run_content(teal_bytes in, teal_arena *arena)
{
    Teal__V1__Content *content;
    Teal__V1__Fallback *fallback;
    (void)!teal_content_decode(in, arena, &content, NULL);
    (void)!teal_fallback_decode(in, arena, &fallback, NULL);
}

static void run_cpim(teal_bytes in, teal_arena *arena)
{
    teal_cpim m;
    teal_rcs_head head;
    if (teal_cpim_decode(in, arena, &m, NULL) == TEAL_OK)
        (void)!teal_rcs_head_read(&m, arena, NULL, &head, NULL);
}

static void run_e2ee(teal_bytes in, teal_arena *arena)
{
    teal_envelope e;
    (void)!teal_e2ee_decode(in, arena, NULL, &e, NULL);
}

static void run_bodies(teal_bytes in, teal_arena *arena)
{
    teal_plain p;
    teal_cpim m;
    teal_body b;
    Teal__V1__Content *c;
    (void)!teal_plain_decode(in, arena, NULL, &p, NULL);
    if (teal_cpim_decode(in, arena, &m, NULL) == TEAL_OK &&
        teal_body_read(&m, arena, &b, NULL) == TEAL_OK)
        (void)!teal_body_decode(&b, 1, arena, &c, NULL);
}

static void run_imdn(teal_bytes in, teal_arena *arena)
{
    teal_imdn n;
    (void)!teal_imdn_decode(in, arena, &n, NULL);
}

static void run_iscomposing(teal_bytes in, teal_arena *arena)
{
    teal_iscomposing c;
    (void)!teal_iscomposing_decode(in, arena, &c, NULL);
}

static void run_filetransfer(teal_bytes in, teal_arena *arena)
{
    teal_filetransfer f;
    (void)!teal_filetransfer_decode(in, arena, &f, NULL);
}

static void run_location(teal_bytes in, teal_arena *arena)
{
    teal_location l;
    (void)!teal_location_decode(in, arena, &l, NULL);
}

static void run_vcard(teal_bytes in, teal_arena *arena)
{
    teal_vcard c;
    while (in.len > 0 && teal_vcard_next(&in, arena, &c, NULL) == TEAL_OK)
        continue;
}

static void run_datetime(teal_bytes in, teal_arena *arena)
{
    int64_t ms;
    (void)arena;
    (void)!teal_datetime_decode(in, &ms, NULL);
}

static void run_base64(teal_bytes in, teal_arena *arena)
{
    teal_writer standard = output(), url = output();
    (void)arena;
    (void)!teal_base64_decode(in, &standard, NULL);
    (void)!teal_base64url_decode(in, &url, NULL);
}

static void run_handle(teal_bytes in, teal_arena *arena)
{
    teal_writer out = output();
    (void)arena;
    (void)!teal_handle_canonicalize(in, &out, NULL);
}

static void run_gsm7(teal_bytes in, teal_arena *arena)
{
    static const uint8_t codings[] = { 0, 1, 3, 8, 0xf1 };
    teal_writer out = output();
    (void)arena;
    (void)!teal_gsm7_unpack(in, 0, in.len, &out, NULL);
    for (size_t i = 0; i < sizeof codings; i++) {
        out = output();
        (void)!teal_coding_decode(codings[i], (teal_gsm7_shift){ 0 }, in, &out, NULL);
    }
}

static void run_text(teal_bytes in, teal_arena *arena)
{
    teal_writer tame = output(), composed = output();
    (void)arena;
    (void)!teal_text_tame(in, &tame, NULL);
    (void)!teal_nfc(in, &composed, NULL);
}

static void run_udh(teal_bytes in, teal_arena *arena)
{
    teal_bytes header, rest;
    teal_udh udh;
    (void)arena;
    if (teal_udh_split(in, &header, &rest, NULL) == TEAL_OK)
        (void)!teal_udh_decode(header, &udh, NULL);
}

static void run_dlr(teal_bytes in, teal_arena *arena)
{
    teal_dlr dlr;
    (void)arena;
    (void)!teal_dlr_decode(in, &dlr, NULL);
}

static void run_tpdu(teal_bytes in, teal_arena *arena)
{
    teal_tpdu t;
    (void)arena;
    (void)!teal_tpdu_decode(in, TEAL_TPDU_FROM_CENTRE, &t, NULL);
    (void)!teal_tpdu_decode(in, TEAL_TPDU_TO_CENTRE, &t, NULL);
}

static void run_smpp(teal_bytes in, teal_arena *arena)
{
    teal_bytes unit, octets;
    teal_smpp_pdu pdu;
    teal_udh udh;
    (void)arena;
    if (teal_smpp_frame(in, &unit, NULL) == TEAL_OK &&
        teal_smpp_decode(unit, &pdu, NULL) == TEAL_OK)
        (void)!teal_smpp_user_data(&pdu, &octets, &udh, NULL);
}

static const struct {
    const char *seeds; /* below tests/fuzz/corpus */
    void (*run)(teal_bytes in, teal_arena *arena);
} decoders[] = {
    { "envelope", run_envelope },
    { "manifest", run_manifest },
    { "prekeys", run_prekeys },
    { "receipt", run_receipt },
    { "content", run_content },
    { "cpim", run_cpim },
    { "e2ee", run_e2ee },
    { "bodies", run_bodies },
    { "imdn", run_imdn },
    { "iscomposing", run_iscomposing },
    { "filetransfer", run_filetransfer },
    { "location", run_location },
    { "vcard", run_vcard },
    { "datetime", run_datetime },
    { "base64", run_base64 },
    { "handle", run_handle },
    { "gsm7", run_gsm7 },
    { "segment", run_text },
    { "udh", run_udh },
    { "dlr", run_dlr },
    { "tpdu", run_tpdu },
    { "smpp", run_smpp },
};

/* How much the heap was used; the arena is more than any decoder asks for. */
static size_t run_counted(size_t decoder, teal_bytes in)
{
    teal_arena arena = { room, sizeof room, 0 };
    size_t before = allocations;
    decoders[decoder].run(in, &arena);
    return allocations - before;
}

/* The seed, cut short everywhere, and with octets changed. */
static void run_variants(size_t decoder, const char *name, uint8_t *at, size_t len, test_random *r)
{
    for (size_t n = 0; n <= len; n += 1 + len / 400) {
        if (run_counted(decoder, (teal_bytes){ at, n }) > 0)
            fail_msg("%s/%s, %zu octets: heap used", decoders[decoder].seeds, name, n);
    }
    for (size_t i = 0; i < 200 && len > 0; i++) {
        at[test_random_below(r, len)] = (uint8_t)test_random_u64(r);
        if (run_counted(decoder, (teal_bytes){ at, len }) > 0)
            fail_msg("%s/%s, changed %zu times: heap used", decoders[decoder].seeds, name, i + 1);
    }
}

static size_t read_seed(const char *folder, const char *name, uint8_t *out)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(out, 1, MAX_SEED, f);
    fclose(f);
    return len;
}

static void test_decoders(void **state)
{
    (void)state;
    static uint8_t seed[MAX_SEED];
    test_random r = test_random_of(test_seed());
    for (size_t d = 0; d < sizeof decoders / sizeof decoders[0]; d++) {
        char folder[64];
        size_t seeds = 0;
        snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", decoders[d].seeds);
        DIR *files = opendir(folder);
        assert_non_null(files); /* run me from the top folder */
        for (struct dirent *f = readdir(files); f != NULL; f = readdir(files)) {
            if (f->d_name[0] == '.')
                continue;
            run_variants(d, f->d_name, seed, read_seed(folder, f->d_name, seed), &r);
            seeds++;
        }
        closedir(files);
        assert_true(seeds > 0);
    }
}

/* The count counts, also what a library takes. */
static void test_counting(void **state)
{
    (void)state;
    size_t before = allocations;
    void *volatile taken = malloc(1);
    assert_true(allocations == before + 1);
    free(taken);
    before = allocations;
    char *copy = strdup("text");
    assert_true(allocations == before + 1);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_decoders),
    };
    return cmocka_run_group_tests(tests, count_allocations, NULL);
}
