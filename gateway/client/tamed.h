/* Text that others wrote, made fit for a terminal: it can neither move the cursor, nor change
 * colours, nor reorder what stands around it. */
#ifndef TEAL_CLIENT_TAMED_H
#define TEAL_CLIENT_TAMED_H

#include "codecs/cursor.h"

/* Tame by REQ-SMS-51; what is not UTF-8 becomes U+FFFD, a tab four spaces. Freed by the caller. */
char *tamed_text(teal_bytes text);
/* The same in one line: newlines become spaces. */
char *tamed_line(teal_bytes text);

#endif
