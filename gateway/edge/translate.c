/* POST /v1/translate: one message into the other format. Pure: nothing is checked against the
 * directory, nothing is stored. */
#include "gateway/edge/message_body.h"

#include "codecs/rcs/e2ee.h"

static rest_next translate(rest_call *c)
{
    teal_envelope e;
    if (!message_body_read(c, &e))
        return REST_ANSWERED;
    bool to_cpim = strcmp(c->content_type, MESSAGE_ENVELOPE_TYPE) == 0;
    teal_writer w = { teal_arena_take(c->arena, MESSAGE_MAX_BODY), MESSAGE_MAX_BODY, 0 };
    teal_result r = TEAL_SPACE;
    if (w.base != NULL)
        r = to_cpim ? teal_e2ee_encode(&e, NULL, &w) : teal_envelope_encode(&e, &w);
    if (r != TEAL_OK)
        return rest_problem(c, 422, "not-translatable",
                            "REQ-REST-13 the other format has no room for the message",
                            "Send a message within the limits of PROTOCOL.md.", NULL);
    return rest_bytes(c, 200, to_cpim ? MESSAGE_CPIM_TYPE : MESSAGE_ENVELOPE_TYPE,
                      teal_written(&w));
}

const rest_route translate_routes[] = {
    { "POST", "/v1/translate", MESSAGE_MAX_BODY, MESSAGE_TYPES, CALLER_ANYBODY, translate },
    { 0 },
};
