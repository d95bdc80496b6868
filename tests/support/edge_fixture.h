/* The endpoint with its real handlers, frame and store, over a core and a directory that say what a
 * test tells them: what HTTP makes of each of their answers. Requests need no signature here.
 * Holds definitions, for a test program's one file to include: in the library of test code these
 * functions would take the place of the real core and directory in every test. */
#ifndef TEAL_TESTS_SUPPORT_EDGE_FIXTURE_H
#define TEAL_TESTS_SUPPORT_EDGE_FIXTURE_H

#include "gateway/edge/authenticate.h"
#include "gateway/edge/claim_limits.h"
#include "gateway/edge/field.h"
#include "gateway/ledger/key_log.h"
#include "tests/support/folder.h"
#include "tests/support/raw_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

/* What core and directory answer, and what they were asked last. */
typedef struct edge_script {
    caller caller; /* role 0: whoever the resource is for, as the device that the request names */
    core_result submit, commit;
    size_t n_races; /* of what is accepted: commits that another submission was faster than */
    core_outcome outcome;
    char submitted[TEAL_MAX_ID_BYTES + 1]; /* message id */
    store_result acknowledge;
    int64_t acknowledged[16];
    size_t n_acknowledged;
    bool has_downgrade_key;
    core_rotation rotation;
    size_t n_forced; /* removals of networks */

    directory_result look_up;
    store_result drop_pin;
    directory_entry entry;
    directory_prekey prekeys[2];
    size_t n_prekeys;
    bool spared; /* one-time prekeys, by the last claim */
    directory_put put;
    directory_refusal refusal;
    core_proof proof;
    bool proof_overloaded;
    char code[16]; /* that was asked about last */
    size_t n_proofs;
    link_request link;                      /* as it was asked or answered last */
    char handle[TEAL_MAX_HANDLE_BYTES + 1]; /* that was asked for */
    bool log_is_full;
    char noted[TEAL_MAX_HANDLE_BYTES + 1]; /* in the log of look-ups */
} edge_script;

static edge_script script;
static store *edge_store; /* another handle of the same database, for the test */
static writer *edge_writer;
static networks *edge_networks;
static rest *edge_rest;
static uint16_t edge_port;

static folder where;
static char url[128];
static char own_host[] = "127.0.0.1", own_handle[] = "im:gateway@native.example";
static char sms_mark[] = "[SMS]", plain_mark[] = "[plain]";
static config settings;
static keys_device edge_keys;
static uint8_t edge_pk[32];
static ledger *key_log;
static rest_services services;
static const rest_route *const tables[] = {
    messages_routes,  inbox_routes,     accounts_routes, devices_routes, proof_routes,
    directory_routes, translate_routes, gateway_routes,  health_routes,  disclosure_routes,
    pins_routes,      networks_routes,  key_log_routes,  NULL,
};

static void note(char *out, size_t cap, teal_bytes text)
{
    assert_true(text.len < cap);
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

/* In the query, or in the body. */
static void name_device(rest_call *c, uint8_t device[static TEAL_DEVICE_BYTES])
{
    json_t *body = field_object(c);
    if (!field_device(rest_query(c, "device"), device))
        (void)field_device(json_string_value(json_object_get(body, "device")), device);
    json_decref(body);
}

bool authenticate(rest_call *c, const http_message *m, bool has_body, unsigned callers, caller *out,
                  request_claim *claim)
{
    *claim = (request_claim){ 0 };
    assert_true(m->target.len > 0 && m->authority.len > 0);
    assert_int_equal(has_body, c->body.len > 0);
    *out = script.caller;
    if (out->role == 0) {
        out->role = (caller_role)(callers & -callers);
        name_device(c, out->device);
    }
    return true;
}

bool authenticate_once(rest_call *c, const request_claim *claim)
{
    (void)claim;
    return c->caller->role != 0;
}

core_result core_submit(core *c, store *reader, const teal_envelope *e, int64_t now_ms,
                        teal_arena *arena, core_outcome *out, core_plan **plan)
{
    (void)c;
    *plan = NULL;
    assert_non_null(reader);
    assert_non_null(arena);
    assert_true(now_ms > 0);
    note(script.submitted, sizeof script.submitted, e->message_id);
    *out = script.outcome;
    return script.submit;
}

void core_commit(core_plan *plan, core_committed *done, void *arg)
{
    assert_null(plan);
    bool lost = script.n_races > 0;
    script.n_races -= lost;
    if (lost)
        script.submit = CORE_DUPLICATE;
    done(arg, lost ? CORE_DUPLICATE : script.commit);
}

store_result core_acknowledge(core *c, const uint8_t device[static TEAL_DEVICE_BYTES],
                              const int64_t *seqs, size_t n, int64_t now_ms)
{
    (void)c;
    (void)device;
    assert_true(now_ms > 0);
    assert_in_range(n, 0, 16);
    memcpy(script.acknowledged, seqs, n * sizeof *seqs);
    script.n_acknowledged = n;
    return script.acknowledge;
}

networks_result core_remove_network(core *c, store *reader, teal_bytes name, int64_t now_ms,
                                    networks_refusal *why)
{
    const networks_tools tools = { edge_networks, edge_writer, reader };
    (void)c;
    assert_true(now_ms > 0);
    script.n_forced++;
    return networks_remove(&tools, name, now_ms, why);
}

bool core_downgrade_key(core *c, uint8_t *buf, size_t cap, size_t *len)
{
    (void)c;
    assert_true(cap >= 3);
    memcpy(buf, "key", 3);
    *len = 3;
    return script.has_downgrade_key;
}

core_rotation core_rotate_downgrade(core *c)
{
    (void)c;
    return script.rotation;
}

directory_result directory_look_up(directory *d, store *reader, teal_bytes handle, int64_t now_ms,
                                   teal_arena *arena, directory_entry *out)
{
    (void)d;
    assert_non_null(reader);
    assert_non_null(arena);
    assert_true(now_ms > 0);
    note(script.handle, sizeof script.handle, handle);
    *out = script.entry;
    return script.look_up;
}

directory_result directory_claim(directory *d, store *reader, teal_bytes handle, bool spare,
                                 int64_t now_ms, teal_arena *arena, directory_entry *entry,
                                 directory_prekey *out, size_t *n)
{
    script.spared = spare;
    memcpy(out, script.prekeys, sizeof script.prekeys);
    *n = script.n_prekeys;
    return directory_look_up(d, reader, handle, now_ms, arena, entry);
}

store_result directory_drop_pin(directory *d, teal_bytes handle, teal_bytes operator_name,
                                uint8_t key[static TEAL_KEY_BYTES])
{
    (void)d;
    assert_int_equal(operator_name.len, 0); /* nobody signed */
    note(script.handle, sizeof script.handle, handle);
    memset(key, 0xab, TEAL_KEY_BYTES);
    return script.drop_pin;
}

bool lookup_log_note(lookup_log *l, teal_bytes who, teal_bytes handle, int64_t now_ms)
{
    (void)l;
    assert_int_equal(who.len, 0); /* nobody signed */
    assert_true(now_ms > 0);
    note(script.noted, sizeof script.noted, handle);
    return !script.log_is_full;
}

directory_put directory_put_manifest(directory *d, teal_bytes handle, teal_bytes encoded,
                                     int64_t now_ms, teal_arena *arena, directory_refusal *why)
{
    (void)d;
    assert_non_null(arena);
    assert_true(encoded.len > 0 && now_ms > 0);
    note(script.handle, sizeof script.handle, handle);
    *why = script.refusal;
    return script.put;
}

directory_put directory_put_prekeys(directory *d, store *reader, teal_bytes handle,
                                    teal_bytes encoded, teal_arena *arena,
                                    uint8_t device[static TEAL_DEVICE_BYTES],
                                    store_prekeys_left *left, directory_refusal *why)
{
    assert_non_null(reader);
    memset(device, 1, TEAL_DEVICE_BYTES);
    *left = (store_prekeys_left){ 7, 9 };
    return directory_put_manifest(d, handle, encoded, 1, arena, why);
}

bool core_prove(core *c, teal_bytes handle, const uint8_t account_key[static TEAL_KEY_BYTES],
                const char *code, core_proof *out)
{
    (void)c;
    (void)account_key;
    note(script.handle, sizeof script.handle, handle);
    note(script.code, sizeof script.code, teal_text(code != NULL ? code : ""));
    *out = script.proof;
    return !script.proof_overloaded;
}

bool directory_put_proof(directory *d, const teal_handle_proof *proof, int64_t now_ms)
{
    (void)d;
    (void)proof;
    assert_true(now_ms > 0);
    script.n_proofs++;
    return true;
}

bool directory_ask_link(directory *d, store *reader, teal_bytes handle, link_request *r,
                        int64_t now_ms, teal_arena *arena, int64_t *expires_ms,
                        directory_refusal *why)
{
    (void)d;
    assert_non_null(reader);
    assert_non_null(arena);
    note(script.handle, sizeof script.handle, handle);
    script.link = *r;
    *expires_ms = now_ms > 0 ? 77 : 0;
    *why = script.refusal;
    return script.put != PUT_REFUSED;
}

bool directory_list_links(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                          const uint8_t *device, int64_t now_ms, teal_arena *arena,
                          link_request *out, size_t *n, directory_refusal *why)
{
    int64_t expires_ms;
    (void)by;
    (void)device;
    out[0] = script.link;
    *n = 1;
    return directory_ask_link(d, reader, handle, out, now_ms, arena, &expires_ms, why);
}

bool directory_answer_link(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                           const directory_link_answer *a, int64_t now_ms, teal_arena *arena,
                           directory_refusal *why)
{
    int64_t expires_ms;
    link_request r = script.link;
    (void)by;
    r.answered = r.answered || a->has_share;
    r.confirmed = !a->has_share;
    if (a->has_share)
        memcpy(r.answer_share, a->share, sizeof r.answer_share);
    memcpy(a->has_share ? r.answer_tag : r.tag, a->tag, sizeof r.tag);
    return directory_ask_link(d, reader, handle, &r, now_ms, arena, &expires_ms, why);
}

bool directory_drop_link(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                         const uint8_t *device, int64_t now_ms, teal_arena *arena,
                         directory_refusal *why)
{
    int64_t expires_ms;
    link_request none = { 0 };
    (void)by;
    (void)device;
    return directory_ask_link(d, reader, handle, &none, now_ms, arena, &expires_ms, why);
}

/* For cmocka: a fresh database, and a script that says OK to everything. */
static int edge_fixture_open(void **state)
{
    (void)state;
    where = folder_make();
    snprintf(url, sizeof url, "%s", folder_file(&where, "db"));
    assert_int_equal(store_sqlite.open(url, true, &edge_store), STORE_OK);
    script = (edge_script){ .has_downgrade_key = true };
    settings = (config){ .listen_host = own_host,
                         .state = where.path,
                         .workers = 2,
                         .max_connections = 64,
                         .max_waiting = 64,
                         .store_url = url,
                         .handle = own_handle,
                         .sms_mark = sms_mark,
                         .plain_mark = plain_mark };
    store *written;
    assert_int_equal(store_sqlite.open(url, false, &written), STORE_OK);
    edge_writer = writer_start(written, 16);
    edge_networks = networks_open(&settings);
    edge_keys.id[0] = 0xed;
    crypto_sign_keypair(edge_pk, edge_keys.sk);
    key_log = ledger_open(KEY_LOG, &edge_keys);
    services = (rest_services){ .config = &settings,
                                .claims = claim_limits_open(),
                                .networks = edge_networks,
                                .writer = edge_writer,
                                .key_log = key_log,
                                .gateway_manifest = teal_text("manifest") };
    edge_rest = rest_open(&settings, stderr);
    assert_non_null(edge_rest);
    edge_port = rest_port(edge_rest);
    assert_true(rest_start(edge_rest, &services, &store_sqlite, tables, stderr));
    return 0;
}

static int edge_fixture_close(void **state)
{
    (void)state;
    rest_stop(edge_rest);
    rest_close(&edge_rest);
    claim_limits_close(&services.claims);
    networks_close(&edge_networks);
    writer_stop(&edge_writer);
    ledger_close(&key_log);
    store_sqlite.close(&edge_store);
    folder_remove(&where);
    return 0;
}

/* One request on a connection of its own. */
static void edge_ask(const char *method, const char *path, const char *content_type,
                     teal_bytes body, raw_answer *out)
{
    char head[256];
    raw_client *c = raw_open(edge_port);
    snprintf(head, sizeof head, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", content_type,
             body.len);
    raw_request(c, method, path, body.len > 0 ? head : "\r\n");
    raw_send_bytes(c, body.at, body.len);
    raw_receive(c, false, out);
    raw_close(&c);
}

/* Compares the body with JSON written with ' for ", but for a proof. */
static void assert_json(const raw_answer *a, int status, const char *want)
{
    char text[4096];
    assert_true(strlen(want) < sizeof text);
    strcpy(text, want);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    assert_int_equal(a->status, status);
    json_t *got = raw_json(a), *expected = json_loads(text, 0, NULL);
    assert_non_null(expected);
    json_object_del(got, "proof");
    if (!json_equal(got, expected))
        fail_msg("got %s, want %s", a->body, text);
    json_decref(got);
    json_decref(expected);
}

static void assert_refused(const raw_answer *a, int status, const char *problem,
                           const char *requirement)
{
    char type[128];
    snprintf(type, sizeof type, "urn:teal:problem:%s", problem);
    assert_int_equal(a->status, status);
    json_t *p = raw_json(a);
    assert_string_equal(json_string_value(json_object_get(p, "type")), type);
    assert_string_equal(json_string_value(json_object_get(p, "requirement")), requirement);
    json_decref(p);
}

#endif
