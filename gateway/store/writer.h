/* The one thread that writes to the store: jobs that wait are run in one transaction, which is
 * committed once for all of them (no fixed delay: a batch is what arrived while the last one was
 * being committed). */
#ifndef TEAL_GATEWAY_STORE_WRITER_H
#define TEAL_GATEWAY_STORE_WRITER_H

#include "gateway/store/store.h"

typedef struct writer writer;

/* run: in the writer's thread, inside the transaction, under a savepoint: when it does not return
 * STORE_OK or STORE_EXISTS or STORE_NONE its own changes are undone and the rest of the batch is
 * not touched. done: after the commit (or its failure), with run's result, or the commit's where
 * that failed; STORE_FULL and STORE_BROKEN are the whole batch's. Must not block. The job belongs
 * to its maker again when done is called. */
typedef struct writer_job {
    store_result (*run)(store *s, void *arg);
    void (*done)(void *arg, store_result result);
    void *arg;
    struct writer_job *next; /* the writer's own */
} writer_job;

/* max_waiting: jobs that may wait before writer_submit refuses. Takes the store. NULL: no memory or
 * no thread; the store is still the caller's. */
writer *writer_start(store *s, size_t max_waiting);
/* False: full, or stopping; done is not called. */
bool writer_submit(writer *w, writer_job *job);
/* Submits, waits for the commit, hands out the result. STORE_BUSY when full. Never from `run` or
 * `done`: it would wait for itself. */
store_result writer_do(writer *w, store_result (*run)(store *s, void *arg), void *arg);
/* Runs what waits, closes the store. */
void writer_stop(writer **w);

#endif
