/* What is taken is written in a form that is taken again, and is then written the same. */
#include "gateway/structured_field.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct forms {
    uint8_t first[64 << 10], second[64 << 10];
} forms;

static bool rewrite_dictionary(teal_bytes in, teal_writer *out, teal_diag *why)
{
    static uint8_t memory[256 << 10];
    teal_arena arena = { memory, sizeof memory, 0 };
    structured_dictionary d;
    if (structured_read_dictionary(in, &arena, &d, why) != TEAL_OK)
        return false;
    require(d.n <= STRUCTURED_MAX_MEMBERS);
    structured_write_dictionary(&d, out);
    return true;
}

static bool rewrite_item(teal_bytes in, teal_writer *out, teal_diag *why)
{
    static uint8_t memory[64 << 10];
    teal_arena arena = { memory, sizeof memory, 0 };
    structured_item item;
    if (structured_read_item(in, &arena, &item, why) != TEAL_OK)
        return false;
    structured_write_item(&item, out);
    return true;
}

static void check(teal_bytes in, bool (*rewrite)(teal_bytes, teal_writer *, teal_diag *))
{
    static forms f;
    teal_writer first = { f.first, sizeof f.first, 0 }, second = { f.second, sizeof f.second, 0 };
    teal_diag why = { 0 };
    if (!rewrite(in, &first, &why)) {
        require(why.rule != NULL && why.at <= in.len);
        return;
    }
    if (!teal_write_fits(&first))
        return;
    require(rewrite(teal_written(&first), &second, &why));
    require(teal_bytes_equal(teal_written(&first), teal_written(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8192)
        return 0;
    check((teal_bytes){ data, size }, rewrite_dictionary);
    check((teal_bytes){ data, size }, rewrite_item);
    return 0;
}
