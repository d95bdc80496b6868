/* What a gateway spends on accepting a sealed message of 1 KiB, native to native, posted alone and
 * durable when it is answered, and how many it takes in a second.
 *
 *   bench_accept PORT PID...    PIDs: all processes of the gateway, which has no accounts yet */
#include "codecs/native/transcript.h"
#include "gateway/http_client.h"
#include "tests/bench/load.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/support/devices.h"
#include "tests/support/manifests.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    CONNECTIONS = 64,
    ROUNDS = 11,
    ROUND_MESSAGES = 960,                     /* 15 on each connection */
    MESSAGES = (1 + ROUNDS) * ROUND_MESSAGES, /* the first round warms up */
    VERIFICATIONS = 400,
    CONTENT_OCTETS = 1024,
    SENDER = 1, /* numbers of accounts and devices */
    RECIPIENT = 2,
    PUT_TIMEOUT_MS = 10000,
    MAX_MESSAGE_OCTETS = 2048, /* request and all */
};

typedef struct gateway {
    uint16_t port;
    size_t n_processes;
    clockid_t clocks[8]; /* CPU time of each */
} gateway;

/* What an accepted message cannot do without. */
typedef struct floor_work {
    uint8_t transcript[MAX_MESSAGE_OCTETS], signature[TEAL_SIGNATURE_BYTES];
    size_t len;
    test_device sender;
} floor_work;

static gateway gateway_of(int argc, char **argv)
{
    gateway g = { .n_processes = (size_t)argc - 2 };
    bench_require(argc > 2 && g.n_processes <= sizeof g.clocks / sizeof g.clocks[0],
                  "the arguments are PORT PID...");
    g.port = (uint16_t)strtoul(argv[1], NULL, 10);
    for (size_t i = 0; i < g.n_processes; i++)
        bench_require(clock_getcpuclockid((pid_t)strtol(argv[2 + i], NULL, 10), &g.clocks[i]) == 0,
                      "the gateway's processes run");
    return g;
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    bench_require(clock_gettime(clock, &t) == 0, "the gateway's processes run");
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* User and system time of all its threads, those that ended too. */
static double gateway_seconds(const gateway *g)
{
    double sum = 0;
    for (size_t i = 0; i < g->n_processes; i++)
        sum += seconds_of(g->clocks[i]);
    return sum;
}

static uint64_t now_ms(void)
{
    return (uint64_t)(1000 * seconds_of(CLOCK_REALTIME));
}

static void put(const gateway *g, const char *handle, const char *behind, const char *type,
                teal_bytes body, const request_signer *signer, long want_status)
{
    char url[256];
    http_answer answer;
    http_client *c = http_client_open(4096);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/v1/accounts/%s%s", g->port, handle, behind);
    http_client_sign(c, signer);
    http_client_call(c, "PUT", url, type, body, PUT_TIMEOUT_MS, &answer);
    bench_require(answer.status == want_status, "the gateway takes an account");
    http_client_close(&c);
}

/* An account with one device, both of that number. */
static void register_account(const gateway *g, const char *handle, uint64_t number)
{
    teal_arena arena = bench_arena(256 << 10);
    const test_manifest manifest = { .account = number,
                                     .version = 1,
                                     .handles = { handle },
                                     .devices = { number },
                                     .created_at_ms = now_ms() };
    test_device device = test_device_of(number);
    teal_prekey prekey = test_prekey_of(&device);
    teal_prekeys upload = { .prekeys = &prekey, .n_prekeys = 1 };
    memcpy(upload.device, device.id, sizeof upload.device);
    teal_writer w = { bench_take(&arena, 1024), 1024, 0 };
    bench_require(teal_prekeys_encode(&upload, &w) == TEAL_OK, "prekeys can be encoded");

    uint8_t account_pk[32], account_sk[64];
    test_account_keys(number, account_pk, account_sk);
    request_signer by_account = { .kind = REQUEST_ACCOUNT, .sk = account_sk };
    request_signer by_device = { .kind = REQUEST_DEVICE, .sk = device.sign_sk };
    memcpy(by_device.id, device.id, sizeof by_device.id);
    put(g, handle, "", "application/vnd.teal.manifest",
        test_manifest_encode(&manifest, &arena, NULL), &by_account, 201);
    put(g, handle, "/prekeys", "application/vnd.teal.prekeys", teal_written(&w), &by_device, 200);
    free(arena.base);
}

/* All messages as requests, each with an id of its own, in one conversation a connection. */
static teal_bytes *prepare(teal_arena *arena, floor_work *floor)
{
    floor->sender = test_device_of(SENDER);
    test_device to = test_device_of(RECIPIENT);
    bench_letter letter = { .sender = &floor->sender,
                            .to = &to,
                            .n_to = 1,
                            .content_octets = CONTENT_OCTETS,
                            .sent_at_ms = now_ms() };
    teal_bytes *requests = bench_take(arena, MESSAGES * sizeof *requests);
    teal_arena scratch = bench_arena(64 << 10);
    teal_envelope e = { 0 };
    for (size_t i = 0; i < MESSAGES; i++) {
        scratch.used = 0;
        letter.number = i;
        letter.conversation = i % CONNECTIONS;
        bench_message_seal(&letter, &scratch, &e);
        requests[i] = bench_request("POST", "/v1/messages", "application/vnd.teal.envelope",
                                    bench_message_encode(&e, &scratch), arena);
    }
    teal_writer w = { floor->transcript, sizeof floor->transcript, 0 };
    teal_transcript_write(&e, NULL, &w);
    bench_require(teal_write_fits(&w), "there is room");
    floor->len = w.len;
    memcpy(floor->signature, e.signature, sizeof floor->signature);
    free(scratch.base);
    return requests;
}

static double verification_us(const floor_work *f)
{
    double start = bench_thread_us();
    for (size_t i = 0; i < VERIFICATIONS; i++)
        bench_require(crypto_sign_verify_detached(f->signature, f->transcript, f->len,
                                                  f->sender.sign_pk) == 0,
                      "the signature verifies");
    return (bench_thread_us() - start) / VERIFICATIONS;
}

/* What the gateway still does after its last answer falls into the time of the verifications, or
 * counts for the next round. */
static void measure(const gateway *g, const teal_bytes *requests, const floor_work *floor)
{
    double cpu_us[ROUNDS], verify_us[ROUNDS], per_s[ROUNDS], verify_per_s[ROUNDS];
    bench_load *l = bench_load_open(g->port, CONNECTIONS);
    bench_load_run(l, requests, ROUND_MESSAGES, 202);
    for (size_t i = 0; i < ROUNDS; i++) {
        double cpu = gateway_seconds(g), start = seconds_of(CLOCK_MONOTONIC);
        bench_load_run(l, requests + (1 + i) * ROUND_MESSAGES, ROUND_MESSAGES, 202);
        per_s[i] = ROUND_MESSAGES / (seconds_of(CLOCK_MONOTONIC) - start);
        verify_us[i] = verification_us(floor);
        verify_per_s[i] = 1e6 / verify_us[i];
        cpu_us[i] = 1e6 * (gateway_seconds(g) - cpu) / ROUND_MESSAGES;
    }
    bench_load_close(&l);
    bench_figure cost = bench_figure_of(cpu_us, verify_us, ROUNDS);
    bench_figure rate = bench_figure_of(per_s, verify_per_s, ROUNDS);
    bench_print("accept_single", "µs CPU", "verifying its signature", &cost);
    bench_print("durable_single", "messages/s", "signatures that one core verifies", &rate);
}

int main(int argc, char **argv)
{
    static floor_work floor;
    bench_require(sodium_init() >= 0, "libsodium starts");
    gateway g = gateway_of(argc, argv);
    teal_arena arena = bench_arena((size_t)MESSAGES * MAX_MESSAGE_OCTETS);
    teal_bytes *requests = prepare(&arena, &floor);
    register_account(&g, BENCH_SENDER, SENDER);
    register_account(&g, BENCH_RECIPIENT, RECIPIENT);
    measure(&g, requests, &floor);
    free(arena.base);
    return EXIT_SUCCESS;
}
