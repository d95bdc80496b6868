/* The forms that values have in URLs and JSON, and the refusals of those that do not. PROTOCOL.md
 * section 9. */
#ifndef TEAL_GATEWAY_EDGE_FIELD_H
#define TEAL_GATEWAY_EDGE_FIELD_H

#include "gateway/edge/rest.h"

/* 32 lower-case hexadecimal digits. text may be NULL: false. */
bool field_device(const char *text, uint8_t device[static TEAL_DEVICE_BYTES]);
/* Decimal digits within least..most. NULL: `otherwise`, which may be out of them. */
bool field_number(const char *text, int64_t least, int64_t most, int64_t otherwise, int64_t *out);

/* JSON strings; NULL where the arena or the heap does not suffice. */
json_t *field_hex(const uint8_t device[static TEAL_DEVICE_BYTES]);
json_t *field_base64url(teal_bytes b, teal_arena *arena);
json_t *field_text(teal_bytes text); /* UTF-8 */

/* The body as a JSON object that the caller owns; NULL: it is none. */
json_t *field_object(rest_call *c);
/* A string of it; empty: it has none of that name. o may be NULL. */
teal_bytes field_string(const json_t *o, const char *name);
/* Octets of it, base64url. False: not there, or not `len` of them. */
bool field_octets(const json_t *o, const char *name, uint8_t *out, size_t len);

rest_next field_refuse_device(rest_call *c);
/* Whether the caller is that device. */
bool field_is_caller(const rest_call *c, const uint8_t device[static TEAL_DEVICE_BYTES]);
/* 403: it is signed, but not by whom it has to be. Asks for a signature. */
rest_next field_refuse_caller(rest_call *c, const char *rule, const char *remedy);
rest_next field_refuse_other_device(rest_call *c);
rest_next field_refuse_handle(rest_call *c);
rest_next field_refuse_query(rest_call *c, const char *remedy);
rest_next field_refuse_json(rest_call *c, const char *remedy);
/* The store could not do it: anything but STORE_OK, STORE_NONE, STORE_EXISTS. */
rest_next field_refuse_store(rest_call *c, store_result r);
rest_next field_refuse_overload(rest_call *c);
/* As the directory has it. retry_ms: after which what is 429 may be sent again. */
rest_next field_refuse_directory(rest_call *c, const directory_refusal *why, int64_t retry_ms);
/* Of what was put into the directory; why: of PUT_REFUSED. */
rest_next field_answer_put(rest_call *c, directory_put result, const directory_refusal *why);
/* The network that the handle is on cannot be asked now. */
rest_next field_refuse_peer(rest_call *c);

#endif
