/* teal: a device of the native network on the command line. */
#include "gateway/client/commands.h"
#include "gateway/client/help.h"
#include "gateway/client/prekeys.h"
#include "gateway/client/say.h"
#include "gateway/version.h"

#include <locale.h>
#include <signal.h>
#include <sodium.h>

/* Those that talk to the gateway and have not seen to it themselves. */
static bool rotates_prekeys(command c)
{
    return c == COMMAND_LOOKUP || c == COMMAND_SEND || c == COMMAND_DEVICES ||
           c == COMMAND_VERIFY || c == COMMAND_AUDIT;
}

static outcome run(session *s)
{
    switch (s->options->command) {
    case COMMAND_INIT:
        return command_init(s);
    case COMMAND_LINK:
        return command_link(s);
    case COMMAND_REGISTER:
        return command_register(s);
    case COMMAND_LOOKUP:
        return command_lookup(s);
    case COMMAND_SEND:
        return command_send(s);
    case COMMAND_INBOX:
        return command_inbox(s);
    case COMMAND_RECEIPTS:
        return command_receipts(s);
    case COMMAND_HANDLES:
        return command_handles(s);
    case COMMAND_FORWARDING:
        return command_forwarding(s);
    case COMMAND_DEVICES:
        return command_devices(s);
    case COMMAND_PASSPHRASE:
        return command_passphrase(s);
    case COMMAND_VERIFY:
        return command_verify(s);
    case COMMAND_AUDIT:
        return command_audit(s);
    case COMMAND_HEADS:
        return command_heads(s);
    case COMMAND_DISCLOSE:
        return command_disclose(s);
    case COMMAND_PINS:
        return command_pins(s);
    case COMMAND_GATEWAY:
        return command_gateway(s);
    case COMMAND_SIGN:
        return command_sign(s);
    case COMMAND_PEER:
        return command_peer(s);
    case COMMAND_NONE:
        break;
    }
    return OUTCOME_USAGE;
}

int main(int argc, char **argv)
{
    options o;
    session s;
    setlocale(LC_CTYPE, "C.UTF-8"); /* widths of characters; texts are UTF-8 whatever the locale */
    signal(SIGPIPE, SIG_IGN);       /* a write that fails is seen where it is made */
    if (sodium_init() < 0)
        return say(OUTCOME_FAILED, "libsodium does not start");
    outcome result = options_read(argc, argv, &o);
    if (result != OUTCOME_OK)
        return result;
    if (o.help || o.version) {
        fputs(o.help ? help_text(o.command) : "teal " TEAL_VERSION "\n", stdout);
        return OUTCOME_OK;
    }
    result = session_open(&o, &s);
    if (result == OUTCOME_OK)
        result = run(&s);
    if (result == OUTCOME_OK && rotates_prekeys(o.command))
        prekeys_rotate(&s);
    session_close(&s);
    if (fflush(stdout) != 0 && result == OUTCOME_OK)
        result = say(OUTCOME_FAILED, "standard output cannot be written");
    return result;
}
