/* SMPP command_status codes. */
#include "codecs/sms/smpp_status.h"

#include <stddef.h>

static const struct {
    uint32_t status;
    teal_smpp_class class;
    const char *name;
} codes[] = {
#define CODE(name, class)                                                                          \
    {                                                                                              \
        name, TEAL_SMPP_CLASS_##class, #name                                                       \
    }
    CODE(ESME_ROK, OK),
    CODE(ESME_RINVMSGLEN, FATAL),
    CODE(ESME_RINVCMDLEN, FATAL),
    CODE(ESME_RINVCMDID, FATAL),
    CODE(ESME_RINVBNDSTS, RETRY), /* the session was lost, not the message's fault */
    CODE(ESME_RALYBND, RETRY),    /* the centre still holds the session before this one */
    CODE(ESME_RINVPRTFLG, FATAL),
    CODE(ESME_RINVREGDLVFLG, FATAL),
    CODE(ESME_RSYSERR, RETRY),
    CODE(ESME_RINVSRCADR, FATAL),
    CODE(ESME_RINVDSTADR, FATAL),
    CODE(ESME_RINVMSGID, FATAL),
    CODE(ESME_RBINDFAIL, RETRY),
    CODE(ESME_RINVPASWD, FATAL),
    CODE(ESME_RINVSYSID, FATAL),
    CODE(ESME_RMSGQFUL, THROTTLED),
    CODE(ESME_RINVSERTYP, FATAL),
    CODE(ESME_RINVESMCLASS, FATAL),
    CODE(ESME_RSUBMITFAIL, FATAL),
    CODE(ESME_RINVSRCTON, FATAL),
    CODE(ESME_RINVSRCNPI, FATAL),
    CODE(ESME_RINVDSTTON, FATAL),
    CODE(ESME_RINVDSTNPI, FATAL),
    CODE(ESME_RINVSYSTYP, FATAL),
    CODE(ESME_RINVREPFLAG, FATAL),
    CODE(ESME_RTHROTTLED, THROTTLED),
    CODE(ESME_RINVSCHED, FATAL),
    CODE(ESME_RINVEXPIRY, FATAL),
    CODE(ESME_RINVDFTMSGID, FATAL),
    CODE(ESME_RX_T_APPN, RETRY),
    CODE(ESME_RX_P_APPN, FATAL),
    CODE(ESME_RX_R_APPN, FATAL),
    CODE(ESME_RINVOPTPARSTREAM, FATAL),
    CODE(ESME_ROPTPARNOTALLWD, FATAL),
    CODE(ESME_RINVPARLEN, FATAL),
    CODE(ESME_RMISSINGOPTPARAM, FATAL),
    CODE(ESME_RINVOPTPARAMVAL, FATAL),
    CODE(ESME_RDELIVERYFAILURE, FATAL),
    CODE(ESME_RUNKNOWNERR, FATAL),
#undef CODE
};

enum { CODES = sizeof codes / sizeof *codes };

/* Index of a status in `codes`, or CODES. */
static size_t find(uint32_t status)
{
    size_t i = 0;
    while (i < CODES && codes[i].status != status)
        i++;
    return i;
}

teal_smpp_class teal_smpp_status_class(uint32_t status)
{
    size_t i = find(status);
    return i < CODES ? codes[i].class : TEAL_SMPP_CLASS_FATAL;
}

const char *teal_smpp_status_name(uint32_t status)
{
    size_t i = find(status);
    return i < CODES ? codes[i].name : "unknown";
}
