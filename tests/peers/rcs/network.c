/* See network.h. */
#include "tests/peers/rcs/network.h"

#include "codecs/handle.h"

#include <sodium.h>
#include <stdio.h>

enum { MAX_KEPT = 10000 };

void network_open(network *n, const char *gateway)
{
    n->gateway = gateway;
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->changed, NULL);
}

void network_close(network *n)
{
    for (size_t i = 0; i < n->n_users; i++) {
        user *u = &n->users[i];
        account_free(&u->account);
        json_decref(u->messages);
        json_decref(u->receipts);
        json_decref(u->device_receipts);
    }
    sodium_memzero(n->request_sk, sizeof n->request_sk);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
}

static bool read_handles(user *u, const char *list)
{
    while (u->n_handles < TEAL_MAX_HANDLES) {
        size_t len = strcspn(list, ",");
        teal_bytes handle = { (const uint8_t *)list, len };
        if (!teal_handle_is_canonical(handle))
            return false;
        u->handles[u->n_handles++] = handle;
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
    return false;
}

bool network_add_user(network *n, const char *description, const uint8_t seed[static 32],
                      uint64_t created_at_ms)
{
    bool sealed = strncmp(description, "sealed:", 7) == 0;
    if (n->n_users == NETWORK_MAX_USERS || (!sealed && strncmp(description, "plain:", 6) != 0))
        return false;
    user *u = &n->users[n->n_users];
    if (!read_handles(u, strchr(description, ':') + 1))
        return false;
    n->n_users++;
    u->messages = json_array();
    u->receipts = json_array();
    u->device_receipts = json_array();
    if (sealed)
        u->account = account_new(u->handles, u->n_handles, seed, created_at_ms);
    return !sealed || u->account != NULL;
}

user *network_find(network *n, teal_bytes handle)
{
    for (size_t i = 0; i < n->n_users; i++)
        for (size_t k = 0; k < n->users[i].n_handles; k++)
            if (teal_bytes_equal(n->users[i].handles[k], handle))
                return &n->users[i];
    return NULL;
}

void network_keep(json_t *list, json_t *item)
{
    if (json_array_size(list) == MAX_KEPT)
        json_array_remove(list, 0);
    json_array_append_new(list, item);
}

bool network_pin(network *n, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES])
{
    teal_hash name = book_name(handle, (teal_bytes){ 0 }, (teal_bytes){ 0 }), given;
    memcpy(given.at, key, sizeof given.at);
    pthread_mutex_lock(&n->lock);
    const teal_hash *known = book_find(&n->pins, &name);
    bool same = known == NULL || memcmp(known, &given, sizeof given) == 0;
    if (known == NULL)
        book_put(&n->pins, &name, &given);
    pthread_mutex_unlock(&n->lock);
    if (!same)
        fprintf(stderr, "rcs: %.*s: another account key than before\n", (int)handle.len,
                (const char *)handle.at);
    return same;
}

void network_stop(network *n)
{
    pthread_mutex_lock(&n->lock);
    n->stopping = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}
