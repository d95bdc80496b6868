/* Views in the order of their octets: to find what stands twice in a list that a peer has made as
 * long as it may be. Pure, any thread. */
#ifndef TEAL_CODECS_ORDER_H
#define TEAL_CODECS_ORDER_H

#include "codecs/cursor.h"

/* Below, at, or above 0, as memcmp; a shorter one before those that it begins. */
int teal_bytes_compare(teal_bytes a, teal_bytes b);

/* n log n steps whatever the order was. Nothing from the heap, where qsort takes memory. */
void teal_bytes_sort(teal_bytes *list, size_t n);

/* Sorts, and drops what is there already. How many are left. */
size_t teal_bytes_sort_distinct(teal_bytes *list, size_t n);

#endif
