/* The canonical protobuf encoding: fields in number order, what has its default value left out,
 * shortest varints, nothing unknown. One struct then has one encoding, so that bytes come back as
 * they were (I2) and no two readers see different messages. Readers take nothing else.
 *
 * protobuf-c does not fit here: it takes every encoding, copies all it finds, and lets 2 octets of
 * input ask for 150 of memory. The tests use it as a second opinion. PROTOCOL.md REQ-WIRE-*. */
#ifndef TEAL_CODECS_NATIVE_WIRE_H
#define TEAL_CODECS_NATIVE_WIRE_H

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/result.h"

/* Reads one message: a call per field, in number order. A field that is not there reads as its
 * default. The first broken rule goes to `why`; from then on everything reads as default. Ask once,
 * at the end: teal_wire_done. */
typedef struct teal_wire {
    teal_reader in;
    const uint8_t *start; /* of the outermost message, from which why.at counts */
    teal_diag why;        /* .rule is NULL while no rule is broken */
} teal_wire;

teal_wire teal_wire_of(teal_bytes message);

/* Numbers, enumerations; refused above max. */
uint64_t teal_wire_uint(teal_wire *w, uint32_t field, uint64_t max);
bool teal_wire_bool(teal_wire *w, uint32_t field);
/* Bytes and strings: a view of the message. */
teal_bytes teal_wire_bytes(teal_wire *w, uint32_t field);
/* Bytes of exactly len octets, which must be there; out is zeroed otherwise. */
void teal_wire_copy(teal_wire *w, uint32_t field, uint8_t *out, size_t len);

/* Whether another element of a repeated field is next, which moves behind it. */
bool teal_wire_next(teal_wire *w, uint32_t field, teal_bytes *element);
/* How many there are from here on; moves nothing. */
size_t teal_wire_count(teal_wire w, uint32_t field);
/* All elements of a repeated string in *list, from the arena. *n: how many there are. TEAL_OK, also
 * where the reader failed; TEAL_LIMIT: more than max; TEAL_SPACE: arena full. */
__attribute__((warn_unused_result))
teal_result teal_wire_list(teal_wire *w, uint32_t field, size_t max, teal_arena *arena,
                           const teal_bytes **list, size_t *n, teal_diag *why);

/* The same for a message inside: whether it is there, and a reader of it, to be closed with
 * teal_wire_leave, which hands a broken rule on. */
bool teal_wire_enter(teal_wire *w, uint32_t field, teal_wire *inner);
void teal_wire_leave(teal_wire *w, teal_wire *inner);

/* TEAL_OK, or TEAL_MALFORMED if a rule was broken or anything is left over. */
__attribute__((warn_unused_result))
teal_result teal_wire_done(teal_wire *w, teal_diag *why);

/* Writing, likewise in number order. A default value writes nothing. */
void teal_wire_put_uint(teal_writer *w, uint32_t field, uint64_t value);
void teal_wire_put_bytes(teal_writer *w, uint32_t field, teal_bytes value);
/* An element of a repeated field: written even if empty. */
void teal_wire_put_element(teal_writer *w, uint32_t field, teal_bytes value);
/* A message inside, written even if empty. write is called twice: its length stands before it. */
typedef void teal_wire_write(teal_writer *w, const void *message);
void teal_wire_put_message(teal_writer *w, uint32_t field, teal_wire_write *write,
                           const void *message);

#endif
