/* A table under a lock. What has expired is as good as not there, and its place is taken first. */
#include "gateway/directory/link_requests.h"

#include "gateway/log.h"

#include <pthread.h>
#include <stdlib.h>

struct link_requests {
    pthread_mutex_t lock;
    size_t n;
    link_request at[LINK_REQUESTS_MAX]; /* oldest first */
};

link_requests *link_requests_open(void)
{
    link_requests *l = calloc(1, sizeof *l);
    if (l == NULL)
        bug("out of memory");
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void link_requests_close(link_requests **l)
{
    if (*l == NULL)
        return;
    pthread_mutex_destroy(&(*l)->lock);
    free(*l);
    *l = NULL;
}

static void copy(const link_request *from, link_request *to)
{
    *to = *from;
    if (to->device.name.len > 0)
        memmove(to->name_room, from->device.name.at, from->device.name.len);
    to->device.name.at = (const uint8_t *)to->name_room;
}

static void remove_at(link_requests *l, size_t i)
{
    for (l->n--; i < l->n; i++)
        copy(&l->at[i + 1], &l->at[i]);
}

static void forget_expired(link_requests *l, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].expires_ms > now_ms)
            copy(&l->at[i], &l->at[kept++]);
    l->n = kept;
}

static bool is_of(const link_request *r, const uint8_t *account_key)
{
    return memcmp(r->account_key, account_key, TEAL_KEY_BYTES) == 0;
}

/* l->n: none. */
static size_t index_of(const link_requests *l, const uint8_t *device)
{
    size_t i = 0;
    while (i < l->n && memcmp(l->at[i].device.id, device, TEAL_DEVICE_BYTES) != 0)
        i++;
    return i;
}

/* Locks, lets go of what has expired, and finds; NULL: none of that account. */
static link_request *enter(link_requests *l, const uint8_t *account_key, const uint8_t *device,
                           int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    forget_expired(l, now_ms);
    size_t i = index_of(l, device);
    return i < l->n && is_of(&l->at[i], account_key) ? &l->at[i] : NULL;
}

static link_result leave(link_requests *l, link_result result)
{
    pthread_mutex_unlock(&l->lock);
    return result;
}

static size_t count(const link_requests *l, const uint8_t *account_key)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += is_of(&l->at[i], account_key);
    return n;
}

static link_result add(link_requests *l, const link_request *r, int64_t now_ms)
{
    if (index_of(l, r->device.id) < l->n)
        return LINK_TAKEN; /* another account's */
    if (count(l, r->account_key) == LINK_REQUESTS_OF_ACCOUNT)
        return LINK_FULL;
    if (l->n == LINK_REQUESTS_MAX)
        return LINK_OVERLOADED;
    link_request *made = &l->at[l->n++];
    copy(r, made);
    made->rounds = 1;
    made->answered = made->confirmed = false;
    made->expires_ms = now_ms + LINK_LIFE_MS;
    return LINK_OK;
}

/* The same share again is the same round, said by somebody who missed the answer. */
static link_result renew(link_request *there, const link_request *r)
{
    if (memcmp(there->device.signing_key, r->device.signing_key, TEAL_KEY_BYTES) != 0)
        return LINK_TAKEN;
    if (memcmp(there->share, r->share, sizeof there->share) == 0)
        return LINK_OK;
    if (there->rounds == LINK_ROUNDS)
        return LINK_SPENT;
    there->rounds++;
    memcpy(there->share, r->share, sizeof there->share);
    there->answered = there->confirmed = false;
    return LINK_OK;
}

link_result link_requests_put(link_requests *l, const link_request *r, int64_t now_ms,
                              int64_t *expires_ms)
{
    link_request *there = enter(l, r->account_key, r->device.id, now_ms);
    link_result result = there != NULL ? renew(there, r) : add(l, r, now_ms);
    if (result == LINK_OK)
        *expires_ms = l->at[index_of(l, r->device.id)].expires_ms;
    return leave(l, result);
}

size_t link_requests_list(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                          int64_t now_ms, link_request *out)
{
    size_t n = 0;
    pthread_mutex_lock(&l->lock);
    forget_expired(l, now_ms);
    for (size_t i = 0; i < l->n; i++)
        if (is_of(&l->at[i], account_key))
            copy(&l->at[i], &out[n++]);
    pthread_mutex_unlock(&l->lock);
    return n;
}

link_result link_requests_get(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                              const uint8_t device[static TEAL_DEVICE_BYTES], int64_t now_ms,
                              link_request *out)
{
    const link_request *there = enter(l, account_key, device, now_ms);
    if (there != NULL)
        copy(there, out);
    return leave(l, there != NULL ? LINK_OK : LINK_NONE);
}

link_result link_requests_answer(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                                 const uint8_t device[static TEAL_DEVICE_BYTES],
                                 const uint8_t share[static TEAL_CPACE_SHARE_BYTES],
                                 const uint8_t tag[static TEAL_CPACE_TAG_BYTES], int64_t now_ms)
{
    link_request *there = enter(l, account_key, device, now_ms);
    if (there == NULL || there->answered)
        return leave(l, there == NULL ? LINK_NONE : LINK_ANSWERED);
    memcpy(there->answer_share, share, sizeof there->answer_share);
    memcpy(there->answer_tag, tag, sizeof there->answer_tag);
    there->answered = true;
    return leave(l, LINK_OK);
}

link_result link_requests_confirm(link_requests *l,
                                  const uint8_t account_key[static TEAL_KEY_BYTES],
                                  const uint8_t device[static TEAL_DEVICE_BYTES],
                                  const uint8_t tag[static TEAL_CPACE_TAG_BYTES], int64_t now_ms)
{
    link_request *there = enter(l, account_key, device, now_ms);
    if (there == NULL || !there->answered || there->confirmed)
        return leave(l, there == NULL ? LINK_NONE : LINK_ANSWERED);
    memcpy(there->tag, tag, sizeof there->tag);
    there->confirmed = true;
    return leave(l, LINK_OK);
}

link_result link_requests_drop(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                               const uint8_t device[static TEAL_DEVICE_BYTES], int64_t now_ms)
{
    const link_request *there = enter(l, account_key, device, now_ms);
    if (there != NULL)
        remove_at(l, (size_t)(there - l->at));
    return leave(l, there != NULL ? LINK_OK : LINK_NONE);
}
