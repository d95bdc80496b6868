/* The gateway that this device belongs to, as it was first seen. */
#ifndef TEAL_CLIENT_HOME_GATEWAY_H
#define TEAL_CLIENT_HOME_GATEWAY_H

#include "gateway/client/session.h"
#include "gateway/client/verify.h"

/* NULL: none yet. Lives as long as the state. */
const char *home_gateway_url(const keychain *k);
/* The file of those who sign its certificate; NULL: the system's authorities do. */
const char *home_gateway_ca(const keychain *k);
/* As the keychain has it. In the session's arena. */
void home_gateway_known(session *s, verify_gateway *out);

/* Asks the gateway who it is. Checks it, and that its account key is the known one, if one is
 * known. What is new is kept, in a transaction of its own. Has said what was wrong. */
outcome home_gateway_ask(session *s, verify_gateway *out);
/* For `init`, inside of its transaction: the first sight. ca: NULL for none. */
outcome home_gateway_meet(session *s, const char *url, const char *ca, verify_gateway *out);

#endif
