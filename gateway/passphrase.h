/* A passphrase, from a file or a terminal, in locked memory alone. */
#ifndef TEAL_GATEWAY_PASSPHRASE_H
#define TEAL_GATEWAY_PASSPHRASE_H

#include "codecs/cursor.h"

enum { PASSPHRASE_MAX_BYTES = 1024 };

typedef struct passphrase {
    uint8_t *at; /* PASSPHRASE_MAX_BYTES of locked memory; NULL: none */
    size_t len;
} passphrase;

typedef enum passphrase_result {
    PASSPHRASE_OK = 0,
    PASSPHRASE_NO_TERMINAL,
    PASSPHRASE_DIFFERS, /* the second one */
} passphrase_result;

/* An empty one, to be filled. */
passphrase passphrase_make(void);
/* The first line of the file, without its end. False: errno, or 0 where it is too long. */
bool passphrase_read_file(const char *path, passphrase *out);
/* Asks on the terminal, without echo. */
passphrase_result passphrase_ask(const char *question, bool twice, passphrase *out);
void passphrase_wipe(passphrase *p); /* wipes and frees; twice is once */

#endif
