/* Load on an HTTP server of this machine: requests that were prepared before, over connections that
 * are kept, one request at a time on each. Ends the program when an answer is not the one that it
 * was told to expect. One thread. */
#ifndef TEAL_TESTS_BENCH_LOAD_H
#define TEAL_TESTS_BENCH_LOAD_H

#include "codecs/arena.h"

typedef struct bench_load bench_load;

bench_load *bench_load_open(uint16_t port, size_t connections);
void bench_load_close(bench_load **l);

/* One whole request in the arena. */
teal_bytes bench_request(const char *method, const char *path, const char *content_type,
                         teal_bytes body, teal_arena *arena);

/* Sends each request once and waits for all answers. Request i goes over connection i modulo their
 * number, after the answer to the one before it there. */
void bench_load_run(bench_load *l, const teal_bytes *requests, size_t n, int want_status);

#endif
