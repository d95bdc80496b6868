/* The new device's side of joining an account. */
#ifndef TEAL_CLIENT_LINK_H
#define TEAL_CLIENT_LINK_H

#include "gateway/client/session.h"

/* For a device that was cut off after it had proven itself: takes the manifest, if it has been
 * added by now, and uploads prekeys. */
outcome link_resume(session *s);

#endif
