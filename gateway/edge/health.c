/* GET /healthz: the process answers. */
#include "gateway/edge/rest.h"

static rest_next health_get(rest_call *c)
{
    return rest_json(c, 200, json_pack("{s:s}", "status", "ok"));
}

const rest_route health_routes[] = { { "GET", "/healthz", 0, NULL, CALLER_ANYBODY, health_get },
                                     { 0 } };
