/* User data of a TPDU on the wire and in a teal_tpdu. For tpdu.c only.
 * Source: 3GPP TS 23.040 §9.2.3.16, .24. PROTOCOL.md REQ-SMS-63. */
#ifndef TEAL_CODECS_SMS_TPDU_USER_DATA_H
#define TEAL_CODECS_SMS_TPDU_USER_DATA_H

#include "codecs/sms/tpdu.h"

/* Reads length and data into user_data and len; data_coding and has_header are there already. */
teal_result teal_tpdu_user_data_read(teal_reader *r, teal_tpdu *t, teal_diag *why);

/* Appends them; nothing unless TEAL_OK. */
teal_result teal_tpdu_user_data_write(const teal_tpdu *t, teal_writer *w, teal_diag *why);

#endif
