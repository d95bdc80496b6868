/* Refusals in the order in which they can be known. */
#include "gateway/edge/rest_head.h"

#include "codecs/ascii.h"
#include "gateway/edge/route.h"

static void refuse(rest_answer *answer, unsigned status, const char *problem, const char *rule,
                   const char *remedy)
{
    rest_answer_problem(answer, status, problem, rule, remedy, NULL);
}

void rest_head_refuse_large(rest_answer *answer)
{
    refuse(answer, 413, "body-too-large", "REQ-REST-2 the body is over the resource's limit",
           "Send a smaller body; PROTOCOL.md names the limits.");
}

static void read_content_type(const char *value, rest_head *out)
{
    size_t len = value == NULL ? 0 : strcspn(value, "; \t");
    if (len >= sizeof out->content_type)
        return; /* no type that anything takes is as long */
    for (size_t i = 0; i < len; i++)
        out->content_type[i] = (char)teal_ascii_lower((uint8_t)value[i]);
}

static bool lists_type(const char *media_types, const char *type)
{
    size_t len = strlen(type);
    for (const char *at = media_types; len > 0 && *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, type, len) == 0)
            return true;
        at += n;
    }
    return false;
}

/* False: it is refused. */
static bool find(const rest_route *const *tables, const char *method, const char *path,
                 route_match *out, rest_answer *answer)
{
    switch (route_find(tables, method, path, out)) {
    case ROUTE_FOUND:
        return true;
    case ROUTE_NO_RESOURCE:
        refuse(answer, 404, "resource-unknown", "REQ-REST-2 there is no such resource",
               "See PROTOCOL.md section 9 for what there is.");
        return false;
    case ROUTE_NO_METHOD:
        refuse(answer, 405, "method-unknown", "REQ-REST-2 the resource has no such method",
               "Use a method that Allow names.");
        memcpy(answer->allow, out->allow, sizeof answer->allow);
        return false;
    }
    bug("route_result out of range");
}

void rest_head_check(const rest_route *const *tables, const char *method, const char *path,
                     const char *content_type, uint64_t content_length, teal_writer *parameter,
                     rest_head *out, rest_answer *answer)
{
    route_match match;
    *out = (rest_head){ 0 };
    if (!find(tables, method, path, &match, answer))
        return;
    out->route = match.route;
    if (!route_decode(match.parameter, parameter)) {
        refuse(answer, 400, "path-malformed", "REQ-REST-6 the path has a bad escape or a NUL in it",
               "Percent-encode the parameter once, as RFC 3986 asks.");
        return;
    }
    read_content_type(content_type, out);
    if (match.route->media_types != NULL &&
        !lists_type(match.route->media_types, out->content_type)) {
        refuse(answer, 415, "media-type-unknown",
               "REQ-REST-2 the resource takes no such media type",
               "Set Content-Type to one that PROTOCOL.md section 9 names for the resource.");
        return;
    }
    if (content_length > match.route->max_body) {
        rest_head_refuse_large(answer);
        answer->closes = true;
    }
}
