/* What the command lines of the sandbox peers have in common. */
#ifndef TEAL_TESTS_PEERS_OPTIONS_H
#define TEAL_TESTS_PEERS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* False, and a line on standard error: no port number. */
bool options_port(const char *text, uint16_t *port);

/* Blocks SIGTERM and SIGINT, for threads that are started later too. Returns a descriptor that is
 * readable once one has come; -1 on failure. */
int options_stop_fd(void);

#endif
