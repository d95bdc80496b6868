/* Devices that ask for what reaches a number as a text, until the device with the account key has
 * looked. In memory only: each lives for ten minutes. PROTOCOL.md REQ-FWD-6. */
#ifndef TEAL_GATEWAY_DIRECTORY_FORWARDING_REQUESTS_H
#define TEAL_GATEWAY_DIRECTORY_FORWARDING_REQUESTS_H

#include "codecs/handle.h"
#include "codecs/native/forwarding_request.h"

enum {
    FORWARDING_REQUESTS_MAX = 1024,
    FORWARDING_REQUESTS_OF_ACCOUNT = 8,
    FORWARDING_REQUEST_LIFE_MS = 10 * 60 * 1000,
};

typedef struct forwarding_request {
    teal_forwarding_request said; /* its handle: a view of handle_room */
    uint8_t handle_room[TEAL_MAX_HANDLE_BYTES];
    int64_t expires_ms;
} forwarding_request;

typedef enum forwarding_request_result {
    FORWARDING_REQUEST_OK = 0,
    FORWARDING_REQUEST_FULL, /* of this account */
    FORWARDING_REQUEST_OVERLOADED,
} forwarding_request_result;

typedef struct forwarding_requests forwarding_requests;

forwarding_requests *forwarding_requests_open(void);
void forwarding_requests_close(forwarding_requests **q);

/* Any thread, all of them. */

/* In the place of an earlier one of that device and handle. */
forwarding_request_result forwarding_requests_put(forwarding_requests *q,
                                                  const teal_forwarding_request *r, int64_t now_ms,
                                                  int64_t *expires_ms);
/* Of one handle of the account, oldest first; copies. out: FORWARDING_REQUESTS_OF_ACCOUNT. */
size_t forwarding_requests_list(forwarding_requests *q,
                                const uint8_t account_key[static TEAL_KEY_BYTES], teal_bytes handle,
                                int64_t now_ms, forwarding_request *out);
void forwarding_requests_drop(forwarding_requests *q,
                              const uint8_t account_key[static TEAL_KEY_BYTES], teal_bytes handle,
                              const uint8_t device[static TEAL_DEVICE_BYTES]);

#endif
