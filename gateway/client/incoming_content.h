/* From a decoded envelope and its content to the object that is printed. Pure. */
#ifndef TEAL_CLIENT_INCOMING_CONTENT_H
#define TEAL_CLIENT_INCOMING_CONTENT_H

#include "codecs/native/envelope.h"

#include <jansson.h>

/* Of an envelope of kind MESSAGE or RECEIPT that verified and was opened. *item is there in any
 * case (the caller's). Answers NULL, or the rule that the content breaks. */
const char *incoming_content_item(const teal_envelope *e, teal_bytes content, teal_arena *arena,
                                  json_t **item);

/* Of one that did not verify or open: no text, and no level. */
json_t *incoming_content_unopened(const teal_envelope *e);

/* Makes an item one that did not verify: it never says E2EE. */
void incoming_content_distrust(json_t *item);

#endif
