/* How a person sees messages and receipts: a bubble in the colour of its level, with level and
 * verification in words too. What others wrote is tamed and stands behind a bar, so that no text
 * can pass as a bubble of its own. */
#ifndef TEAL_CLIENT_SHOW_H
#define TEAL_CLIENT_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct show {
    FILE *out;
    size_t columns;
    bool colour;
    bool terminal; /* which is told not to break lines by itself */
} show;

/* Width of the terminal, else 80; colour only there and without NO_COLOR. */
show show_for(FILE *out);

/* What an item's object does not say. */
typedef struct show_aside {
    const char *path;  /* of an E2EE message: "native" or "rcs" */
    const char *wrong; /* the rule that did not hold; NULL */
} show_aside;

/* item: an object as `teal --json inbox` prints it: a message, a copy of one that was sent, a
 * receipt, a device's receipt, a change of the account. */
void show_item(const show *s, const json_t *item, const show_aside *aside);

/* A message that was sent, with all its receipts: an object as `teal --json receipts` prints it. */
void show_sent(const show *s, const json_t *sent);

/* "● HANDLE: SMS, readable by everybody on the way (PLAINTEXT)": what a message takes or would
 * take. */
void show_path(const show *s, const char *handle, const char *path, const char *level);

#endif
