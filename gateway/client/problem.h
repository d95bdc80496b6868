/* Problem documents (RFC 9457) in words. */
#ifndef TEAL_CLIENT_PROBLEM_H
#define TEAL_CLIENT_PROBLEM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* name: "keys-stale". */
bool problem_is(const json_t *problem, const char *name);

/* What was refused and for whom, the remedy, and how to do that with teal. */
void problem_say(const json_t *problem, FILE *out);

#endif
