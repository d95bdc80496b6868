/* The promised arena is enough for all cards, and what is taken can be written and is the same when
 * read again. */
#include "codecs/rcs/vcard.h"
#include "codecs/utf8.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t text[256 << 10];
static _Alignas(16) uint8_t again_room[4 << 20];

static void check(const teal_vcard *c)
{
    teal_writer out = { text, sizeof text, 0 };
    teal_vcard back;
    require(teal_vcard_encode(c, &out) == TEAL_OK);
    teal_bytes list = teal_written(&out);
    teal_arena arena = { again_room, sizeof again_room, 0 };
    require(teal_vcard_next(&list, &arena, &back, NULL) == TEAL_OK && list.len == 0);
    require(teal_bytes_equal(back.name, c->name) && back.n_handles == c->n_handles);
    require(teal_utf8_valid(c->name));
    for (size_t i = 0; i < c->n_handles; i++)
        require(teal_bytes_equal(back.handles[i], c->handles[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 64 << 10)
        return 0;
    uint8_t *room = malloc(TEAL_VCARD_ARENA(size));
    teal_arena arena = { room, TEAL_VCARD_ARENA(size), 0 };
    teal_bytes list = { data, size };
    teal_result result;
    require(room != NULL);
    do {
        teal_vcard c;
        teal_diag why = { 0 };
        size_t before = list.len;
        result = teal_vcard_next(&list, &arena, &c, &why);
        require(result != TEAL_SPACE);
        require(result == TEAL_OK ? list.len < before : why.rule != NULL && why.at <= size);
        if (result == TEAL_OK)
            check(&c);
    } while (result == TEAL_OK && list.len > 0);
    free(room);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '\n', &s);
}
