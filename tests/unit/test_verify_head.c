/* Tree heads of a gateway whose devices have been replaced: by which of them a head may be signed,
 * and as of when. REQ-LOG-8, REQ-KEY-7. */
#include "gateway/client/verify.h"

#include "tests/support/devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Devices of test_device_of; FIRST, SECOND and THIRD are `edge` one after the other. */
enum { FIRST = 1, SECOND, THIRD, ROOM, STRANGER };
enum { BEGAN_MS = 1000, SECOND_MS = 2000, THIRD_MS = 3000 };

static teal_device devices[3][2];

static void fill(teal_manifest *m, uint64_t version, uint64_t edge, uint64_t created_at_ms)
{
    const uint64_t numbers[] = { edge, ROOM };
    teal_device *both = devices[version - 1];
    for (size_t i = 0; i < 2; i++) {
        const test_device d = test_device_of(numbers[i]);
        both[i] = (teal_device){ .name = teal_text(i == 0 ? "edge" : "plaintext") };
        memcpy(both[i].id, d.id, sizeof both[i].id);
        memcpy(both[i].signing_key, d.sign_pk, sizeof both[i].signing_key);
    }
    *m = (teal_manifest){
        .version = version, .devices = both, .n_devices = 2, .created_at_ms = created_at_ms
    };
}

static verify_gateway rotated_twice(void)
{
    verify_gateway g = { .n_past = 2 };
    fill(&g.past[0], 1, FIRST, BEGAN_MS);
    fill(&g.past[1], 2, SECOND, SECOND_MS);
    fill(&g.manifest, 3, THIRD, THIRD_MS);
    return g;
}

/* That says to be of one device, and is signed by another. */
static tree_head head_of(uint64_t said, uint64_t signer, uint64_t time_ms)
{
    tree_head h = { .log = "keys", .size = 7, .time_ms = time_ms };
    memcpy(h.device, test_device_of(said).id, sizeof h.device);
    tree_head_sign(&h, test_device_of(signer).sign_sk);
    return h;
}

static void test_whose_and_when(void **state)
{
    static const struct {
        const char *name;
        uint64_t said, signer, time_ms;
        bool holds;
    } rows[] = {
        { "the device of now", THIRD, THIRD, THIRD_MS + 5000, true },
        { "the first, in its time", FIRST, FIRST, BEGAN_MS + 1, true },
        { "the first, as the second came", FIRST, FIRST, SECOND_MS, true },
        { "the first, after that", FIRST, FIRST, SECOND_MS + 1, false },
        { "the first, long after", FIRST, FIRST, THIRD_MS + 5000, false },
        { "the second, in its time", SECOND, SECOND, THIRD_MS, true },
        { "the second, after that", SECOND, SECOND, THIRD_MS + 1, false },
        { "the first in the name of the device of now", THIRD, FIRST, THIRD_MS + 1, false },
        { "the device of now in the name of the first", FIRST, THIRD, BEGAN_MS + 1, false },
        { "the room", ROOM, ROOM, THIRD_MS + 1, false },
        { "nobody of the gateway's", STRANGER, STRANGER, BEGAN_MS + 1, false },
    };
    (void)state;
    const verify_gateway g = rotated_twice();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const tree_head h = head_of(rows[i].said, rows[i].signer, rows[i].time_ms);
        const char *wrong = verify_head(&h, &g);
        print_message("%s: %s\n", rows[i].name, wrong != NULL ? wrong : "holds");
        assert_int_equal(wrong == NULL, rows[i].holds);
        if (wrong != NULL)
            assert_memory_equal(wrong, "REQ-LOG-8 ", 10);
    }
}

/* A time that is put back is not what was signed. */
static void test_dated_back(void **state)
{
    (void)state;
    const verify_gateway g = rotated_twice();
    tree_head h = head_of(FIRST, FIRST, THIRD_MS + 1);
    h.time_ms = BEGAN_MS;
    assert_non_null(verify_head(&h, &g));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_and_when),
        cmocka_unit_test(test_dated_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
