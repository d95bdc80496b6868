/* A bucket is one number: when it will be full. A token that is taken puts that off by the time in
 * which one comes; what would put it off by more than a full bucket is refused. */
#include "gateway/edge/rate_limit.h"

#include "gateway/log.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    LOOKS = 16, /* slots in which a bucket may be, counted from its own */
    NS_A_MS = 1000000,
    ID_BYTES = crypto_shorthash_siphashx24_BYTES,
    MAX_INPUT_BYTES = 256, /* of an id; names and addresses are shorter */
};
#define NS_A_MINUTE INT64_C(60000000000)

typedef struct bucket {
    uint8_t id[ID_BYTES];
    int64_t full_ns; /* 0, long ago: the slot is free */
} bucket;

struct rate_limit {
    uint8_t secret[crypto_shorthash_siphashx24_KEYBYTES]; /* nobody chooses who shares his slots */
    pthread_mutex_t lock;                                 /* over what follows */
    bucket shared;                                        /* by who has found no slot */
    size_t n;
    bucket buckets[];
};

rate_limit *rate_limit_open(size_t buckets)
{
    size_t n = buckets > LOOKS ? buckets : LOOKS;
    rate_limit *l = calloc(1, sizeof *l + n * sizeof(bucket));
    if (l == NULL)
        bug("out of memory");
    l->n = n;
    randombytes_buf(l->secret, sizeof l->secret);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void rate_limit_close(rate_limit **l)
{
    if (*l == NULL)
        return;
    pthread_mutex_destroy(&(*l)->lock);
    free(*l);
    *l = NULL;
}

static void hash_id(const rate_limit *l, uint8_t kind, teal_bytes id, uint8_t out[static ID_BYTES])
{
    uint8_t input[MAX_INPUT_BYTES];
    teal_writer w = { input, sizeof input, 0 };
    teal_write_u8(&w, kind);
    teal_write_bytes(&w, id);
    if (!teal_write_fits(&w))
        bug("the id of a bucket is too long");
    crypto_shorthash_siphashx24(out, input, w.len, l->secret);
}

/* That caller's, else one that is full, which is his then, else the shared one. */
static bucket *find_bucket(rate_limit *l, const uint8_t id[static ID_BYTES], int64_t now_ns)
{
    uint64_t first;
    bucket *free_one = NULL;
    memcpy(&first, id, sizeof first);
    for (size_t i = 0; i < LOOKS; i++) {
        bucket *b = &l->buckets[(first % l->n + i) % l->n];
        if (b->full_ns > now_ns && memcmp(b->id, id, ID_BYTES) == 0)
            return b;
        if (b->full_ns <= now_ns && free_one == NULL)
            free_one = b;
    }
    return free_one != NULL ? free_one : &l->shared;
}

static int64_t round_up(int64_t value, int64_t unit)
{
    return value / unit + (value % unit > 0);
}

typedef struct measure {
    int64_t token_ns, full_ns; /* in which one token comes; in which a bucket fills */
} measure;

static measure measure_of(const rate_limit_policy *p)
{
    int64_t token_ns = NS_A_MINUTE / p->per_minute;
    int64_t tokens = (int64_t)p->per_minute * p->burst_s / 60;
    return (measure){ token_ns, token_ns * (tokens > 0 ? tokens : 1) };
}

static rate_limit_state state_of(const measure *m, int64_t missing_ns)
{
    int64_t next_ns = missing_ns % m->token_ns;
    if (next_ns == 0 && missing_ns > 0)
        next_ns = m->token_ns;
    return (rate_limit_state){
        .quota = (uint32_t)(m->full_ns / m->token_ns),
        .window_s = (uint32_t)round_up(m->full_ns, INT64_C(1000) * NS_A_MS),
        .remaining = (uint32_t)((m->full_ns - missing_ns) / m->token_ns),
        .wait_ms = round_up(next_ns, NS_A_MS),
    };
}

/* In nanoseconds: what a bucket of another size, or a clock since set back, says it misses is not
 * more than all that this one has. */
static int64_t missing_of(const bucket *b, const measure *m, int64_t now_ns)
{
    int64_t missing_ns = b->full_ns > now_ns ? b->full_ns - now_ns : 0;
    return missing_ns < m->full_ns ? missing_ns : m->full_ns;
}

rate_limit_state rate_limit_take(rate_limit *l, uint8_t kind, teal_bytes id,
                                 const rate_limit_policy *policy, unsigned tokens, int64_t now_ms)
{
    uint8_t hash[ID_BYTES];
    int64_t now_ns = now_ms * NS_A_MS;
    const measure m = measure_of(policy);
    hash_id(l, kind, id, hash);
    pthread_mutex_lock(&l->lock);
    bucket *b = find_bucket(l, hash, now_ns);
    int64_t missing_ns = missing_of(b, &m, now_ns);
    bool granted = missing_ns + m.token_ns <= m.full_ns;
    if (granted && tokens > 0) {
        missing_ns += m.token_ns;
        b->full_ns = now_ns + missing_ns;
        memcpy(b->id, hash, ID_BYTES);
    }
    pthread_mutex_unlock(&l->lock);
    rate_limit_state state = state_of(&m, missing_ns);
    state.granted = granted;
    return state;
}
