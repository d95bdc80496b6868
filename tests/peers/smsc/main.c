/* A sandbox SMS centre: SMPP 3.4 for one ESME, phones that show what they get, and HTTP to watch
 * and steer it. Uses nothing of Teal but the codecs. */
#include "tests/peers/shared/options.h"
#include "tests/peers/smsc/control.h"
#include "tests/peers/smsc/smsc.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "usage: smsc --smpp-port N --http-port N --system-id ID --password TEXT\n"
    "Listens on 127.0.0.1; port 0 is any, said in the line `ready SMPP HTTP`.\n";

typedef struct settings {
    uint16_t smpp_port, http_port;
    const char *system_id, *password;
} settings;

static bool read_settings(int argc, char **argv, settings *out)
{
    static const struct option options[] = { { "smpp-port", required_argument, NULL, 's' },
                                             { "http-port", required_argument, NULL, 'h' },
                                             { "system-id", required_argument, NULL, 'i' },
                                             { "password", required_argument, NULL, 'p' },
                                             { 0 } };
    *out = (settings){ 2775, 8482, "teal", "sandbox1" };
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 's':
            if (!options_port(optarg, &out->smpp_port))
                return false;
            break;
        case 'h':
            if (!options_port(optarg, &out->http_port))
                return false;
            break;
        case 'i':
            out->system_id = optarg;
            break;
        case 'p':
            out->password = optarg;
            break;
        default:
            return false;
        }
    }
    return optind == argc;
}

static void say_ready(const settings *asked, const settings *got)
{
    if (asked->smpp_port == 0 || asked->http_port == 0)
        printf("ready %u %u\n", got->smpp_port, got->http_port);
    else
        printf("ready\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    settings asked, got;
    int status = EXIT_FAILURE;
    if (!read_settings(argc, argv, &asked)) {
        fputs(usage, stderr);
        return 2;
    }
    got = asked;
    int stop = options_stop_fd(); /* before the first thread */
    smsc *s = calloc(1, sizeof *s);
    http_server *http = NULL;
    if (s == NULL || stop < 0 || sodium_init() < 0)
        goto out;
    s->system_id = asked.system_id;
    s->password = asked.password;
    if (!smsc_open(s, &got.smpp_port) ||
        (http = http_server_start(&got.http_port, control_routes, s)) == NULL)
        goto close;
    say_ready(&asked, &got);
    smsc_run(s, stop);
    status = EXIT_SUCCESS;
close:
    http_server_stop(&http);
    smsc_close(s);
out:
    free(s);
    if (stop >= 0)
        close(stop);
    return status;
}
