/* Heapsort of views. */
#include "codecs/order.h"

int teal_bytes_compare(teal_bytes a, teal_bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static void swap(teal_bytes *a, teal_bytes *b)
{
    teal_bytes was = *a;
    *a = *b;
    *b = was;
}

/* Below list[at] everything is in heap order; makes it so from there. */
static void sift_down(teal_bytes *list, size_t at, size_t n)
{
    size_t child = 2 * at + 1;
    while (child < n) {
        if (child + 1 < n && teal_bytes_compare(list[child], list[child + 1]) < 0)
            child++;
        if (teal_bytes_compare(list[at], list[child]) >= 0)
            return;
        swap(&list[at], &list[child]);
        at = child;
        child = 2 * at + 1;
    }
}

void teal_bytes_sort(teal_bytes *list, size_t n)
{
    for (size_t at = n / 2; at > 0; at--)
        sift_down(list, at - 1, n);
    for (size_t left = n; left > 1; left--) {
        swap(&list[0], &list[left - 1]);
        sift_down(list, 0, left - 1);
    }
}

size_t teal_bytes_sort_distinct(teal_bytes *list, size_t n)
{
    size_t kept = n > 0 ? 1 : 0;
    teal_bytes_sort(list, n);
    for (size_t i = 1; i < n; i++) {
        if (teal_bytes_compare(list[kept - 1], list[i]) != 0)
            list[kept++] = list[i];
    }
    return kept;
}
