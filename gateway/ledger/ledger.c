/* See ledger.h. */
#include "gateway/ledger/ledger.h"

#include "gateway/log.h"

#include <pthread.h>
#include <stdlib.h>

enum { HEAD_MAX_AGE_MS = 60 * 1000 };

struct ledger {
    const char *log;
    const keys_device *keys;
    pthread_mutex_t lock; /* over what follows */
    bool has_head;
    tree_head head;
};

/* ---- the tree in the store ------------------------------------------------------------------- */

typedef struct stored_tree {
    store *s;
    teal_bytes log;
    store_result result; /* the first failure */
} stored_tree;

/* A node that has to be there and is not is damage. */
static bool get_node(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    stored_tree *t = arg;
    t->result = t->s->ops->get_node(t->s, t->log, level, index, out);
    if (t->result == STORE_NONE) {
        log_event(LOG_ERROR, "ledger.node_missing", "log", t->log.at, NULL);
        t->result = STORE_BROKEN;
    }
    return t->result == STORE_OK;
}

static stored_tree tree_in(store *s, const char *log)
{
    return (stored_tree){ s, teal_text(log), STORE_OK };
}

static merkle_tree nodes_of(stored_tree *t)
{
    return (merkle_tree){ get_node, t };
}

static store_result get_size(store *s, const char *log, uint64_t *size, teal_hash *root)
{
    const merkle_tree none = { 0 };
    store_result result = s->ops->get_log(s, teal_text(log), size, root);
    if (result != STORE_NONE)
        return result;
    *size = 0;
    return merkle_root(&none, 0, root) ? STORE_OK : STORE_BROKEN;
}

/* The nodes that the new leaf completes stand before those that are stored. */
typedef struct grown_tree {
    merkle_tree stored;
    const store_leaf *leaf;
} grown_tree;

static bool get_grown(void *arg, unsigned level, uint64_t index, teal_hash *out)
{
    const grown_tree *g = arg;
    const bool is_new = level < g->leaf->n_nodes && index == g->leaf->index >> level;
    if (is_new)
        *out = g->leaf->nodes[level];
    return is_new || g->stored.node(g->stored.arg, level, index, out);
}

store_result ledger_append(store *s, const char *log, teal_bytes entry, uint64_t *index)
{
    stored_tree stored = tree_in(s, log);
    const merkle_tree tree = nodes_of(&stored);
    teal_hash hash, nodes[MERKLE_MAX_LEVELS];
    store_leaf leaf = { .entry = entry, .nodes = nodes };
    const grown_tree grown = { tree, &leaf };
    const merkle_tree after = { get_grown, (void *)&grown };
    store_result result = get_size(s, log, &leaf.index, &leaf.root);
    if (result != STORE_OK)
        return result;
    merkle_hash_leaf(entry, &hash);
    if (!merkle_grow(&tree, leaf.index, &hash, nodes, &leaf.n_nodes) ||
        !merkle_root(&after, leaf.index + 1, &leaf.root))
        return stored.result;
    *index = leaf.index;
    return s->ops->append_log(s, teal_text(log), &leaf);
}

/* ---- at start -------------------------------------------------------------------------------- */

static store_result refuse_damage(const char *log, const char *what)
{
    log_event(LOG_ERROR, "ledger.damaged", "log", log, "what", what, NULL);
    return STORE_BROKEN;
}

/* The last complete node of each level is what its children make it. */
static store_result check_edge(stored_tree *t, uint64_t size)
{
    teal_hash node, left, right, made;
    for (unsigned level = 1; size >> level > 0; level++) {
        const uint64_t index = (size >> level) - 1;
        if (!get_node(t, level, index, &node) || !get_node(t, level - 1, 2 * index, &left) ||
            !get_node(t, level - 1, 2 * index + 1, &right))
            return t->result;
        merkle_hash_children(&left, &right, &made);
        if (memcmp(made.at, node.at, sizeof node.at) != 0)
            return refuse_damage((const char *)t->log.at, "a node is not made of its children");
    }
    return STORE_OK;
}

static store_result check_last_leaf(stored_tree *t, uint64_t size)
{
    uint8_t room[4 << 10];
    teal_arena arena = { room, sizeof room, 0 };
    teal_bytes entries[2];
    teal_hash kept, made;
    size_t n;
    store_result result = t->s->ops->list_leaves(t->s, t->log, size - 1, &arena, entries, 2, &n);
    if (result != STORE_OK)
        return result;
    if (n != 1)
        return refuse_damage((const char *)t->log.at, "there are more entries, or fewer");
    if (!get_node(t, 0, size - 1, &kept))
        return t->result;
    merkle_hash_leaf(entries[0], &made);
    return memcmp(made.at, kept.at, sizeof kept.at) == 0
               ? STORE_OK
               : refuse_damage((const char *)t->log.at, "the last entry has another hash");
}

store_result ledger_check(store *s, const char *log)
{
    stored_tree stored = tree_in(s, log);
    const merkle_tree tree = nodes_of(&stored);
    uint64_t size;
    teal_hash kept, made;
    store_result result = get_size(s, log, &size, &kept);
    if (result != STORE_OK || size == 0)
        return result;
    result = check_last_leaf(&stored, size);
    if (result == STORE_OK)
        result = check_edge(&stored, size);
    if (result != STORE_OK)
        return result;
    if (!merkle_root(&tree, size, &made))
        return stored.result;
    return memcmp(made.at, kept.at, sizeof kept.at) == 0
               ? STORE_OK
               : refuse_damage(log, "the nodes give another root");
}

/* ---- heads and proofs ------------------------------------------------------------------------ */

ledger *ledger_open(const char *log, const keys_device *keys)
{
    ledger *l = calloc(1, sizeof *l);
    if (l == NULL)
        bug("out of memory");
    l->log = log;
    l->keys = keys;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void ledger_close(ledger **l)
{
    if (*l == NULL)
        return;
    pthread_mutex_destroy(&(*l)->lock);
    free(*l);
    *l = NULL;
}

const char *ledger_name(const ledger *l)
{
    return l->log;
}

static void sign_head(ledger *l, uint64_t size, const teal_hash *root, uint64_t now_ms)
{
    tree_head h = { .size = size, .time_ms = now_ms, .root = *root };
    snprintf(h.log, sizeof h.log, "%s", l->log);
    memcpy(h.device, l->keys->id, sizeof h.device);
    tree_head_sign(&h, l->keys->sk);
    l->head = h;
    l->has_head = true;
}

/* Another thread may have seen a later commit; the clock may have been set back. */
static bool is_good(const ledger *l, uint64_t size, uint64_t now_ms)
{
    return l->has_head && l->head.size >= size && now_ms < l->head.time_ms + HEAD_MAX_AGE_MS &&
           l->head.time_ms < now_ms + HEAD_MAX_AGE_MS;
}

store_result ledger_head(ledger *l, store *reader, int64_t now_ms, tree_head *out)
{
    uint64_t size;
    teal_hash root;
    store_result result = get_size(reader, l->log, &size, &root);
    if (result != STORE_OK)
        return result;
    pthread_mutex_lock(&l->lock);
    if (!is_good(l, size, (uint64_t)now_ms)) {
        if (l->has_head && l->head.size > size) /* too old, and what was read is older still */
            sign_head(l, l->head.size, &l->head.root, (uint64_t)now_ms);
        else
            sign_head(l, size, &root, (uint64_t)now_ms);
    }
    *out = l->head;
    pthread_mutex_unlock(&l->lock);
    return STORE_OK;
}

/* STORE_NONE where the log has no `size` leaves. */
static store_result has_size(const ledger *l, store *reader, uint64_t size)
{
    uint64_t there;
    teal_hash root;
    store_result result = get_size(reader, l->log, &there, &root);
    return result == STORE_OK && size > there ? STORE_NONE : result;
}

store_result ledger_prove_inclusion(const ledger *l, store *reader, uint64_t index, uint64_t size,
                                    merkle_proof *out)
{
    stored_tree stored = tree_in(reader, l->log);
    const merkle_tree tree = nodes_of(&stored);
    store_result result = index < size ? has_size(l, reader, size) : STORE_NONE;
    if (result != STORE_OK)
        return result;
    return merkle_prove_inclusion(&tree, index, size, out) ? STORE_OK : stored.result;
}

store_result ledger_prove_consistency(const ledger *l, store *reader, uint64_t from, uint64_t to,
                                      merkle_proof *out)
{
    stored_tree stored = tree_in(reader, l->log);
    const merkle_tree tree = nodes_of(&stored);
    store_result result = from <= to ? has_size(l, reader, to) : STORE_NONE;
    if (result != STORE_OK)
        return result;
    return merkle_prove_consistency(&tree, from, to, out) ? STORE_OK : stored.result;
}
