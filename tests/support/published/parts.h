/* What vectors are made of, and what is expected of the codecs while they are made. */
#ifndef TEAL_TESTS_SUPPORT_PUBLISHED_PARTS_H
#define TEAL_TESTS_SUPPORT_PUBLISHED_PARTS_H

#include "codecs/native/envelope.h"

#include <jansson.h>

enum { VECTOR_ARENA = 8 << 20 }; /* enough for the vectors of one file */

/* Heap memory, freed by vector_arena_close. */
teal_arena vector_arena_open(void);
void vector_arena_close(teal_arena *a);
/* Zeroed; aborts when the arena is full. */
void *vector_room(teal_arena *a, size_t len);
teal_writer vector_writer(teal_arena *a, size_t cap);
/* a, then b. */
teal_bytes vector_joined(teal_arena *a, teal_bytes first, teal_bytes second);

/* Octets in lower-case hexadecimal. */
json_t *vector_hex(const void *at, size_t len);
json_t *vector_bytes(teal_bytes b);
/* UTF-8; aborts otherwise. */
json_t *vector_text(teal_bytes b);
json_t *vector_texts(const teal_bytes *list, size_t n);
/* A number that a double holds, else its decimal text. */
json_t *vector_number(uint64_t value);
/* As json_pack: aborts where it fails. */
#define vector_pack(...) vector_packed(json_pack(__VA_ARGS__))
json_t *vector_packed(json_t *value);

/* Abort, naming the vector, unless it was as expected. rule: "REQ-ENV-1". */
void expect_ok(const char *name, teal_result result, const teal_diag *why);
void expect_refused(const char *name, teal_result result, const teal_diag *why, const char *rule);
void expect_that(const char *name, bool holds);

teal_bytes vector_envelope(teal_arena *a, const teal_envelope *e);

#endif
