/* What has to hold before something is believed. Pure. Each answers NULL, or the rule that does not
 * hold as static text ("REQ-… what"). */
#ifndef TEAL_CLIENT_VERIFY_H
#define TEAL_CLIENT_VERIFY_H

#include "codecs/native/manifest.h"
#include "codecs/native/receipt.h"
#include "gateway/ledger/tree_head.h"

enum { VERIFY_MAX_PAST = 16 };

/* A gateway as it is known: handle, account key, devices, the key that fallbacks are sealed to. */
typedef struct verify_gateway {
    teal_bytes handle;
    teal_manifest manifest;
    teal_prekey downgrade_key;
    teal_manifest past[VERIFY_MAX_PAST]; /* versions before, each followed by the next; checked */
    size_t n_past;
} verify_gateway;

/* The version that has the device, and was in force at that time; NULL: none. REQ-KEY-7 */
const teal_manifest *verify_gateway_then(const verify_gateway *g,
                                         const uint8_t device[static TEAL_DEVICE_BYTES],
                                         uint64_t at_ms);

/* A message that was sent. */
typedef struct verify_sent {
    const teal_bytes *recipients;
    size_t n_recipients;
    teal_hash transcript;
    teal_level floor; /* the lowest level consented to; TEAL_E2EE without consent */
} verify_sent;

/* Signed, and the handle's. Whether the account key is the known one is not asked here. REQ-DIR-24
 */
const char *verify_manifest(const teal_manifest *m, teal_bytes handle);

/* The gateway's manifest, and its downgrade key by its device `plaintext`. REQ-DIR-25 */
const char *verify_gateway_keys(const verify_gateway *g);

/* Only a gateway says where something came from, and says it of all that it sends. REQ-INB-3 */
const char *verify_origin(const teal_envelope *e, teal_bytes gateway);

/* Signed by a device of the sender's manifest; with an origin by the device `plaintext`. */
const char *verify_sender(const teal_envelope *e, const teal_manifest *sender,
                          const teal_arena *scratch);

/* Signed by the gateway's right device, and of the message that was sent. sent: NULL if there is
 * none of that id. REQ-RCPT-1..3 */
const char *verify_receipt(const teal_receipt *r, const verify_gateway *g, const verify_sent *sent);

/* Signed by the device `edge` that the gateway had at the head's time. REQ-LOG-8, REQ-KEY-7 */
const char *verify_head(const tree_head *h, const verify_gateway *g);

#endif
