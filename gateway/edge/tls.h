/* What the edge shows and asks for under TLS: its certificate chain and key, and whose certificates
 * clients may come with. Read again on demand; connections go on with what they began with.
 * PROTOCOL.md REQ-TLS-*. */
#ifndef TEAL_GATEWAY_EDGE_TLS_H
#define TEAL_GATEWAY_EDGE_TLS_H

#include "gateway/config.h"

#include <gnutls/abstract.h>

typedef struct tls tls;

/* c has a [tls] section, and outlives it. NULL: a line on errors. */
tls *tls_open(const config *c, FILE *errors);
void tls_close(tls **t); /* NULL-safe; no connection is left */

/* Reads the files again, for connections that begin from now on. What is no good is logged, and
 * leaves what was there. Any thread. */
void tls_reload(tls *t);

/* Versions and ciphers, as GnuTLS takes them: never below TLS 1.2. */
const char *tls_priorities(const tls *t);

/* Around the life of a connection's session; in between its pointer (gnutls_session_get_ptr) is
 * ours. */
void tls_begin(tls *t, gnutls_session_t session);
void tls_end(tls *t, gnutls_session_t session);
/* GnuTLS's, in the handshake of a session that has begun: hands out chain and key. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int n_authorities,
                 const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **chain,
                 unsigned *n_chain, gnutls_privkey_t *key);

/* Whether the client came with a certificate that [tls] client_ca signed for clients, valid now,
 * with one of the domains as a dNSName. NULL: it did, or none is asked for; otherwise what is
 * wrong, static text. */
const char *tls_client_wrong(gnutls_session_t session, const config_list *domains);

#endif
