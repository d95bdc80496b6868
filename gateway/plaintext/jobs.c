/* The table of jobs: by reference, by token, and in order. */
#include "gateway/plaintext/jobs.h"

#include <stdlib.h>

enum { PART_BITS = 8 }; /* TEAL_SEGMENTS_MAX is below 256 */

static job **chain_of(const jobs *js, uint64_t ref)
{
    uint64_t mixed = ref * UINT64_C(0x9E3779B97F4A7C15);
    return (job **)&js->chains[mixed >> 54];
}

static void make_ring(job *head)
{
    head->next = head->previous = head;
}

void jobs_open(jobs *js)
{
    *js = (jobs){ .n_free = JOBS_MAX };
    for (uint32_t i = 0; i < JOBS_MAX; i++)
        js->free_slots[i] = JOBS_MAX - 1 - i;
    make_ring(&js->asked);
    make_ring(&js->sending);
    make_ring(&js->deferred);
}

job *jobs_find(const jobs *js, uint64_t ref)
{
    job *j = *chain_of(js, ref);
    while (j != NULL && j->ref != ref)
        j = j->chain;
    return j;
}

job *jobs_make(jobs *js, uint64_t ref, uint64_t number)
{
    if (js->n_free == 0)
        return NULL;
    job *j = calloc(1, sizeof *j);
    if (j == NULL)
        bug("out of memory");
    j->ref = ref;
    j->number = number;
    j->slot = js->free_slots[--js->n_free];
    js->slots[j->slot] = j;
    make_ring(j);
    job **chain = chain_of(js, ref);
    j->chain = *chain;
    *chain = j;
    return j;
}

void jobs_free(jobs *js, job *j)
{
    jobs_list(NULL, j);
    for (job **at = chain_of(js, j->ref); *at != NULL; at = &(*at)->chain) {
        if (*at == j) {
            *at = j->chain;
            break;
        }
    }
    js->slots[j->slot] = NULL;
    js->free_slots[js->n_free++] = j->slot;
    free(j->parts);
    free(j);
}

void jobs_list(job *list, job *j)
{
    j->next->previous = j->previous;
    j->previous->next = j->next;
    make_ring(j);
    if (list == NULL)
        return;
    j->next = list;
    j->previous = list->previous;
    list->previous->next = j;
    list->previous = j;
}

uint64_t jobs_token(const job *j, size_t part)
{
    return (uint64_t)j->slot << PART_BITS | part;
}

job *jobs_of_token(const jobs *js, uint64_t token, size_t *part)
{
    uint64_t slot = token >> PART_BITS;
    job *j = slot < JOBS_MAX ? js->slots[slot] : NULL;
    *part = token & ((1 << PART_BITS) - 1);
    if (j == NULL || *part >= j->n_parts || j->parts[*part].state != PART_IN_FLIGHT)
        bug("an answer to what was not sent");
    return j;
}
