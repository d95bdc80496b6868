/* Decoding never reads outside of its input, the promised arena is enough, values are text, and
 * what the writer makes of a header comes back as it was. */
#include "codecs/rcs/message.h"
#include "codecs/utf8.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addresses(teal_bytes list)
{
    teal_bytes uri;
    for (size_t left = list.len; teal_cpim_next_uri(&list, &uri); left = list.len) {
        require(uri.len > 0 && list.len < left);
        require(teal_utf8_valid(uri));
    }
}

static void check_rewritten(const teal_cpim_header *h)
{
    uint8_t *text = malloc(2 * h->value.len + 64), *room = malloc(TEAL_CPIM_ARENA(1 << 20));
    teal_arena arena = { room, TEAL_CPIM_ARENA(1 << 20), 0 };
    teal_writer out = { text, 2 * h->value.len + 64, 0 };
    teal_cpim_writer w = { .out = &out };
    teal_cpim m;
    require(text != NULL && room != NULL);
    teal_cpim_put(&w, "Subject", h->value);
    teal_cpim_begin_part(&w);
    teal_cpim_put_mime(&w, "Content-Type", teal_text("text/plain"));
    teal_cpim_put_body(&w, h->raw);
    if (teal_cpim_finish(&w) == TEAL_OK &&
        teal_cpim_decode(teal_written(&out), &arena, &m, NULL) == TEAL_OK) {
        require(m.n_headers == 1 && teal_bytes_equal(m.headers[0].value, h->value));
        require(teal_bytes_equal(m.body, h->raw));
    }
    free(room);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *room = malloc(TEAL_CPIM_ARENA(size));
    teal_arena arena = { room, TEAL_CPIM_ARENA(size), 0 };
    teal_cpim m;
    teal_diag why = { 0 };
    teal_result result = teal_cpim_decode((teal_bytes){ data, size }, &arena, &m, &why);
    require(result != TEAL_SPACE);
    if (result != TEAL_OK) {
        require(why.rule != NULL && why.at <= size);
        free(room);
        return 0;
    }
    require(m.body_at <= size && m.body.len <= size - m.body_at);
    for (size_t i = 0; i < m.n_headers; i++) {
        const teal_cpim_header *h = &m.headers[i];
        require(teal_utf8_valid(h->value) && h->name.len > 0 && h->at < size);
        require(h->value.len == 0 || memchr(h->value.at, 0, h->value.len) == NULL);
        check_addresses(h->raw);
        if (i < 4)
            check_rewritten(h);
    }
    (void)teal_rcs_form_of(&m);
    free(room);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_pieces(data, size, max, '\n', &s);
}
