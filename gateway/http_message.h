/* An HTTP message as far as signatures see it (RFC 9421 section 2): a request or a response without
 * its body. Pure, any thread. */
#ifndef TEAL_GATEWAY_HTTP_MESSAGE_H
#define TEAL_GATEWAY_HTTP_MESSAGE_H

#include "codecs/arena.h"
#include "codecs/result.h"

typedef struct http_field {
    teal_bytes name; /* in any case */
    teal_bytes value;
} http_field;

typedef struct http_message {
    teal_bytes method;
    teal_bytes scheme;        /* "http", "https" */
    teal_bytes authority;     /* the Host field */
    teal_bytes target;        /* as the request line has it: "/foo?bar" */
    unsigned status;          /* of a response, which has none of the above; 0: a request */
    const http_field *fields; /* in the order in which they came */
    size_t n_fields;
} http_message;

/* Takes a URL apart as its request will be sent; views of it. False: not http:// or https://. */
bool http_message_of_url(teal_bytes url, http_message *out);

/* Whether there is such a field; name in any case. */
bool http_message_has(const http_message *m, const char *name);
/* All values of that name as section 2.1 combines them. TEAL_MALFORMED: no such field, or an octet
 * that a value must not have; something may have been written. */
__attribute__((warn_unused_result)) teal_result http_message_write_field(const http_message *m,
                                                                         teal_bytes name,
                                                                         teal_writer *w,
                                                                         teal_diag *why);

/* The same, into the arena: TEAL_SPACE where it does not fit. */
__attribute__((warn_unused_result)) teal_result http_message_take_field(
    const http_message *m, const char *name, teal_arena *arena, teal_bytes *out, teal_diag *why);

/* The value of a component: of a field, its name in lower case, or derived: @method, @target-uri,
 * @authority, @scheme, @request-target, @path, @query, @status (section 2.2). TEAL_MALFORMED: the
 * message has none; TEAL_UNSUPPORTED: another derived one. */
__attribute__((warn_unused_result)) teal_result http_message_write_component(const http_message *m,
                                                                             teal_bytes name,
                                                                             teal_writer *w,
                                                                             teal_diag *why);

#endif
