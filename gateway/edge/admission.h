/* Which requests are handled at all: those of networks that are not suspended, and as many of each
 * caller as the configuration allows. REQ-NET-7, REQ-LIM-*. */
#ifndef TEAL_GATEWAY_EDGE_ADMISSION_H
#define TEAL_GATEWAY_EDGE_ADMISSION_H

#include "gateway/edge/rest.h"

typedef struct admission admission;

admission *admission_open(void);
void admission_close(admission **a); /* NULL-safe */

/* False where c->caller, who is ANYBODY before a signature is looked at, has used up what is its
 * own; then it is answered. Costs nothing. */
bool admission_knock(admission *a, rest_call *c);
/* Of a signature that does not hold, or is of somebody that the resource is not for: that costs the
 * address what an unsigned request would. */
void admission_turned_away(admission *a, rest_call *c);
/* Once c->caller is known: false where it is answered, with a refusal. Else it is counted, and the
 * answer says what is left. */
bool admission_enter(admission *a, rest_call *c);

#endif
