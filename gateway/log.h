/* Structured events to standard error: one line for one thing that happened. Must never be given
 * content, keys or whole handles. */
#ifndef TEAL_GATEWAY_LOG_H
#define TEAL_GATEWAY_LOG_H

#include "codecs/cursor.h"

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } log_level;

/* process: "edge", "plaintext", "supervisor". Call once, before threads. */
void log_setup(log_level least, bool json, const char *process);

/* event: a stable name, area.what ("queue.retry"). Then pairs of key and value, both strings, ended
 * by NULL. Values are escaped; control characters never reach the terminal. Any thread. */
void log_event(log_level level, const char *event, ...) __attribute__((sentinel));

/* For values: writes into buf and returns it. */
const char *log_number(char buf[static 24], int64_t value);
const char *log_hex(char *buf, size_t cap, teal_bytes b);
/* A handle as logs may hold it: scheme, and 8 hex digits of a keyed hash (key: of this process). */
const char *log_handle(char buf[static 32], teal_bytes handle);

/* A broken invariant of our own: logs where, then aborts. */
_Noreturn void bug_at(const char *file, int line, const char *what);
#define bug(what) bug_at(__FILE__, __LINE__, what)

#endif
