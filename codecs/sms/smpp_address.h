/* SMPP addresses, and the lists of them in submit_multi and its response. Lists are kept as octets,
 * as optional parameters are, and read one entry at a time.
 * Source: SMPP v3.4 §4.5.1..§4.5.3. PROTOCOL.md REQ-SMPP-4, -16, -17. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_SMPP_ADDRESS_H
#define TEAL_CODECS_SMS_SMPP_ADDRESS_H

#include "codecs/cursor.h"

#define TEAL_SMPP_MAX_ADDRESS      20
#define TEAL_SMPP_MAX_DATA_ADDRESS 64 /* in data_sm and alert_notification */
#define TEAL_SMPP_MAX_DESTINATIONS 254

/* digits: 0..20 bytes, or 0..64 in data_sm and alert_notification, as written; may be alphanumeric
 * (ton 5). */
typedef struct teal_smpp_address {
    uint8_t ton, npi;
    teal_bytes digits;
} teal_smpp_address;

typedef struct teal_smpp_list {
    uint8_t count;
    teal_bytes entries;
} teal_smpp_list;

/* Entry of a submit_multi. */
typedef struct teal_smpp_destination {
    bool is_list;              /* a distribution list that the centre keeps */
    teal_smpp_address address; /* of a list: digits is its name, ton and npi are 0 */
} teal_smpp_destination;

/* Entry of a submit_multi_resp: who does not get the message. */
typedef struct teal_smpp_failure {
    teal_smpp_address address;
    uint32_t status; /* as in the header of a response */
} teal_smpp_failure;

/* Next entry of a reader over list.entries, those of a decoded unit. False at the end, and where
 * what is left does not begin with an entry: the reader has failed then, or has something left. */
bool teal_smpp_destination_next(teal_reader *entries, teal_smpp_destination *out);
bool teal_smpp_failure_next(teal_reader *entries, teal_smpp_failure *out);

/* Appends one entry. What no decoder takes is refused when the unit is encoded. */
void teal_smpp_destination_write(teal_writer *w, const teal_smpp_destination *entry);
void teal_smpp_failure_write(teal_writer *w, const teal_smpp_failure *entry);

/* Reads a string of 0..max octets that ends in NUL. False, and nothing is read, where none does. */
bool teal_smpp_string_read(teal_reader *r, size_t max, teal_bytes *string);

#endif
