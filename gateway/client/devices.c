/* teal devices: what stands in the account's manifest, and the ways to change it. */
#include "gateway/client/account.h"
#include "gateway/client/commands.h"
#include "gateway/client/link.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/client/tamed.h"

#include <stdlib.h>
#include <time.h>

static void print_json(const teal_device *d, bool is_this, json_int_t left)
{
    json_t *line = json_pack("{s:o, s:o, s:I, s:b}", "device",
                             member_of_hex((teal_bytes){ d->id, sizeof d->id }), "name",
                             member_of_text(d->name), "added_at_ms", (json_int_t)d->added_at_ms,
                             "this", (int)is_this);
    if (is_this)
        json_object_set_new(line, "one_time_left", json_integer(left));
    session_print(line);
    json_decref(line);
}

static void print_words(const teal_device *d, bool is_this, json_int_t left)
{
    char added[32] = "", *name = tamed_line(d->name);
    time_t at = (time_t)(d->added_at_ms / 1000);
    struct tm local;
    if (localtime_r(&at, &local) != NULL)
        strftime(added, sizeof added, "%Y-%m-%d", &local);
    for (size_t i = 0; i < sizeof d->id; i++)
        printf("%02x", d->id[i]);
    printf("  %s, added %s%s\n", name, added, is_this ? ", this one" : "");
    if (is_this)
        printf("  one-time keys at the gateway: %d\n", (int)left);
    free(name);
}

static outcome list(session *s)
{
    uint8_t own[TEAL_DEVICE_BYTES];
    teal_manifest m;
    json_t *answer;
    account_device(s->keychain, own);
    if (!account_manifest(s->keychain, &s->arena, &m))
        return link_resume(s);
    outcome o = session_explain(s, api_count_prekeys(s->api, m.handles[0], own, &answer));
    json_int_t left = json_integer_value(json_object_get(answer, "one_time_left"));
    json_decref(answer);
    for (size_t i = 0; i < m.n_devices && o == OUTCOME_OK; i++) {
        bool is_this = memcmp(m.devices[i].id, own, sizeof own) == 0;
        if (s->options->json)
            print_json(&m.devices[i], is_this, left);
        else
            print_words(&m.devices[i], is_this, left);
    }
    return o;
}

outcome command_devices(session *s)
{
    static const struct {
        const char *name;
        outcome (*run)(session *s, const char *typed);
    } ways[] = {
        { "approve", command_devices_approve },
        { "refuse", command_devices_refuse },
        { "revoke", command_devices_revoke },
    };
    if (s->options->n_args == 0)
        return list(s);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (s->options->n_args == 2 && strcmp(s->options->args[0], ways[i].name) == 0)
            return ways[i].run(s, s->options->args[1]);
    return say(OUTCOME_USAGE, "usage: teal devices [approve CODE | refuse ID | revoke ID]");
}
