/* Structured field values (RFC 8941): dictionaries and items, with inner lists and parameters.
 * Takes what the RFC takes, but base64 in one form only, and no more elements than stand here.
 * Pure, any thread; never allocates but from the arena. PROTOCOL.md REQ-SIG-9. */
#ifndef TEAL_GATEWAY_STRUCTURED_FIELD_H
#define TEAL_GATEWAY_STRUCTURED_FIELD_H

#include "codecs/arena.h"
#include "codecs/result.h"

enum {
    STRUCTURED_MAX_MEMBERS = 32,
    STRUCTURED_MAX_ITEMS = 32, /* of an inner list */
    STRUCTURED_MAX_PARAMETERS = 16,
};

typedef enum structured_kind {
    STRUCTURED_INTEGER, /* number: of at most 15 digits */
    STRUCTURED_DECIMAL, /* number: in thousandths */
    STRUCTURED_BOOLEAN, /* number: 0 or 1 */
    STRUCTURED_STRING,  /* bytes: without quotes and escapes */
    STRUCTURED_TOKEN,
    STRUCTURED_BYTES,
} structured_kind;

typedef struct structured_value {
    structured_kind kind;
    int64_t number;
    teal_bytes bytes; /* of the input, or in the arena */
} structured_value;

typedef struct structured_parameter {
    teal_bytes key;
    structured_value value;
} structured_parameter;

typedef struct structured_parameters {
    const structured_parameter *at; /* distinct keys */
    size_t n;
} structured_parameters;

typedef struct structured_item {
    structured_value value;
    structured_parameters parameters;
} structured_item;

typedef struct structured_list {
    const structured_item *items;
    size_t n;
    structured_parameters parameters;
} structured_list;

typedef struct structured_member {
    teal_bytes key;
    bool is_list;
    structured_list list; /* is_list */
    structured_item item; /* else */
} structured_member;

typedef struct structured_dictionary {
    const structured_member *members; /* distinct keys */
    size_t n;
} structured_dictionary;

/* `in`: the field's value; of several fields of one name all values, joined by ", ". Of members,
 * and of parameters, with the same key the last one counts. What they hand out lives as long as
 * `in` and the arena. Return TEAL_OK; TEAL_MALFORMED; TEAL_LIMIT: more elements than above;
 * TEAL_SPACE: of the arena. */
__attribute__((warn_unused_result)) teal_result structured_read_dictionary(
    teal_bytes in, teal_arena *arena, structured_dictionary *out, teal_diag *why);
__attribute__((warn_unused_result)) teal_result structured_read_item(teal_bytes in,
                                                                     teal_arena *arena,
                                                                     structured_item *out,
                                                                     teal_diag *why);

/* NULL: there is none. */
const structured_member *structured_member_of(const structured_dictionary *d, teal_bytes key);
const structured_value *structured_parameter_of(const structured_parameters *p, const char *key);

/* The one form that RFC 8941 section 4.1 writes. Keys, tokens and numbers must be such. */
void structured_write_item(const structured_item *item, teal_writer *w);
void structured_write_list(const structured_list *list, teal_writer *w);
void structured_write_dictionary(const structured_dictionary *d, teal_writer *w);

#endif
