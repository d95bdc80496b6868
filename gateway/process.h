/* One of the two processes that the supervisor starts, from its own start to its end. */
#ifndef TEAL_GATEWAY_PROCESS_H
#define TEAL_GATEWAY_PROCESS_H

/* Takes away what the process does not need, reads the configuration, runs the edge or the room.
 * name: "edge" or "plaintext". fd: its end of the channel. Returns the exit status. */
int process_run(const char *name, int fd, const char *config_path);

#endif
