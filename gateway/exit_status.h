/* What teald and its processes exit with; `teald --help` lists them for operators. */
#ifndef TEAL_GATEWAY_EXIT_STATUS_H
#define TEAL_GATEWAY_EXIT_STATUS_H

enum {
    EXIT_STOPPED = 0, /* was asked to stop, and did */
    EXIT_FAILED = 1,  /* could not go on: the supervisor starts the process again */
    EXIT_USAGE = 64,
    EXIT_CONFIGURATION =
        78, /* configuration, keys, store, a taken port: starting again is no use */
};

#endif
