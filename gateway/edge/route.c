/* Matching of paths, segment by segment as they were sent: an encoded slash never splits one. */
#include "gateway/edge/route.h"

/* Whether the path is the pattern's; what stands for {} becomes the parameter. */
static bool matches(const char *pattern, const char *path, teal_bytes *parameter)
{
    *parameter = (teal_bytes){ 0 };
    const char *hole = strstr(pattern, "{}");
    if (hole == NULL)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(hole - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    const char *segment = path + before;
    size_t len = strcspn(segment, "/");
    if (len == 0 || strcmp(hole + 2, segment + len) != 0)
        return false;
    *parameter = (teal_bytes){ (const uint8_t *)segment, len };
    return true;
}

static void allow(route_match *m, const char *method)
{
    teal_writer w = { (uint8_t *)m->allow, sizeof m->allow - 1, strlen(m->allow) };
    if (w.len > 0)
        teal_write_text(&w, ", ");
    teal_write_text(&w, method);
    if (strcmp(method, "GET") == 0)
        teal_write_text(&w, ", HEAD");
    m->allow[teal_write_fits(&w) ? w.len : 0] = '\0';
}

route_result route_find(const rest_route *const *tables, const char *method, const char *path,
                        route_match *out)
{
    *out = (route_match){ 0 };
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (; *tables != NULL; tables++) {
        for (const rest_route *r = *tables; r->method != NULL; r++) {
            teal_bytes parameter;
            if (!matches(r->path, path, &parameter))
                continue;
            allow(out, r->method);
            if (strcmp(r->method, wanted) == 0) {
                out->route = r;
                out->parameter = parameter;
                return ROUTE_FOUND;
            }
        }
    }
    return out->allow[0] == '\0' ? ROUTE_NO_RESOURCE : ROUTE_NO_METHOD;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool route_decode(teal_bytes in, teal_writer *out)
{
    teal_reader r = teal_reader_of(in);
    while (teal_read_left(&r) > 0) {
        uint8_t c = teal_read_u8(&r);
        if (c == '%') {
            int high = hex_digit(teal_read_u8(&r)), low = hex_digit(teal_read_u8(&r));
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
        }
        if (c == 0)
            return false;
        teal_write_u8(out, c);
    }
    return teal_write_fits(out);
}
