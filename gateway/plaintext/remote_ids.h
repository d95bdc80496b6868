/* Message ids of SMS centres. The answer to a submit and the delivery receipt name the same message
 * in different ways at some centres: another letter case, leading zeros, one in hexadecimal and the
 * other in decimal. */
#ifndef TEAL_GATEWAY_PLAINTEXT_REMOTE_IDS_H
#define TEAL_GATEWAY_PLAINTEXT_REMOTE_IDS_H

#include "codecs/sms/smpp.h"

typedef struct remote_id {
    char at[TEAL_SMPP_MAX_MESSAGE_ID + 1];
    size_t len;
} remote_id;

/* Lower case, without leading zeros; "0" for nothing but zeros. Empty for an empty or long id. */
remote_id remote_id_of(teal_bytes id);
/* The same number in the other base; false where it is not one that fits 64 bits. */
bool remote_id_to_hex(const remote_id *decimal, remote_id *out);
bool remote_id_to_decimal(const remote_id *hex, remote_id *out);

static inline bool remote_id_equal(const remote_id *a, const remote_id *b)
{
    return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

#endif
