/* SMPP data_coding: which character set the octets of a short message are in.
 * Source: SMPP 3.4 §5.2.19, 3GPP TS 23.038 §4. PROTOCOL.md REQ-SMS-8, 9. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_CODING_H
#define TEAL_CODECS_SMS_CODING_H

#include "codecs/sms/gsm7_language.h"

enum {
    TEAL_CODING_GSM7 = 0x00, /* the centre's default; one septet per octet */
    TEAL_CODING_ASCII = 0x01,
    TEAL_CODING_LATIN1 = 0x03,
    TEAL_CODING_BINARY = 0x04, /* octets that are no text */
    TEAL_CODING_UCS2 = 0x08,
};

/* Whether teal_coding_decode takes it: those above but binary, and 0xF0..0xF3, 0xF8..0xFB (message
 * class, GSM 7 bit). Not text, or not taken: binary, JIS, Cyrillic, Hebrew, pictograms, ... */
bool teal_coding_is_text(uint8_t data_coding);

/* Appends the UTF-8 of a short message's octets, user data header already removed. What is announced
 * as ASCII, but is under a shift or has controls other than newline, return and tab, is GSM 7 bit.
 * shift:   what that header says; counts for GSM 7 bit only.
 * Returns: TEAL_OK; TEAL_UNSUPPORTED unless teal_coding_is_text; TEAL_MALFORMED if an octet cannot
 *          be of that coding, text->len as before; TEAL_SPACE (text->len: need, at most 3 bytes per
 *          octet). */
__attribute__((warn_unused_result)) teal_result teal_coding_decode(uint8_t data_coding,
                                                                   teal_gsm7_shift shift,
                                                                   teal_bytes octets,
                                                                   teal_writer *text,
                                                                   teal_diag *why);

#endif
