/* What something costs beside a floor that bounds it. The two are measured in turns and in CPU time
 * of the thread, so that a machine that is slow for a while is so for both: judge by the ratio. */
#ifndef TEAL_TESTS_BENCH_MEASURE_H
#define TEAL_TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bench_work {
    void (*run)(void *arg);
    void *arg;
} bench_work;

typedef struct bench_figure {
    double median, min, max;
    double floor; /* its median */
    size_t runs;
} bench_figure;

/* µs of CPU that one call of `work` and one of `floor` take. */
bench_figure bench_compare(bench_work work, bench_work floor);

/* n samples of each; sorts them. */
bench_figure bench_figure_of(double *samples, double *floors, size_t n);

/* One JSON object in a line: name, unit, median, floor, ratio, floor_is, runs, min, max. floor_is
 * says what the floor is. The texts are printed as they are. */
void bench_print(const char *name, const char *unit, const char *floor_is, const bench_figure *f);

/* The same for a codec and a message of that many octets, beside copying them: ns, and MB/s. */
void bench_print_codec(const char *name, size_t octets, const bench_figure *f);

/* Ends the program with status 1 unless what the benchmark relies on holds. */
void bench_require(bool holds, const char *what);

/* CPU time of the calling thread. */
double bench_thread_us(void);

#endif
