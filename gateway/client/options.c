/* Global options stand before the command or behind it; the others behind. */
#include "gateway/client/options.h"

#include "gateway/client/say.h"

#include <getopt.h>

#define BIT(command) (1u << (command))
/* Those for the gateway's operator. */
#define OPERATORS                                                                                  \
    (BIT(COMMAND_DISCLOSE) | BIT(COMMAND_PINS) | BIT(COMMAND_GATEWAY) | BIT(COMMAND_PEER))

enum {
    ANY = ~0u >> 1,
    MAX_SECONDS = 315360000,
    MAX_DIGITS = 10,
    MAX_DAYS = 365,
    MAX_DAYS_DIGITS = 3
};

static const struct {
    const char *name;
    size_t least, most; /* arguments */
    const char *usage;
} commands[N_COMMANDS] = {
    [COMMAND_NONE] = { NULL, 0, 0, "" },
    [COMMAND_INIT] = { "init", 0, 0, "init --gateway URL [--ca FILE] [--name NAME]" },
    [COMMAND_LINK] = { "link", 2, 2, "link --gateway URL [--ca FILE] HANDLE NAME" },
    [COMMAND_REGISTER] = { "register", 1, 16, "register [--code=CODE] HANDLE…" },
    [COMMAND_LOOKUP] = { "lookup", 1, 1, "lookup HANDLE" },
    [COMMAND_SEND] = { "send", 2, 2, "send [OPTION…] TO[,TO…] TEXT" },
    [COMMAND_INBOX] = { "inbox", 0, 0, "inbox [--follow] [--wait=SECONDS]" },
    [COMMAND_RECEIPTS] = { "receipts", 0, 1, "receipts [ID]" },
    [COMMAND_HANDLES] = { "handles", 0, 2, "handles [add HANDLE [--code=CODE] | remove HANDLE]" },
    [COMMAND_FORWARDING] = { "forwarding", 0, 2,
                             "forwarding [request HANDLE | allow CODE [--days=N] | revoke ID]" },
    [COMMAND_DEVICES] = { "devices", 0, 2, "devices [approve CODE | refuse ID | revoke ID]" },
    [COMMAND_PASSPHRASE] = { "passphrase", 0, 0, "passphrase [--new-passphrase-file FILE]" },
    [COMMAND_VERIFY] = { "verify", 1, 1, "verify HANDLE" },
    [COMMAND_AUDIT] = { "audit", 0, 0, "audit" },
    [COMMAND_HEADS] = { "heads", 0, 0, "heads [--compare HEAD]" },
    [COMMAND_DISCLOSE] = { "disclose", 1, 1, "disclose --operator FILE [--gateway URL] HANDLE" },
    [COMMAND_PINS] = { "pins", 2, 2, "pins --operator FILE [--gateway URL] drop HANDLE" },
    [COMMAND_GATEWAY] = { "gateway", 2, 2,
                          "gateway --operator FILE [--gateway URL] rotate downgrade" },
    [COMMAND_SIGN] = { "sign", 2, 3, "sign [OPTION…] METHOD URL [FILE]" },
    [COMMAND_PEER] = { "peer", 1, 4, "peer --operator FILE [--gateway URL] ACTION …" },
};

typedef enum option_id {
    OPTION_HOME = 256,
    OPTION_JSON,
    OPTION_PASSPHRASE_FILE,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_GATEWAY,
    OPTION_CA,
    OPTION_NAME,
    OPTION_FALLBACK,
    OPTION_WHEN,
    OPTION_FAILED_AFTER,
    OPTION_ACCEPT_E2EE_LOSS,
    OPTION_EXPIRES,
    OPTION_NO_RECEIPTS,
    OPTION_ACCEPT_KEY_CHANGE,
    OPTION_FOLLOW,
    OPTION_WAIT,
    OPTION_CODE,
    OPTION_NEW_PASSPHRASE_FILE,
    OPTION_COMPARE,
    OPTION_DAYS,
    OPTION_OPERATOR,
    OPTION_OPERATOR_PASSPHRASE_FILE,
    OPTION_TYPE,
    OPTION_AS_ACCOUNT,
    OPTION_DOMAINS,
    OPTION_NUMBERS,
    OPTION_FORCE,
    OPTION_IN,
    OPTION_CA_FILE,
} option_id;
enum { FIRST_OPTION = OPTION_HOME };

static const struct option long_options[] = {
    { "home", required_argument, NULL, OPTION_HOME },
    { "json", no_argument, NULL, OPTION_JSON },
    { "passphrase-file", required_argument, NULL, OPTION_PASSPHRASE_FILE },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { "gateway", required_argument, NULL, OPTION_GATEWAY },
    { "ca", required_argument, NULL, OPTION_CA },
    { "name", required_argument, NULL, OPTION_NAME },
    { "fallback", required_argument, NULL, OPTION_FALLBACK },
    { "when", required_argument, NULL, OPTION_WHEN },
    { "failed-after", required_argument, NULL, OPTION_FAILED_AFTER },
    { "accept-e2ee-loss", no_argument, NULL, OPTION_ACCEPT_E2EE_LOSS },
    { "expires", required_argument, NULL, OPTION_EXPIRES },
    { "no-receipts", no_argument, NULL, OPTION_NO_RECEIPTS },
    { "accept-key-change", no_argument, NULL, OPTION_ACCEPT_KEY_CHANGE },
    { "follow", no_argument, NULL, OPTION_FOLLOW },
    { "wait", required_argument, NULL, OPTION_WAIT },
    { "code", required_argument, NULL, OPTION_CODE },
    { "new-passphrase-file", required_argument, NULL, OPTION_NEW_PASSPHRASE_FILE },
    { "compare", required_argument, NULL, OPTION_COMPARE },
    { "days", required_argument, NULL, OPTION_DAYS },
    { "operator", required_argument, NULL, OPTION_OPERATOR },
    { "operator-passphrase-file", required_argument, NULL, OPTION_OPERATOR_PASSPHRASE_FILE },
    { "type", required_argument, NULL, OPTION_TYPE },
    { "as-account", no_argument, NULL, OPTION_AS_ACCOUNT },
    { "domains", required_argument, NULL, OPTION_DOMAINS },
    { "numbers", required_argument, NULL, OPTION_NUMBERS },
    { "force", no_argument, NULL, OPTION_FORCE },
    { "in", required_argument, NULL, OPTION_IN },
    { "ca-file", required_argument, NULL, OPTION_CA_FILE },
    { 0 },
};

/* Which commands an option belongs to, in the order of option_id. */
static const unsigned owners[] = {
    ANY,
    ANY,
    ANY,
    ANY,
    ANY,
    BIT(COMMAND_INIT) | BIT(COMMAND_LINK) | OPERATORS,
    BIT(COMMAND_INIT) | BIT(COMMAND_LINK) | OPERATORS,
    BIT(COMMAND_INIT),
    BIT(COMMAND_SEND),
    BIT(COMMAND_SEND),
    BIT(COMMAND_SEND),
    BIT(COMMAND_SEND),
    BIT(COMMAND_SEND),
    BIT(COMMAND_SEND),
    BIT(COMMAND_LOOKUP) | BIT(COMMAND_SEND) | BIT(COMMAND_INBOX),
    BIT(COMMAND_INBOX),
    BIT(COMMAND_INBOX),
    BIT(COMMAND_REGISTER) | BIT(COMMAND_HANDLES),
    BIT(COMMAND_PASSPHRASE),
    BIT(COMMAND_HEADS),
    BIT(COMMAND_FORWARDING),
    BIT(COMMAND_SIGN) | OPERATORS,
    BIT(COMMAND_SIGN) | OPERATORS,
    BIT(COMMAND_SIGN),
    BIT(COMMAND_SIGN),
    BIT(COMMAND_PEER),
    BIT(COMMAND_PEER),
    BIT(COMMAND_PEER),
    BIT(COMMAND_PEER),
    BIT(COMMAND_PEER),
};

const char *options_command_name(command c)
{
    return commands[c].name;
}

static outcome read_seconds(const char *name, const char *text, uint64_t least, uint64_t *out)
{
    size_t len = strlen(text);
    *out = 0;
    if (len == 0 || len > MAX_DIGITS || strspn(text, "0123456789") != len)
        return say(OUTCOME_USAGE, "--%s takes a whole number of seconds, not %s", name, text);
    for (; *text != '\0'; text++)
        *out = *out * 10 + (uint64_t)(*text - '0');
    if (*out < least || *out > MAX_SECONDS)
        return say(OUTCOME_USAGE, "--%s takes %d to %d seconds", name, (int)least, MAX_SECONDS);
    return OUTCOME_OK;
}

static outcome read_days(const char *text, uint64_t *out)
{
    size_t len = strlen(text);
    *out = 0;
    if (len > 0 && len <= MAX_DAYS_DIGITS && strspn(text, "0123456789") == len)
        for (; *text != '\0'; text++)
            *out = *out * 10 + (uint64_t)(*text - '0');
    if (*out == 0 || *out > MAX_DAYS)
        return say(OUTCOME_USAGE, "--days takes 1 to %d days", MAX_DAYS);
    return OUTCOME_OK;
}

static outcome read_fallback(const char *text, teal_level *floor)
{
    if (strcmp(text, "never") == 0)
        *floor = TEAL_LEVEL_NONE;
    else if (strcmp(text, "rcs") == 0)
        *floor = TEAL_TRANSPORT;
    else if (strcmp(text, "sms") == 0)
        *floor = TEAL_PLAINTEXT;
    else
        return say(OUTCOME_USAGE, "--fallback is never, rcs or sms, not %s", text);
    return OUTCOME_OK;
}

static outcome read_when(const char *text, teal_when *when)
{
    if (strcmp(text, "no-better-path") == 0)
        *when = TEAL_NO_BETTER_PATH;
    else if (strcmp(text, "or-failed") == 0)
        *when = TEAL_OR_FAILED;
    else
        return say(OUTCOME_USAGE, "--when is no-better-path or or-failed, not %s", text);
    return OUTCOME_OK;
}

static outcome take(options *o, option_id id, const char *value)
{
    switch (id) {
    case OPTION_HOME:
        o->home = value;
        break;
    case OPTION_JSON:
        o->json = true;
        break;
    case OPTION_PASSPHRASE_FILE:
        o->passphrase_file = value;
        break;
    case OPTION_HELP:
        o->help = true;
        break;
    case OPTION_VERSION:
        o->version = true;
        break;
    case OPTION_GATEWAY:
        o->gateway = value;
        break;
    case OPTION_CA:
        o->ca = value;
        break;
    case OPTION_NAME:
        o->name = value;
        break;
    case OPTION_FALLBACK:
        return read_fallback(value, &o->floor);
    case OPTION_WHEN:
        return read_when(value, &o->when);
    case OPTION_FAILED_AFTER:
        return read_seconds("failed-after", value, 1, &o->failed_after_s);
    case OPTION_ACCEPT_E2EE_LOSS:
        o->accept_e2ee_loss = true;
        break;
    case OPTION_EXPIRES:
        return read_seconds("expires", value, 1, &o->expires_s);
    case OPTION_NO_RECEIPTS:
        o->no_receipts = true;
        break;
    case OPTION_ACCEPT_KEY_CHANGE:
        o->accept_key_change = true;
        break;
    case OPTION_FOLLOW:
        o->follow = true;
        break;
    case OPTION_DAYS:
        return read_days(value, &o->days);
    case OPTION_COMPARE:
        o->compare = value;
        break;
    case OPTION_WAIT:
        return read_seconds("wait", value, 0, &o->wait_s);
    case OPTION_CODE:
        o->code = value;
        break;
    case OPTION_NEW_PASSPHRASE_FILE:
        o->new_passphrase_file = value;
        break;
    case OPTION_OPERATOR:
        o->operator_file = value;
        break;
    case OPTION_OPERATOR_PASSPHRASE_FILE:
        o->operator_passphrase_file = value;
        break;
    case OPTION_TYPE:
        o->type = value;
        break;
    case OPTION_AS_ACCOUNT:
        o->as_account = true;
        break;
    case OPTION_DOMAINS:
        o->domains = value;
        break;
    case OPTION_NUMBERS:
        o->numbers = value;
        break;
    case OPTION_CA_FILE:
        o->ca_file = value;
        break;
    case OPTION_FORCE:
        o->force = true;
        break;
    case OPTION_IN:
        return read_seconds("in", value, 1, &o->in_s);
    }
    return OUTCOME_OK;
}

static outcome refuse_option(char *const *argv, int option)
{
    const char *given = argv[optind - 1];
    if (option == ':')
        return say(OUTCOME_USAGE, "%s wants a value; see teal --help", given);
    return say(OUTCOME_USAGE, "there is no option %s; see teal --help", given);
}

/* Reads options up to the first argument ("+"), or all of them wherever they stand (""). */
static outcome read_part(int argc, char **argv, bool stops, options *out)
{
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, stops ? "+:" : ":", long_options, NULL)) != -1) {
        if (option == '?' || option == ':')
            return refuse_option(argv, option);
        const char *name = long_options[option - FIRST_OPTION].name;
        if ((owners[option - FIRST_OPTION] & BIT(out->command)) == 0)
            return out->command == COMMAND_NONE
                       ? say(OUTCOME_USAGE, "--%s stands behind the command; see teal --help", name)
                       : say(OUTCOME_USAGE, "--%s is no option of `%s`; see teal %s --help", name,
                             commands[out->command].name, commands[out->command].name);
        outcome o = take(out, (option_id)option, optarg);
        if (o != OUTCOME_OK)
            return o;
    }
    return OUTCOME_OK;
}

static outcome find_command(const char *name, command *out)
{
    for (int c = COMMAND_INIT; c < N_COMMANDS; c++)
        if (strcmp(commands[c].name, name) == 0) {
            *out = (command)c;
            return OUTCOME_OK;
        }
    return say(OUTCOME_USAGE, "there is no command %s; see teal --help", name);
}

static outcome check(const options *o)
{
    if (o->n_args < commands[o->command].least || o->n_args > commands[o->command].most)
        return say(OUTCOME_USAGE, "usage: teal %s", commands[o->command].usage);
    if ((o->command == COMMAND_INIT || o->command == COMMAND_LINK) && o->gateway == NULL)
        return say(OUTCOME_USAGE, "%s wants --gateway URL", commands[o->command].name);
    if ((OPERATORS & BIT(o->command)) != 0 && o->operator_file == NULL)
        return say(OUTCOME_USAGE, "%s wants --operator FILE", commands[o->command].name);
    if (o->operator_file != NULL && o->as_account)
        return say(OUTCOME_USAGE, "--operator and --as-account do not go together");
    if (o->command != COMMAND_SEND)
        return OUTCOME_OK;
    if (o->failed_after_s > 0 && o->when != TEAL_OR_FAILED)
        return say(OUTCOME_USAGE, "--failed-after goes with --when=or-failed");
    if (o->floor == TEAL_LEVEL_NONE && (o->when == TEAL_OR_FAILED || o->accept_e2ee_loss))
        return say(OUTCOME_USAGE,
                   "--when and --accept-e2ee-loss go with --fallback=rcs or --fallback=sms");
    return OUTCOME_OK;
}

outcome options_read(int argc, char **argv, options *out)
{
    *out = (options){ .when = TEAL_NO_BETTER_PATH };
    outcome o = read_part(argc, argv, true, out);
    if (o != OUTCOME_OK || out->help || out->version)
        return o;
    if (optind == argc)
        return say(OUTCOME_USAGE, "what to do? See teal --help");
    int at = optind;
    o = find_command(argv[at], &out->command);
    optind = 0; /* glibc: begin anew, with another argv */
    if (o == OUTCOME_OK)
        o = read_part(argc - at, argv + at, false, out);
    if (o != OUTCOME_OK || out->help || out->version)
        return o;
    out->args = argv + at + optind;
    out->n_args = (size_t)(argc - at - optind);
    return check(out);
}
