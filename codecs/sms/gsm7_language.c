/* From shift elements to tables. Never fails: what is not known is the default. */
#include "codecs/sms/gsm7_language.h"

#include "codecs/sms/gsm7_tables.h"

static const uint16_t *table_of(const uint16_t *const tables[static TEAL_GSM7_LANGUAGES],
                                uint8_t language, const uint16_t *otherwise)
{
    const uint16_t *table = language < TEAL_GSM7_LANGUAGES ? tables[language] : NULL;
    return table != NULL ? table : otherwise;
}

teal_gsm7_alphabet teal_gsm7_alphabet_of(teal_gsm7_shift shift)
{
    return (teal_gsm7_alphabet){
        .basic = table_of(teal_gsm7_locking, shift.locking, teal_gsm7_default.basic),
        .extension = table_of(teal_gsm7_single, shift.single, teal_gsm7_default.extension)
    };
}
