/* Mutators that know the shape of an input, so that what is changed gets past the checks of the
 * outer layers. Where an input has no such shape they leave it to the fuzzer's own mutator. They
 * are what LLVMFuzzerCustomMutator returns: the new size, at most `max`. */
#ifndef TEAL_TESTS_FUZZ_MUTATE_H
#define TEAL_TESTS_FUZZ_MUTATE_H

#include "codecs/cursor.h"
#include "tests/support/random.h"

#include <protobuf-c/protobuf-c.h>

/* What libFuzzer calls in place of its own mutator, and that one. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* Changes one piece of a text, or its place: pieces end with `end` ('\n' for headers, '>' for XML).
 */
size_t mutate_pieces(uint8_t *data, size_t size, size_t max, uint8_t end, test_random *s);

/* Changes one field of a protobuf message, at any depth, and writes it canonically again.
 * mend: makes good what depends on other fields, or goes on in bytes that are messages themselves
 *       (mutate_inside); NULL: nothing. */
typedef void mutate_mend(ProtobufCMessage *m, test_random *s);
size_t mutate_protobuf(const ProtobufCMessageDescriptor *d, mutate_mend *mend, uint8_t *data,
                       size_t size, size_t max, test_random *s);
/* For mend: the bytes are such a message. */
void mutate_inside(const ProtobufCMessageDescriptor *d, mutate_mend *mend, ProtobufCBinaryData *b,
                   test_random *s);
/* Of an envelope: the hashes that it holds of its own parts. */
void mutate_mend_envelope(ProtobufCMessage *m, test_random *s);
/* For mend: memory until the mutation is over. */
void *mutate_take(size_t octets);

#endif
