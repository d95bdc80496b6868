/* Which alphabets a whole text can be written in. Looks at the text once, however many languages
 * there are to choose from.
 * Source: 3GPP TS 23.038 §6.2.1.2. PROTOCOL.md REQ-SMS-20. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_GSM7_CHOICE_H
#define TEAL_CODECS_SMS_GSM7_CHOICE_H

#include "codecs/sms/gsm7_language.h"

/* A language as a member of a set. */
#define TEAL_GSM7_BIT(language) ((uint16_t)(1U << (language)))
#define TEAL_GSM7_ALL_LANGUAGES ((uint16_t)((1U << TEAL_GSM7_LANGUAGES) - 1))

/* By locking shift language: the set of single shift languages that have every character which its
 * table lacks. Empty: the text cannot be written with it, or it may not be used. */
typedef struct teal_gsm7_choice {
    uint16_t singles[TEAL_GSM7_LANGUAGES];
} teal_gsm7_choice;

/* languages: set of those that may be used beside the default, of which nothing need be said.
 * Returns TEAL_OK; TEAL_MALFORMED if `text` is not UTF-8, to its end. */
__attribute__((warn_unused_result)) teal_result teal_gsm7_choose(teal_bytes text,
                                                                 uint16_t languages,
                                                                 teal_gsm7_choice *out,
                                                                 teal_diag *why);

#endif
