/* A sandbox RCS network that speaks the end-to-end extension: users with keys of their own, and
 * users without. Uses nothing of Teal but the codecs, request signatures and the protocol: what an
 * operator's own bridge has to do is all in this folder. */
#include "tests/peers/rcs/control.h"
#include "tests/peers/rcs/directory.h"
#include "tests/peers/rcs/fetch.h"
#include "tests/peers/rcs/outgoing.h"
#include "tests/peers/rcs/receive.h"
#include "tests/peers/rcs/seed.h"
#include "tests/peers/rcs/signed.h"
#include "tests/peers/shared/options.h"

#include <getopt.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: rcs --port N --gateway URL [--state FILE] [--gateway-manifest FILE]\n"
    "           --user sealed:HANDLE[,HANDLE…] --user plain:HANDLE[,HANDLE…] …\n"
    "       rcs --state FILE --print-key\n"
    "Listens on 127.0.0.1; port 0 is any, said in the line `ready PORT`. The state keeps the keys "
    "of "
    "the users\n"
    "and of the network, whose public one --print-key shows. With the gateway's manifest only what "
    "it signed\n"
    "is taken.\n";

static const http_route routes[] = {
    { "GET", "/v1/directory/{}", directory_get },
    { "POST", "/v1/directory/{}/claim", directory_claim },
    { "POST", "/v1/messages", receive_post },
    { "POST", "/sandbox/send", control_send },
    { "GET", "/sandbox/messages", control_messages },
    { "GET", "/sandbox/receipts", control_receipts },
    { "POST", "/sandbox/behave", control_behave },
    { 0 },
};

typedef struct settings {
    uint16_t port;
    const char *gateway, *state, *manifest;
    bool prints_key;
    const char *users[NETWORK_MAX_USERS];
    size_t n_users;
} settings;

static bool read_settings(int argc, char **argv, settings *out)
{
    static const struct option options[] = { { "port", required_argument, NULL, 'p' },
                                             { "gateway", required_argument, NULL, 'g' },
                                             { "state", required_argument, NULL, 's' },
                                             { "gateway-manifest", required_argument, NULL, 'm' },
                                             { "print-key", no_argument, NULL, 'k' },
                                             { "user", required_argument, NULL, 'u' },
                                             { 0 } };
    *out = (settings){ .port = 8481, .gateway = "http://127.0.0.1:8480" };
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 'p':
            if (!options_port(optarg, &out->port))
                return false;
            break;
        case 'g':
            out->gateway = optarg;
            break;
        case 's':
            out->state = optarg;
            break;
        case 'm':
            out->manifest = optarg;
            break;
        case 'k':
            out->prints_key = true;
            break;
        case 'u':
            if (out->n_users == NETWORK_MAX_USERS)
                return false;
            out->users[out->n_users++] = optarg;
            break;
        default:
            return false;
        }
    }
    return optind == argc && (out->n_users > 0 || (out->prints_key && out->state != NULL));
}

/* Everything that has keys. */
static bool set_up(network *n, const settings *s)
{
    seed keys;
    bool good = seed_load(s->state, &keys);
    if (good)
        signed_open(n, keys.key);
    good = good && (s->manifest == NULL || signed_trust(n, s->manifest));
    for (size_t i = 0; good && i < s->n_users; i++) {
        good = network_add_user(n, s->users[i], keys.key, keys.created_at_ms);
        if (!good)
            fprintf(stderr, "rcs: --user %s: not sealed: or plain: and canonical handles\n",
                    s->users[i]);
    }
    sodium_memzero(&keys, sizeof keys);
    return good;
}

/* Serves until `stop` is readable. */
static bool serve(network *n, uint16_t port, int stop)
{
    bool any = port == 0;
    http_server *http = NULL;
    n->outgoing = outgoing_start(n);
    if (n->outgoing == NULL)
        return false;
    http = http_server_start(&port, routes, n);
    if (http != NULL) {
        printf(any ? "ready %u\n" : "ready\n", port);
        fflush(stdout);
        poll(&(struct pollfd){ stop, POLLIN, 0 }, 1, -1);
    }
    bool served = http != NULL;
    network_stop(n);
    outgoing_stop(n->outgoing);
    http_server_stop(&http);
    outgoing_close(&n->outgoing);
    return served;
}

int main(int argc, char **argv)
{
    settings s;
    int status = EXIT_FAILURE;
    if (!read_settings(argc, argv, &s)) {
        fputs(usage, stderr);
        return 2;
    }
    int stop = options_stop_fd(); /* before the first thread */
    network *n = calloc(1, sizeof *n);
    if (n == NULL || stop < 0 || sodium_init() < 0 || !fetch_init())
        goto out;
    network_open(n, s.gateway);
    bool good = set_up(n, &s);
    if (good && s.prints_key)
        signed_print_key(n);
    else if (good)
        good = serve(n, s.port, stop);
    status = good ? EXIT_SUCCESS : EXIT_FAILURE;
    network_close(n);
out:
    free(n);
    if (stop >= 0)
        close(stop);
    return status;
}
