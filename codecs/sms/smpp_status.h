/* SMPP command_status: names, and what a sender should do about each.
 * Source: SMPP v3.4 §5.1.3. Pure, any thread. */
#ifndef TEAL_CODECS_SMS_SMPP_STATUS_H
#define TEAL_CODECS_SMS_SMPP_STATUS_H

#include <stdint.h>

enum {
    ESME_ROK = 0x00,
    ESME_RINVMSGLEN = 0x01,
    ESME_RINVCMDLEN = 0x02,
    ESME_RINVCMDID = 0x03,
    ESME_RINVBNDSTS = 0x04,
    ESME_RALYBND = 0x05,
    ESME_RINVPRTFLG = 0x06,
    ESME_RINVREGDLVFLG = 0x07,
    ESME_RSYSERR = 0x08,
    ESME_RINVSRCADR = 0x0A,
    ESME_RINVDSTADR = 0x0B,
    ESME_RINVMSGID = 0x0C,
    ESME_RBINDFAIL = 0x0D,
    ESME_RINVPASWD = 0x0E,
    ESME_RINVSYSID = 0x0F,
    ESME_RMSGQFUL = 0x14,
    ESME_RINVSERTYP = 0x15,
    ESME_RINVESMCLASS = 0x43,
    ESME_RSUBMITFAIL = 0x45,
    ESME_RINVSRCTON = 0x48,
    ESME_RINVSRCNPI = 0x49,
    ESME_RINVDSTTON = 0x50,
    ESME_RINVDSTNPI = 0x51,
    ESME_RINVSYSTYP = 0x53,
    ESME_RINVREPFLAG = 0x54,
    ESME_RTHROTTLED = 0x58,
    ESME_RINVSCHED = 0x61,
    ESME_RINVEXPIRY = 0x62,
    ESME_RINVDFTMSGID = 0x63,
    ESME_RX_T_APPN = 0x64,
    ESME_RX_P_APPN = 0x65,
    ESME_RX_R_APPN = 0x66,
    ESME_RINVOPTPARSTREAM = 0xC0,
    ESME_ROPTPARNOTALLWD = 0xC1,
    ESME_RINVPARLEN = 0xC2,
    ESME_RMISSINGOPTPARAM = 0xC3,
    ESME_RINVOPTPARAMVAL = 0xC4,
    ESME_RDELIVERYFAILURE = 0xFE,
    ESME_RUNKNOWNERR = 0xFF,
};

typedef enum teal_smpp_class {
    TEAL_SMPP_CLASS_OK = 0,
    TEAL_SMPP_CLASS_RETRY,     /* this message, or this bind, later */
    TEAL_SMPP_CLASS_THROTTLED, /* slow the whole link down, then this message again */
    TEAL_SMPP_CLASS_FATAL,     /* never again as it is; also every code that is not listed */
} teal_smpp_class;

teal_smpp_class teal_smpp_status_class(uint32_t status);

/* "ESME_RTHROTTLED" ...; "unknown" for codes not listed. Static text. */
const char *teal_smpp_status_name(uint32_t status);

#endif
