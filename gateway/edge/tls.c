/* Certificates in immutable, counted snapshots: a connection keeps the one that it began with, so
 * that nothing is freed under a handshake. Must never leave the edge without a pair that works. */
#include "gateway/edge/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CHAIN = 8,
    MAX_FILE_BYTES = 256 << 10,
    MAX_NAME_BYTES = 256,
};

/* AEAD with an ephemeral key exchange alone, as RFC 9325 section 4.2 recommends. */
#define CIPHERS                                                                                    \
    ":-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"    \
    ":%SERVER_PRECEDENCE"

/* One reading of the files. */
typedef struct tls_files {
    gnutls_pcert_st chain[MAX_CHAIN];
    unsigned n_chain;
    gnutls_privkey_t key;
    gnutls_x509_trust_list_t clients; /* NULL: no certificates are asked of clients */
    size_t users;                     /* connections, and one while it is the current one */
} tls_files;

struct tls {
    const config *config;
    pthread_mutex_t lock; /* over `current` and all `users` */
    tls_files *current;
};

static void free_files(tls_files *f)
{
    for (unsigned i = 0; i < f->n_chain; i++)
        gnutls_pcert_deinit(&f->chain[i]);
    if (f->key != NULL)
        gnutls_privkey_deinit(f->key);
    if (f->clients != NULL)
        gnutls_x509_trust_list_deinit(f->clients, 1);
    free(f);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Of one file: what is wrong with it, or NULL. text: MAX_FILE_BYTES of locked memory. */
static const char *read_file(const char *path, bool secret, uint8_t *text, gnutls_datum_t *out)
{
    struct stat about;
    const char *wrong = NULL;
    ssize_t n = 0;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0)
        wrong = strerror(errno);
    else if (!S_ISREG(about.st_mode))
        wrong = "is not a file";
    else if (secret && (about.st_mode & 07) != 0)
        wrong = "everybody may read or write it: run chmod o= on it";
    else
        while (len < MAX_FILE_BYTES && (n = read(fd, text + len, MAX_FILE_BYTES - len)) > 0)
            len += (size_t)n;
    if (wrong == NULL && n < 0)
        wrong = strerror(errno);
    if (wrong == NULL && len == MAX_FILE_BYTES)
        wrong = "is too long";
    if (fd >= 0)
        close(fd);
    *out = (gnutls_datum_t){ text, (unsigned)len };
    return wrong;
}

static const char *take_chain(tls_files *f, const gnutls_datum_t *pem)
{
    unsigned n = MAX_CHAIN;
    int got = gnutls_pcert_list_import_x509_raw(f->chain, &n, pem, GNUTLS_X509_FMT_PEM,
                                                GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED |
                                                    GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (got < 0)
        return gnutls_strerror(got);
    f->n_chain = n;
    return n > 0 ? NULL : "holds no certificate";
}

static const char *take_key(tls_files *f, const gnutls_datum_t *pem)
{
    int got = gnutls_privkey_init(&f->key);
    if (got == 0)
        got = gnutls_privkey_import_x509_raw(f->key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    return got < 0 ? gnutls_strerror(got) : NULL;
}

static const char *take_clients(tls_files *f, const gnutls_datum_t *pem)
{
    int got = gnutls_x509_trust_list_init(&f->clients, 0);
    if (got == 0)
        got =
            gnutls_x509_trust_list_add_trust_mem(f->clients, pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    if (got < 0)
        return gnutls_strerror(got);
    return got > 0 ? NULL : "holds no certificate";
}

static bool is_one_pair(const tls_files *f)
{
    uint8_t certified[64], own[64];
    size_t certified_len = sizeof certified, own_len = sizeof own;
    gnutls_pubkey_t public_key = NULL;
    bool same = gnutls_pubkey_init(&public_key) == 0 &&
                gnutls_pubkey_import_privkey(public_key, f->key, 0, 0) == 0 &&
                gnutls_pubkey_get_key_id(public_key, GNUTLS_KEYID_USE_SHA256, own, &own_len) == 0 &&
                gnutls_pubkey_get_key_id(f->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, certified,
                                         &certified_len) == 0 &&
                own_len == certified_len && memcmp(own, certified, own_len) == 0;
    if (public_key != NULL)
        gnutls_pubkey_deinit(public_key);
    return same;
}

static bool has_expired(const tls_files *f)
{
    gnutls_x509_crt_t first = NULL;
    bool expired = gnutls_x509_crt_init(&first) == 0 &&
                   gnutls_x509_crt_import(first, &f->chain[0].cert, GNUTLS_X509_FMT_DER) == 0 &&
                   gnutls_x509_crt_get_expiration_time(first) <= time(NULL);
    if (first != NULL)
        gnutls_x509_crt_deinit(first);
    return expired;
}

/* NULL: *path and *wrong say which file is no good, and why. */
static tls_files *read_files(const config *c, const char **path, const char **wrong)
{
    const struct {
        const char *path;
        bool secret;
        const char *(*take)(tls_files *f, const gnutls_datum_t *pem);
    } parts[] = { { c->tls_certificate, false, take_chain },
                  { c->tls_key, true, take_key },
                  { c->tls_client_ca, false, take_clients } };
    tls_files *f = calloc(1, sizeof *f);
    uint8_t *text = sodium_malloc(MAX_FILE_BYTES);
    if (f == NULL || text == NULL)
        bug("out of memory");
    f->users = 1;
    *wrong = NULL;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && *wrong == NULL; i++) {
        gnutls_datum_t pem;
        *path = parts[i].path;
        if ((*path)[0] != '\0' && (*wrong = read_file(*path, parts[i].secret, text, &pem)) == NULL)
            *wrong = parts[i].take(f, &pem);
    }
    sodium_free(text);
    if (*wrong == NULL && !is_one_pair(f)) {
        *path = c->tls_key;
        *wrong = "is not the key of the first certificate";
    }
    if (*wrong == NULL)
        return f;
    free_files(f);
    return NULL;
}

/* ---- the current ones ------------------------------------------------------------------------ */

tls *tls_open(const config *c, FILE *errors)
{
    const char *path, *wrong;
    if (sodium_init() < 0)
        bug("libsodium does not start");
    tls_files *f = read_files(c, &path, &wrong);
    if (f == NULL) {
        fprintf(errors, "%s: %s. Correct [tls] in %s, or the file.\n", path, wrong, c->path);
        return NULL;
    }
    /* Nobody will take it, but what the gateway sends does not depend on it. */
    if (has_expired(f))
        log_event(LOG_ERROR, "tls.certificate_expired", "file", c->tls_certificate, NULL);
    tls *t = calloc(1, sizeof *t);
    if (t == NULL)
        bug("out of memory");
    t->config = c;
    t->current = f;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

static void release(tls *t, tls_files *f)
{
    pthread_mutex_lock(&t->lock);
    bool last = --f->users == 0;
    pthread_mutex_unlock(&t->lock);
    if (last)
        free_files(f);
}

void tls_close(tls **t)
{
    if (*t == NULL)
        return;
    release(*t, (*t)->current);
    pthread_mutex_destroy(&(*t)->lock);
    free(*t);
    *t = NULL;
}

void tls_reload(tls *t)
{
    const char *path, *wrong;
    tls_files *f = read_files(t->config, &path, &wrong);
    if (f != NULL && has_expired(f)) {
        path = t->config->tls_certificate;
        wrong = "has expired";
        free_files(f);
        f = NULL;
    }
    if (f == NULL) {
        log_event(LOG_ERROR, "tls.not_reloaded", "file", path, "why", wrong, NULL);
        return;
    }
    pthread_mutex_lock(&t->lock);
    tls_files *before = t->current;
    t->current = f;
    pthread_mutex_unlock(&t->lock);
    release(t, before);
    log_event(LOG_INFO, "tls.reloaded", NULL);
}

const char *tls_priorities(const tls *t)
{
    return t->config->tls_1_3_only ? "NORMAL:-VERS-ALL:+VERS-TLS1.3" CIPHERS
                                   : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" CIPHERS;
}

/* ---- a connection ---------------------------------------------------------------------------- */

void tls_begin(tls *t, gnutls_session_t session)
{
    pthread_mutex_lock(&t->lock);
    tls_files *f = t->current;
    f->users++;
    pthread_mutex_unlock(&t->lock);
    gnutls_session_set_ptr(session, f);
    if (f->clients != NULL)
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

void tls_end(tls *t, gnutls_session_t session)
{
    tls_files *f = gnutls_session_get_ptr(session);
    gnutls_session_set_ptr(session, NULL);
    if (f != NULL)
        release(t, f);
}

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int n_authorities,
                 const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **chain,
                 unsigned *n_chain, gnutls_privkey_t *key)
{
    (void)authorities;
    (void)n_authorities;
    (void)algorithms;
    (void)n_algorithms;
    tls_files *f = gnutls_session_get_ptr(session);
    if (f == NULL)
        return -1;
    *chain = f->chain;
    *n_chain = f->n_chain;
    *key = f->key;
    return 0;
}

/* Exactly: what stands for many names, like *.example, is nobody's domain. */
static bool has_name(gnutls_x509_crt_t certificate, const config_list *domains)
{
    char name[MAX_NAME_BYTES];
    for (unsigned i = 0;; i++) {
        size_t len = sizeof name;
        int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &len, NULL);
        if (type < 0 && type != GNUTLS_E_SHORT_MEMORY_BUFFER) /* no more, or nothing to read */
            return false;
        for (size_t k = 0; type == GNUTLS_SAN_DNSNAME && k < domains->n; k++)
            if (strlen(domains->at[k]) == len && strncasecmp(domains->at[k], name, len) == 0)
                return true;
    }
}

static bool is_trusted(const tls_files *f, gnutls_x509_crt_t *chain, unsigned n)
{
    gnutls_typed_vdata_st for_clients = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
                                          .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
    unsigned status = 0;
    return gnutls_x509_trust_list_verify_crt2(f->clients, chain, n, &for_clients, 1, 0, &status,
                                              NULL) == 0 &&
           status == 0;
}

const char *tls_client_wrong(gnutls_session_t session, const config_list *domains)
{
    const tls_files *f = gnutls_session_get_ptr(session);
    if (f == NULL || f->clients == NULL)
        return NULL;
    gnutls_x509_crt_t chain[MAX_CHAIN];
    const char *wrong = NULL;
    unsigned given = 0, n = 0;
    const gnutls_datum_t *der = gnutls_certificate_get_peers(session, &given);
    if (der == NULL || given == 0)
        return "REQ-TLS-4 the connection has no client certificate";
    for (; n < given && n < MAX_CHAIN; n++) {
        if (gnutls_x509_crt_init(&chain[n]) != 0)
            bug("out of memory");
        if (gnutls_x509_crt_import(chain[n], &der[n], GNUTLS_X509_FMT_DER) != 0)
            wrong = "REQ-TLS-4 the client certificate is malformed";
    }
    if (wrong == NULL && (given > MAX_CHAIN || !is_trusted(f, chain, n)))
        wrong = "REQ-TLS-4 the client certificate is not from the configured authority, not for "
                "clients, or not valid now";
    if (wrong == NULL && !has_name(chain[0], domains))
        wrong = "REQ-TLS-4 the client certificate names none of the network's domains";
    while (n > 0)
        gnutls_x509_crt_deinit(chain[--n]);
    return wrong;
}
