/* The messages that the vectors are about: one of each kind of envelope that a sender, or a gateway
 * in its own name, can make. */
#ifndef TEAL_TESTS_SUPPORT_PUBLISHED_CASES_H
#define TEAL_TESTS_SUPPORT_PUBLISHED_CASES_H

#include "tests/support/published/parts.h"

#include "tests/support/devices.h"

enum {
    SEALED_MAX_TO = 5,
    SEALED_ONE_DEVICE = 0, /* the cases that other vectors are made from, by their place */
    SEALED_MANY_DEVICES = 1,
    SEALED_RECIPIENTS = 2,
    SEALED_CONSENT = 3,
    SEALED_WAITING = 4,
    SEALED_ORIGIN = 5,
    SEALED_GATEWAY = 900, /* device number of the gateway, whose prekey is the downgrade key */
};

typedef struct sealed_case {
    const char *name, *message_id, *conversation_id, *sender;
    const char *recipients[4];
    uint64_t sent_at_ms, expires_at_ms;
    teal_kind kind;
    uint32_t wants;
    const char *text;                   /* content: one text part; NULL: no content at all */
    uint64_t device, to[SEALED_MAX_TO]; /* test_device_of; to: until the first 0 */
    const char *fallback;               /* NULL: no consent */
    teal_consent consent;               /* floor .. accepts_e2ee_loss */
    teal_level origin_level;            /* 0: no origin */
    const char *origin_network;
} sealed_case;

extern const sealed_case sealed_cases[];
extern const size_t sealed_count;

/* A case with all that went into it and came out. Everything is in the arena. */
typedef struct sealed {
    const sealed_case *of;
    teal_arena *arena;
    teal_envelope envelope;
    test_device sender, gateway, to[SEALED_MAX_TO];
    size_t n_to;
    uint8_t message_key[32], eph[SEALED_MAX_TO * 32], fallback_eph[32];
    teal_bytes content, fallback; /* encoded */
} sealed;

void sealed_make(const sealed_case *c, teal_arena *a, sealed *out);
/* Signs again, after a test has changed what the signature covers. */
void sealed_sign(sealed *s);
/* What a gateway forwards: of the keys those whose bit is set, all hashes, no fallback. */
teal_envelope sealed_forwarded(const sealed *s, uint32_t keep);

#endif
