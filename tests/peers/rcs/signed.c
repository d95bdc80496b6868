/* See signed.h. A request that is played again within its window is taken: messages are known by
 * their ids, and the sandbox hands out the same prekey as often as it is asked. */
#include "tests/peers/rcs/signed.h"

#include "codecs/base64.h"
#include "tests/peers/shared/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA = 64 << 10 };

void signed_open(network *n, const uint8_t seed[static 32])
{
    static const char purpose[] = "request signatures";
    uint8_t key_seed[32];
    crypto_generichash(key_seed, sizeof key_seed, (const uint8_t *)purpose, sizeof purpose - 1,
                       seed, 32);
    crypto_sign_seed_keypair(n->request_pk, n->request_sk, key_seed);
    sodium_memzero(key_seed, sizeof key_seed);
    n->signer = (request_signer){ .kind = REQUEST_KEY, .sk = n->request_sk };
}

void signed_print_key(const network *n)
{
    uint8_t text[64];
    teal_writer w = { text, sizeof text, 0 };
    teal_base64url_encode(TEAL_VIEW(n->request_pk), &w);
    printf("%.*s\n", (int)w.len, (const char *)text);
}

static void trust_devices(network *n, const teal_manifest *m)
{
    for (size_t i = 0; i < m->n_devices && i < NETWORK_MAX_TRUSTED; i++)
        memcpy(n->trusted[n->n_trusted++], m->devices[i].signing_key, TEAL_KEY_BYTES);
}

bool signed_trust(network *n, const char *manifest_path)
{
    uint8_t encoded[TEAL_MAX_MANIFEST_BYTES], memory[ARENA];
    teal_arena arena = { memory, sizeof memory, 0 };
    teal_manifest m;
    FILE *file = fopen(manifest_path, "rbe");
    size_t len = file != NULL ? fread(encoded, 1, sizeof encoded, file) : 0;
    if (file != NULL)
        fclose(file);
    bool good = teal_manifest_decode((teal_bytes){ encoded, len }, &arena, &m, NULL) == TEAL_OK &&
                teal_manifest_verify(&m, NULL) == TEAL_OK;
    if (good)
        trust_devices(n, &m);
    else
        fprintf(stderr, "rcs: %s: no manifest\n", manifest_path);
    return good;
}

static bool is_trusted(const network *n, const request_claim *claim)
{
    bool found = false;
    for (size_t i = 0; i < n->n_trusted && !found; i++)
        found = memcmp(n->trusted[i], claim->key, TEAL_KEY_BYTES) == 0;
    return found && claim->kind == REQUEST_KEY;
}

/* NULL, or the rule that is broken. */
static const char *judge(const network *n, http_call *c, teal_arena *arena)
{
    const http_message *m = http_message_of(c);
    teal_diag why = { 0 };
    request_claim claim;
    bool found;
    if (request_read(m, http_body(c).len > 0, arena, &found, &claim, &why) != TEAL_OK)
        return why.rule;
    if (!found)
        return "REQ-SIG-14 the request is not signed";
    if (!is_trusted(n, &claim))
        return "REQ-SIG-14 the key is not the gateway's";
    if (!request_is_timely(&claim, clock_unix_ms()))
        return "REQ-SIG-5 `created` is too far from the clock";
    if (request_verify(m, http_body(c), &claim, claim.key, arena, &why) != TEAL_OK)
        return why.rule;
    return NULL;
}

bool signed_by_gateway(const network *n, http_call *c)
{
    teal_arena arena = { malloc(ARENA), ARENA, 0 };
    const char *wrong = n->n_trusted == 0    ? NULL
                        : arena.base != NULL ? judge(n, c, &arena)
                                             : "REQ-REST-4 out of memory";
    free(arena.base);
    if (wrong != NULL) {
        fprintf(stderr, "rcs: a request was refused: %s\n", wrong);
        http_problem(c, 401, "signature-invalid", wrong, "Sign it as section 9.0 says.", NULL);
    }
    return wrong == NULL;
}
