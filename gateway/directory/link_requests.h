/* Devices that ask to be added to an account, and what they and its devices say to each other until
 * one of these has signed the next manifest. In memory only: each lives for ten minutes, and a
 * device whose request is gone asks again. Believes nothing of it; that is the two ends' business.
 * PROTOCOL.md REQ-DEV-*. */
#ifndef TEAL_GATEWAY_DIRECTORY_LINK_REQUESTS_H
#define TEAL_GATEWAY_DIRECTORY_LINK_REQUESTS_H

#include "codecs/native/cpace.h"
#include "codecs/native/manifest.h"

enum {
    LINK_REQUESTS_MAX = 1024,
    LINK_REQUESTS_OF_ACCOUNT = 8,
    LINK_ROUNDS = 3, /* shares that one request may show: a code is guessed at that often */
    LINK_LIFE_MS = 10 * 60 * 1000,
};

typedef struct link_request {
    uint8_t account_key[TEAL_KEY_BYTES];
    teal_device device; /* name: a view of name_room */
    char name_room[TEAL_MAX_DEVICE_NAME_BYTES];
    teal_prekey prekey;                    /* last-resort: with it others can seal at once */
    uint8_t share[TEAL_CPACE_SHARE_BYTES]; /* the new device's */
    unsigned rounds;
    bool answered; /* by a device of the account: */
    uint8_t answer_share[TEAL_CPACE_SHARE_BYTES], answer_tag[TEAL_CPACE_TAG_BYTES];
    bool confirmed; /* by the new device: */
    uint8_t tag[TEAL_CPACE_TAG_BYTES];
    int64_t expires_ms;
} link_request;

typedef enum link_result {
    LINK_OK = 0,
    LINK_NONE,     /* there is no such request, or it has expired */
    LINK_TAKEN,    /* the device id is another request's, or this one's with another key */
    LINK_SPENT,    /* every round has been used */
    LINK_ANSWERED, /* this round has its answer, or has none to confirm yet */
    LINK_FULL,     /* of this account */
    LINK_OVERLOADED,
} link_result;

typedef struct link_requests link_requests;

link_requests *link_requests_open(void);
void link_requests_close(link_requests **l);

/* Any thread, all of them. Requests are handed out as copies; their names are views of the copy. */

/* A new one, or the next round of one that is there: its share counts, the rest stays. */
link_result link_requests_put(link_requests *l, const link_request *r, int64_t now_ms,
                              int64_t *expires_ms);
/* out: LINK_REQUESTS_OF_ACCOUNT; oldest first. */
size_t link_requests_list(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                          int64_t now_ms, link_request *out);
link_result link_requests_get(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                              const uint8_t device[static TEAL_DEVICE_BYTES], int64_t now_ms,
                              link_request *out);
link_result link_requests_answer(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                                 const uint8_t device[static TEAL_DEVICE_BYTES],
                                 const uint8_t share[static TEAL_CPACE_SHARE_BYTES],
                                 const uint8_t tag[static TEAL_CPACE_TAG_BYTES], int64_t now_ms);
link_result link_requests_confirm(link_requests *l,
                                  const uint8_t account_key[static TEAL_KEY_BYTES],
                                  const uint8_t device[static TEAL_DEVICE_BYTES],
                                  const uint8_t tag[static TEAL_CPACE_TAG_BYTES], int64_t now_ms);
link_result link_requests_drop(link_requests *l, const uint8_t account_key[static TEAL_KEY_BYTES],
                               const uint8_t device[static TEAL_DEVICE_BYTES], int64_t now_ms);

#endif
