/* See parts.h. */
#include "tests/support/published/parts.h"

#include <stdio.h>
#include <stdlib.h>

teal_arena vector_arena_open(void)
{
    teal_arena a = { malloc(VECTOR_ARENA), VECTOR_ARENA, 0 };
    expect_that("arena", a.base != NULL);
    return a;
}

void vector_arena_close(teal_arena *a)
{
    free(a->base);
    *a = (teal_arena){ 0 };
}

void *vector_room(teal_arena *a, size_t len)
{
    void *room = teal_arena_array(a, len, 1);
    expect_that("arena is large enough", room != NULL);
    return room;
}

teal_writer vector_writer(teal_arena *a, size_t cap)
{
    return (teal_writer){ vector_room(a, cap), cap, 0 };
}

teal_bytes vector_joined(teal_arena *a, teal_bytes first, teal_bytes second)
{
    teal_writer w = vector_writer(a, first.len + second.len);
    teal_write_bytes(&w, first);
    teal_write_bytes(&w, second);
    return teal_written(&w);
}

json_t *vector_packed(json_t *value)
{
    expect_that("JSON can be made", value != NULL);
    return value;
}

json_t *vector_hex(const void *at, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *octets = at;
    char *text = malloc(2 * len + 1);
    expect_that("memory", text != NULL);
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[octets[i] >> 4];
        text[2 * i + 1] = digits[octets[i] & 15];
    }
    json_t *value = json_stringn(text, 2 * len);
    free(text);
    return vector_packed(value);
}

json_t *vector_bytes(teal_bytes b)
{
    return vector_hex(b.at, b.len);
}

json_t *vector_text(teal_bytes b)
{
    return vector_packed(json_stringn(b.len > 0 ? (const char *)b.at : "", b.len));
}

json_t *vector_texts(const teal_bytes *list, size_t n)
{
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, vector_text(list[i]));
    return out;
}

json_t *vector_number(uint64_t value)
{
    char text[24];
    if (value <= (UINT64_C(1) << 53) - 1)
        return vector_packed(json_integer((json_int_t)value));
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return vector_packed(json_string(text));
}

void expect_that(const char *name, bool holds)
{
    if (!holds) {
        fprintf(stderr, "vector \"%s\" is not as it says\n", name);
        abort();
    }
}

void expect_ok(const char *name, teal_result result, const teal_diag *why)
{
    if (result != TEAL_OK)
        fprintf(stderr, "%s: refused: %s\n", name, why->rule != NULL ? why->rule : "(no rule)");
    expect_that(name, result == TEAL_OK);
}

void expect_refused(const char *name, teal_result result, const teal_diag *why, const char *rule)
{
    size_t len = strlen(rule);
    bool same = result != TEAL_OK && why->rule != NULL && strncmp(why->rule, rule, len) == 0 &&
                (why->rule[len] == ' ' || why->rule[len] == '\0');
    if (!same)
        fprintf(stderr, "%s: wanted %s, got %s\n", name, rule,
                result == TEAL_OK   ? "accepted"
                : why->rule != NULL ? why->rule
                                    : "(no rule)");
    expect_that(name, same);
}

teal_bytes vector_envelope(teal_arena *a, const teal_envelope *e)
{
    teal_writer size = { 0 };
    expect_that("envelope is measured", teal_envelope_encode(e, &size) == TEAL_SPACE);
    teal_writer w = vector_writer(a, size.len);
    expect_that("envelope is encoded", teal_envelope_encode(e, &w) == TEAL_OK);
    return teal_written(&w);
}
