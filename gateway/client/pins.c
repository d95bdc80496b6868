/* teal pins: for an operator, has the gateway forget by which key another network's handle is
 * known. */
#include "gateway/client/commands.h"
#include "gateway/client/people.h"
#include "gateway/client/say.h"
#include "gateway/http_client.h"
#include "gateway/log.h"

enum { MAX_PATH_BYTES = 3 * TEAL_MAX_HANDLE_BYTES + 64 };

outcome command_pins(session *s)
{
    char path[MAX_PATH_BYTES];
    teal_bytes handle;
    json_t *answer = NULL;
    teal_writer w = { (uint8_t *)path, sizeof path - 1, 0 };
    if (strcmp(s->options->args[0], "drop") != 0)
        return say(OUTCOME_USAGE, "pins can only be dropped: teal pins drop HANDLE");
    outcome o = people_handle(s, s->options->args[1], &handle);
    if (o != OUTCOME_OK)
        return o;
    teal_write_text(&w, "/v1/operator/pins/");
    http_write_path_segment(&w, handle);
    if (!teal_write_fits(&w))
        bug("a path outgrew its buffer");
    path[w.len] = '\0';
    o = session_explain(s, api_operate(s->api, "DELETE", path, NULL, &answer));
    if (o == OUTCOME_OK && s->options->json)
        session_print(answer);
    else if (o == OUTCOME_OK)
        printf(
            "The account key of %.*s is forgotten; the next one that its network shows counts.\n",
            (int)handle.len, (const char *)handle.at);
    json_decref(answer);
    return o;
}
