/* The profile of RFC 9421 that PROTOCOL.md section 9.0 asks for. */
#include "gateway/request_signature.h"

#include "codecs/ascii.h"
#include "codecs/base64.h"
#include "gateway/content_digest.h"

#include <sodium.h>

#define TAG       "teal"
#define ALGORITHM "ed25519"
#define ALWAYS    "\"@method\" \"@authority\" \"@path\" \"@query\""
#define DEMANDED  ");created;alg=\"" ALGORITHM "\";tag=\"" TAG "\""

static const char *const always[] = { "@method", "@authority", "@path", "@query" };
/* Covered where the message has them. */
static const char *const if_there[] = { "content-digest", "content-type", "rcs-from", "rcs-to" };
enum {
    N_ALWAYS = sizeof always / sizeof always[0],
    N_IF_THERE = sizeof if_there / sizeof if_there[0],
    MAX_FIELDS = 16,       /* of a request that we sign */
    ARENA_BYTES = 8 << 10, /* its base */
};

static const char *const prefixes[] = {
    [REQUEST_DEVICE] = "device:",
    [REQUEST_ACCOUNT] = "account:",
    [REQUEST_KEY] = "key:",
};

const char *request_accept(bool has_body)
{
    return has_body ? TAG "=(" ALWAYS " \"content-digest\" \"content-type\"" DEMANDED
                    : TAG "=(" ALWAYS DEMANDED;
}

/* ---- signing --------------------------------------------------------------------------------- */

static void write_keyid(const request_signer *s, teal_writer *w)
{
    char hex[2 * TEAL_DEVICE_BYTES + 1];
    uint8_t pk[TEAL_KEY_BYTES];
    teal_write_text(w, prefixes[s->kind]);
    if (s->kind == REQUEST_DEVICE) {
        teal_write_text(w, sodium_bin2hex(hex, sizeof hex, s->id, sizeof s->id));
    } else {
        crypto_sign_ed25519_sk_to_pk(pk, s->sk);
        teal_base64url_encode(TEAL_VIEW(pk), w);
    }
}

static structured_value string_of(teal_bytes text)
{
    return (structured_value){ .kind = STRUCTURED_STRING, .bytes = text };
}

static size_t list_components(const http_message *m,
                              structured_item out[static N_ALWAYS + N_IF_THERE])
{
    size_t n = 0;
    for (size_t i = 0; i < N_ALWAYS; i++)
        out[n++] = (structured_item){ .value = string_of(teal_text(always[i])) };
    for (size_t i = 0; i < N_IF_THERE; i++)
        if (http_message_has(m, if_there[i]))
            out[n++] = (structured_item){ .value = string_of(teal_text(if_there[i])) };
    return n;
}

/* The member of a dictionary, NUL-terminated. */
static bool write_dictionary(const structured_member *m, char *out, size_t cap)
{
    teal_writer w = { (uint8_t *)out, cap, 0 };
    structured_write_dictionary(&(structured_dictionary){ m, 1 }, &w);
    teal_write_u8(&w, '\0');
    return teal_write_fits(&w);
}

static teal_result sign(const http_message *m, const request_signer *signer,
                        const structured_list *input, request_signed *out, teal_diag *why)
{
    uint8_t scratch[ARENA_BYTES], signature[TEAL_SIGNATURE_BYTES];
    const teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_result r = http_signature_sign(m, input, signer->sk, &arena, signature, why);
    if (r != TEAL_OK)
        return r;
    const structured_member described = { .key = teal_text(TAG), .is_list = true, .list = *input };
    const structured_member value = {
        .key = teal_text(TAG),
        .item.value = { .kind = STRUCTURED_BYTES, .bytes = TEAL_VIEW(signature) },
    };
    if (!write_dictionary(&described, out->signature_input, sizeof out->signature_input) ||
        !write_dictionary(&value, out->signature, sizeof out->signature))
        return teal_refuse(TEAL_SPACE, "the signature's fields are too long", 0, why);
    return TEAL_OK;
}

teal_result request_sign(const http_message *m, teal_bytes body, const request_signer *signer,
                         int64_t now_ms, const uint8_t nonce[static REQUEST_NONCE_BYTES],
                         request_signed *out, teal_diag *why)
{
    http_field fields[MAX_FIELDS];
    uint8_t keyid[REQUEST_MAX_KEYID], random[REQUEST_MAX_NONCE];
    teal_writer d = { (uint8_t *)out->content_digest, sizeof out->content_digest - 1, 0 },
                k = { keyid, sizeof keyid, 0 }, n = { random, sizeof random, 0 };
    http_message whole = *m;
    *out = (request_signed){ 0 };
    if (m->n_fields >= MAX_FIELDS)
        return teal_refuse(TEAL_SPACE, "more fields than are sent", 0, why);
    if (body.len > 0) {
        if (m->n_fields > 0)
            memcpy(fields, m->fields, m->n_fields * sizeof fields[0]);
        content_digest_write(body, &d);
        fields[whole.n_fields++] = (http_field){ teal_text("content-digest"), teal_written(&d) };
        whole.fields = fields;
    }
    write_keyid(signer, &k);
    teal_base64url_encode((teal_bytes){ nonce, REQUEST_NONCE_BYTES }, &n);

    const structured_value created = { .kind = STRUCTURED_INTEGER, .number = now_ms / 1000 };
    const structured_parameter parameters[] = {
        { teal_text("created"), created },
        { teal_text("nonce"), string_of(teal_written(&n)) },
        { teal_text("keyid"), string_of(teal_written(&k)) },
        { teal_text("alg"), string_of(teal_text(ALGORITHM)) },
        { teal_text("tag"), string_of(teal_text(TAG)) },
    };
    structured_item components[N_ALWAYS + N_IF_THERE];
    const structured_list input = {
        .items = components,
        .n = list_components(&whole, components),
        .parameters = { parameters, sizeof parameters / sizeof parameters[0] },
    };
    return sign(&whole, signer, &input, out, why);
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool covers(const structured_list *input, const char *component)
{
    bool found = false;
    for (size_t i = 0; i < input->n && !found; i++) {
        const structured_item *item = &input->items[i];
        found = item->value.kind == STRUCTURED_STRING && item->parameters.n == 0 &&
                teal_bytes_equal(item->value.bytes, teal_text(component));
    }
    return found;
}

static teal_result check_coverage(const http_message *m, bool has_body,
                                  const structured_list *input, teal_diag *why)
{
    bool good = !has_body || covers(input, "content-digest");
    for (size_t i = 0; i < N_ALWAYS && good; i++)
        good = covers(input, always[i]);
    for (size_t i = 0; i < N_IF_THERE && good; i++)
        good = !http_message_has(m, if_there[i]) || covers(input, if_there[i]);
    return good ? TEAL_OK
                : teal_refuse(TEAL_MALFORMED,
                              "REQ-SIG-2 the signature leaves something out that it must cover", 0,
                              why);
}

/* NULL: there is none of that kind. */
static const structured_value *parameter(const structured_list *input, const char *key,
                                         structured_kind kind)
{
    const structured_value *v = structured_parameter_of(&input->parameters, key);
    return v != NULL && v->kind == kind ? v : NULL;
}

static bool is_nonce(teal_bytes b)
{
    return b.len >= REQUEST_MIN_NONCE && b.len <= REQUEST_MAX_NONCE && teal_ascii_is_visible(b);
}

static teal_result read_parameters(const structured_list *input, request_claim *out, teal_diag *why)
{
    const structured_value *created = parameter(input, "created", STRUCTURED_INTEGER),
                           *nonce = parameter(input, "nonce", STRUCTURED_STRING),
                           *keyid = parameter(input, "keyid", STRUCTURED_STRING),
                           *alg = structured_parameter_of(&input->parameters, "alg");
    if (created == NULL || nonce == NULL || keyid == NULL)
        return teal_refuse(TEAL_MALFORMED, "REQ-SIG-3 created, nonce or keyid is missing", 0, why);
    if (!is_nonce(nonce->bytes))
        return teal_refuse(TEAL_MALFORMED, "REQ-SIG-3 the nonce is not of 16 to 64 characters", 0,
                           why);
    if (alg != NULL &&
        (alg->kind != STRUCTURED_STRING || !teal_bytes_equal(alg->bytes, teal_text(ALGORITHM))))
        return teal_refuse(TEAL_MALFORMED, "REQ-SIG-3 alg is not ed25519", 0, why);
    out->created_s = created->number;
    out->nonce = nonce->bytes;
    out->keyid = keyid->bytes;
    return TEAL_OK;
}

/* 32 digits in lower case: an id has one form. */
static bool read_device(teal_bytes hex, uint8_t id[static TEAL_DEVICE_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < hex.len; i++)
        if (hex.at[i] != teal_ascii_lower(hex.at[i]))
            return false;
    return hex.len == 2 * TEAL_DEVICE_BYTES &&
           sodium_hex2bin(id, TEAL_DEVICE_BYTES, (const char *)hex.at, hex.len, NULL, &len, NULL) ==
               0 &&
           len == TEAL_DEVICE_BYTES;
}

static teal_result read_keyid(request_claim *out, teal_diag *why)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        teal_bytes prefix = teal_text(prefixes[i]);
        if (out->keyid.len < prefix.len || memcmp(out->keyid.at, prefix.at, prefix.len) != 0)
            continue;
        teal_bytes value = { out->keyid.at + prefix.len, out->keyid.len - prefix.len };
        out->kind = (request_key)i;
        if (i == REQUEST_DEVICE
                ? read_device(value, out->id)
                : teal_base64url_decode_exact(value, out->key, TEAL_KEY_BYTES, NULL) == TEAL_OK)
            return TEAL_OK;
    }
    return teal_refuse(TEAL_MALFORMED, "REQ-SIG-7 keyid is neither a device, an account nor a key",
                       0, why);
}

teal_result request_read(const http_message *m, bool has_body, teal_arena *arena, bool *found,
                         request_claim *out, teal_diag *why)
{
    *out = (request_claim){ 0 };
    teal_result r = http_signature_find(m, TAG, arena, &out->signature, why);
    *found = r != TEAL_OK || out->signature.label.len > 0;
    if (r != TEAL_OK || !*found)
        return r;
    r = check_coverage(m, has_body, &out->signature.input, why);
    if (r == TEAL_OK)
        r = read_parameters(&out->signature.input, out, why);
    return r == TEAL_OK ? read_keyid(out, why) : r;
}

bool request_is_timely(const request_claim *claim, int64_t now_ms)
{
    const structured_value *expires =
        structured_parameter_of(&claim->signature.input.parameters, "expires");
    int64_t now_s = now_ms / 1000;
    bool expired =
        expires != NULL && (expires->kind != STRUCTURED_INTEGER || expires->number <= now_s);
    return claim->created_s >= now_s - REQUEST_WINDOW_S &&
           claim->created_s <= now_s + REQUEST_WINDOW_S && !expired;
}

teal_result request_verify(const http_message *m, teal_bytes body, const request_claim *claim,
                           const uint8_t key[static TEAL_KEY_BYTES], teal_arena *arena,
                           teal_diag *why)
{
    teal_result r = http_signature_verify(m, &claim->signature, key, arena, why);
    if (r != TEAL_OK || !http_message_has(m, "content-digest"))
        return r;
    teal_bytes field;
    r = http_message_take_field(m, "content-digest", arena, &field, why);
    return r == TEAL_OK ? content_digest_check(field, body, arena, why) : r;
}
