/* An HTTP client that can be as rude as a test wants: it sends what it is told, octet by octet, and
 * reads one answer at a time. Fails the test where a call does not work. */
#ifndef TEAL_TESTS_SUPPORT_RAW_HTTP_H
#define TEAL_TESTS_SUPPORT_RAW_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAW_MAX = 64 << 10 };

typedef struct raw_client {
    int fd;
    size_t len; /* read, and not yet taken */
    char read[RAW_MAX];
} raw_client;

typedef struct raw_answer {
    int status; /* 0: the connection ended before an answer */
    char header[4096];
    char body[RAW_MAX]; /* NUL-terminated beyond len */
    size_t len;
} raw_answer;

raw_client *raw_open(uint16_t port);
void raw_close(raw_client **c);
void raw_hang_up(raw_client **c); /* with a reset */

void raw_send(raw_client *c, const char *text);
void raw_send_bytes(raw_client *c, const void *at, size_t len);
/* "METHOD PATH HTTP/1.1", Host, then `rest`: header lines, empty line, body. */
void raw_request(raw_client *c, const char *method, const char *path, const char *rest);
/* Waits for one whole answer; without a body where the request was HEAD. */
void raw_receive(raw_client *c, bool head, raw_answer *out);
/* Both, on a connection of its own. */
void raw_ask(uint16_t port, const char *method, const char *path, const char *rest,
             raw_answer *out);
bool raw_is_readable(raw_client *c, int timeout_ms);
/* Whether the server ended the connection, with nothing more to read. */
bool raw_ended(raw_client *c);

/* Value of a header field in buf, or NULL. */
const char *raw_header(const raw_answer *a, const char *name, char buf[static 256]);
/* The body as a JSON object that the caller owns. */
json_t *raw_json(const raw_answer *a);

#endif
