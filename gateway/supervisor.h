/* The process that a person starts: runs edge and room as processes of their own, starts them again
 * when they die, ends them in order. Holds no connection, and no key but those that open the key
 * files of the two. */
#ifndef TEAL_GATEWAY_SUPERVISOR_H
#define TEAL_GATEWAY_SUPERVISOR_H

#include "gateway/config.h"
#include "gateway/sealed_file.h"

/* What opens the key file of each, and not the other's; NULL where they are not sealed. */
typedef struct supervisor_locks {
    sealed_key *room, *edge;
} supervisor_locks;

/* Runs until SIGTERM or SIGINT (a second one ends everything at once), or until a process finds at
 * its first start that it cannot run as configured. SIGHUP is passed on: who can reads files again.
 * Returns the exit status. The calling process has one thread. */
int supervisor_run(const config *c, const supervisor_locks *locks);

#endif
