/* One item of the inbox: what it is, whether it is to be believed, and what to show of it. */
#ifndef TEAL_CLIENT_INCOMING_H
#define TEAL_CLIENT_INCOMING_H

#include "gateway/client/people.h"
#include "gateway/client/show.h"
#include "gateway/client/verify.h"

typedef struct incoming {
    int64_t seq;
    enum incoming_kind {
        INCOMING_ENVELOPE,
        INCOMING_RECEIPT,
        INCOMING_MANIFEST,
        INCOMING_GRANT
    } kind;
    teal_bytes data;
    bool decoded; /* into one of the next two; otherwise `wrong` says why not. Not of manifests and
                     grants */
    teal_envelope envelope;
    teal_receipt receipt;
    const person *sender; /* of an envelope from a person, if the directory knows them */
    const char *wrong;    /* what is known to be wrong before it is judged; NULL */
    bool later;           /* cannot be judged now: the sender's network does not answer */
} incoming;

typedef struct incoming_verdict {
    json_t *item;      /* as `teal --json inbox` prints it, the caller's; NULL: nothing to show */
    show_aside aside;  /* .wrong: NULL where it verified */
    bool owes_receipt; /* the sender asked for one when it is delivered */
} incoming_verdict;

/* `object` is an element of the answer's items. In the session's arena. False: no item at all. */
bool incoming_read(session *s, const json_t *object, incoming *out);

/* In a transaction, which it changes: prekeys that opened something are deleted, keys seen for the
 * first time pinned, receipts kept. An item that was shown before has no verdict. REQ-INB-3,
 * REQ-RCPT-1..3, REQ-SEAL-*. */
void incoming_judge(session *s, const verify_gateway *gateway, const incoming *in,
                    incoming_verdict *out);

#endif
