/* REQ-DIR-22, -23 from the side of a peer. */
#include "tests/peers/rcs/directory.h"

#include "codecs/base64.h"
#include "tests/peers/rcs/signed.h"

#include <sodium.h>

enum { TTL_S = 60, MAX_PREKEY_BYTES = 128 };

static json_t *base64url_json(teal_bytes value)
{
    char text[TEAL_MAX_MANIFEST_BYTES / 3 * 4 + 4];
    teal_writer w = { (uint8_t *)text, sizeof text, 0 };
    teal_base64url_encode(value, &w);
    return json_stringn(text, w.len);
}

static json_t *handle_json(const http_call *c)
{
    teal_bytes handle = http_parameter(c);
    return json_stringn((const char *)handle.at, handle.len);
}

void directory_get(http_call *c, void *arg)
{
    if (!signed_by_gateway(arg, c))
        return;
    const user *u = network_find(arg, http_parameter(c));
    if (u == NULL) {
        http_problem(c, 404, "recipient-unroutable", "REQ-DIR-22 nobody here has the handle",
                     "Check the handle.", NULL);
        return;
    }
    json_t *answer = json_pack("{s:o, s:s, s:i}", "handle", handle_json(c), "capability",
                               u->account != NULL ? "sealed" : "plain", "ttl_s", TTL_S);
    if (u->account != NULL)
        json_object_set_new(answer, "manifest", base64url_json(account_manifest(u->account)));
    http_answer(c, 200, answer);
}

static json_t *prekey_json(const account *a, const teal_prekey *p)
{
    uint8_t encoded[MAX_PREKEY_BYTES];
    char hex[2 * TEAL_DEVICE_BYTES + 1];
    teal_writer w = { encoded, sizeof encoded, 0 };
    if (teal_prekey_encode(p, &w) != TEAL_OK)
        return NULL;
    sodium_bin2hex(hex, sizeof hex, account_device(a), TEAL_DEVICE_BYTES);
    return json_pack("{s:s, s:o}", "device", hex, "prekey", base64url_json(teal_written(&w)));
}

void directory_claim(http_call *c, void *arg)
{
    network *n = arg;
    if (!signed_by_gateway(n, c))
        return;
    user *u = network_find(n, http_parameter(c));
    if (u == NULL || u->account == NULL) {
        http_problem(c, 404, "recipient-not-sealed",
                     "REQ-DIR-23 the handle has no manifest, nobody can seal to it",
                     "Look the handle up.", NULL);
        return;
    }
    pthread_mutex_lock(&n->lock);
    teal_prekey claimed = account_claim(u->account);
    pthread_mutex_unlock(&n->lock);
    http_answer(c, 200,
                json_pack("{s:o, s:o, s:[o]}", "handle", handle_json(c), "manifest",
                          base64url_json(account_manifest(u->account)), "prekeys",
                          prekey_json(u->account, &claimed)));
}
