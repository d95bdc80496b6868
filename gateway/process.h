/* One of the two processes that the supervisor starts, from its own start to its end. */
#ifndef TEAL_GATEWAY_PROCESS_H
#define TEAL_GATEWAY_PROCESS_H

/* Takes away what the process does not need, reads the configuration, runs the edge or the room.
 * name: "edge" or "plaintext". fd: its end of the channel. lock_fd: a pipe with what opens its key
 * file (sealed_key_export), or with nothing. Returns the exit status. */
int process_run(const char *name, int fd, int lock_fd, const char *config_path);

#endif
