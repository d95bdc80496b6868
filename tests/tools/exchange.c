/* Has the codecs open, seal, translate and decode what another implementation sends, and the other
 * way round: for the tests of tests/conformance. One order a line, fields separated by tabs, octets
 * in hexadecimal (`-`: none); answers a line for each: `ok` and its fields, or the broken rule.
 *
 *   open ENVELOPE SIGNING-KEY DEVICE PREKEY-ID PREKEY-PRIVATE    ok CONTENT
 *   fallback ENVELOPE GATEWAY-PRIVATE                            ok FALLBACK
 *   seal ENVELOPE SIGNING-SEED CONTENT GATEWAY-PUBLIC FALLBACK [DEVICE PREKEY-ID PREKEY]...
 *       ok ENVELOPE: with the header and consent of the first, fresh randomness for the rest
 *   to-cpim ENVELOPE HIDES       ok CPIM; HIDES: 1 From, 2 To
 *   to-native CPIM FROM TO       ok ENVELOPE HIDES; FROM and TO: the routing outside
 *   decode WHAT OCTETS           ok OCTETS, encoded again; handles: made canonical
 */
#include "codecs/handle.h"
#include "codecs/native/content.h"
#include "codecs/native/hpke.h"
#include "codecs/native/manifest.h"
#include "codecs/native/receipt.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"
#include "codecs/rcs/e2ee.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROOM = 16 << 20,
    MAX_FIELDS = 128,
    FIXED_FIELDS = 6,
    MAX_TO = (MAX_FIELDS - FIXED_FIELDS) / 3
};

typedef struct order {
    char *fields[MAX_FIELDS];
    size_t n;
    teal_arena arena;
    teal_diag why;
} order;

static void fail(const char *what)
{
    fprintf(stderr, "exchange: %s\n", what);
    exit(1);
}

static void *take(order *o, size_t count, size_t size)
{
    void *room = teal_arena_array(&o->arena, count, size);
    if (room == NULL)
        fail("out of room");
    return room;
}

static const char *field(const order *o, size_t i)
{
    if (i >= o->n)
        fail("a field is missing");
    return o->fields[i];
}

static teal_bytes octets(order *o, size_t i)
{
    const char *hex = field(o, i);
    size_t len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *at = take(o, len, 1);
    if (sodium_hex2bin(at, len, hex, 2 * len, NULL, NULL, NULL) != 0)
        fail("no hexadecimal");
    return (teal_bytes){ at, len };
}

static const uint8_t *exactly(order *o, size_t i, size_t len)
{
    teal_bytes b = octets(o, i);
    if (b.len != len)
        fail("another length");
    return b.at;
}

static uint32_t number(const order *o, size_t i)
{
    return (uint32_t)strtoul(field(o, i), NULL, 10);
}

static void say_octets(teal_bytes b)
{
    fputs(b.len == 0 ? "\t-" : "\t", stdout);
    for (size_t i = 0; i < b.len; i++)
        printf("%02x", b.at[i]);
}

/* Says `ok` and those octets, or the rule. */
static void answer(const order *o, teal_result result, teal_bytes b)
{
    if (result == TEAL_OK) {
        fputs("ok", stdout);
        say_octets(b);
    } else if (o->why.rule != NULL)
        fputs(o->why.rule, stdout);
    else
        fail("refused without a rule");
}

typedef teal_result encode(const void *value, teal_writer *out);

static teal_bytes encoded(order *o, encode *encode_value, const void *value)
{
    teal_writer size = { 0 };
    teal_result result = encode_value(value, &size);
    teal_writer w = { take(o, size.len, 1), size.len, 0 };
    if ((result != TEAL_SPACE && size.len > 0) || encode_value(value, &w) != TEAL_OK)
        fail("what was decoded cannot be encoded");
    return teal_written(&w);
}

static teal_result encode_envelope(const void *value, teal_writer *out)
{
    return teal_envelope_encode(value, out);
}

static teal_result encode_manifest(const void *value, teal_writer *out)
{
    return teal_manifest_encode(value, out);
}

static teal_result encode_prekeys(const void *value, teal_writer *out)
{
    return teal_prekeys_encode(value, out);
}

static teal_result encode_receipt(const void *value, teal_writer *out)
{
    return teal_receipt_encode(value, out);
}

static void open_order(order *o)
{
    teal_envelope e;
    const uint8_t *signing_key = exactly(o, 2, 32), *device = exactly(o, 3, TEAL_DEVICE_BYTES);
    const uint8_t *prekey_sk = exactly(o, 5, 32);
    uint8_t prekey_pk[32];
    size_t i = 0;
    teal_bytes content = { 0 };
    crypto_scalarmult_base(prekey_pk, prekey_sk);
    teal_result result = teal_envelope_decode(octets(o, 1), &o->arena, &e, &o->why);
    if (result == TEAL_OK)
        result = teal_envelope_verify(&e, NULL, signing_key, &o->arena, &o->why);
    if (result == TEAL_OK) {
        uint8_t *room = take(o, e.ciphertext.len, 1);
        while (i < e.n_keys && (memcmp(e.keys[i].device, device, TEAL_DEVICE_BYTES) != 0 ||
                                e.keys[i].prekey_id != number(o, 4)))
            i++;
        if (i == e.n_keys)
            fail("no key for that device");
        result = teal_open(&e, &e.keys[i], prekey_pk, prekey_sk, room, &content.len, &o->why);
        content.at = room;
    }
    answer(o, result, content);
}

static void fallback_order(order *o)
{
    teal_envelope e;
    const uint8_t *gateway_sk = exactly(o, 2, 32);
    uint8_t gateway_pk[32];
    teal_bytes fallback = { 0 };
    crypto_scalarmult_base(gateway_pk, gateway_sk);
    teal_result result = teal_envelope_decode(octets(o, 1), &o->arena, &e, &o->why);
    if (result == TEAL_OK) {
        uint8_t *room = take(o, TEAL_MAX_FALLBACK_BYTES, 1);
        result = teal_fallback_open(&e, gateway_pk, gateway_sk, room, &fallback.len, &o->why);
        fallback.at = room;
    }
    answer(o, result, fallback);
}

static void seal_order(order *o)
{
    teal_envelope e;
    teal_seal_to to[MAX_TO];
    uint8_t pk[32], sk[64], message_key[32], eph[(MAX_TO + 1) * 32];
    size_t n = 0;
    teal_bytes content = octets(o, 3), fallback = octets(o, 5);
    for (size_t at = FIXED_FIELDS; at < o->n; at += 3, n++) {
        memcpy(to[n].device, exactly(o, at, TEAL_DEVICE_BYTES), TEAL_DEVICE_BYTES);
        to[n].prekey_id = number(o, at + 1);
        memcpy(to[n].prekey, exactly(o, at + 2, 32), 32);
    }
    crypto_sign_seed_keypair(pk, sk, exactly(o, 2, 32));
    randombytes_buf(message_key, sizeof message_key);
    randombytes_buf(eph, sizeof eph);
    teal_result result = teal_envelope_decode(octets(o, 1), &o->arena, &e, &o->why);
    if (result == TEAL_OK)
        result =
            teal_seal(&e, content, to, n, message_key, eph, take(o, n, sizeof(teal_wrapped_key)),
                      take(o, teal_seal_ciphertext_len(content.len), 1));
    if (result == TEAL_OK && e.has_downgrade) {
        const uint8_t *gateway_pk = exactly(o, 4, 32);
        teal_gateway_key_id(gateway_pk, e.downgrade.gateway_key);
        result = teal_fallback_seal(&e, gateway_pk, eph + MAX_TO * 32, fallback, take(o, 32, 1),
                                    take(o, fallback.len + TEAL_HPKE_TAG_BYTES, 1));
    }
    if (result == TEAL_OK)
        result = teal_envelope_sign(&e, sk, &o->arena);
    answer(o, result, result == TEAL_OK ? encoded(o, encode_envelope, &e) : (teal_bytes){ 0 });
}

static void to_cpim_order(order *o)
{
    teal_envelope e;
    uint32_t hides = number(o, 2);
    teal_rcs_routing routing = { .hides_from = (hides & 1) != 0, .hides_to = (hides & 2) != 0 };
    teal_writer w = { 0 };
    teal_result result = teal_envelope_decode(octets(o, 1), &o->arena, &e, &o->why);
    if (result == TEAL_OK) {
        w.base = take(o, w.cap = 4 << 20, 1);
        if (teal_e2ee_encode(&e, &routing, &w) != TEAL_OK)
            fail("what was decoded cannot be written as CPIM");
    }
    answer(o, result, teal_written(&w));
}

static void to_native_order(order *o)
{
    teal_envelope e;
    teal_rcs_routing routing = { .from = octets(o, 2), .to = octets(o, 3) };
    teal_result result = teal_e2ee_decode(octets(o, 1), &o->arena, &routing, &e, &o->why);
    answer(o, result, result == TEAL_OK ? encoded(o, encode_envelope, &e) : (teal_bytes){ 0 });
    if (result == TEAL_OK)
        printf("\t%d", routing.hides_from + 2 * routing.hides_to);
}

static teal_result decode_envelope(order *o, teal_bytes in, teal_bytes *out)
{
    teal_envelope e;
    teal_result result = teal_envelope_decode(in, &o->arena, &e, &o->why);
    *out = result == TEAL_OK ? encoded(o, encode_envelope, &e) : in;
    return result;
}

static teal_result decode_manifest(order *o, teal_bytes in, teal_bytes *out)
{
    teal_manifest m;
    teal_result result = teal_manifest_decode(in, &o->arena, &m, &o->why);
    *out = result == TEAL_OK ? encoded(o, encode_manifest, &m) : in;
    return result;
}

static teal_result decode_prekeys(order *o, teal_bytes in, teal_bytes *out)
{
    teal_prekeys p;
    teal_result result = teal_prekeys_decode(in, &o->arena, &p, &o->why);
    *out = result == TEAL_OK ? encoded(o, encode_prekeys, &p) : in;
    return result;
}

static teal_result decode_receipt(order *o, teal_bytes in, teal_bytes *out)
{
    teal_receipt r;
    teal_result result = teal_receipt_decode(in, &o->arena, &r, &o->why);
    *out = result == TEAL_OK ? encoded(o, encode_receipt, &r) : in;
    return result;
}

/* Contents are not canonical: that they were taken is all there is to compare. */
static teal_result decode_content(order *o, teal_bytes in, teal_bytes *out)
{
    Teal__V1__Content *c;
    *out = in;
    return teal_content_decode(in, &o->arena, &c, &o->why);
}

static teal_result decode_fallback(order *o, teal_bytes in, teal_bytes *out)
{
    Teal__V1__Fallback *f;
    *out = in;
    return teal_fallback_decode(in, &o->arena, &f, &o->why);
}

static teal_result decode_handle(order *o, teal_bytes in, teal_bytes *out)
{
    teal_writer w = { take(o, TEAL_MAX_HANDLE_BYTES, 1), TEAL_MAX_HANDLE_BYTES, 0 };
    teal_result result = teal_handle_canonicalize(in, &w, &o->why);
    *out = result == TEAL_OK ? teal_written(&w) : in;
    return result;
}

static void decode_order(order *o)
{
    static const struct {
        const char *name;
        teal_result (*decode)(order *o, teal_bytes in, teal_bytes *out);
    } what[] = {
        { "envelope", decode_envelope }, { "manifest", decode_manifest },
        { "prekeys", decode_prekeys },   { "receipt", decode_receipt },
        { "content", decode_content },   { "fallback", decode_fallback },
        { "handle", decode_handle },
    };
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++)
        if (strcmp(field(o, 1), what[i].name) == 0) {
            teal_bytes out;
            teal_result result = what[i].decode(o, octets(o, 2), &out);
            answer(o, result, out);
            return;
        }
    fail("decode what?");
}

static void obey(order *o)
{
    static const struct {
        const char *name;
        void (*obey)(order *o);
    } orders[] = {
        { "open", open_order },       { "fallback", fallback_order },   { "seal", seal_order },
        { "to-cpim", to_cpim_order }, { "to-native", to_native_order }, { "decode", decode_order },
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (strcmp(field(o, 0), orders[i].name) == 0) {
            orders[i].obey(o);
            putchar('\n');
            return;
        }
    fail("no such order");
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    uint8_t *room = malloc(ROOM);
    if (sodium_init() < 0 || room == NULL)
        fail("cannot start");
    while (getline(&line, &cap, stdin) > 0) {
        order o = { .arena = { room, ROOM, 0 } };
        line[strcspn(line, "\n")] = '\0';
        for (char *rest = line; rest != NULL && o.n < MAX_FIELDS;)
            o.fields[o.n++] = strsep(&rest, "\t");
        obey(&o);
    }
    free(line);
    free(room);
    return 0;
}
