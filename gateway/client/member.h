/* Members of JSON objects as the protocol writes them: octets in base64url, texts in UTF-8. A
 * member that is missing or of another type reads as empty. */
#ifndef TEAL_CLIENT_MEMBER_H
#define TEAL_CLIENT_MEMBER_H

#include "codecs/arena.h"

#include <jansson.h>

/* Views that live as long as the string. */
teal_bytes member_string(const json_t *string);
teal_bytes member_text(const json_t *object, const char *name);
/* The value of a base64url text, in the arena; false: it is none, or empty. */
bool member_bytes(const json_t *object, const char *name, teal_arena *arena, teal_bytes *out);
/* The same of a text that is no member. */
bool member_value(teal_bytes text, teal_arena *arena, teal_bytes *out);
/* The same of exactly len octets. */
bool member_copy(const json_t *object, const char *name, uint8_t *out, size_t len);

/* Values for json_object_set_new and the like; null where `text` is not UTF-8. */
json_t *member_of_text(teal_bytes text);
json_t *member_of_bytes(teal_bytes value);
json_t *member_of_hex(teal_bytes value);

#endif
