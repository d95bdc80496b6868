/* The command line, taken apart and checked. */
#ifndef TEAL_CLIENT_OPTIONS_H
#define TEAL_CLIENT_OPTIONS_H

#include "codecs/native/envelope.h"
#include "gateway/client/outcome.h"

typedef enum command {
    COMMAND_NONE,
    COMMAND_INIT,
    COMMAND_LINK,
    COMMAND_REGISTER,
    COMMAND_LOOKUP,
    COMMAND_SEND,
    COMMAND_INBOX,
    COMMAND_RECEIPTS,
    COMMAND_HANDLES,
    COMMAND_DEVICES,
    COMMAND_FORWARDING,
    COMMAND_PASSPHRASE,
    COMMAND_VERIFY,
    COMMAND_AUDIT,
    COMMAND_HEADS,
    COMMAND_DISCLOSE,
    COMMAND_PINS,
    COMMAND_GATEWAY,
    COMMAND_SIGN,
    COMMAND_PEER,
} command;
enum { N_COMMANDS = COMMAND_PEER + 1 };

typedef struct options {
    command command;
    bool help, version, json;
    const char *home, *passphrase_file;   /* NULL: from the environment */
    const char *new_passphrase_file;      /* passphrase */
    const char *gateway, *ca, *name;      /* init; gateway, ca: link, operators */
    const char *compare;                  /* heads */
    const char *code;                     /* register, handles: of the SMS */
    const char *operator_file;            /* who signs in the device's place */
    const char *operator_passphrase_file; /* of its file, where that is sealed */
    const char *domains, *numbers;        /* peer add: lists; NULL: none */
    const char *ca_file;                  /* peer add; NULL: none */
    bool force;                           /* peer remove */
    uint64_t days;                        /* forwarding: 0: not given */
    uint64_t in_s;                        /* peer key retire: 0: now */
    const char *type;                     /* sign: NULL where the request has no Content-Type */
    bool as_account;                      /* sign */
    bool accept_key_change;               /* lookup, send, inbox */
    teal_level floor;                     /* send: TEAL_LEVEL_NONE is --fallback=never */
    teal_when when;
    uint64_t failed_after_s, expires_s; /* 0: not given */
    bool accept_e2ee_loss, no_receipts;
    bool follow; /* inbox */
    uint64_t wait_s;
    char *const *args; /* what is no option */
    size_t n_args;
} options;

/* OUTCOME_USAGE has been said. Values point into argv, which getopt reorders. */
outcome options_read(int argc, char **argv, options *out);

/* "send"; NULL for COMMAND_NONE. */
const char *options_command_name(command c);

#endif
