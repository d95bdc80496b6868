/* The phones that an SMS centre reaches: what they show, put together from its segments.
 * One thread at a time. */
#ifndef TEAL_TESTS_PEERS_PHONES_H
#define TEAL_TESTS_PEERS_PHONES_H

#include "codecs/sms/smpp.h"

#include <jansson.h>

typedef struct phones phones;

phones *phones_open(void);
void phones_close(phones **p);

/* What a phone gets of a submit_sm. TEAL_OK; else the phone could not show it: *why. */
__attribute__((warn_unused_result)) teal_result phones_take(phones *p, const teal_smpp_pdu *submit,
                                                            int64_t now_ms, teal_diag *why);

/* Gives up the messages whose other segments have not come in time. */
void phones_expire(phones *p, int64_t now_ms);

/* [{"from","text","segments","data_coding"}, …], oldest first; number: "+4915112345678". */
json_t *phones_shown(const phones *p, const char *number);

#endif
