/* Bump allocation with alignment; see arena.h. */
#include "codecs/arena.h"

#include <stdalign.h>

void *teal_arena_take(teal_arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    size_t skew = (uintptr_t)(a->base + a->used) % align;
    size_t pad = skew == 0 ? 0 : align - skew;
    if (pad > a->cap - a->used || size > a->cap - a->used - pad)
        return NULL;
    void *taken = a->base + a->used + pad;
    a->used += pad + size;
    return taken;
}

void *teal_arena_array(teal_arena *a, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        return NULL;
    void *taken = teal_arena_take(a, count * size);
    if (taken != NULL)
        memset(taken, 0, count * size);
    return taken;
}

teal_bytes teal_arena_copy(teal_arena *a, teal_bytes b)
{
    uint8_t *taken = teal_arena_take(a, b.len);
    if (taken == NULL)
        return (teal_bytes){ 0 };
    if (b.len > 0)
        memcpy(taken, b.at, b.len);
    return (teal_bytes){ taken, b.len };
}

static void *protobuf_take(void *arena, size_t size)
{
    return teal_arena_take(arena, size);
}

static void protobuf_keep(void *arena, void *taken)
{
    (void)arena;
    (void)taken;
}

ProtobufCAllocator teal_arena_protobuf(teal_arena *a)
{
    return (ProtobufCAllocator){ protobuf_take, protobuf_keep, a };
}
