/* See problem.h. All of it came over the network: tamed line by line. */
#include "gateway/client/problem.h"

#include "gateway/client/member.h"
#include "gateway/client/tamed.h"

#include <stdlib.h>

static const char prefix[] = "urn:teal:problem:";

/* What people can do here, where that is more than the gateway's remedy says. */
static const struct {
    const char *problem, *here;
} hints[] = {
    { "consent-missing",
      "if its network may read it: teal send --fallback=rcs …\n"
      "          if everybody on the way may read it: teal send --fallback=sms …" },
    { "consent-floor-too-high", "if everybody on the way may read it: teal send --fallback=sms …" },
    { "consent-fallback-missing", "send it again: the look-up then shows the path that is left" },
    { "consent-e2ee-loss", "if you agree: teal send --fallback=sms --accept-e2ee-loss …" },
    { "consent-expired", "send it again, with a later --expires" },
    { "handle-taken", "choose another handle, or use the keychain that it was registered with" },
    { "sender-unknown", "teal register HANDLE" },
};

bool problem_is(const json_t *problem, const char *name)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    return type != NULL && strncmp(type, prefix, strlen(prefix)) == 0 &&
           strcmp(type + strlen(prefix), name) == 0;
}

/* label, then the text in one line; nothing where there is no text. */
static void say_line(FILE *out, const char *label, teal_bytes text)
{
    char *line = tamed_line(text);
    if (text.len > 0)
        fprintf(out, "%s%s\n", label, line);
    free(line);
}

static void say_refusals(const json_t *problem, FILE *out)
{
    const json_t *refusals = json_object_get(problem, "refusals");
    for (size_t i = 0; i < json_array_size(refusals); i++) {
        const json_t *refusal = json_array_get(refusals, i);
        char *recipient = tamed_line(member_text(refusal, "recipient"));
        char *code = tamed_line(member_text(refusal, "code"));
        fprintf(out, "  for:    %s (%s)\n", recipient, code);
        free(recipient);
        free(code);
    }
}

void problem_say(const json_t *problem, FILE *out)
{
    say_line(out, "teal: the gateway refuses: ", member_text(problem, "title"));
    say_line(out, "  why:    ", member_text(problem, "detail"));
    say_refusals(problem, out);
    say_line(out, "  remedy: ", member_text(problem, "remedy"));
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (problem_is(problem, hints[i].problem))
            fprintf(out, "  here:   %s\n", hints[i].here);
}
