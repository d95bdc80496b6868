/* National languages of the GSM 7 bit alphabet: which tables a message's shift elements choose.
 * Source: 3GPP TS 23.038 §6.2.1.2, annex A. PROTOCOL.md REQ-SMS-9. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_GSM7_LANGUAGE_H
#define TEAL_CODECS_SMS_GSM7_LANGUAGE_H

#include "codecs/sms/gsm7.h"

/* National language identifiers, §6.2.1.2.4. */
typedef enum teal_gsm7_language {
    TEAL_GSM7_DEFAULT = 0,
    TEAL_GSM7_TURKISH = 1,
    TEAL_GSM7_SPANISH = 2, /* has no locking shift table */
    TEAL_GSM7_PORTUGUESE = 3,
    TEAL_GSM7_BENGALI = 4, /* and Assamese */
    TEAL_GSM7_GUJARATI = 5,
    TEAL_GSM7_HINDI = 6,
    TEAL_GSM7_KANNADA = 7,
    TEAL_GSM7_MALAYALAM = 8,
    TEAL_GSM7_ORIYA = 9,
    TEAL_GSM7_PUNJABI = 10,
    TEAL_GSM7_TAMIL = 11,
    TEAL_GSM7_TELUGU = 12,
    TEAL_GSM7_URDU = 13,
} teal_gsm7_language;

#define TEAL_GSM7_LANGUAGES 14

/* What the user data header says; 0 = default. Kept as received, known or not. */
typedef struct teal_gsm7_shift {
    uint8_t locking, single;
} teal_gsm7_shift;

/* A language without that table, reserved ones among them, counts as default: TS 23.040
 * §9.2.3.24.15, .16. */
teal_gsm7_alphabet teal_gsm7_alphabet_of(teal_gsm7_shift shift);

#endif
