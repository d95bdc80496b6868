/* Over GnuTLS, with Ed25519 keys, since they are made quickly. */
#include "tests/support/certificates.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

enum { HOUR_S = 3600, PEM_BYTES = 8192 };

static void good(int result)
{
    if (result < 0)
        fail_msg("%s", gnutls_strerror(result));
}

static void path_of(const char *folder, const char *name, const char *ending, char path[static 256])
{
    snprintf(path, 256, "%s/%s.%s", folder, name, ending);
}

static void save(const char *folder, const char *name, const char *ending, const char *text)
{
    char path[256];
    path_of(folder, name, ending, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static gnutls_datum_t load(const char *folder, const char *name, const char *ending)
{
    char path[256];
    gnutls_datum_t text;
    path_of(folder, name, ending, path);
    good(gnutls_load_file(path, &text));
    return text;
}

static void describe(gnutls_x509_crt_t c, const certificate_wish *w, gnutls_x509_privkey_t key)
{
    const time_t now = time(NULL);
    uint8_t serial[8];
    good(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial));
    serial[0] &= 0x7f;
    good(gnutls_x509_crt_set_version(c, 3));
    good(gnutls_x509_crt_set_serial(c, serial, sizeof serial));
    good(gnutls_x509_crt_set_activation_time(c, now - 2 * HOUR_S));
    good(gnutls_x509_crt_set_expiration_time(c, w->expired ? now - HOUR_S : now + HOUR_S));
    good(gnutls_x509_crt_set_dn_by_oid(c, GNUTLS_OID_X520_COMMON_NAME, 0, w->name,
                                       (unsigned)strlen(w->name)));
    good(gnutls_x509_crt_set_key(c, key));
    good(gnutls_x509_crt_set_basic_constraints(c, w->signer == NULL, -1));
    good(gnutls_x509_crt_set_key_usage(c, w->signer == NULL ? GNUTLS_KEY_KEY_CERT_SIGN
                                                            : GNUTLS_KEY_DIGITAL_SIGNATURE));
    if (w->host != NULL)
        good(gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_DNSNAME, w->host,
                                                  (unsigned)strlen(w->host), GNUTLS_FSAN_SET));
    if (w->signer != NULL)
        good(gnutls_x509_crt_set_key_purpose_oid(
            c, w->for_clients ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER, 0));
}

static void sign(gnutls_x509_crt_t c, gnutls_x509_privkey_t key, const char *folder,
                 const char *signer)
{
    gnutls_x509_crt_t authority = c;
    gnutls_x509_privkey_t its_key = key;
    if (signer != NULL) {
        gnutls_datum_t pem = load(folder, signer, "pem"), key_pem = load(folder, signer, "key");
        good(gnutls_x509_crt_init(&authority));
        good(gnutls_x509_crt_import(authority, &pem, GNUTLS_X509_FMT_PEM));
        good(gnutls_x509_privkey_init(&its_key));
        good(gnutls_x509_privkey_import(its_key, &key_pem, GNUTLS_X509_FMT_PEM));
        gnutls_free(pem.data);
        gnutls_free(key_pem.data);
    }
    good(gnutls_x509_crt_sign2(c, authority, its_key, GNUTLS_DIG_SHA512, 0));
    if (signer != NULL) {
        gnutls_x509_crt_deinit(authority);
        gnutls_x509_privkey_deinit(its_key);
    }
}

void certificate_make(const char *folder, const certificate_wish *w)
{
    gnutls_x509_crt_t c;
    gnutls_x509_privkey_t key;
    char pem[PEM_BYTES];
    size_t len = sizeof pem;
    good(gnutls_x509_privkey_init(&key));
    good(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 0, 0));
    good(gnutls_x509_crt_init(&c));
    describe(c, w, key);
    sign(c, key, folder, w->signer);
    good(gnutls_x509_crt_export(c, GNUTLS_X509_FMT_PEM, pem, &len));
    save(folder, w->name, "pem", pem);
    len = sizeof pem;
    good(gnutls_x509_privkey_export_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, pem,
                                          &len));
    save(folder, w->name, "key", pem);
    gnutls_x509_crt_deinit(c);
    gnutls_x509_privkey_deinit(key);
}
