/* Workers take calls one after the other until there are none and never will be. */
#include "gateway/edge/rest_worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Of a worker's arena between calls; what a large call touched goes back to the system. */
enum { ARENA_KEPT_BYTES = 1 << 20 };

typedef struct worker {
    rest_workers *of;
    pthread_t thread;
    store *reader;
    teal_arena arena;
} worker;

struct rest_workers {
    const store_ops *back_end;
    calls *waiting;
    rest_serve *serve;
    size_t n; /* started */
    worker each[];
};

static void reset_arena(teal_arena *a)
{
    if (a->used > ARENA_KEPT_BYTES)
        madvise(a->base + ARENA_KEPT_BYTES, a->cap - ARENA_KEPT_BYTES, MADV_DONTNEED);
    a->used = 0;
}

static void *work(void *arg)
{
    worker *w = arg;
    calls_entry *e;
    while ((e = calls_next(w->of->waiting)) != NULL) {
        w->of->serve(e, w->reader, &w->arena);
        reset_arena(&w->arena);
    }
    return NULL;
}

static bool start(worker *w, const config *c, FILE *errors)
{
    const store_ops *back_end = w->of->back_end;
    void *base = mmap(NULL, REST_ARENA_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        fprintf(errors, "rest: no memory for %u workers. Set workers lower.\n", c->workers);
        return false;
    }
    w->arena = (teal_arena){ base, REST_ARENA_BYTES, 0 };
    store_result opened = back_end->open(c->store_url, false, &w->reader);
    if (opened != STORE_OK) {
        fprintf(errors, "rest: %s: %s. Run teald --init first.\n", c->store_url,
                store_result_name(opened));
    } else if (pthread_create(&w->thread, NULL, work, w) == 0) {
        return true;
    } else {
        fprintf(errors, "rest: no threads for %u workers. Set workers lower.\n", c->workers);
        back_end->close(&w->reader);
    }
    munmap(base, REST_ARENA_BYTES);
    return false;
}

rest_workers *rest_workers_start(const config *c, const store_ops *back_end, calls *waiting,
                                 rest_serve *serve, FILE *errors)
{
    rest_workers *all = calloc(1, sizeof *all + c->workers * sizeof all->each[0]);
    if (all == NULL)
        bug("no memory at start");
    all->back_end = back_end;
    all->waiting = waiting;
    all->serve = serve;
    for (; all->n < c->workers; all->n++) {
        all->each[all->n].of = all;
        if (!start(&all->each[all->n], c, errors)) {
            rest_workers_stop(&all);
            break;
        }
    }
    return all;
}

void rest_workers_stop(rest_workers **w)
{
    rest_workers *all = *w;
    if (all == NULL)
        return;
    calls_stop(all->waiting);
    for (size_t i = 0; i < all->n; i++) {
        pthread_join(all->each[i].thread, NULL);
        all->back_end->close(&all->each[i].reader);
        munmap(all->each[i].arena.base, all->each[i].arena.cap);
    }
    free(all);
    *w = NULL;
}
