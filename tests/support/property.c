/* See property.h. */
#include "tests/support/property.h"

#include "tests/support/shrink.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    MAX_TRIES = 20000,       /* to make a case smaller */
    MAX_REPORTED = 64 << 10, /* octets of choices: what an environment variable easily holds */
    SHOWN = 48               /* octets of a value around its first difference */
};

const char property_moot[] = "moot";

static char last_wrong[2048];

const char *property_wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_wrong, sizeof last_wrong, format, arguments);
    va_end(arguments);
    return last_wrong;
}

/* Octets from `from` on, those that are no visible ASCII as \xNN. */
static void show(teal_bytes b, size_t from, teal_writer *out)
{
    static const char digits[] = "0123456789abcdef";
    if (from > 0)
        teal_write_text(out, "...");
    for (size_t i = from; i < b.len && i < from + SHOWN; i++)
        if (b.at[i] > ' ' && b.at[i] < 0x7f && b.at[i] != '\\') {
            teal_write_u8(out, b.at[i]);
        } else {
            teal_write_text(out, "\\x");
            teal_write_u8(out, (uint8_t)digits[b.at[i] >> 4]);
            teal_write_u8(out, (uint8_t)digits[b.at[i] & 15]);
        }
    if (b.len > from + SHOWN)
        teal_write_text(out, "...");
    teal_write_u8(out, '\0');
}

const char *property_differ(teal_bytes got, teal_bytes want)
{
    uint8_t shown[2][4 * SHOWN + 8];
    teal_writer out[2] = { { shown[0], sizeof shown[0], 0 }, { shown[1], sizeof shown[1], 0 } };
    size_t at = 0;
    if (teal_bytes_equal(got, want))
        return NULL;
    while (at < got.len && at < want.len && got.at[at] == want.at[at])
        at++;
    size_t from = at > SHOWN / 2 ? at - SHOWN / 2 : 0;
    show(got, from, &out[0]);
    show(want, from, &out[1]);
    return property_wrong("%zu octets, not %zu; from %zu on differs\n    got  %s\n    want %s",
                          got.len, want.len, at, (char *)shown[0], (char *)shown[1]);
}

const char *property_ok(teal_result result, const teal_diag *why)
{
    if (result == TEAL_OK)
        return NULL;
    return property_wrong("%s: %s at %zu", teal_result_text(result),
                          why != NULL && why->rule != NULL ? why->rule : "no rule",
                          why != NULL ? why->at : 0);
}

static const char *replay(property claim, const test_choices *choices, test_choices *used)
{
    test_random r = test_random_replayed(choices, used);
    return claim(&r);
}

static bool is_wrong(const char *answer)
{
    return answer != NULL && answer != property_moot;
}

static bool fails(const test_choices *choices, test_choices *used, void *context)
{
    return is_wrong(replay(*(property *)context, choices, used));
}

static void make_smaller(property claim, property_failure *out)
{
    static test_choices used;
    out->flaky = !fails(&out->choices, &used, &claim);
    out->tries = out->flaky ? 0 : shrink(&out->choices, fails, &claim, MAX_TRIES);
    const char *wrong = replay(claim, &out->choices, &used);
    if (is_wrong(wrong))
        snprintf(out->wrong, sizeof out->wrong, "%s", wrong);
}

bool property_refute(property claim, uint64_t seed, size_t times, size_t *moot,
                     property_failure *out)
{
    static property_failure failure;
    size_t all_moot = 0;
    for (size_t i = 0; i < times; i++) {
        test_random r = test_random_recorded(seed + i, &failure.choices);
        const char *answer = claim(&r);
        all_moot += answer == property_moot;
        if (is_wrong(answer)) {
            failure.number = i;
            snprintf(failure.wrong, sizeof failure.wrong, "%s", answer);
            make_smaller(claim, &failure);
            *out = failure;
            return true;
        }
    }
    if (moot != NULL)
        *moot = all_moot;
    return false;
}

void property_choices_write(const test_choices *choices, teal_writer *out)
{
    for (size_t i = 0, run; i < choices->n; i += run) {
        for (run = 1; i + run < choices->n && choices->at[i + run] == choices->at[i];)
            run++;
        if (i > 0)
            teal_write_u8(out, ',');
        teal_write_decimal(out, choices->at[i]);
        if (run > 1) {
            teal_write_u8(out, '*');
            teal_write_decimal(out, run);
        }
    }
}

/* Of digits alone, unlike strtoull. */
static bool read_number(const char **text, uint64_t *out)
{
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)**text))
        return false;
    *out = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

bool property_choices_read(const char *text, test_choices *out)
{
    out->n = 0;
    while (*text != '\0') {
        uint64_t value, times = 1;
        if (out->n > 0 && *text++ != ',')
            return false;
        if (!read_number(&text, &value))
            return false;
        if (*text == '*' && (text++, !read_number(&text, &times)))
            return false;
        if (times == 0 || times > TEST_MAX_CHOICES - out->n)
            return false;
        while (times-- > 0)
            out->at[out->n++] = value;
    }
    return true;
}

static void report(const char *name, size_t times, const property_failure *f)
{
    static uint8_t text[MAX_REPORTED];
    teal_writer out = { text, sizeof text - 1, 0 };
    unsigned long long seed = test_seed();
    print_error("%s does not hold:\n  %s\n", name, f->wrong);
    print_error("  value %zu of %zu, made smaller in %zu tries, to %zu choices%s\n", f->number + 1,
                times, f->tries, f->choices.n,
                f->flaky ? "; it did not fail again: it depends on more than its choices" : "");
    print_error("  all again:  TEAL_SEED=%llu %s\n", seed, program_invocation_name);
    property_choices_write(&f->choices, &out);
    if (!teal_write_fits(&out))
        return;
    text[out.len] = '\0';
    print_error("  this alone: TEAL_CHOICES='%s:%s' %s\n", name, (char *)text,
                program_invocation_name);
}

static void replay_given(const char *name, property claim, const char *choices)
{
    static test_choices given, used;
    if (!property_choices_read(choices, &given))
        fail_msg("TEAL_CHOICES is not property:choices");
    const char *wrong = replay(claim, &given, &used);
    if (is_wrong(wrong))
        fail_msg("%s does not hold:\n  %s", name, wrong);
    print_message("%s holds for TEAL_CHOICES\n", name);
}

void property_assert(const char *name, property claim, size_t times)
{
    static property_failure failure;
    const char *given = getenv("TEAL_CHOICES");
    size_t len = strlen(name), moot = 0;
    if (given != NULL) { /* of one property: the others rest */
        if (strncmp(given, name, len) == 0 && given[len] == ':')
            replay_given(name, claim, given + len + 1);
        return;
    }
    if (property_refute(claim, test_seed(), times, &moot, &failure)) {
        report(name, times, &failure);
        fail();
    }
    if (moot > times / 100 * 99)
        fail_msg("%s: moot for %zu of %zu values", name, moot, times);
}
