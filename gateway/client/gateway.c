/* teal gateway: for an operator, the keys of the gateway itself. */
#include "gateway/client/commands.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"

#include "codecs/native/manifest.h"
#include "codecs/native/seal.h"

/* The room chooses the key; what the answer says of it is shown, and checked by everybody who
 * seals to it. */
static void report(const session *s, const json_t *answer)
{
    uint8_t buf[512], id[TEAL_GATEWAY_KEY_BYTES];
    teal_arena arena = { buf, sizeof buf, 0 };
    teal_bytes encoded;
    teal_prekey key;
    if (s->options->json) {
        session_print(answer);
        return;
    }
    if (!member_bytes(answer, "downgrade_key", &arena, &encoded) ||
        teal_prekey_decode(encoded, &key, NULL) != TEAL_OK)
        return;
    teal_gateway_key_id(key.key, id);
    printf("The gateway's downgrade key is another one now: ");
    for (size_t i = 0; i < sizeof id; i++)
        printf("%02x", id[i]);
    puts(".\nConsents that are sealed to the one before count until its overlap has ended.");
}

outcome command_gateway(session *s)
{
    json_t *answer = NULL;
    char *const *args = s->options->args;
    if (strcmp(args[0], "rotate") != 0 || strcmp(args[1], "downgrade") != 0)
        return say(OUTCOME_USAGE, "only the downgrade key is replaced while the gateway runs: teal "
                                  "gateway rotate downgrade (others: teald --help)");
    outcome o = session_explain(
        s, api_operate(s->api, "POST", "/v1/gateway/keys/downgrade", NULL, &answer));
    if (o == OUTCOME_OK)
        report(s, answer);
    json_decref(answer);
    return o;
}
