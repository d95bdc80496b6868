/* What this network asks the gateway, and believes only as far as it is signed: manifests name the
 * handle that was asked for, are signed by the account key that is known, and prekeys by their
 * device (REQ-DIR-24). Any thread, without network.lock; blocks. */
#ifndef TEAL_TESTS_PEERS_GATEWAY_H
#define TEAL_TESTS_PEERS_GATEWAY_H

#include "codecs/native/seal.h"
#include "tests/peers/rcs/network.h"

enum { GATEWAY_ARENA = 256 << 10 }; /* what one of these calls takes of an arena at most */

typedef enum gateway_result {
    GATEWAY_OK = 0,
    GATEWAY_NONE,        /* no such handle, or no keys for it */
    GATEWAY_UNREACHABLE, /* no answer, or one that asks for patience */
    GATEWAY_LIES,        /* an answer that does not hold; the log says why */
} gateway_result;

/* Whose devices? *out lives as long as the arena; so below. */
gateway_result gateway_look_up(network *n, teal_bytes handle, teal_arena *arena,
                               teal_manifest *out);

/* One prekey for each device. to: TEAL_MAX_DEVICES. */
gateway_result gateway_claim(network *n, teal_bytes handle, teal_arena *arena, teal_seal_to *to,
                             size_t *n_to);

typedef struct gateway_card {
    teal_bytes handle;
    teal_manifest manifest;
    uint8_t downgrade_key[TEAL_KEY_BYTES]; /* signed by the device `plaintext` */
} gateway_card;

/* Who is the gateway itself? */
gateway_result gateway_ask_card(network *n, teal_arena *arena, gateway_card *out);

/* The gateway's device of that name; NULL: it has none. */
const teal_device *gateway_device(const gateway_card *card, const char *name);

#endif
