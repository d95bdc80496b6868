/* What people are told on standard error. */
#ifndef TEAL_CLIENT_SAY_H
#define TEAL_CLIENT_SAY_H

#include "gateway/client/outcome.h"

/* "teal: " and one tamed line, which may hold what others wrote. Returns `o`. */
outcome say(outcome o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same where nothing has failed. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* While a call takes longer than a second, and only on a terminal, standard error shows `what` in a
 * line that say_done takes away again. Not to be nested. */
void say_waiting(const char *what);
void say_done(void);

#endif
