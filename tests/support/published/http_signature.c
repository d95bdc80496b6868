/* http_signature.json: requests with the fields that sign them, and what must be refused. */
#include "tests/support/published/parts.h"
#include "tests/support/published/published.h"

#include "gateway/request_signature.h"

#include "tests/support/devices.h"

enum { ALICE = 1, OTHER = 2, MAX_BASE = 2 << 10, MAX_FIELDS = 8 };

#define NOW_MS INT64_C(1795521600000)
#define HOST   "http://127.0.0.1:8480"

static const uint8_t nonce[REQUEST_NONCE_BYTES] = { 0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15 };

/* One request before it is signed. */
typedef struct request {
    const char *name, *method, *url, *body;
    request_key kind;
    struct {
        const char *name, *value;
    } fields[3];
} request;

static const request requests[] = {
    { "a device asks for its inbox",
      "GET",
      HOST "/v1/inbox?device=496aee756c735ece87f45113170798c9&wait_s=30",
      "",
      REQUEST_DEVICE,
      { { 0 } } },
    { "a device acknowledges",
      "POST",
      HOST "/v1/inbox/ack",
      "{\"device\":\"496aee756c735ece87f45113170798c9\",\"seqs\":[7]}",
      REQUEST_DEVICE,
      { { "Content-Type", "application/json" } } },
    { "an account publishes its manifest, at the scheme's own port",
      "PUT",
      "http://Teal.Example:80/v1/accounts/im%3Aalice%40native.example",
      "the manifest",
      REQUEST_ACCOUNT,
      { { "Content-Type", "application/vnd.teal.manifest" } } },
    { "a network sends an anonymous message",
      "POST",
      HOST "/v1/messages",
      "the message",
      REQUEST_KEY,
      { { "Content-Type", "message/cpim" },
        { "Rcs-From", "sip:bob@rcs.example" },
        { "Rcs-To", "im:alice@native.example" } } },
};
enum { N_REQUESTS = sizeof requests / sizeof requests[0], BODILY = 3 };

/* A request as it is sent; by whom. */
typedef struct sent {
    http_message m;
    http_field fields[MAX_FIELDS];
    teal_bytes url, body;
    request_signed s;
    uint8_t pk[32], sk[64];
    json_t *plain; /* the fields before it was signed */
} sent;

static json_t *fields_json(const http_message *m)
{
    json_t *out = json_object();
    for (size_t i = 0; i < m->n_fields; i++)
        json_object_setn_new(out, (const char *)m->fields[i].name.at, m->fields[i].name.len,
                             vector_text(m->fields[i].value));
    return out;
}

static void add(sent *q, const char *name, const char *value)
{
    q->fields[q->m.n_fields++] = (http_field){ teal_text(name), teal_text(value) };
}

static request_signer signer_of(const request *r, sent *q)
{
    request_signer signer = { .kind = r->kind, .sk = q->sk };
    const test_device device = test_device_of(ALICE);
    test_account_keys(ALICE, q->pk, q->sk);
    if (r->kind == REQUEST_DEVICE) {
        memcpy(q->pk, device.sign_pk, sizeof q->pk);
        memcpy(q->sk, device.sign_sk, sizeof q->sk);
        memcpy(signer.id, device.id, sizeof signer.id);
    }
    return signer;
}

static sent *sign(const request *r, teal_arena *a)
{
    sent *q = vector_room(a, sizeof *q);
    teal_diag why = { 0 };
    const request_signer signer = signer_of(r, q);
    q->url = teal_text(r->url);
    q->body = teal_text(r->body);
    expect_that(r->name, http_message_of_url(q->url, &q->m));
    q->m.method = teal_text(r->method);
    q->m.fields = q->fields;
    for (size_t i = 0; i < 3 && r->fields[i].name != NULL; i++)
        add(q, r->fields[i].name, r->fields[i].value);
    q->plain = fields_json(&q->m);
    expect_ok(r->name, request_sign(&q->m, q->body, &signer, NOW_MS, nonce, &q->s, &why), &why);
    if (q->s.content_digest[0] != '\0')
        add(q, "Content-Digest", q->s.content_digest);
    add(q, "Signature-Input", q->s.signature_input);
    add(q, "Signature", q->s.signature);
    return q;
}

/* Whoever gets it. */
static teal_result check(const sent *q, teal_arena *a, request_claim *claim, teal_diag *why)
{
    bool found;
    teal_result r = request_read(&q->m, q->body.len > 0, a, &found, claim, why);
    return r == TEAL_OK ? request_verify(&q->m, q->body, claim, q->pk, a, why) : r;
}

static json_t *signed_vector(const request *r, teal_arena *a)
{
    sent *q = sign(r, a);
    request_claim claim;
    teal_diag why = { 0 };
    teal_writer w = vector_writer(a, MAX_BASE);
    expect_ok(r->name, check(q, a, &claim, &why), &why);
    expect_ok(r->name, http_signature_base(&q->m, &claim.signature.input, &w, &why), &why);
    return vector_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "name",
                       r->name, "method", r->method, "url", vector_text(q->url), "body",
                       vector_text(q->body), "fields", q->plain, "keyid", vector_text(claim.keyid),
                       "created", (json_int_t)(NOW_MS / 1000), "nonce", vector_text(claim.nonce),
                       "seed", vector_hex(q->sk, 32), "key", vector_hex(q->pk, 32), "base",
                       vector_text(teal_written(&w)), "signed", fields_json(&q->m));
}

/* ---- what must be refused -------------------------------------------------------------------- */

static void other_method(sent *q)
{
    q->m.method = teal_text("PUT");
}

static void other_target(sent *q)
{
    q->url = teal_text(HOST "/v1/translate");
    q->m.target = teal_text("/v1/translate");
}

static void other_query(sent *q)
{
    q->url = teal_text(HOST "/v1/messages?a");
    q->m.target = teal_text("/v1/messages?a");
}

static void other_gateway(sent *q)
{
    q->url = teal_text("http://127.0.0.1:8481/v1/messages");
    q->m.authority = teal_text("127.0.0.1:8481");
}

static void other_body(sent *q)
{
    q->body = teal_text("the Message");
}

static void other_sender(sent *q)
{
    q->fields[1].value = teal_text("sip:eve@rcs.example");
}

static void field_gone(sent *q)
{
    q->fields[1].name = teal_text("X-Rcs-From");
}

static void other_key(sent *q)
{
    test_account_keys(OTHER, q->pk, q->sk);
}

static void no_value(sent *q)
{
    q->m.n_fields--;
}

static const struct {
    const char *name, *rule;
    void (*spoil)(sent *q);
} spoils[] = {
    { "another method", "REQ-SIG-10", other_method },
    { "another target", "REQ-SIG-10", other_target },
    { "another query", "REQ-SIG-10", other_query },
    { "another gateway", "REQ-SIG-10", other_gateway },
    { "another body", "REQ-SIG-4", other_body },
    { "another sender", "REQ-SIG-10", other_sender },
    { "a covered field has gone", "REQ-SIG-2", field_gone },
    { "another key", "REQ-SIG-10", other_key },
    { "no signature for its input", "REQ-SIG-1", no_value },
};

static json_t *refused_vector(size_t i, teal_arena *a)
{
    sent *q = sign(&requests[BODILY], a);
    request_claim claim;
    teal_diag why = { 0 };
    spoils[i].spoil(q);
    expect_refused(spoils[i].name, check(q, a, &claim, &why), &why, spoils[i].rule);
    json_decref(q->plain);
    return vector_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", spoils[i].name, "rule",
                       spoils[i].rule, "method", vector_text(q->m.method), "url",
                       vector_text(q->url), "body", vector_text(q->body), "key",
                       vector_hex(q->pk, 32), "signed", fields_json(&q->m));
}

json_t *published_http_signature(void)
{
    teal_arena a = vector_arena_open();
    json_t *good = json_array(), *refused = json_array();
    for (size_t i = 0; i < N_REQUESTS; i++)
        json_array_append_new(good, signed_vector(&requests[i], &a));
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++)
        json_array_append_new(refused, refused_vector(i, &a));
    vector_arena_close(&a);
    return vector_pack("{s:s, s:o, s:o}", "about",
                       "Signed requests: PROTOCOL.md section 9.0. See README.md.", "requests", good,
                       "refused", refused);
}
