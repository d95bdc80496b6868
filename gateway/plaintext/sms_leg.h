/* The SMS leg of outbound: segments into the link's window, the centre's verdicts into an end. */
#ifndef TEAL_GATEWAY_PLAINTEXT_SMS_LEG_H
#define TEAL_GATEWAY_PLAINTEXT_SMS_LEG_H

#include "codecs/sms/segment.h"
#include "gateway/plaintext/jobs.h"

/* Submits what is unsent and may go now. False: the link takes no more in this turn. */
bool sms_leg_send(room *r, job *j);

/* One segment to "+447700900123", from the configured source. */
teal_smpp_message sms_leg_message(const room *r, teal_bytes number, const teal_segment *segment,
                                  bool wants_receipt);

/* smpp_link_events. */
void sms_leg_answered(void *r, uint64_t token, uint32_t status, teal_bytes id);
void sms_leg_lost(void *r, uint64_t token);

#endif
