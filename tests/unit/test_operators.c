/* Operators' files: made once, read strictly, and the key in one is the key in the other. */
#include "gateway/operators.h"

#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <sodium.h>

#define KEY_A "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"
#define KEY_B "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static int set_up(void **state)
{
    static folder f;
    f = folder_make();
    *state = &f;
    return sodium_init() < 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}

static size_t read_file(const folder *f, const char *name, char *out, size_t cap)
{
    FILE *file = fopen(folder_file(f, name), "r");
    assert_non_null(file);
    size_t len = fread(out, 1, cap, file);
    fclose(file);
    return len;
}

static void write_list(const folder *f, const char *text)
{
    FILE *file = fopen(folder_file(f, "operators"), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(folder_file(f, "operators"), 0600), 0);
}

static void test_made_once(void **state)
{
    const folder *f = *state;
    char first[256], again[256];
    char name[OPERATORS_MAX_NAME + 1];
    uint8_t sk[64];
    assert_true(operators_init(f->path, NULL, stderr));
    size_t len = read_file(f, "operator.key", first, sizeof first);
    assert_true(operators_read_key((teal_bytes){ (uint8_t *)first, len }, sk));
    operators *o = operators_load(f->path, stderr);
    assert_non_null(o);
    assert_true(operators_name(o, sk + 32, name));
    assert_string_equal(name, "operator");
    sk[32] ^= 1;
    assert_false(operators_name(o, sk + 32, name));
    operators_close(&o);

    assert_true(operators_init(f->path, NULL, stderr));
    assert_int_equal(read_file(f, "operator.key", again, sizeof again), len);
    assert_memory_equal(first, again, len);
    struct stat about;
    assert_int_equal(stat(folder_file(f, "operator.key"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    for (size_t cut = 0; cut + 1 < len; cut++) /* the newline may be missing */
        assert_false(operators_read_key((teal_bytes){ (uint8_t *)first, cut }, sk));
}

static const struct {
    const char *name, *text;
    bool good;
} rows[] = {
    { "empty", "", true },
    { "one", KEY_A " Olive\n", true },
    { "no newline", KEY_A " Olive", true },
    { "comments, blanks in names", "# all\n\n" KEY_A " Olive O. \xc3\x96\n" KEY_B " Bert\n", true },
    { "no name", KEY_A "\n", false },
    { "empty name", KEY_A " \n", false },
    { "no key", "Olive\n", false },
    { "a key that is short", "AAAA Olive\n", false },
    { "a tabulator", KEY_A "\tOlive\n", false },
    { "control character", KEY_A " Ol\rive\n", false },
    { "no UTF-8", KEY_A " Ol\xffive\n", false },
    { "the same key twice", KEY_A " Olive\n" KEY_A " Bert\n", false },
    { "name of 65 octets",
      KEY_A " 12345678901234567890123456789012345678901234567890123456789012345\n", false },
};

static void test_rows(void **state)
{
    const folder *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FILE *errors = tmpfile();
        write_list(f, rows[i].text);
        print_message("%s\n", rows[i].name);
        operators *o = operators_load(f->path, errors);
        assert_int_equal(o != NULL, rows[i].good);
        assert_int_equal(ftell(errors) > 0, !rows[i].good);
        operators_close(&o);
        fclose(errors);
    }
}

static void test_too_many_and_none(void **state)
{
    const folder *f = *state;
    operators *o = operators_load(f->path, stderr);
    assert_non_null(o); /* no file */
    operators_close(&o);
    char text[(OPERATORS_MAX + 1) * 64] = "";
    size_t len = 0;
    for (size_t i = 0; i <= OPERATORS_MAX; i++) {
        uint8_t key[32] = { (uint8_t)(i + 1) };
        char line[64];
        sodium_bin2base64(line, sizeof line, key, sizeof key,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s n\n", line);
        if (i + 1 < OPERATORS_MAX)
            continue;
        FILE *errors = tmpfile();
        write_list(f, text);
        o = operators_load(f->path, errors);
        assert_int_equal(o != NULL, i + 1 == OPERATORS_MAX);
        operators_close(&o);
        fclose(errors);
    }
}

static void test_open_to_others(void **state)
{
    const folder *f = *state;
    FILE *errors = tmpfile();
    write_list(f, KEY_A " Olive\n");
    assert_int_equal(chmod(folder_file(f, "operators"), 0644), 0);
    assert_null(operators_load(f->path, errors));
    assert_true(ftell(errors) > 0);
    fclose(errors);
}

/* Empty: nobody's. */
static const char *name_of(operators *o, const char *key)
{
    static char name[OPERATORS_MAX_NAME + 1];
    uint8_t octets[TEAL_KEY_BYTES];
    assert_int_equal(sodium_base642bin(octets, sizeof octets, key, strlen(key), NULL, NULL, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    return operators_name(o, octets, name) ? name : "";
}

/* A lost key is nobody's at once; a file with a mistake changes nothing. */
static void test_read_again(void **state)
{
    const folder *f = *state;
    FILE *errors = tmpfile();
    write_list(f, KEY_A " Olive\n");
    operators *o = operators_load(f->path, stderr);
    assert_string_equal(name_of(o, KEY_A), "Olive");
    write_list(f, KEY_B " Oscar\n");
    assert_string_equal(name_of(o, KEY_B), "");
    assert_true(operators_reload(o, stderr));
    assert_string_equal(name_of(o, KEY_A), "");
    assert_string_equal(name_of(o, KEY_B), "Oscar");

    write_list(f, KEY_A " Olive\nno key\n");
    assert_false(operators_reload(o, errors));
    assert_true(ftell(errors) > 0);
    fclose(errors);
    assert_string_equal(name_of(o, KEY_A), "");
    assert_string_equal(name_of(o, KEY_B), "Oscar");

    assert_int_equal(remove(folder_file(f, "operators")), 0);
    assert_true(operators_reload(o, stderr));
    assert_string_equal(name_of(o, KEY_B), "");
    operators_close(&o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_made_once),         TEST(test_read_again),     TEST(test_rows),
        TEST(test_too_many_and_none), TEST(test_open_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
