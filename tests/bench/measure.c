/* See measure.h. */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    RUNS = 41,    /* odd: the median is one of them */
    RUN_US = 1000 /* at least, so that reading the clock does not show */
};

double bench_thread_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static double run_us(bench_work w, size_t n)
{
    double start = bench_thread_us();
    for (size_t i = 0; i < n; i++) {
        w.run(w.arg);
        __asm__ volatile("" ::: "memory"); /* no call is merged with the next */
    }
    return bench_thread_us() - start;
}

static size_t calls_in_a_run(bench_work w)
{
    size_t n = 1;
    while (run_us(w, n) < RUN_US)
        n *= 2;
    return n;
}

bench_figure bench_compare(bench_work work, bench_work floor)
{
    double samples[RUNS], floors[RUNS];
    size_t n_work = calls_in_a_run(work), n_floor = calls_in_a_run(floor);
    for (size_t i = 0; i < RUNS; i++) {
        floors[i] = run_us(floor, n_floor) / (double)n_floor;
        samples[i] = run_us(work, n_work) / (double)n_work;
    }
    return bench_figure_of(samples, floors, RUNS);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of_sorted(const double *samples, size_t n)
{
    return (samples[(n - 1) / 2] + samples[n / 2]) / 2;
}

bench_figure bench_figure_of(double *samples, double *floors, size_t n)
{
    qsort(samples, n, sizeof *samples, compare_doubles);
    qsort(floors, n, sizeof *floors, compare_doubles);
    return (bench_figure){ .median = median_of_sorted(samples, n),
                           .min = samples[0],
                           .max = samples[n - 1],
                           .floor = median_of_sorted(floors, n),
                           .runs = n };
}

/* What is common to all: one line is begun, and ends with `rest`. */
static void print(const char *name, const char *unit, double scale, const char *floor_is,
                  const char *rest, const bench_figure *f)
{
    printf(
        "{\"name\": \"%s\", \"unit\": \"%s\", \"median\": %.5g, \"floor\": %.5g, "
        "\"ratio\": %.4g, \"floor_is\": \"%s\", \"runs\": %zu, \"min\": %.5g, \"max\": %.5g%s}\n",
        name, unit, scale * f->median, scale * f->floor, f->median / f->floor, floor_is, f->runs,
        scale * f->min, scale * f->max, rest);
    fflush(stdout);
}

void bench_print(const char *name, const char *unit, const char *floor_is, const bench_figure *f)
{
    print(name, unit, 1, floor_is, "", f);
}

void bench_print_codec(const char *name, size_t octets, const bench_figure *f)
{
    char rest[64];
    snprintf(rest, sizeof rest, ", \"octets\": %zu, \"mb_per_s\": %.5g", octets,
             (double)octets / f->median); /* octets in a microsecond */
    print(name, "ns CPU", 1000, "copying the same octets", rest, f);
}

void bench_require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "cannot measure: %s\n", what);
    exit(EXIT_FAILURE);
}
