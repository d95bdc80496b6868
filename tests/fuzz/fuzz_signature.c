/* A request whose header lines are the input, one a line, "name: value": whatever is said of its
 * signature is judged without harm, and what passes can be signed again. */
#include "gateway/request_signature.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_FIELDS = 32, MAX_REQUEST = 8192 };

/* Up to the next newline that no blank follows: a folded line stays whole. */
static size_t line_end(teal_bytes in)
{
    size_t n = 0;
    while (n < in.len && !(in.at[n] == '\n' && (n + 1 == in.len || in.at[n + 1] != ' ')))
        n++;
    return n;
}

static size_t read_fields(teal_bytes in, http_field out[static MAX_FIELDS])
{
    size_t n = 0;
    while (in.len > 0 && n < MAX_FIELDS) {
        size_t end = line_end(in), colon = 0;
        while (colon < end && in.at[colon] != ':')
            colon++;
        out[n].name = (teal_bytes){ in.at, colon };
        out[n].value =
            colon < end ? (teal_bytes){ in.at + colon + 1, end - colon - 1 } : (teal_bytes){ 0 };
        n++;
        end += end < in.len;
        in = (teal_bytes){ in.at + end, in.len - end };
    }
    return n;
}

static void check_claim(const http_message *m, const request_claim *claim, teal_arena *arena)
{
    static const uint8_t key[TEAL_KEY_BYTES] = { 1 };
    teal_diag why = { 0 };
    require(claim->nonce.len >= REQUEST_MIN_NONCE && claim->nonce.len <= REQUEST_MAX_NONCE);
    require(claim->keyid.len > 0 && claim->keyid.len <= REQUEST_MAX_KEYID);
    (void)request_is_timely(claim, claim->created_s * 1000);
    require(request_verify(m, teal_text("body"), claim, key, arena, &why) != TEAL_OK);
    require(why.rule != NULL);
}

/* Whatever fields it has: a request that can be signed can be read again by its reader. */
static void check_signing(const http_message *m)
{
    static uint8_t memory[64 << 10];
    static const uint8_t sk[64] = { 2 }, nonce[REQUEST_NONCE_BYTES] = { 3 };
    const request_signer signer = { .kind = REQUEST_DEVICE, .sk = sk };
    request_signed out;
    if (request_sign(m, teal_text("body"), &signer, 1000, nonce, &out, NULL) != TEAL_OK)
        return;
    teal_arena arena = { memory, sizeof memory, 0 };
    structured_dictionary d;
    require(structured_read_dictionary(teal_text(out.signature_input), &arena, &d, NULL) ==
            TEAL_OK);
    require(d.n == 1 && d.members[0].is_list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[256 << 10];
    teal_arena arena = { memory, sizeof memory, 0 };
    http_field fields[MAX_FIELDS];
    request_claim claim;
    teal_diag why = { 0 };
    bool found = false;
    if (size > MAX_REQUEST)
        return 0;
    http_message m = { teal_text("POST"),
                       teal_text("http"),
                       teal_text("127.0.0.1:8480"),
                       teal_text("/v1/messages?a=b"),
                       0,
                       fields,
                       0 };
    m.n_fields = read_fields((teal_bytes){ data, size }, fields);
    check_signing(&m);
    if (request_read(&m, true, &arena, &found, &claim, &why) != TEAL_OK)
        require(found && why.rule != NULL);
    else if (found)
        check_claim(&m, &claim, &arena);
    return 0;
}
