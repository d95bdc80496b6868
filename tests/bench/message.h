/* Messages to measure with: from one device to others, sealed and signed as a client does it. */
#ifndef TEAL_TESTS_BENCH_MESSAGE_H
#define TEAL_TESTS_BENCH_MESSAGE_H

#include "codecs/native/envelope.h"
#include "tests/support/devices.h"

#define BENCH_SENDER     "im:alice@native.example"
#define BENCH_RECIPIENT  "im:bob@native.example"
#define BENCH_SENT_AT_MS UINT64_C(1795510800000)

typedef struct bench_letter {
    const test_device *sender, *to;
    size_t n_to, content_octets;
    uint64_t number, conversation; /* an id follows from each */
    uint64_t sent_at_ms;
} bench_letter;

/* What *out points to is in the arena; the letter's devices are not needed any more. */
void bench_message_seal(const bench_letter *letter, teal_arena *arena, teal_envelope *out);

/* The same, of random content from device 0 to the devices 1 to `devices`. */
void bench_message_make(size_t content_octets, size_t devices, teal_arena *arena,
                        teal_envelope *out);

/* Its native form, in the arena. */
teal_bytes bench_message_encode(const teal_envelope *e, teal_arena *arena);

/* Over memory that lives as long as the program. */
teal_arena bench_arena(size_t octets);

/* From the arena; ends the program where it is too small. */
void *bench_take(teal_arena *arena, size_t octets);

#endif
