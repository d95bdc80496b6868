/* Changes texts piece by piece. */
#include "tests/fuzz/mutate.h"

enum { MAX_PIECES = 4096, ROOM = 1 << 20 };

typedef struct pieces {
    teal_bytes at[MAX_PIECES];
    size_t n;
} pieces;

static void split(pieces *p, teal_bytes text, uint8_t end)
{
    p->n = 0;
    while (text.len > 0 && p->n < MAX_PIECES - 1) {
        const uint8_t *found = memchr(text.at, end, text.len);
        size_t len = found == NULL ? text.len : (size_t)(found - text.at) + 1;
        p->at[p->n++] = (teal_bytes){ text.at, len };
        text = (teal_bytes){ text.at + len, text.len - len };
    }
    if (text.len > 0)
        p->at[p->n++] = text;
}

static void swap(pieces *p, size_t i, size_t k)
{
    teal_bytes one = p->at[i];
    p->at[i] = p->at[k];
    p->at[k] = one;
}

/* Only that piece, by the fuzzer's own mutator. */
static void change(pieces *p, size_t i)
{
    static uint8_t changed[64 << 10];
    size_t len = p->at[i].len;
    if (len == 0 || len > sizeof changed / 2)
        return;
    memcpy(changed, p->at[i].at, len);
    p->at[i] = (teal_bytes){ changed, LLVMFuzzerMutate(changed, len, 2 * len + 16) };
}

size_t mutate_pieces(uint8_t *data, size_t size, size_t max, uint8_t end, test_random *s)
{
    static pieces p;
    static uint8_t out[ROOM];
    split(&p, (teal_bytes){ data, size }, end);
    if (p.n < 2)
        return LLVMFuzzerMutate(data, size, max);
    size_t i = test_random_below(s, p.n), k = test_random_below(s, p.n), times = 1;
    switch (test_random_below(s, 6)) {
    case 0:
        swap(&p, i, k);
        break;
    case 1:
        p.at[i] = p.at[k];
        break;
    case 2:
        p.at[i].len = 0;
        break;
    case 3:
        times = 2 + test_random_below(s, 40);
        break;
    default:
        change(&p, i);
    }
    teal_writer w = { out, max < sizeof out ? max : sizeof out, 0 };
    for (size_t at = 0; at < p.n; at++)
        for (size_t n = at == i ? times : 1; n > 0; n--)
            teal_write_bytes(&w, p.at[at]);
    if (!teal_write_fits(&w) || w.len == 0)
        return LLVMFuzzerMutate(data, size, max);
    memcpy(data, out, w.len);
    return w.len;
}
