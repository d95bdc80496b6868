/* What another network says of a handle, believed only as far as it is signed. REQ-DIR-22 to -24.
 */
#ifndef TEAL_GATEWAY_DIRECTORY_PEER_ANSWER_H
#define TEAL_GATEWAY_DIRECTORY_PEER_ANSWER_H

#include "gateway/directory/directory.h"

#include <jansson.h>

typedef struct peer_answer {
    teal_bytes capability;  /* "sealed", "mls", "plain", "none": static text */
    bool sealed;            /* then: */
    teal_manifest manifest; /* verified, names the handle */
    teal_bytes encoded;
    int64_t ttl_ms; /* -1: not said */
} peer_answer;

/* Reads an answer about `handle`; *out lives in the arena. NULL: it is good; else what is wrong
 * with it, static text. */
const char *peer_answer_read(const json_t *object, teal_bytes handle, teal_arena *arena,
                             peer_answer *out);

/* Reads an answer to a claim: as above, capability is sealed, and one prekey for each device that
 * has any, each signed by its device. out: TEAL_MAX_DEVICES. */
const char *peer_answer_read_claim(const json_t *object, teal_bytes handle, teal_arena *arena,
                                   peer_answer *answer, directory_prekey *out, size_t *n);

#endif
