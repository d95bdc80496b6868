/* The number that two people compare to know that each has the other's account key. Pure. The
 * construction is that of the classic device-key messengers. REQ-LOG-21. */
#ifndef TEAL_CLIENT_SAFETY_NUMBER_H
#define TEAL_CLIENT_SAFETY_NUMBER_H

#include "codecs/native/envelope.h"

enum {
    SAFETY_NUMBER_GROUPS = 12,
    SAFETY_NUMBER_BYTES = SAFETY_NUMBER_GROUPS * 6, /* groups of 5 digits, blanks, NUL */
};

typedef struct safety_party {
    teal_bytes account_key;
    teal_bytes handle; /* the first of the account's manifest */
} safety_party;

/* The same whichever comes first. */
void safety_number(const safety_party *a, const safety_party *b,
                   char out[static SAFETY_NUMBER_BYTES]);

#endif
