/* teal init: a new account, a new device, the first sight of a gateway. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/contacts.h"
#include "gateway/client/home_gateway.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"

static outcome check_name(const char *name)
{
    if (teal_device_name_is_valid(teal_text(name)))
        return OUTCOME_OK;
    return say(OUTCOME_USAGE, "REQ-DIR-4 a device's name is at most 64 octets of UTF-8 without "
                              "control characters");
}

static void report(const session *s, const verify_gateway *g)
{
    char text[CONTACTS_FINGERPRINT_BYTES];
    uint8_t device[TEAL_DEVICE_BYTES];
    account_device(s->keychain, device);
    if (s->options->json) {
        json_t *line =
            json_pack("{s:o, s:o, s:o}", "device", member_of_hex((teal_bytes){ device, 16 }),
                      "gateway", member_of_text(g->handle), "gateway_account_key",
                      member_of_hex((teal_bytes){ g->manifest.account_key, TEAL_KEY_BYTES }));
        session_print(line);
        json_decref(line);
        return;
    }
    printf("The keychain is made. The gateway is %.*s; its account key, known from now on:\n  %s\n"
           "Next: teal register HANDLE\n",
           (int)g->handle.len, (const char *)g->handle.at,
           contacts_fingerprint(g->manifest.account_key, text));
}

outcome command_init(session *s)
{
    verify_gateway gateway;
    const char *name = s->options->name != NULL ? s->options->name : "teal";
    outcome o = check_name(name);
    if (o == OUTCOME_OK)
        o = home_gateway_meet(s, s->options->gateway, s->options->ca, &gateway);
    if (o != OUTCOME_OK)
        return o;
    account_make(s->keychain, name, clock_unix_ms());
    o = keychain_commit(s->keychain);
    if (o == OUTCOME_OK)
        report(s, &gateway);
    return o;
}
