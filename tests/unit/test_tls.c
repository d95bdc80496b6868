/* TLS at the edge, with certificates that are made here: who is trusted, what is refused, and what
 * a reload changes. PROTOCOL.md REQ-TLS-*. */
#include "gateway/http_client.h"
#include "tests/support/certificates.h"
#include "tests/support/folder.h"
#include "tests/support/rest_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_BODY = 10000, PATIENT_MS = 10000 };

static folder place;

static const certificate_wish wishes[] = {
    { .name = "ca" },
    { .name = "other-ca" },
    { .name = "server", .signer = "ca", .host = "localhost" },
    { .name = "next", .signer = "other-ca", .host = "localhost" },
    { .name = "expired", .signer = "ca", .host = "localhost", .expired = true },
    { .name = "peer", .signer = "ca", .host = "RCS.example", .for_clients = true },
    { .name = "peer-expired",
      .signer = "ca",
      .host = FIXTURE_DOMAIN,
      .for_clients = true,
      .expired = true },
    { .name = "peer-foreign", .signer = "other-ca", .host = FIXTURE_DOMAIN, .for_clients = true },
    { .name = "peer-server", .signer = "ca", .host = FIXTURE_DOMAIN },
    { .name = "peer-wild", .signer = "ca", .host = "*.example", .for_clients = true },
    { .name = "peer-below", .signer = "ca", .host = "a." FIXTURE_DOMAIN, .for_clients = true },
    { .name = FIXTURE_DOMAIN, .signer = "ca", .for_clients = true }, /* as its common name */
};

static int make_certificates(void **state)
{
    (void)state;
    place = folder_make();
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        certificate_make(place.path, &wishes[i]);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    folder_remove(&place);
    return 0;
}

/* One of eight buffers in turn; "" for NULL. */
static char *file(const char *name, const char *ending)
{
    static char paths[8][256];
    static size_t next;
    char *path = paths[next++ % 8];
    if (name == NULL)
        path[0] = '\0';
    else
        snprintf(path, sizeof paths[0], "%s/%s.%s", place.path, name, ending);
    return path;
}

static void copy(const char *from, const char *to)
{
    static const char *const endings[] = { "pem", "key" };
    char line[1024];
    for (size_t i = 0; i < 2; i++) {
        FILE *in = fopen(file(from, endings[i]), "re"), *out = fopen(file(to, endings[i]), "we");
        assert_true(in != NULL && out != NULL);
        while (fgets(line, sizeof line, in) != NULL)
            fputs(line, out);
        fclose(in);
        fclose(out);
        assert_int_equal(chmod(file(to, endings[i]), 0600), 0);
    }
}

static void serve(const char *name, const char *client_ca, unsigned idle_s)
{
    static char certificate[256], key[256], authority[256];
    copy(name, "current");
    strcpy(certificate, file("current", "pem"));
    strcpy(key, file("current", "key"));
    strcpy(authority, file(client_ca, "pem"));
    fixture_use_tls(certificate, key, authority);
    fixture_serve(1, 16, idle_s);
}

static http_client *client(const char *ca, const char *certificate)
{
    http_client *c = http_client_open(MAX_BODY);
    const http_credentials credentials = { .ca = file(ca, "pem"),
                                           .certificate = file(certificate, "pem"),
                                           .key = file(certificate, "key") };
    http_client_use(c, &credentials);
    return c;
}

static void get(http_client *c, const char *scheme, const char *host, const char *path,
                http_answer *out)
{
    char url[128];
    snprintf(url, sizeof url, "%s://%s:%u%s", scheme, host, served_port, path);
    http_client_call(c, "GET", url, NULL, (teal_bytes){ 0 }, PATIENT_MS, out);
}

/* Trusts what stands in the file, which it does not read itself. */
static void authorities_from_memory(void **state)
{
    static const struct {
        const char *ca;
        bool good;
    } rows[] = { { "ca", true }, { "other-ca", false } };
    (void)state;
    serve("server", NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        char pem[8192];
        http_answer a;
        FILE *in = fopen(file(rows[i].ca, "pem"), "re");
        assert_non_null(in);
        pem[fread(pem, 1, sizeof pem - 1, in)] = '\0';
        fclose(in);
        http_client *c = http_client_open(MAX_BODY);
        const http_credentials credentials = { .ca_pem = pem }, none = { 0 };
        http_client_use(c, &credentials);
        assert_true(http_client_uses(c, &credentials));
        assert_false(http_client_uses(c, &none));
        get(c, "https", "localhost", "/v1/names/a", &a);
        print_message("%s: %s\n", rows[i].ca, a.error);
        assert_int_equal(a.status == 200, rows[i].good);
        assert_int_equal(a.untrusted, !rows[i].good);
        http_client_close(&c);
    }
    fixture_stop();
}

static void servers_are_verified(void **state)
{
    static const struct {
        const char *name, *server, *ca, *host;
        bool good;
    } rows[] = {
        { "the right one", "server", "ca", "localhost", true },
        { "another authority", "server", "other-ca", "localhost", false },
        { "not the system's", "server", NULL, "localhost", false },
        { "another name", "server", "ca", "127.0.0.1", false },
        { "expired", "expired", "ca", "localhost", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_answer a;
        http_client *c = client(rows[i].ca, NULL);
        serve(rows[i].server, NULL, 0);
        get(c, "https", rows[i].host, "/v1/names/a", &a);
        if ((a.status == 200) != rows[i].good || a.untrusted == rows[i].good ||
            a.sent != rows[i].good)
            fail_msg("%s: %ld %s", rows[i].name, a.status, a.error);
        http_client_close(&c);
        fixture_stop();
    }
}

static void clients_are_verified(void **state)
{
    static const struct {
        const char *certificate, *wrong;
    } rows[] = {
        { "peer", NULL }, /* dNSNames have no case: RFC 4343 */
        { NULL, "no client certificate" },
        { "peer-expired", "not valid now" },
        { "peer-foreign", "not from the configured authority" },
        { "peer-server", "not for clients" },
        { "peer-wild", "names none" },
        { "peer-below", "names none" },
        { FIXTURE_DOMAIN, "names none" },
    };
    (void)state;
    serve("server", "ca", 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_answer a;
        http_client *c = client("ca", rows[i].certificate);
        get(c, "https", "localhost", "/v1/certified", &a);
        if (a.status != 200)
            fail_msg("%s: %ld %s", rows[i].certificate, a.status, a.error);
        json_t *o = json_loadb((const char *)a.body, a.len, 0, NULL);
        const char *wrong = json_string_value(json_object_get(o, "wrong"));
        if ((wrong == NULL) != (rows[i].wrong == NULL) ||
            (wrong != NULL &&
             (strstr(wrong, rows[i].wrong) == NULL || strncmp(wrong, "REQ-TLS-4 ", 10) != 0)))
            fail_msg("%s: %s", rows[i].certificate, wrong);
        json_decref(o);
        http_client_close(&c);
    }
    fixture_stop();
}

static void without_client_ca_nothing_is_asked(void **state)
{
    (void)state;
    http_answer a;
    http_client *c = client("ca", NULL);
    serve("server", NULL, 0);
    get(c, "https", "localhost", "/v1/certified", &a);
    assert_int_equal(a.status, 200);
    assert_string_equal((const char *)a.body, "{}");
    http_client_close(&c);
    fixture_stop();
}

static void a_reload_is_for_new_connections(void **state)
{
    (void)state;
    http_answer a;
    http_client *before = client("ca", NULL), *after = client("other-ca", NULL);
    serve("server", NULL, 0);
    get(before, "https", "localhost", "/v1/names/a", &a);
    assert_int_equal(a.status, 200);
    copy("next", "current");
    rest_reload(served);
    get(before, "https", "localhost", "/v1/names/a", &a); /* its connection is kept alive */
    assert_int_equal(a.status, 200);
    get(after, "https", "localhost", "/v1/names/a", &a);
    assert_int_equal(a.status, 200);
    http_client_close(&before);
    before = client("ca", NULL);
    get(before, "https", "localhost", "/v1/names/a", &a);
    assert_true(a.untrusted);
    http_client_close(&before);
    http_client_close(&after);
    fixture_stop();
}

static void what_is_no_good_is_not_loaded(void **state)
{
    static const struct {
        const char *name, *certificate, *key;
        mode_t mode;
    } rows[] = {
        { "another pair's key", "next.pem", "server.key", 0600 },
        { "expired", "expired.pem", "expired.key", 0600 },
        { "a key for all to read", "next.pem", "next.key", 0604 },
        { "no certificate", "next.key", "next.key", 0600 },
        { "no key", "next.pem", "next.pem", 0600 },
        { "nothing", NULL, NULL, 0600 },
    };
    (void)state;
    http_client *c = client("ca", NULL);
    serve("server", NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_answer a;
        char from[256];
        unlink(file("current", "pem"));
        unlink(file("current", "key"));
        if (rows[i].certificate != NULL) {
            snprintf(from, sizeof from, "%s/%s", place.path, rows[i].certificate);
            assert_int_equal(link(from, file("current", "pem")), 0);
            snprintf(from, sizeof from, "%s/%s", place.path, rows[i].key);
            assert_int_equal(link(from, file("current", "key")), 0);
            assert_int_equal(chmod(from, rows[i].mode), 0);
        }
        rest_reload(served);
        http_client *fresh = client("ca", NULL);
        get(fresh, "https", "localhost", "/v1/names/a", &a);
        if (a.status != 200)
            fail_msg("%s: %s", rows[i].name, a.error);
        http_client_close(&fresh);
        unlink(file("current", "pem"));
        unlink(file("current", "key"));
        if (rows[i].certificate != NULL)
            assert_int_equal(chmod(from, 0600), 0);
    }
    http_client_close(&c);
    fixture_stop();
}

static void who_does_not_speak_tls_is_cut(void **state)
{
    (void)state;
    http_answer a;
    http_client *c = client("ca", NULL);
    serve("server", NULL, 1);
    raw_client *silent = raw_open(served_port), *plain = raw_open(served_port);
    raw_request(plain, "GET", "/v1/names/a", "\r\n");
    get(c, "https", "localhost", "/v1/names/a", &a); /* nobody is held up by them */
    assert_int_equal(a.status, 200);
    get(c, "http", "localhost", "/v1/names/a", &a);
    assert_int_equal(a.status, 0);
    raw_answer answer;
    raw_receive(plain, false, &answer);
    assert_int_equal(answer.status, 0);
    raw_receive(silent, false, &answer); /* at most an alert, then the end */
    assert_int_equal(answer.status, 0);
    raw_close(&silent);
    raw_close(&plain);
    http_client_close(&c);
    fixture_stop();
}

int main(void)
{
    log_setup(LOG_ERROR + 1, false, "test"); /* what is no good is logged */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorities_from_memory),
        cmocka_unit_test(servers_are_verified),
        cmocka_unit_test(clients_are_verified),
        cmocka_unit_test(without_client_ca_nothing_is_asked),
        cmocka_unit_test(a_reload_is_for_new_connections),
        cmocka_unit_test(what_is_no_good_is_not_loaded),
        cmocka_unit_test(who_does_not_speak_tls_is_cut),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
