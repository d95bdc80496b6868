/* Ctrl-C, at moments when it does no harm. */
#ifndef TEAL_CLIENT_INTERRUPT_H
#define TEAL_CLIENT_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM end the process with status 0, but not in the middle of work. */
void interrupt_catch(void);
/* Between these, nothing is in hand: the process ends at once. */
void interrupt_idle(void);
void interrupt_busy(void);
/* Whether it was asked to end while busy. */
bool interrupt_asked(void);

#endif
