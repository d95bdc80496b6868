/* How tests and people write as a user of the sandbox network, see what users see, and tell the
 * network how to behave. */
#ifndef TEAL_TESTS_PEERS_CONTROL_H
#define TEAL_TESTS_PEERS_CONTROL_H

#include "tests/peers/shared/http_server.h"

void control_send(http_call *c, void *arg);
void control_messages(http_call *c, void *arg);
void control_receipts(http_call *c, void *arg);
void control_behave(http_call *c, void *arg);

#endif
