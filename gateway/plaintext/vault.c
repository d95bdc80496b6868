/* A free list over one sodium_malloc area. */
#include "gateway/plaintext/vault.h"

#include "gateway/log.h"

#include <sodium.h>
#include <stdalign.h>
#include <stdlib.h>

struct vault {
    unsigned char *base;
    size_t block_bytes, blocks, left;
    size_t *free_list; /* indices of free blocks, `left` of them */
};

vault *vault_open(size_t blocks, size_t block_bytes)
{
    size_t unit = alignof(max_align_t);
    vault *v = calloc(1, sizeof *v);
    if (v == NULL)
        bug("out of memory");
    v->block_bytes = (block_bytes + unit - 1) / unit * unit;
    v->blocks = v->left = blocks;
    v->base = sodium_allocarray(blocks, v->block_bytes);
    v->free_list = calloc(blocks, sizeof *v->free_list);
    if (v->base == NULL || v->free_list == NULL)
        bug("out of memory");
    sodium_memzero(v->base, blocks * v->block_bytes);
    for (size_t i = 0; i < blocks; i++)
        v->free_list[i] = blocks - 1 - i;
    return v;
}

void vault_close(vault **v)
{
    if (*v == NULL)
        return;
    sodium_free((*v)->base); /* wipes */
    free((*v)->free_list);
    free(*v);
    *v = NULL;
}

void *vault_take(vault *v)
{
    if (v->left == 0)
        return NULL;
    v->left--;
    return v->base + v->free_list[v->left] * v->block_bytes;
}

void vault_give_back(vault *v, void *block)
{
    if (block == NULL)
        return;
    size_t offset = (size_t)((unsigned char *)block - v->base);
    if (offset % v->block_bytes != 0 || offset / v->block_bytes >= v->blocks ||
        v->left == v->blocks)
        bug("a block that is not the vault's");
    sodium_memzero(block, v->block_bytes);
    v->free_list[v->left++] = offset / v->block_bytes;
}

size_t vault_left(const vault *v)
{
    return v->left;
}
