/* See codec.h. */
#include "tests/bench/codec.h"

#include "tests/bench/measure.h"
#include "tests/bench/message.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 16 << 20 };

const bench_length bench_lengths[BENCH_LENGTHS] = {
    { "160", 160 },
    { "1k", 1024 },
    { "100k", 100 << 10 },
};

typedef struct subject {
    const bench_codec *codec;
    teal_bytes sample;
    teal_arena arena;
    teal_writer out;
    _Alignas(16) uint8_t value[BENCH_VALUE_BYTES];
} subject;

static void decode(void *arg)
{
    subject *s = arg;
    s->arena.used = 0;
    bench_require(s->codec->decode(s->sample, &s->arena, s->value) == TEAL_OK,
                  "a sample can be decoded");
}

static void encode(void *arg)
{
    subject *s = arg;
    s->out.len = 0;
    bench_require(s->codec->encode(s->value, &s->out) == TEAL_OK, "a value can be encoded");
}

static void copy(void *arg)
{
    subject *s = arg;
    memcpy(s->out.base, s->sample.at, s->sample.len);
}

static void measure(subject *s, const char *direction, const char *shape, void (*run)(void *))
{
    char name[96];
    bench_figure f = bench_compare((bench_work){ run, s }, (bench_work){ copy, s });
    snprintf(name, sizeof name, "%s_%s_%s", s->codec->name, direction, shape);
    bench_print_codec(name, s->sample.len, &f);
}

void bench_codec_measure(const bench_codec *c, const char *shape, teal_bytes sample)
{
    static subject s;
    s = (subject){ .codec = c, .sample = sample, .arena = bench_arena(ROOM) };
    s.out = (teal_writer){ malloc(ROOM), ROOM, 0 };
    bench_require(s.out.base != NULL, "there is memory");
    measure(&s, "decode", shape, decode);
    if (c->encode != NULL)
        measure(&s, "encode", shape, encode);
    free(s.out.base);
    free(s.arena.base);
}
