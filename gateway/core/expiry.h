/* Ends what nobody could deliver in time. */
#ifndef TEAL_GATEWAY_CORE_EXPIRY_H
#define TEAL_GATEWAY_CORE_EXPIRY_H

#include "gateway/core/core.h"

typedef struct expiry expiry;

expiry *expiry_open(core *c);  /* NULL: logged */
void expiry_close(expiry **e); /* NULL-safe; stopped, or never started */
void expiry_start(expiry *e);
void expiry_stop(expiry *e); /* joins the thread; expiry_expect may still be called. NULL-safe */

/* Something new expires at that time. Any thread. */
void expiry_expect(expiry *e, int64_t expires_ms);

#endif
