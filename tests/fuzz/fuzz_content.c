/* What is taken as a content, or as a fallback, can be written and read again, and is never larger
 * than it was. */
#include "codecs/native/content.h"
#include "tests/fuzz/mutate.h"

#include "codecs/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t room[256 << 10], again_room[256 << 10], encoded[64 << 10];

static void check_texts(const Teal__V1__Content *content)
{
    for (size_t i = 0; i < content->n_parts; i++) {
        const Teal__V1__Part *part = content->parts[i];
        if (part->part_case == TEAL__V1__PART__PART_TEXT && !teal_utf8_valid(teal_text(part->text)))
            abort();
    }
}

static void content(teal_bytes in)
{
    teal_arena arena = { room, sizeof room, 0 }, again = { again_room, sizeof again_room, 0 };
    teal_writer w = { encoded, sizeof encoded, 0 };
    Teal__V1__Content *first, *second;
    teal_diag why = { 0 };
    if (teal_content_decode(in, &arena, &first, &why) != TEAL_OK) {
        if (why.rule == NULL)
            abort();
        return;
    }
    check_texts(first);
    (void)!teal_content_encode(first, &w);
    if (teal_write_fits(&w) &&
        (w.len > in.len || teal_content_decode(teal_written(&w), &again, &second, NULL) != TEAL_OK))
        abort();
}

static void fallback(teal_bytes in)
{
    teal_arena arena = { room, sizeof room, 0 };
    Teal__V1__Fallback *got;
    if (teal_fallback_decode(in, &arena, &got, NULL) == TEAL_OK && got->text[0] == '\0' &&
        got->n_media_links == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    content((teal_bytes){ data, size });
    fallback((teal_bytes){ data, size });
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    return mutate_protobuf(test_random_below(&s, 4) > 0 ? &teal__v1__content__descriptor
                                                        : &teal__v1__fallback__descriptor,
                           NULL, data, size, max, &s);
}
