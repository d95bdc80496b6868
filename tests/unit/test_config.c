/* The configuration file: what is taken, and what is said of what is not. */
#include "gateway/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char minimal[] = "[gateway]\n"                            /* line 1 */
                              "handle = im:gateway@native.example\n"   /* 2 */
                              "state = state\n"                        /* 3 */
                              "[native]\n"                             /* 4 */
                              "domains = native.example, b.example\n"; /* 5; 6 follows */

static char folder[] = "/tmp/teal-test-config-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/teal.conf", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* Loads `text`; *errors holds what was said, and is freed by the caller. */
static config *load(teal_bytes text, char **errors)
{
    size_t len;
    FILE *file = fopen(path, "we"), *said = open_memstream(errors, &len);
    assert_true(file != NULL && said != NULL);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    fclose(file);
    config *c = config_load(path, said);
    fclose(said);
    return c;
}

static config *load_good(const char *text)
{
    char *errors;
    config *c = load(teal_text(text), &errors);
    if (c == NULL)
        fail_msg("refused: %s", errors);
    assert_string_equal(errors, "");
    free(errors);
    return c;
}

static void defaults_hold(void **state)
{
    (void)state;
    char want[80];
    config *c = load_good(minimal);
    snprintf(want, sizeof want, "%s/state", folder);
    assert_string_equal(c->state, want);
    snprintf(want, sizeof want, "%s/state/teal.db", folder);
    assert_string_equal(c->store_url, want);
    assert_string_equal(c->store_backend, "sqlite");
    assert_string_equal(c->path, path);
    assert_string_equal(c->handle, "im:gateway@native.example");
    assert_string_equal(c->listen_host, "127.0.0.1");
    assert_int_equal(c->listen_port, 8480);
    assert_int_equal(c->workers, 4);
    assert_int_equal(c->max_connections, 1024);
    assert_int_equal(c->max_waiting, 4096);
    assert_int_equal(c->log_level, LOG_INFO);
    assert_false(c->log_json);
    assert_string_equal(c->sms_mark, "[SMS, not encrypted]");
    assert_string_equal(c->plain_mark, "[RCS, not end-to-end encrypted]");
    assert_int_equal(c->native_domains.n, 2);
    assert_string_equal(c->native_domains.at[1], "b.example");
    assert_int_equal(c->native_numbers.n, 0);
    assert_int_equal(c->give_up_after_ms, 86400000);
    assert_int_equal(c->retry_first_ms, 1000);
    assert_int_equal(c->retry_max_ms, 300000);
    assert_int_equal(c->peer_timeout_ms, 10000);
    assert_int_equal(c->lookup_ttl_ms, 300000);
    assert_int_equal(c->n_peers, 0);
    assert_null(c->sms_host);
    assert_null(c->tls_certificate);
    assert_false(c->clear_text_anywhere);
    assert_true(c->keys_sealed);
    assert_int_equal(c->downgrade_overlap_ms, 604800000);
    config_free(&c);
    assert_null(c);
    config_free(&c);
}

static void everything_is_read(void **state)
{
    (void)state;
    config *c = load_good("; comment\n  # comment\n\n"
                          "[gateway]\r\n"
                          "handle=im:gateway@native.example\r\n"
                          "state = /var/lib/teal\n"
                          "listen = [::1]:1\n"
                          "workers = 64\nlog_level = error\nlog = json\n"
                          "sms_mark = SMS; # = \xc3\xa4\n"
                          "[tls]\ncertificate = a.pem\nkey = /k/a.key\nclient_ca = c.pem\n"
                          "minimum = 1.3\n"
                          "[keys]\nprotection = none\ndowngrade_overlap_s = 0\n"
                          "[native]\ndomains = native.example\nnumbers = +1415555 ,+1416\n"
                          "[store]\nurl = /x/y.db\n"
                          "[queue]\ngive_up_after_s = 1\nretry_first_ms = 5\nretry_max_ms = 5\n"
                          "[peer one]\nnumbers = +44\nurl = https://one.example:8443\n"
                          "ca = one.pem\ncertificate = us.pem\nkey = us.key\n"
                          "[peer two]\ndomains = two.example\nurl = http://[::1]:8480\n"
                          "[sms]\ncentre = smsc.example:2775\nsystem_id = teal\n"
                          "password = a;b #c\nsource = Teal 1\n");
    assert_string_equal(c->state, "/var/lib/teal");
    assert_string_equal(c->store_url, "/x/y.db");
    assert_string_equal(c->listen_host, "::1");
    assert_int_equal(c->listen_port, 1);
    assert_int_equal(c->workers, 64);
    assert_int_equal(c->log_level, LOG_ERROR);
    assert_true(c->log_json);
    assert_string_equal(c->sms_mark, "SMS; # = \xc3\xa4");
    assert_string_equal(c->native_numbers.at[0], "+1415555");
    assert_string_equal(c->native_numbers.at[1], "+1416");
    assert_int_equal(c->give_up_after_ms, 1000);
    assert_int_equal(c->retry_max_ms, 5);
    assert_int_equal(c->n_peers, 2);
    char want[80];
    snprintf(want, sizeof want, "%s/a.pem", folder);
    assert_string_equal(c->tls_certificate, want);
    assert_string_equal(c->tls_key, "/k/a.key");
    assert_true(c->tls_1_3_only);
    assert_false(c->keys_sealed);
    assert_int_equal(c->downgrade_overlap_ms, 0);
    snprintf(want, sizeof want, "%s/one.pem", folder);
    assert_string_equal(c->peers[0].ca, want);
    assert_string_equal(c->peers[1].ca, "");
    assert_string_equal(c->peers[0].name, "one");
    assert_string_equal(c->peers[0].url, "https://one.example:8443");
    assert_string_equal(c->peers[1].domains.at[0], "two.example");
    assert_string_equal(c->sms_host, "smsc.example");
    assert_int_equal(c->sms_port, 2775);
    assert_string_equal(c->sms_password, "a;b #c");
    assert_string_equal(c->sms_system_type, "");
    assert_string_equal(c->sms_source, "Teal 1");
    assert_string_equal(c->sms_numbers.at[0], "+");
    assert_int_equal(c->sms_window, 64);
    assert_int_equal(c->sms_max_segments, 10);
    assert_int_equal(c->sms_enquire_ms, 30000);
    assert_int_equal(c->sms_response_ms, 30000);
    assert_int_equal(c->sms_reconnect_ms, 500);
    config_free(&c);
}

/* What is appended to `minimal`, and the one line that is said, without "path:". */
static const struct {
    const char *name, *text, *said;
} bad[] = {
    { "unknown section", "[nativ]\nx = 1\n", "6: [nativ] is not a section." },
    { "heading without end", "[store\n", "6: this heading does not end with \"]\"." },
    { "heading behind a form feed, without end", "\f[store\n",
      "6: this heading does not end with \"]\"." },
    { "text behind heading", "[store] x\n", "6: this heading does not end with \"]\"." },
    { "section again", "[gateway]\n", "6: [gateway] stands in line 1 already." },
    { "peer without name", "[peer]\n", "6: [peer] is not a section." },
    { "unknown key", "[queue]\nretry = 1\n", "7: \"retry\" is not a key of [queue]. There are " },
    { "terminal escape in key", "[queue]\n\x1b[1m = 1\n", "7: \"?\" is not a key of [queue]." },
    { "key again", "numbers = +1\nnumbers = +2\n", "7: numbers stands in line 6 already." },
    { "no equals sign", "[queue]\nretry_first_ms\n", "7: there is no \"=\" in this line." },
    { "not a number", "[queue]\nretry_first_ms = 1s\n",
      "7: retry_first_ms is not a whole number from 1 to 3600000. Correct it, or remove" },
    { "negative", "[queue]\nretry_first_ms = -1\n", "7: retry_first_ms is not a whole number" },
    { "zero", "[queue]\nretry_first_ms = 0\n", "7: retry_first_ms is not a whole number" },
    { "above the range", "[queue]\ngive_up_after_s = 2592001\n", "7: give_up_after_s is not a " },
    { "beyond 64 bits", "[queue]\ngive_up_after_s = 18446744073709551617\n", "7: give_up_after_s" },
    { "empty number", "[queue]\ngive_up_after_s =\n", "7: give_up_after_s is not a whole number" },
    { "first above last", "[queue]\nretry_first_ms = 2\nretry_max_ms = 1\n",
      "7: retry_first_ms is above retry_max_ms." },
    { "prefix without plus", "numbers = 1415\n", "6: numbers is not a list of distinct number" },
    { "prefix with a separator", "numbers = +1 415\n", "6: numbers is not a list" },
    { "prefix again", "numbers = +1, +1\n", "6: numbers is not a list of distinct" },
    { "empty element", "numbers = +1,,+2\n", "6: numbers is not a list" },
    { "comma at the end", "numbers = +1,\n", "6: numbers is not a list" },
    { "back end", "[store]\nbackend = oracle\n", "7: backend is not sqlite." },
    { "peer's name in capitals", "[peer RCS]\n", "6: the peer's name is not" },
    { "peer named sms", "[peer sms]\n", "6: the peer's name is not" },
    { "peer again", "[peer a]\nnumbers = +4\nurl = http://a\n[peer a]\n",
      "9: [peer a] stands in line 6 already." },
    { "peer for nobody", "[peer a]\nurl = http://a\n", "6: [peer a] speaks for nobody." },
    { "peer without url", "[peer a]\nnumbers = +4\n", "6: url is missing in [peer]. Add it: " },
    { "url with slash", "[peer a]\nnumbers = +4\nurl = http://a/\n", "8: url is not scheme, host" },
    { "url with path", "[peer a]\nnumbers = +4\nurl = http://a/b\n", "8: url is not scheme, host" },
    { "url with password", "[peer a]\nnumbers = +4\nurl = http://a:b@c\n", "8: url is not scheme" },
    { "url of a file", "[peer a]\nnumbers = +4\nurl = file:///etc\n", "8: url is not scheme" },
    { "url without scheme", "[peer a]\nnumbers = +4\nurl = a:80\n", "8: url is not scheme" },
    { "peer's domain is an address", "[peer a]\ndomains = 192.0.2.1\nurl = http://a\n",
      "7: domains is not" },
    { "peer's domain is native", "[peer a]\ndomains = b.example\nurl = http://a\n",
      "7: domains has b.example, which [native] has too." },
    { "peers share a prefix",
      "[peer a]\nnumbers = +4\nurl = http://a\n[peer b]\nnumbers = +3, +4\nurl = http://b\n",
      "10: numbers has +4, which [a] has too." },
    { "sms incomplete", "[sms]\ncentre = a:1\nsystem_id = b\nsource = c\n",
      "6: password is missing in [sms]." },
    { "sms centre without port", "[sms]\ncentre = a\nsystem_id = b\npassword = c\nsource = d\n",
      "7: centre is not host" },
    { "SMPP 3.4 4.1.1 password of 9 octets",
      "[sms]\ncentre = a:1\nsystem_id = b\npassword = 123456789\nsource = d\n",
      "9: password is not UTF-8 text of 0 to 8 octets." },
    { "23.040 9.1.2.5 source of 12 characters",
      "[sms]\ncentre = a:1\nsystem_id = b\npassword = c\nsource = 123456789012\n",
      "10: source is not a number" },
};

static void errors_name_line_and_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[2000], want[200], *errors;
        snprintf(text, sizeof text, "%s%s", minimal, bad[i].text);
        snprintf(want, sizeof want, "%s:%s", path, bad[i].said);
        config *c = load(teal_text(text), &errors);
        if (c != NULL)
            fail_msg("%s: taken", bad[i].name);
        const char *end = strchr(errors, '\n');
        if (strncmp(errors, want, strlen(want)) != 0 || end == NULL || end[1] != '\0' ||
            strchr(errors + strlen(path), '.') == end - 1)
            fail_msg("%s: said %s", bad[i].name, errors);
        free(errors);
    }
}

static void values_of_gateway(void **state)
{
    static const struct {
        const char *line;
        bool good;
    } rows[] = {
        { "listen = 127.9.9.9:65535", true },
        { "listen = 0.0.0.0:8480", false },                        /* REQ-REST-5 */
        { "listen = 0.0.0.0:8480\nclear_text = anywhere", false }, /* REQ-SIG-8 */
        { "listen = 0.0.0.0:8480\nclear_text = anywhere\nauthority = a.example", true },
        { "listen = [2001:db8::1]:8480\nclear_text = anywhere\nauthority = [2001:db8::1]:8480",
          true },
        { "authority = a.example, a.example:8443, 192.0.2.1, 192.0.2.1:81, [::1], [::1]:8", true },
        { "authority = A.example", false },
        { "authority = a.example:0", false },
        { "authority = a.example:", false },
        { "authority = :80", false },
        { "authority = ::1", false },
        { "authority = [::1", false },
        { "authority = []", false },
        { "authority = http://a.example", false },
        { "authority = a.example/", false },
        { "authority = a.example, a.example", false },
        { "authority = a.example,", false },
        { "listen = 0.0.0.0:8480\nclear_text = loopback", false },
        { "clear_text = yes", false },
        { "listen = 192.0.2.1:8480", false },
        { "listen = [::]:8480", false },
        { "listen = ::1:8480", false },
        { "listen = localhost:8480", false }, /* may mean another address */
        { "listen = 127.0.0.1", false },
        { "listen = 127.0.0.1:0", false },
        { "listen = 127.0.0.1:65536", false },
        { "listen = :8480", false },
        { "workers = 0", false },
        { "workers = 65", false },
        { "log_level = loud", false },
        { "log = xml", false },
        { "sms_mark =", false }, /* REQ-DGR-10 */
        { "sms_mark = \xe2\x80\x8b", false },
        { "sms_mark = \xff", false },
        { "plain_mark =", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1000], *errors;
        snprintf(text, sizeof text, "[gateway]\n%s\n%s", rows[i].line,
                 minimal + strlen("[gateway]\n"));
        config *c = load(teal_text(text), &errors);
        if ((c != NULL) != rows[i].good)
            fail_msg("%s: said %s", rows[i].line, errors);
        if (c == NULL)
            assert_non_null(strstr(errors, "teal.conf:2: "));
        config_free(&c);
        free(errors);
    }
}

/* What follows the handle's and the domains' lines. */
static void certificates(void **state)
{
    static const struct {
        const char *listen, *sections, *said; /* NULL: it is taken */
    } rows[] = {
        { "0.0.0.0:8443\nauthority = a.example", "[tls]\ncertificate = a\nkey = b\n", NULL },
        { "0.0.0.0:8443", "[tls]\ncertificate = a\nkey = b\n", "Add authority" },
        { "0.0.0.0:8443", "", ":4: listen is not on loopback" },
        { "127.0.0.1:8443", "[tls]\n", "certificate is missing" },
        { "127.0.0.1:8443", "[tls]\ncertificate = a\n", "key is missing" },
        { "127.0.0.1:8443", "[tls]\ncertificate = a\nkey =\n", ":9: key is not" },
        { "127.0.0.1:8443", "[tls]\ncertificate = a\nkey = b\nminimum = 1.1\n",
          ":10: minimum is not one of 1.2, 1.3" },
        { "127.0.0.1:8443", "[peer x]\nurl = https://x.example\ndomains = x.example\nkey = b\n",
          "has one of certificate and key" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1000], *errors;
        snprintf(text, sizeof text,
                 "[gateway]\nhandle = im:gateway@native.example\nstate = state\nlisten = %s\n"
                 "[native]\ndomains = native.example\n%s",
                 rows[i].listen, rows[i].sections);
        config *c = load(teal_text(text), &errors);
        bool as_wanted =
            rows[i].said == NULL ? c != NULL : c == NULL && strstr(errors, rows[i].said) != NULL;
        if (!as_wanted)
            fail_msg("%s %s: said %s", rows[i].listen, rows[i].sections, errors);
        config_free(&c);
        free(errors);
    }
}

static void every_error_is_said(void **state)
{
    (void)state;
    char *errors;
    config *c =
        load(teal_text("x = 1\n[gateway]\nhandle = tel:+1\nworkers = no\n[sms]\n[odd]\n"), &errors);
    static const char *const said[] = { ":1: a key stands before", ":3: handle is not",
                                        ":4: workers is not",      ":6: [odd] is not",
                                        ":2: state is missing",    ":6: domains is missing",
                                        ":5: centre is missing",   ":5: system_id is missing" };
    assert_null(c);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (strstr(errors, said[i]) == NULL)
            fail_msg("%s is not in %s", said[i], errors);
    free(errors);
}

static void a_password_is_never_shown(void **state)
{
    (void)state;
    char text[1000], *errors;
    snprintf(text, sizeof text, "%s[sms]\npassword = hunter2-hunter2\n", minimal);
    assert_null(load(teal_text(text), &errors));
    assert_non_null(strstr(errors, "password is not"));
    assert_null(strstr(errors, "hunter2"));
    free(errors);
}

static void the_handle_is_native(void **state)
{
    (void)state;
    char *errors;
    assert_null(load(teal_text("[gateway]\nhandle = im:gateway@other.example\nstate = s\n"
                               "[native]\ndomains = native.example\n"),
                     &errors));
    assert_non_null(strstr(errors, ":2: handle is not under a domain of [native]."));
    free(errors);
}

static void lines_are_bounded(void **state)
{
    (void)state;
    char *errors, text[6000];
    size_t head = strlen(minimal);
    memcpy(text, minimal, head);
    memset(text + head, ' ', sizeof text - head);
    memcpy(text + head, "numbers =", 9);
    text[head + 5000] = '\n'; /* what is behind 4096 octets must not read as another line */
    assert_null(load((teal_bytes){ (const uint8_t *)text, head + 5001 }, &errors));
    assert_non_null(strstr(errors, ":6: this line is longer than"));
    free(errors);

    text[head + 10] = '\0';
    text[head + 11] = '\n';
    assert_null(load((teal_bytes){ (const uint8_t *)text, head + 12 }, &errors));
    assert_non_null(strstr(errors, ":6: this line holds a NUL."));
    free(errors);
}

static void a_missing_file(void **state)
{
    (void)state;
    char *errors;
    size_t len;
    FILE *said = open_memstream(&errors, &len);
    assert_null(config_load("/nonexistent/teal.conf", said));
    assert_null(config_load("/tmp", said));
    fclose(said);
    assert_non_null(strstr(errors, "/nonexistent/teal.conf:0: the configuration cannot be opened"));
    assert_non_null(strstr(errors, "/tmp:0: reading stops here: Is a directory"));
    free(errors);
}

static void networks(void **state)
{
    static const struct {
        const char *handle, *peer; /* "native", a peer's name, or NULL */
        bool sms;
    } rows[] = {
        { "im:alice@native.example", "native", false },
        { "sip:alice@b.example", "native", false },
        { "im:alice@sub.native.example", NULL, false },
        { "im:bob@rcs.example", "rcs", false },
        { "im:eve@elsewhere.example", NULL, false },
        { "tel:+14155550100", "native", true },
        { "tel:+14165550100", "rcs", true },   /* +1 is the peer's */
        { "tel:+14155559100", "pager", true }, /* longer than +1415555 */
        { "tel:+447700900100", "rcs", false },
        { "tel:+4915112345678", NULL, false },
    };
    (void)state;
    char text[1000];
    snprintf(text, sizeof text,
             "%snumbers = +1415555\n"
             "[peer rcs]\ndomains = rcs.example\nnumbers = +1, +447700\nurl = http://a\n"
             "[peer pager]\nnumbers = +14155559\nurl = http://b\n"
             "[sms]\ncentre = a:1\nsystem_id = b\npassword = c\nsource = d\nnumbers = +1\n",
             minimal);
    config *c = load_good(text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teal_bytes handle = teal_text(rows[i].handle);
        const config_peer *peer = config_peer_for(c, handle);
        const char *got = config_is_native(c, handle) ? "native" : peer ? peer->name : "nobody";
        if (strcmp(got, rows[i].peer != NULL ? rows[i].peer : "nobody") != 0 ||
            (peer != NULL && config_is_native(c, handle)))
            fail_msg("%s: got %s", rows[i].handle, got);
        if (config_reaches_sms(c, handle) != rows[i].sms)
            fail_msg("%s: sms", rows[i].handle);
    }
    config_free(&c);
}

static void the_sandbox_loads(void **state)
{
    (void)state;
    config *c = config_load("deploy/sandbox.conf", stderr);
    assert_non_null(c);
    assert_string_equal(c->state, "deploy/../sandbox");
    assert_string_equal(c->store_url, "deploy/../sandbox/teal.db");
    assert_string_equal(config_peer_for(c, teal_text("tel:+447700900100"))->name, "rcs");
    assert_true(config_is_native(c, teal_text("tel:+14155550100")));
    assert_true(config_reaches_sms(c, teal_text("tel:+33612345678")));
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold),
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(errors_name_line_and_remedy),
        cmocka_unit_test(values_of_gateway),
        cmocka_unit_test(certificates),
        cmocka_unit_test(every_error_is_said),
        cmocka_unit_test(a_password_is_never_shown),
        cmocka_unit_test(the_handle_is_native),
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test(a_missing_file),
        cmocka_unit_test(networks),
        cmocka_unit_test(the_sandbox_loads),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
