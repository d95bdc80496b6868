/* See gateway.h. */
#include "tests/peers/rcs/gateway.h"

#include "codecs/base64.h"
#include "codecs/handle.h"
#include "tests/peers/rcs/fetch.h"

#include <sodium.h>
#include <stdio.h>

enum { MAX_URL = 1024 };

static teal_bytes text_of(const json_t *object, const char *member)
{
    const json_t *string = json_object_get(object, member);
    return (teal_bytes){ (const uint8_t *)json_string_value(string), json_string_length(string) };
}

/* The value of a base64url member, in the arena. */
static bool take_value(const json_t *object, const char *member, teal_arena *arena, teal_bytes *out)
{
    teal_bytes text = text_of(object, member);
    teal_writer w = { teal_arena_take(arena, text.len), text.len, 0 };
    if (text.len == 0 || w.base == NULL || teal_base64url_decode(text, &w, NULL) != TEAL_OK)
        return false;
    *out = teal_written(&w);
    return true;
}

static bool take_manifest(network *n, const json_t *object, teal_bytes handle, teal_arena *arena,
                          teal_manifest *out)
{
    teal_bytes encoded;
    return take_value(object, "manifest", arena, &encoded) &&
           teal_manifest_decode(encoded, arena, out, NULL) == TEAL_OK &&
           teal_manifest_verify(out, NULL) == TEAL_OK && teal_manifest_has_handle(out, handle) &&
           network_pin(n, handle, out->account_key);
}

static gateway_result ask(const network *n, const char *url, const char *content_type,
                          json_t **json)
{
    fetch_answer answer = fetch(&n->signer, url, content_type, (teal_bytes){ 0 });
    *json = answer.json;
    if (answer.status == 200)
        return GATEWAY_OK;
    return answer.status == 404 ? GATEWAY_NONE : GATEWAY_UNREACHABLE;
}

static gateway_result ask_directory(const network *n, teal_bytes handle, const char *after,
                                    const char *content_type, json_t **json)
{
    char before[MAX_URL], url[MAX_URL];
    snprintf(before, sizeof before, "%s/v1/directory/", n->gateway);
    if (!fetch_url(url, sizeof url, before, handle, after))
        return GATEWAY_NONE;
    return ask(n, url, content_type, json);
}

static gateway_result lies(const char *what, teal_bytes handle)
{
    fprintf(stderr, "rcs: the gateway's %s of %.*s does not hold\n", what, (int)handle.len,
            (const char *)handle.at);
    return GATEWAY_LIES;
}

gateway_result gateway_look_up(network *n, teal_bytes handle, teal_arena *arena, teal_manifest *out)
{
    json_t *json = NULL;
    gateway_result result = ask_directory(n, handle, "", NULL, &json);
    if (result == GATEWAY_OK && json_object_get(json, "manifest") == NULL)
        result = GATEWAY_NONE;
    else if (result == GATEWAY_OK && !take_manifest(n, json, handle, arena, out))
        result = lies("manifest", handle);
    json_decref(json);
    return result;
}

/* A prekey that its device of the manifest has signed. */
static bool take_prekey(const json_t *object, const teal_manifest *m, teal_arena *arena,
                        teal_seal_to *out)
{
    teal_bytes hex = text_of(object, "device"), encoded;
    teal_prekey prekey;
    size_t len = 0;
    if (hex.len != 2 * TEAL_DEVICE_BYTES ||
        sodium_hex2bin(out->device, sizeof out->device, (const char *)hex.at, hex.len, NULL, &len,
                       NULL) != 0 ||
        len != sizeof out->device)
        return false;
    const teal_device *device = teal_manifest_device(m, out->device);
    if (device == NULL || !take_value(object, "prekey", arena, &encoded) ||
        teal_prekey_decode(encoded, &prekey, NULL) != TEAL_OK ||
        teal_prekey_verify(&prekey, device->id, device->signing_key, NULL) != TEAL_OK)
        return false;
    out->prekey_id = prekey.id;
    memcpy(out->prekey, prekey.key, sizeof out->prekey);
    return true;
}

gateway_result gateway_claim(network *n, teal_bytes handle, teal_arena *arena, teal_seal_to *to,
                             size_t *n_to)
{
    json_t *json = NULL;
    teal_manifest m;
    *n_to = 0;
    gateway_result result = ask_directory(n, handle, "/claim", "application/json", &json);
    if (result != GATEWAY_OK)
        goto out;
    const json_t *prekeys = json_object_get(json, "prekeys");
    bool holds =
        take_manifest(n, json, handle, arena, &m) && json_array_size(prekeys) <= TEAL_MAX_DEVICES;
    for (size_t i = 0; holds && i < json_array_size(prekeys); i++)
        holds = take_prekey(json_array_get(prekeys, i), &m, arena, &to[(*n_to)++]);
    if (!holds)
        result = lies("claim", handle);
out:
    json_decref(json);
    return result;
}

const teal_device *gateway_device(const gateway_card *card, const char *name)
{
    for (size_t i = 0; i < card->manifest.n_devices; i++)
        if (teal_bytes_equal(card->manifest.devices[i].name, teal_text(name)))
            return &card->manifest.devices[i];
    return NULL;
}

static bool take_card(network *n, const json_t *json, teal_arena *arena, gateway_card *out)
{
    teal_bytes encoded;
    teal_prekey key;
    out->handle = teal_arena_copy(arena, text_of(json, "handle"));
    if (!teal_handle_is_canonical(out->handle) ||
        !take_manifest(n, json, out->handle, arena, &out->manifest))
        return false;
    const teal_device *room = gateway_device(out, "plaintext");
    if (room == NULL || !take_value(json, "downgrade_key", arena, &encoded) ||
        teal_prekey_decode(encoded, &key, NULL) != TEAL_OK ||
        teal_prekey_verify(&key, room->id, room->signing_key, NULL) != TEAL_OK)
        return false;
    memcpy(out->downgrade_key, key.key, sizeof out->downgrade_key);
    return true;
}

gateway_result gateway_ask_card(network *n, teal_arena *arena, gateway_card *out)
{
    char url[MAX_URL];
    json_t *json = NULL;
    snprintf(url, sizeof url, "%s/v1/gateway", n->gateway);
    gateway_result result = ask(n, url, NULL, &json);
    if (result == GATEWAY_OK && !take_card(n, json, arena, out))
        result = lies("card", teal_text("itself"));
    json_decref(json);
    return result;
}
