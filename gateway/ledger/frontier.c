/* See frontier.h. */
#include "gateway/ledger/frontier.h"

#include <assert.h>

/* Nobody asks for other nodes: those left of a leaf that ends them, and those that make a root. */
static bool get_node(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    const frontier *f = arg;
    assert((f->size >> level & 1) != 0 && index == (f->size >> level) - 1);
    *out = f->nodes[level];
    return true;
}

void frontier_append(frontier *f, const teal_hash *leaf)
{
    teal_hash nodes[MERKLE_MAX_LEVELS];
    size_t n;
    const merkle_tree t = { get_node, f };
    bool grown = merkle_grow(&t, f->size, leaf, nodes, &n);
    assert(grown);
    (void)grown;
    f->size++;
    f->nodes[n - 1] = nodes[n - 1];
}

void frontier_root(const frontier *f, teal_hash *root)
{
    const merkle_tree t = { get_node, (void *)f };
    bool known = merkle_root(&t, f->size, root);
    assert(known);
    (void)known;
}
