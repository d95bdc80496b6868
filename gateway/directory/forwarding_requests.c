/* A table under a lock; what has expired is as good as not there. */
#include "gateway/directory/forwarding_requests.h"

#include "gateway/log.h"

#include <pthread.h>
#include <stdlib.h>

struct forwarding_requests {
    pthread_mutex_t lock;
    size_t n;
    forwarding_request at[FORWARDING_REQUESTS_MAX]; /* oldest first */
};

forwarding_requests *forwarding_requests_open(void)
{
    forwarding_requests *q = calloc(1, sizeof *q);
    if (q == NULL)
        bug("out of memory");
    pthread_mutex_init(&q->lock, NULL);
    return q;
}

void forwarding_requests_close(forwarding_requests **q)
{
    if (*q == NULL)
        return;
    pthread_mutex_destroy(&(*q)->lock);
    free(*q);
    *q = NULL;
}

/* The view follows the copy. */
static void copy(const forwarding_request *from, forwarding_request *to)
{
    *to = *from;
    to->said.handle.at = to->handle_room;
}

static bool is_of(const forwarding_request *r, const uint8_t *account_key)
{
    return memcmp(r->said.account_key, account_key, TEAL_KEY_BYTES) == 0;
}

static bool is_about(const forwarding_request *r, const uint8_t *account_key, teal_bytes handle,
                     const uint8_t *device)
{
    return is_of(r, account_key) && teal_bytes_equal(r->said.handle, handle) &&
           memcmp(r->said.device, device, TEAL_DEVICE_BYTES) == 0;
}

static void remove_at(forwarding_requests *q, size_t i)
{
    for (q->n--; i < q->n; i++)
        copy(&q->at[i + 1], &q->at[i]);
}

static void forget_expired(forwarding_requests *q, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < q->n; i++)
        if (q->at[i].expires_ms > now_ms)
            copy(&q->at[i], &q->at[kept++]);
    q->n = kept;
}

static void drop(forwarding_requests *q, const uint8_t *account_key, teal_bytes handle,
                 const uint8_t *device)
{
    size_t i = 0;
    while (i < q->n && !is_about(&q->at[i], account_key, handle, device))
        i++;
    if (i < q->n)
        remove_at(q, i);
}

static forwarding_request_result add(forwarding_requests *q, const teal_forwarding_request *r,
                                     int64_t expires_ms)
{
    size_t of_account = 0;
    for (size_t i = 0; i < q->n; i++)
        of_account += is_of(&q->at[i], r->account_key);
    if (of_account == FORWARDING_REQUESTS_OF_ACCOUNT)
        return FORWARDING_REQUEST_FULL;
    if (q->n == FORWARDING_REQUESTS_MAX || r->handle.len > TEAL_MAX_HANDLE_BYTES)
        return FORWARDING_REQUEST_OVERLOADED;
    forwarding_request *made = &q->at[q->n++];
    *made = (forwarding_request){ .said = *r, .expires_ms = expires_ms };
    memcpy(made->handle_room, r->handle.at, r->handle.len);
    made->said.handle.at = made->handle_room;
    return FORWARDING_REQUEST_OK;
}

forwarding_request_result forwarding_requests_put(forwarding_requests *q,
                                                  const teal_forwarding_request *r, int64_t now_ms,
                                                  int64_t *expires_ms)
{
    *expires_ms = now_ms + FORWARDING_REQUEST_LIFE_MS;
    pthread_mutex_lock(&q->lock);
    forget_expired(q, now_ms);
    drop(q, r->account_key, r->handle, r->device);
    const forwarding_request_result result = add(q, r, *expires_ms);
    pthread_mutex_unlock(&q->lock);
    return result;
}

size_t forwarding_requests_list(forwarding_requests *q,
                                const uint8_t account_key[static TEAL_KEY_BYTES], teal_bytes handle,
                                int64_t now_ms, forwarding_request *out)
{
    size_t n = 0;
    pthread_mutex_lock(&q->lock);
    forget_expired(q, now_ms);
    for (size_t i = 0; i < q->n; i++)
        if (is_of(&q->at[i], account_key) && teal_bytes_equal(q->at[i].said.handle, handle))
            copy(&q->at[i], &out[n++]);
    pthread_mutex_unlock(&q->lock);
    return n;
}

void forwarding_requests_drop(forwarding_requests *q,
                              const uint8_t account_key[static TEAL_KEY_BYTES], teal_bytes handle,
                              const uint8_t device[static TEAL_DEVICE_BYTES])
{
    pthread_mutex_lock(&q->lock);
    drop(q, account_key, handle, device);
    pthread_mutex_unlock(&q->lock);
}
