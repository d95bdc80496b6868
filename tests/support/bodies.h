/* What tests of RCS bodies share: a content of one part, its bodies, and the way over a whole CPIM
 * message and back. All of it fails the test that calls it. */
#ifndef TEAL_TESTS_SUPPORT_BODIES_H
#define TEAL_TESTS_SUPPORT_BODIES_H

#include "codecs/rcs/bodies.h"

/* What test_body_message begins with, up to the headers of the body. */
#define BODY_HEAD                                                                                  \
    "From: <tel:+14155550100>\r\nTo: <sip:bob@rcs.example>\r\n"                                    \
    "DateTime: 2026-11-24T09:00:00.123Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"                    \
    "imdn.Message-ID: MxM\r\nNS: e2ee <urn:teal:ns:e2ee:1>\r\n"
#define BODY_TEXT_PART "\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\n"

/* A content around one part. */
typedef struct body_content {
    Teal__V1__Content c;
    Teal__V1__Part part, *parts[1];
} body_content;

/* An arena of 1 MiB, the same memory each time. */
teal_arena test_body_arena(void);

/* An empty part of that kind in *s; no part for NOT_SET. */
Teal__V1__Content *test_body_content(body_content *s, Teal__V1__Part__PartCase part_case);

const teal_body *test_bodies_of(const Teal__V1__Content *c, const teal_body_context *x,
                                teal_arena *arena, size_t *n);
/* What encoding answers, and the rule of its diagnosis. */
teal_result test_bodies_refusal(const Teal__V1__Content *c, const char **rule);

teal_bytes test_body_message(const teal_body *b, teal_arena *arena);
/* With copies of exactly their size, and exactly the memory that is promised to be enough. *b lives
 * until the next call. */
teal_result test_body_read(teal_bytes message, teal_body *b, teal_diag *why);
teal_result test_body_decode(const teal_body *b, Teal__V1__Content **c, teal_diag *why);

/* Over the whole message and back: the same octets. */
void assert_body_comes_back(const Teal__V1__Content *c, const teal_body *b);

#endif
