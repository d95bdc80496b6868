/* The threads that may block: each has its own handle of the store and its own arena. */
#ifndef TEAL_GATEWAY_EDGE_REST_WORKER_H
#define TEAL_GATEWAY_EDGE_REST_WORKER_H

#include "gateway/edge/calls.h"

typedef struct rest_workers rest_workers;

/* For one entry that calls_next handed out. The arena is empty before and reset behind it. */
typedef void rest_serve(calls_entry *e, store *reader, teal_arena *arena);

/* config's number of them, over config's store. NULL: a line on errors. What is given outlives
 * them. */
rest_workers *rest_workers_start(const config *c, const store_ops *back_end, calls *waiting,
                                 rest_serve *serve, FILE *errors);
/* Stops `waiting`, lets them serve what is in it, joins them. NULL-safe; clears *w. */
void rest_workers_stop(rest_workers **w);

#endif
