/* The log of look-ups: who asked for which handle, when, and nothing of messages. REQ-LKP-10, -11.
 * Entries are gathered in memory for a second at most and written together, so that an answer waits
 * for no commit and a quiet gateway commits once a second; a crash loses that second. */
#ifndef TEAL_GATEWAY_DIRECTORY_LOOKUP_LOG_H
#define TEAL_GATEWAY_DIRECTORY_LOOKUP_LOG_H

#include "gateway/store/writer.h"

typedef struct lookup_log lookup_log;

enum { LOOKUP_LOG_MAX_WAITING = 8192 }; /* entries in memory; they need the disk to be gone */

/* Starts its thread. days: how long entries are kept; 0: none is, and those that are there go.
 * NULL: no thread. w outlives it. */
lookup_log *lookup_log_open(writer *w, uint32_t days);
/* Writes what waits. NULL-safe; clears *l. */
void lookup_log_close(lookup_log **l);

/* False: there is no room, because the store has not taken entries for a while; nobody may be
 * answered what would not be in the log. caller: as in store_lookup. Any thread; never blocks on
 * the store. */
bool lookup_log_note(lookup_log *l, teal_bytes caller, teal_bytes handle, int64_t now_ms);

#endif
