/* The command line: what is taken, and that what is not is named before anything is done. */
#include "gateway/client/help.h"
#include "gateway/client/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_WORDS = 12 };

/* Splits at spaces. */
static outcome read(const char *line, char *buf, options *out)
{
    static char *argv[MAX_WORDS + 1];
    int argc = 0;
    strcpy(buf, line);
    for (char *word = strtok(buf, " "); word != NULL && argc < MAX_WORDS; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    optind = 0;
    return options_read(argc, argv, out);
}

static const struct {
    const char *line;
    outcome want;
} rows[] = {
    { "teal", OUTCOME_USAGE },
    { "teal dance", OUTCOME_USAGE },
    { "teal --help", OUTCOME_OK },
    { "teal --version", OUTCOME_OK },
    { "teal send --help", OUTCOME_OK },
    { "teal init", OUTCOME_USAGE },
    { "teal init --gateway", OUTCOME_USAGE },
    { "teal init --gateway http://127.0.0.1:8480", OUTCOME_OK },
    { "teal init --gateway=http://127.0.0.1:8480 extra", OUTCOME_USAGE },
    { "teal register", OUTCOME_USAGE },
    { "teal register im:a@native.example tel:+14155550100", OUTCOME_OK },
    { "teal lookup", OUTCOME_USAGE },
    { "teal lookup a b", OUTCOME_USAGE },
    { "teal lookup --follow a", OUTCOME_USAGE },
    { "teal --follow inbox", OUTCOME_USAGE },
    { "teal --nonsense inbox", OUTCOME_USAGE },
    { "teal inbox --follow --wait=3", OUTCOME_OK },
    { "teal inbox --wait", OUTCOME_USAGE },
    { "teal inbox --wait=-1", OUTCOME_USAGE },
    { "teal inbox --wait=1x", OUTCOME_USAGE },
    { "teal inbox --wait=99999999999", OUTCOME_USAGE },
    { "teal sign GET", OUTCOME_USAGE },
    { "teal sign GET http://a", OUTCOME_OK },
    { "teal sign --type a/b --as-account PUT http://a file", OUTCOME_OK },
    { "teal sign --operator file GET http://a", OUTCOME_OK },
    { "teal sign --operator file --as-account GET http://a", OUTCOME_USAGE },
    { "teal inbox --operator file", OUTCOME_USAGE },
    { "teal disclose im:a@native.example", OUTCOME_USAGE },
    { "teal disclose --operator file im:a@native.example", OUTCOME_OK },
    { "teal send a", OUTCOME_USAGE },
    { "teal send a text", OUTCOME_OK },
    { "teal send a text more", OUTCOME_USAGE },
    { "teal send a -- --text", OUTCOME_OK },
    { "teal send --fallback=maybe a text", OUTCOME_USAGE },
    { "teal send --fallback=sms --when=or-failed --failed-after=60 a text", OUTCOME_OK },
    { "teal send --fallback=sms --failed-after=60 a text", OUTCOME_USAGE },
    { "teal send --fallback=sms --when=later a text", OUTCOME_USAGE },
    { "teal send --when=or-failed a text", OUTCOME_USAGE },
    { "teal send --accept-e2ee-loss a text", OUTCOME_USAGE },
    { "teal send --fallback=sms --when=or-failed --failed-after=0 a text", OUTCOME_USAGE },
    { "teal send --expires=0 a text", OUTCOME_USAGE },
};

static void lines_are_taken_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[256];
        options o;
        outcome got = read(rows[i].line, buf, &o);
        if (got != rows[i].want)
            print_error("%s\n", rows[i].line);
        assert_int_equal(got, rows[i].want);
    }
}

static void values_arrive(void **state)
{
    (void)state;
    char buf[256];
    options o;
    assert_int_equal(read("teal --home h --json --passphrase-file p send --fallback=rcs "
                          "--when=or-failed --failed-after=60 to -",
                          buf, &o),
                     OUTCOME_OK);
    assert_int_equal(o.command, COMMAND_SEND);
    assert_string_equal(o.home, "h");
    assert_string_equal(o.passphrase_file, "p");
    assert_true(o.json);
    assert_int_equal(o.floor, TEAL_TRANSPORT);
    assert_int_equal(o.when, TEAL_OR_FAILED);
    assert_int_equal(o.failed_after_s, 60);
    assert_int_equal(o.n_args, 2);
    assert_string_equal(o.args[0], "to");
    assert_string_equal(o.args[1], "-");
}

/* Consent is never a default. */
static void nothing_is_consented_to_unasked(void **state)
{
    (void)state;
    char buf[256];
    options o;
    assert_int_equal(read("teal send to text", buf, &o), OUTCOME_OK);
    assert_int_equal(o.floor, TEAL_LEVEL_NONE);
    assert_int_equal(o.when, TEAL_NO_BETTER_PATH);
    assert_false(o.accept_e2ee_loss);
    assert_false(o.accept_key_change);
}

static void options_may_stand_behind(void **state)
{
    (void)state;
    char buf[256];
    options o;
    assert_int_equal(read("teal send to text --fallback=sms --json", buf, &o), OUTCOME_OK);
    assert_int_equal(o.floor, TEAL_PLAINTEXT);
    assert_true(o.json);
    assert_string_equal(o.args[1], "text");
}

/* What scripts rely on is documented. */
static void help_names_every_status(void **state)
{
    (void)state;
    for (int status = 0; status <= OUTCOME_UNVERIFIED; status++) {
        char line[] = "\n  0  ";
        line[3] = (char)('0' + status);
        assert_non_null(strstr(help_text(COMMAND_NONE), line));
    }
    for (int c = COMMAND_INIT; c < N_COMMANDS; c++)
        assert_non_null(strstr(help_text((command)c), options_command_name((command)c)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken_or_refused),
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(nothing_is_consented_to_unasked),
        cmocka_unit_test(options_may_stand_behind),
        cmocka_unit_test(help_names_every_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
