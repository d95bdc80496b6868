/* teal receipts: what the keychain knows of the messages sent. Asks nobody. */
#include "gateway/client/commands.h"
#include "gateway/client/say.h"
#include "gateway/client/sent.h"
#include "gateway/client/show.h"

static void print_json(const json_t *sent)
{
    static const char *const members[] = { "message_id", "to", "sent_at_ms", "receipts",
                                           "device_receipts" };
    json_t *line = json_object();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set(line, members[i], json_object_get(sent, members[i]));
    session_print(line);
    json_decref(line);
}

outcome command_receipts(session *s)
{
    show look = show_for(stdout);
    const json_t *all = sent_all(s->keychain), *one = NULL;
    if (s->options->n_args > 0) {
        one = sent_find(s->keychain, teal_text(s->options->args[0]));
        if (one == NULL)
            return say(OUTCOME_FAILED, "no message %s has been sent from here",
                       s->options->args[0]);
    }
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *sent = json_array_get(all, i);
        if (one != NULL && sent != one)
            continue;
        if (s->options->json)
            print_json(sent);
        else
            show_sent(&look, sent);
    }
    return OUTCOME_OK;
}
