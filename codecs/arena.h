/* A bounded bump allocator over memory of the caller: what decoders take instead of the heap, so
 * that no input can make them use more than they were given. Freed as a whole by its owner. */
#ifndef TEAL_CODECS_ARENA_H
#define TEAL_CODECS_ARENA_H

#include "codecs/cursor.h"

#include <protobuf-c/protobuf-c.h>

typedef struct teal_arena {
    uint8_t *base;
    size_t cap, used;
} teal_arena;

/* Aligned for any type, not zeroed; NULL when it does not fit. Size 0 gives a valid pointer. */
void *teal_arena_take(teal_arena *a, size_t size);

/* Zeroed array; NULL when it does not fit or count * size overflows. */
void *teal_arena_array(teal_arena *a, size_t count, size_t size);

/* Copy of a view that lives as long as the arena; .at is NULL when it does not fit. */
teal_bytes teal_arena_copy(teal_arena *a, teal_bytes b);

/* What is left, to be written over: scratch for one call, of which nothing is taken. */
static inline teal_writer teal_arena_rest(const teal_arena *a)
{
    return (teal_writer){ a->base + a->used, a->cap - a->used, 0 };
}

/* protobuf-c allocator that draws on the arena and never frees; valid while `a` is. */
ProtobufCAllocator teal_arena_protobuf(teal_arena *a);

#endif
