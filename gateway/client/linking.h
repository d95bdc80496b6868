/* What two devices of one person say to each other until one is added to the other's account: CPace
 * over a code. Pure but for its randomness. PROTOCOL.md section 9.4. */
#ifndef TEAL_CLIENT_LINKING_H
#define TEAL_CLIENT_LINKING_H

#include "codecs/native/cpace.h"
#include "codecs/native/manifest.h"

enum { LINKING_CODE_DIGITS = 8, LINKING_ROUNDS = 3 };

/* What both ends are to agree on. Views. */
typedef struct linking_subject {
    teal_device device; /* the new one */
    teal_bytes prekey;  /* its prekey 0, encoded */
    const uint8_t *account_key;
} linking_subject;

/* One end of one round; wiped by linking_forget. */
typedef struct linking {
    uint8_t scalar[TEAL_CPACE_SCALAR_BYTES], share[TEAL_CPACE_SHARE_BYTES];
    uint8_t new_tag[TEAL_CPACE_TAG_BYTES], account_tag[TEAL_CPACE_TAG_BYTES];
} linking;

/* Digits, evenly drawn. */
void linking_make_code(char code[static LINKING_CODE_DIGITS + 1]);
/* 8 digits, spaces and dashes between them left out; false: it is none. */
bool linking_read_code(const char *typed, char code[static LINKING_CODE_DIGITS + 1]);

/* A new scalar, and the share to be said. */
void linking_begin(linking *l, const char *code, const linking_subject *about);
/* With the other end's share: both tags as they have to be. False: it is no share. */
bool linking_meet(linking *l, const linking_subject *about, bool is_new_device, teal_bytes theirs);
/* Constant time. */
bool linking_matches(teal_bytes shown, const uint8_t expected[static TEAL_CPACE_TAG_BYTES]);
void linking_forget(linking *l);

#endif
