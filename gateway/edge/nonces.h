/* Which nonces were used, for as long as their requests would be taken: in memory, bounded, and in
 * a journal of the state folder, which survives the process and, for want of a sync, not always the
 * machine: what is not well younger than the machine's last start is refused by its time, and what
 * was created ahead of our clock is synced. Must never forget a nonce whose `created` it would
 * still take. Any thread. PROTOCOL.md REQ-SIG-6. */
#ifndef TEAL_GATEWAY_EDGE_NONCES_H
#define TEAL_GATEWAY_EDGE_NONCES_H

#include "codecs/cursor.h"

#include <stdio.h>

enum {
    NONCES_MAX = 3 << 19,          /* of one generation: 32 MiB for both, if it comes to that */
    NONCES_GENERATION_MS = 600000, /* twice REQUEST_WINDOW_S: how long one request can be taken */
    NONCES_BOOT_BYTES = 16,
};

typedef struct nonces nonces;

/* The run of the machine. */
typedef struct nonces_boot {
    uint8_t id[NONCES_BOOT_BYTES];
    int64_t begun_ms; /* Unix time */
} nonces_boot;

/* False: the kernel does not say; then *out is like no other boot, and has just begun. */
bool nonces_this_boot(int64_t now_ms, nonces_boot *out);

/* max: nonces that one generation holds. NULL: a line on errors. */
nonces *nonces_open(const char *state, size_t max, const nonces_boot *boot, int64_t now_ms,
                    FILE *errors);
void nonces_close(nonces **n); /* NULL-safe; clears *n */

typedef enum nonces_result {
    NONCES_NEW, /* and used from now on, after a restart too */
    NONCES_SEEN,
    NONCES_OLD,  /* from before what is remembered */
    NONCES_FULL, /* it cannot be remembered now: too many, or the disk is full or fails */
} nonces_result;

/* How far a generation is filled for whom. */
typedef enum nonces_share { NONCES_PART, NONCES_ALL } nonces_share; /* PART: three quarters */

/* One that request_is_timely takes. */
nonces_result nonces_use(nonces *n, nonces_share share, teal_bytes keyid, teal_bytes nonce,
                         int64_t created_s, int64_t now_ms);

#endif
