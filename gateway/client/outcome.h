/* How a command of `teal` ends: the exit status, which scripts rely on. */
#ifndef TEAL_CLIENT_OUTCOME_H
#define TEAL_CLIENT_OUTCOME_H

/* Whoever returns another outcome than OK has said why on standard error, unless it says otherwise.
 */
typedef enum outcome {
    OUTCOME_OK = 0,
    OUTCOME_FAILED = 1,      /* unexpected */
    OUTCOME_USAGE = 2,       /* the arguments are wrong; nothing was done */
    OUTCOME_REFUSED = 3,     /* by the gateway; its problem document has been printed */
    OUTCOME_UNREACHABLE = 4, /* no answer from the gateway */
    OUTCOME_KEYCHAIN = 5,    /* missing, wrong passphrase, damaged */
    OUTCOME_UNVERIFIED = 6,  /* a signature, a key or a receipt is not what it has to be */
} outcome;

#endif
