/* Which decoder, and what its refusals are called over HTTP. */
#include "gateway/edge/message_body.h"

#include "codecs/handle.h"
#include "codecs/rcs/e2ee.h"

static void refuse_malformed(rest_call *c, const char *problem, const teal_diag *why,
                             const char *remedy)
{
    rest_problem(c, 400, problem, why->rule, remedy, json_pack("{s:I}", "at", (json_int_t)why->at));
}

/* What is fine as CPIM, but no sealed message. */
static const struct {
    teal_rcs_form form;
    const char *problem, *rule, *remedy;
} not_here[] = {
    { TEAL_RCS_PLAIN, "plain-not-here", "REQ-REST-11 a message without e2ee headers is not sealed",
      "Seal it. Plain messages enter by the room's listener, which this version does not offer." },
    { TEAL_RCS_MLS, "mls-not-here", "REQ-REST-11 the MLS profile is not carried by this version",
      "Seal it by the profile `sealed` (suite 1)." },
    { TEAL_RCS_IMDN, "imdn-not-here",
      "REQ-REST-11 a notification without e2ee headers is not sealed",
      "Send the receipt as a sealed message of kind RECEIPT." },
    { TEAL_RCS_OTHER, "plain-not-here", "REQ-REST-11 a message without e2ee headers is not sealed",
      "Seal it, and send it with the part application/vnd.teal.sealed." },
};

static void refuse_form(rest_call *c, teal_rcs_form form)
{
    for (size_t i = 0; i < sizeof not_here / sizeof not_here[0]; i++)
        if (not_here[i].form == form)
            rest_problem(c, 422, not_here[i].problem, not_here[i].rule, not_here[i].remedy, NULL);
}

/* A handle that stands outside of the CPIM; what is not canonical counts as not given. */
static teal_bytes routing_handle(rest_call *c, const char *field)
{
    const char *value = rest_header(c, field);
    teal_bytes handle = value == NULL ? (teal_bytes){ 0 } : teal_text(value);
    return teal_handle_is_canonical(handle) ? handle : (teal_bytes){ 0 };
}

static bool read_cpim(rest_call *c, teal_envelope *out)
{
    teal_rcs_routing routing = { .from = routing_handle(c, "Rcs-From"),
                                 .to = routing_handle(c, "Rcs-To") };
    teal_diag why = { 0 };
    teal_cpim m;
    if (teal_cpim_decode(c->body, c->arena, &m, &why) != TEAL_OK)
        goto malformed;
    teal_rcs_form form = teal_rcs_form_of(&m);
    if (form != TEAL_RCS_E2EE) {
        refuse_form(c, form);
        return false;
    }
    if (teal_e2ee_read(&m, c->arena, &routing, out, &why) == TEAL_OK)
        return true;
malformed:
    refuse_malformed(
        c, "cpim-malformed", &why,
        "Send one message/cpim with e2ee headers, as PROTOCOL.md section 5 writes it.");
    return false;
}

bool message_body_read(rest_call *c, teal_envelope *out)
{
    teal_diag why = { 0 };
    if (strcmp(c->content_type, MESSAGE_CPIM_TYPE) == 0)
        return read_cpim(c, out);
    if (teal_envelope_decode(c->body, c->arena, out, &why) == TEAL_OK)
        return true;
    refuse_malformed(c, "envelope-malformed", &why, "Send one canonical teal.v1.Envelope.");
    return false;
}
