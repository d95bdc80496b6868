/* X.509 certificates for tests, made when they run: nothing that could expire is checked in. */
#ifndef TEAL_TESTS_SUPPORT_CERTIFICATES_H
#define TEAL_TESTS_SUPPORT_CERTIFICATES_H

#include <stdbool.h>

typedef struct certificate_wish {
    const char *name;   /* of the files: FOLDER/NAME.pem and FOLDER/NAME.key */
    const char *signer; /* name of an authority that was made before; NULL: it is one itself */
    const char *host;   /* its dNSName; NULL: none */
    bool for_clients;   /* for TLS clients instead of servers */
    bool expired;
} certificate_wish;

/* Fails the test where it cannot. */
void certificate_make(const char *folder, const certificate_wish *w);

#endif
