/* How requests of this protocol are signed: what is covered, with which parameters, by which keys.
 * Used by whoever sends one and by whoever gets it. Pure, any thread. PROTOCOL.md section 9.0. */
#ifndef TEAL_GATEWAY_REQUEST_SIGNATURE_H
#define TEAL_GATEWAY_REQUEST_SIGNATURE_H

#include "gateway/http_signature.h"

enum {
    REQUEST_NONCE_BYTES = 16, /* random, of our own requests */
    REQUEST_MIN_NONCE = 16,   /* characters */
    REQUEST_MAX_NONCE = 64,
    REQUEST_WINDOW_S = 300, /* how far `created` may be from the clock, either way */
    REQUEST_MAX_KEYID = 64,
};

/* Whose key signed: the form of `keyid`. */
typedef enum request_key {
    REQUEST_DEVICE,  /* "device:" and 32 hexadecimal digits: in a manifest */
    REQUEST_ACCOUNT, /* "account:" and base64url: the account key itself */
    REQUEST_KEY,     /* "key:" and base64url: of a network or an operator */
} request_key;

/* ---- signing --------------------------------------------------------------------------------- */

typedef struct request_signer {
    request_key kind;
    uint8_t id[TEAL_DEVICE_BYTES]; /* DEVICE */
    const uint8_t *sk;             /* 64 octets; borrowed */
} request_signer;

/* The fields that make a request a signed one; each NUL-terminated, "" where it has none. */
typedef struct request_signed {
    char content_digest[64];
    char signature_input[512];
    char signature[128];
} request_signed;

/* m: with all fields that it will have but the three. A request that has a body gets a
 * Content-Digest. TEAL_MALFORMED: method, authority or target have octets that none has;
 * TEAL_SPACE: its fields are longer than any that is sent. */
__attribute__((warn_unused_result)) teal_result request_sign(
    const http_message *m, teal_bytes body, const request_signer *signer, int64_t now_ms,
    const uint8_t nonce[static REQUEST_NONCE_BYTES], request_signed *out, teal_diag *why);

/* ---- checking -------------------------------------------------------------------------------- */

typedef struct request_claim {
    http_signature signature;
    request_key kind;
    uint8_t id[TEAL_DEVICE_BYTES]; /* DEVICE */
    uint8_t key[TEAL_KEY_BYTES];   /* ACCOUNT, KEY: says itself which */
    teal_bytes keyid, nonce;
    int64_t created_s;
} request_claim;

/* What the request says of its signature. Everything that needs no key, clock or body is checked:
 * coverage, parameters. *found false: the request has none. As http_signature_find, and
 * TEAL_MALFORMED by REQ-SIG-2, -3, -7. */
__attribute__((warn_unused_result)) teal_result request_read(const http_message *m, bool has_body,
                                                             teal_arena *arena, bool *found,
                                                             request_claim *out, teal_diag *why);
/* Whether `created` is within the window. */
bool request_is_timely(const request_claim *claim, int64_t now_ms);
/* The signature by that key, and the body by its digest. */
__attribute__((warn_unused_result)) teal_result request_verify(
    const http_message *m, teal_bytes body, const request_claim *claim,
    const uint8_t key[static TEAL_KEY_BYTES], teal_arena *arena, teal_diag *why);

/* Value of Accept-Signature: what a request to the resource must be signed with. Static. */
const char *request_accept(bool has_body);

#endif
