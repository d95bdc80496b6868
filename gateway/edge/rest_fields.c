/* What libmicrohttpd has read of a request's header. */
#include "gateway/edge/rest_fields.h"

#include "codecs/ascii.h"

#include <microhttpd.h>

typedef struct field_list {
    http_field *at;
    size_t n, cap;
} field_list;

/* libmicrohttpd's: MHD_NO ends the walk. */
static enum MHD_Result take_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    field_list *l = arg;
    (void)kind;
    if (l->n == l->cap)
        return MHD_NO;
    l->at[l->n++] = (http_field){ { (const uint8_t *)name, name_len },
                                  { (const uint8_t *)value, value == NULL ? 0 : value_len } };
    return MHD_YES;
}

/* Empty where there is not exactly one: then nobody knows whom the request is for. */
static teal_bytes host_of(const field_list *l)
{
    teal_bytes host = { 0 };
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (!teal_ascii_same(l->at[i].name, teal_text("Host")))
            continue;
        host = l->at[i].value;
        n++;
    }
    return n == 1 ? host : (teal_bytes){ 0 };
}

bool rest_fields_read(struct MHD_Connection *connection, teal_arena *arena, http_message *m)
{
    int n = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
    field_list l = { .cap = n > 0 ? (size_t)n : 0 };
    l.at = teal_arena_array(arena, l.cap, sizeof l.at[0]);
    if (l.at == NULL)
        return false;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_field, &l);
    m->fields = l.at;
    m->n_fields = l.n;
    m->authority = host_of(&l);
    return true;
}
