/* Addresses of SMS TPDUs: telephone numbers in semi-octets, names in packed GSM 7 bit.
 * Source: 3GPP TS 23.040 §9.1.2.5. PROTOCOL.md REQ-SMS-61. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_TPDU_ADDRESS_H
#define TEAL_CODECS_SMS_TPDU_ADDRESS_H

#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_TPDU_ADDRESS_DIGITS 20 /* 10 octets, as many as a name's 11 septets take */
#define TEAL_TPDU_ADDRESS_BYTES  22 /* of UTF-8: 11 letters of 2 */

#define TEAL_TPDU_TON_INTERNATIONAL 1
#define TEAL_TPDU_TON_ALPHANUMERIC  5
#define TEAL_TPDU_NPI_ISDN          1

/* text: UTF-8. ton 5: a name of at most 11 septets of the default alphabet; else 0..20 of the
 * digits 0-9 * # a b c. */
typedef struct teal_tpdu_address {
    uint8_t ton, npi; /* 0..7, 0..15 */
    uint8_t len;
    uint8_t text[TEAL_TPDU_ADDRESS_BYTES];
} teal_tpdu_address;

/* Reads length, type and digits.
 * Returns TEAL_OK; TEAL_MORE if cut short (`r` has failed); TEAL_LIMIT over 20 semi-octets;
 * TEAL_MALFORMED if a filler stands inside the digits. *why: offset within the address. */
__attribute__((warn_unused_result)) teal_result teal_tpdu_address_read(teal_reader *r,
                                                                       teal_tpdu_address *out,
                                                                       teal_diag *why);

/* Appends them. Returns TEAL_OK; TEAL_MALFORMED if text is not UTF-8; TEAL_UNSUPPORTED if it has a
 * character that is no digit, or not in the alphabet of names; TEAL_LIMIT if it or a number is too
 * long or too large. *w is unchanged unless TEAL_OK. */
__attribute__((warn_unused_result)) teal_result teal_tpdu_address_write(const teal_tpdu_address *a,
                                                                        teal_writer *w,
                                                                        teal_diag *why);

#endif
