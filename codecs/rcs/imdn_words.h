/* Element names of message/imdn+xml, by kind and status. */
#ifndef TEAL_CODECS_RCS_IMDN_WORDS_H
#define TEAL_CODECS_RCS_IMDN_WORDS_H

#include "codecs/rcs/imdn.h"

#define TEAL_IMDN_TYPE "message/imdn+xml"

enum { TEAL_IMDN_KINDS = 5, TEAL_IMDN_STATUSES = 10, TEAL_IMDN_REASONS = 3 };

static const char *const teal_imdn_kinds[TEAL_IMDN_KINDS] = {
    [TEAL_IMDN_DELIVERY] = "delivery-notification",
    [TEAL_IMDN_DISPLAY] = "display-notification",
    [TEAL_IMDN_PROCESSING] = "processing-notification",
    [TEAL_IMDN_INTERWORKING] = "interworking-notification",
};

/* kinds: bit n for the kinds that may have it. */
static const struct {
    const char *name;
    unsigned kinds;
} teal_imdn_statuses[TEAL_IMDN_STATUSES] = {
    [TEAL_IMDN_DELIVERED] = { "delivered", 1 << TEAL_IMDN_DELIVERY },
    [TEAL_IMDN_FAILED] = { "failed", 1 << TEAL_IMDN_DELIVERY },
    [TEAL_IMDN_FORBIDDEN] = { "forbidden", 1 << TEAL_IMDN_DELIVERY | 1 << TEAL_IMDN_DISPLAY |
                                               1 << TEAL_IMDN_PROCESSING },
    [TEAL_IMDN_ERROR] = { "error", 1 << TEAL_IMDN_DELIVERY | 1 << TEAL_IMDN_DISPLAY |
                                       1 << TEAL_IMDN_PROCESSING | 1 << TEAL_IMDN_INTERWORKING },
    [TEAL_IMDN_DISPLAYED] = { "displayed", 1 << TEAL_IMDN_DISPLAY },
    [TEAL_IMDN_PROCESSED] = { "processed", 1 << TEAL_IMDN_PROCESSING },
    [TEAL_IMDN_STORED] = { "stored", 1 << TEAL_IMDN_PROCESSING },
    [TEAL_IMDN_LEGACY_SMS] = { "legacy-sms", 1 << TEAL_IMDN_INTERWORKING },
    [TEAL_IMDN_LEGACY_MMS] = { "legacy-mms", 1 << TEAL_IMDN_INTERWORKING },
};

static const char *const teal_imdn_reasons[TEAL_IMDN_REASONS] = {
    [TEAL_IMDN_MLS_CLIENT] = "mls-client-failure-reason",
    [TEAL_IMDN_MLS_SERVER] = "mls-server-failure-reason",
};

/* Lower-case letters, digits and inner hyphens: a name in XML, and in a log. */
static inline bool teal_imdn_is_reason(teal_bytes b)
{
    bool good = b.len > 0 && b.len <= TEAL_IMDN_MAX_REASON_BYTES && b.at[0] >= 'a';
    for (size_t i = 0; i < b.len && good; i++)
        good = (b.at[i] >= 'a' && b.at[i] <= 'z') || (b.at[i] >= '0' && b.at[i] <= '9') ||
               b.at[i] == '-';
    return good;
}

#endif
