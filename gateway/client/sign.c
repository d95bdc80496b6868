/* teal sign: the header lines of one signed request, for other programs to send. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"
#include "gateway/request_signature.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

enum { MAX_BODY_BYTES = 16 << 20 };

static outcome read_body(const char *path, uint8_t **out, size_t *len)
{
    FILE *file = fopen(path, "rbe");
    uint8_t *body = malloc(MAX_BODY_BYTES + 1);
    outcome o = OUTCOME_OK;
    *len = 0;
    if (file == NULL || body == NULL)
        o = say(OUTCOME_USAGE, "%s: %s", path, strerror(errno));
    else
        *len = fread(body, 1, MAX_BODY_BYTES + 1, file);
    if (o == OUTCOME_OK && (ferror(file) || *len > MAX_BODY_BYTES))
        o = say(OUTCOME_USAGE, "%s: cannot be read, or is longer than any request", path);
    if (file != NULL)
        fclose(file);
    *out = body;
    return o;
}

static request_signer choose_signer(const session *s)
{
    request_signer signer = { .kind = REQUEST_KEY, .sk = s->operator_sk };
    if (s->operator_sk != NULL)
        return signer;
    if (s->options->as_account)
        return (request_signer){ .kind = REQUEST_ACCOUNT, .sk = s->keychain->secrets->account_sk };
    signer = (request_signer){ .kind = REQUEST_DEVICE, .sk = s->keychain->secrets->device_sk };
    account_device(s->keychain, signer.id);
    return signer;
}

static void print(const char *name, const char *value)
{
    if (value[0] != '\0')
        printf("%s: %s\n", name, value);
}

static outcome sign(const session *s, http_message *m, teal_bytes body)
{
    const request_signer signer = choose_signer(s);
    const char *type = s->options->type;
    http_field field = { teal_text("Content-Type"), teal_text(type != NULL ? type : "") };
    uint8_t nonce[REQUEST_NONCE_BYTES];
    request_signed made;
    m->method = teal_text(s->options->args[0]);
    if (type != NULL) {
        m->fields = &field;
        m->n_fields = 1;
    }
    randombytes_buf(nonce, sizeof nonce);
    if (request_sign(m, body, &signer, clock_unix_ms(), nonce, &made, NULL) != TEAL_OK)
        return say(OUTCOME_USAGE, "method, URL or type have characters that no request has");
    print("Content-Type", type != NULL ? type : "");
    print("Content-Digest", made.content_digest);
    print("Signature-Input", made.signature_input);
    print("Signature", made.signature);
    return OUTCOME_OK;
}

outcome command_sign(session *s)
{
    char *const *args = s->options->args;
    http_message m;
    uint8_t *body = NULL;
    size_t len = 0;
    outcome o = OUTCOME_OK;
    if (!http_message_of_url(teal_text(args[1]), &m))
        return say(OUTCOME_USAGE, "%s is no http:// or https:// URL", args[1]);
    if (s->options->n_args > 2)
        o = read_body(args[2], &body, &len);
    if (o == OUTCOME_OK)
        o = sign(s, &m, (teal_bytes){ body, len });
    free(body);
    return o;
}
