/* Puts the edge together, waits for the signal to stop, and takes it apart in reverse. */
#include "gateway/edge/edge.h"

#include "gateway/clock.h"
#include "gateway/directory/network_keys.h"
#include "gateway/edge/claim_limits.h"
#include "gateway/edge/rest.h"
#include "gateway/exit_status.h"
#include "gateway/ledger/key_log.h"
#include "gateway/ledger/own_manifest.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>

/* An SMS centre answers in less; the supervisor waits for longer. */
enum { DRAIN_MS = 3000 };

static const rest_route *const tables[] = {
    messages_routes,   inbox_routes,     accounts_routes,  devices_routes, text_forwarding_routes,
    proof_routes,      directory_routes, translate_routes, gateway_routes, health_routes,
    disclosure_routes, pins_routes,      networks_routes,  key_log_routes, NULL,
};

typedef struct edge {
    keys_device *keys;
    uint8_t manifest[TEAL_MAX_MANIFEST_BYTES];
    size_t manifest_len;
    const store_ops *back_end;
    store *store; /* until the writer has it */
    networks *networks;
    writer *writer;
    directory *directory;
    lookup_log *lookups;
    claim_limits *claims;
    ledger *key_log;
    nonces *nonces;
    operators *operators;
    authorities *authorities;
    rest *rest;
    core *core;
    rest_services services;
} edge;

/* Signals are taken by sigwait alone; threads inherit the mask. */
static void block_signals(sigset_t *taken)
{
    sigemptyset(taken);
    sigaddset(taken, SIGTERM);
    sigaddset(taken, SIGINT);
    sigaddset(taken, SIGHUP);
    pthread_sigmask(SIG_BLOCK, taken, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_DFL); /* one that is ignored would never be waited for */
}

static void inbox_changed(void *arg, const uint8_t device[static TEAL_DEVICE_BYTES])
{
    rest_wake(arg, device);
}

static bool open_store(edge *e, const config *c)
{
    store_result opened = STORE_NONE;
    e->back_end = store_backend(c->store_backend);
    if (e->back_end != NULL)
        opened = e->back_end->open(c->store_url, false, &e->store);
    if (opened != STORE_OK) {
        fprintf(stderr, "store: %s: %s. Run teald --init first.\n", c->store_url,
                store_result_name(opened));
        return false;
    }
    e->networks = networks_open(c);
    if (networks_load(e->networks, e->store) != STORE_OK)
        return false;
    opened = key_log_start(e->store, clock_unix_ms());
    if (opened == STORE_OK)
        opened = own_manifest_start(e->store, c, clock_unix_ms());
    if (opened == STORE_OK)
        opened = network_keys_start(e->networks, e->store, clock_unix_ms());
    if (opened != STORE_OK) {
        fprintf(stderr, "store: %s: the key log cannot be used: %s. Restore it from a backup.\n",
                c->store_url, store_result_name(opened));
        return false;
    }
    e->writer = writer_start(e->store, c->max_waiting);
    if (e->writer != NULL)
        e->store = NULL;
    return e->writer != NULL;
}

/* What tells callers apart, once the port is known. */
static bool open_callers(edge *e, const config *c)
{
    nonces_boot boot;
    int64_t now_ms = clock_unix_ms();
    nonces_this_boot(now_ms, &boot);
    e->nonces = nonces_open(c->state, NONCES_MAX, &boot, now_ms, stderr);
    e->operators = operators_load(c->state, stderr);
    e->authorities = authorities_open(c, rest_port(e->rest));
    return e->nonces != NULL && e->operators != NULL;
}

static bool open_parts(edge *e, const config *c, int room_fd, const sealed_key *lock)
{
    e->keys = keys_load_edge(c, lock, stderr);
    if (e->keys == NULL || !keys_load_manifest(c, e->manifest, &e->manifest_len, stderr) ||
        !open_store(e, c))
        return false;
    const request_signer signer = { .kind = REQUEST_KEY, .sk = e->keys->sk };
    e->directory = directory_open(c, e->networks, e->writer, &signer);
    e->lookups = lookup_log_open(e->writer, c->lookup_log_days);
    e->key_log = ledger_open(KEY_LOG, e->keys);
    e->claims = claim_limits_open();
    e->rest = rest_open(c, stderr);
    if (e->directory == NULL || e->lookups == NULL || e->rest == NULL || !open_callers(e, c))
        return false;
    directory_tell(e->directory, inbox_changed, e->rest);
    const teal_bytes manifest = { e->manifest, e->manifest_len };
    const core_parts parts = { .config = c,
                               .keys = e->keys,
                               .gateway_manifest = manifest,
                               .networks = e->networks,
                               .writer = e->writer,
                               .directory = e->directory,
                               .room_fd = room_fd,
                               .drain_ms = DRAIN_MS,
                               .inbox_changed = inbox_changed,
                               .arg = e->rest };
    e->core = core_start(&parts);
    e->services = (rest_services){ .config = c,
                                   .core = e->core,
                                   .networks = e->networks,
                                   .writer = e->writer,
                                   .directory = e->directory,
                                   .lookups = e->lookups,
                                   .claims = e->claims,
                                   .key_log = e->key_log,
                                   .nonces = e->nonces,
                                   .operators = e->operators,
                                   .authorities = e->authorities,
                                   .gateway_manifest = manifest };
    return e->core != NULL && rest_start(e->rest, &e->services, e->back_end, tables, stderr);
}

/* From the network inwards: nothing is asked of a part that has stopped. */
static void close_parts(edge *e)
{
    if (e->rest != NULL)
        rest_stop(e->rest);
    if (e->core != NULL)
        core_stop(&e->core);
    rest_close(&e->rest); /* only now: the core wakes inboxes until it has stopped */
    claim_limits_close(&e->claims);
    nonces_close(&e->nonces);
    operators_close(&e->operators);
    authorities_close(&e->authorities);
    lookup_log_close(&e->lookups);
    if (e->directory != NULL)
        directory_close(&e->directory);
    networks_close(&e->networks);
    ledger_close(&e->key_log);
    if (e->writer != NULL)
        writer_stop(&e->writer);
    if (e->store != NULL)
        e->back_end->close(&e->store);
    if (e->keys != NULL)
        keys_free_edge(&e->keys);
}

static void reload_operators(operators *o)
{
    char *why = NULL;
    size_t len;
    FILE *errors = open_memstream(&why, &len);
    if (errors == NULL)
        bug("out of memory");
    const bool done = operators_reload(o, errors);
    fclose(errors);
    why[strcspn(why, "\n")] = '\0';
    if (done)
        log_event(LOG_INFO, "operators.reloaded", NULL);
    else
        log_event(LOG_ERROR, "operators.not_reloaded", "why", why, NULL);
    free(why);
}

/* SIGTERM or SIGINT; until then each SIGHUP has the files read again that may change. */
static void await_end(const edge *e, const sigset_t *taken)
{
    char port[24];
    int signal_number = 0;
    log_event(LOG_INFO, "edge.serving", "port", log_number(port, rest_port(e->rest)), NULL);
    while (sigwait(taken, &signal_number) == 0 && signal_number == SIGHUP) {
        rest_reload(e->rest);
        reload_operators(e->operators);
    }
    log_event(LOG_INFO, "edge.stopping", "signal", signal_number == SIGTERM ? "TERM" : "INT", NULL);
}

int edge_main(const config *c, int room_fd, const sealed_key *lock)
{
    edge e = { 0 };
    sigset_t taken;
    block_signals(&taken);
    log_setup(c->log_level, c->log_json, "edge");
    if (sodium_init() < 0)
        bug("libsodium does not start");
    bool serving = open_parts(&e, c, room_fd, lock);
    if (serving)
        await_end(&e, &taken);
    close_parts(&e);
    return serving ? EXIT_STOPPED : EXIT_CONFIGURATION;
}
