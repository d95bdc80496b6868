/* Measures a codec both ways over one sample, beside copying the same octets. */
#ifndef TEAL_TESTS_BENCH_CODEC_H
#define TEAL_TESTS_BENCH_CODEC_H

#include "codecs/arena.h"
#include "codecs/result.h"

enum { BENCH_VALUE_BYTES = 8 << 10 };

/* value: aligned room of BENCH_VALUE_BYTES for whatever decode makes. encode: NULL where there is
 * none. */
typedef struct bench_codec {
    const char *name;
    teal_result (*decode)(teal_bytes in, teal_arena *arena, void *value);
    teal_result (*encode)(const void *value, teal_writer *out);
} bench_codec;

/* Prints NAME_decode_SHAPE and NAME_encode_SHAPE. */
void bench_codec_measure(const bench_codec *c, const char *shape, teal_bytes sample);

/* How long contents are, and what that is called: 160 octets, 1 KiB, 100 KiB. */
enum { BENCH_LENGTHS = 3 };
typedef struct bench_length {
    const char *name;
    size_t octets;
} bench_length;
extern const bench_length bench_lengths[BENCH_LENGTHS];

#endif
