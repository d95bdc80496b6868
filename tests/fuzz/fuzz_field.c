/* What stands in the request line and in fields of HTTP: one value has one text, and an escape is
 * undone once. Each input is a path and a query value. */
#include "gateway/edge/field.h"
#include "gateway/edge/route.h"
#include "tests/fuzz/require.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const rest_route *const tables[] = { messages_routes,  inbox_routes,     accounts_routes,
                                            directory_routes, translate_routes, gateway_routes,
                                            key_log_routes,   health_routes,    NULL };

static void check_path(const char *path)
{
    static const char *const methods[] = { "GET", "HEAD", "PUT", "POST", "DELETE" };
    static uint8_t decoded[4096];
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        route_match m;
        teal_writer w = { decoded, sizeof decoded, 0 };
        route_result result = route_find(tables, methods[i], path, &m);
        require((result == ROUTE_FOUND) == (m.route != NULL));
        require((result == ROUTE_NO_METHOD) == (m.route == NULL && m.allow[0] != '\0'));
        if (m.route == NULL || !route_decode(m.parameter, &w))
            continue;
        require(w.len <= m.parameter.len && memchr(decoded, 0, w.len) == NULL);
    }
}

static void check_device(const char *text)
{
    uint8_t device[TEAL_DEVICE_BYTES];
    char again[2 * TEAL_DEVICE_BYTES + 1];
    if (field_device(text, device))
        require(strcmp(sodium_bin2hex(again, sizeof again, device, sizeof device), text) == 0);
}

static void check_number(const char *text)
{
    int64_t n = 0;
    if (!field_number(text, 3, 1000000, -1, &n))
        return;
    require(n >= 3 && n <= 1000000 && strtoll(text, NULL, 10) == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[4096];
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_path(text);
    check_device(text);
    check_number(text);
    return 0;
}
