/* What it costs to translate a sealed message between its native and its RCS-like form, both ways,
 * beside copying it. */
#include "codecs/rcs/e2ee.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t content_octets, devices;
} shapes[] = {
    { "translate_sealed_1k", 1024, 1 },
    { "translate_sealed_160", 160, 1 },
    { "translate_sealed_100k", 100 << 10, 1 },
    { "translate_sealed_1k_10_devices", 1024, 10 },
    { "translate_sealed_1k_100_devices", 1024, 100 },
};

/* One message in both forms, and room to make either from the other. */
typedef struct translation {
    teal_bytes native, cpim;
    teal_arena arena;
    teal_writer out;
} translation;

static void to_cpim(void *arg)
{
    translation *t = arg;
    teal_envelope e;
    t->arena.used = t->out.len = 0;
    bench_require(teal_envelope_decode(t->native, &t->arena, &e, NULL) == TEAL_OK &&
                      teal_e2ee_encode(&e, NULL, &t->out) == TEAL_OK,
                  "the native form translates");
}

static void to_native(void *arg)
{
    translation *t = arg;
    teal_envelope e;
    t->arena.used = t->out.len = 0;
    bench_require(teal_e2ee_decode(t->cpim, &t->arena, NULL, &e, NULL) == TEAL_OK &&
                      teal_envelope_encode(&e, &t->out) == TEAL_OK,
                  "the RCS-like form translates");
}

static void copy_native(void *arg)
{
    translation *t = arg;
    memcpy(t->out.base, t->native.at, t->native.len);
}

static void copy_cpim(void *arg)
{
    translation *t = arg;
    memcpy(t->out.base, t->cpim.at, t->cpim.len);
}

static translation translation_make(size_t content_octets, size_t devices, teal_arena *keep)
{
    teal_envelope e;
    bench_message_make(content_octets, devices, keep, &e);
    translation t = { .native = bench_message_encode(&e, keep) };
    size_t room = 2 * t.native.len + 4096; /* base64 and names of headers */
    t.arena = bench_arena(TEAL_E2EE_ARENA(room));
    t.out = (teal_writer){ bench_take(keep, room), room, 0 };
    to_cpim(&t);
    t.cpim = teal_arena_copy(keep, teal_written(&t.out));
    to_native(&t);
    bench_require(t.cpim.at != NULL && teal_bytes_equal(teal_written(&t.out), t.native),
                  "a message comes back octet for octet");
    return t;
}

static void print(const char *name, const char *direction, const bench_figure *f)
{
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", name, direction);
    bench_print(whole, "µs CPU", "copying the same octets", f);
}

int main(void)
{
    bench_require(sodium_init() >= 0, "libsodium starts");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        teal_arena keep = bench_arena(1 << 20);
        translation t = translation_make(shapes[i].content_octets, shapes[i].devices, &keep);
        bench_figure out =
            bench_compare((bench_work){ to_cpim, &t }, (bench_work){ copy_native, &t });
        bench_figure in =
            bench_compare((bench_work){ to_native, &t }, (bench_work){ copy_cpim, &t });
        print(shapes[i].name, "", out.median > in.median ? &out : &in); /* the slower way */
        print(shapes[i].name, "_to_cpim", &out);
        print(shapes[i].name, "_to_native", &in);
        free(t.arena.base);
        free(keep.base);
    }
    return EXIT_SUCCESS;
}
