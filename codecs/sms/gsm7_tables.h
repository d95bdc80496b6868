/* The tables behind teal_gsm7_alphabet_of, by national language identifier; NULL: there is none,
 * and the default counts. For gsm7_language.c only. */
#ifndef TEAL_CODECS_SMS_GSM7_TABLES_H
#define TEAL_CODECS_SMS_GSM7_TABLES_H

#include "codecs/sms/gsm7_language.h"

extern const uint16_t *const teal_gsm7_locking[TEAL_GSM7_LANGUAGES];
extern const uint16_t *const teal_gsm7_single[TEAL_GSM7_LANGUAGES];

#endif
