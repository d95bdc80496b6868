/* Names are compared as signatures have them: in lower case, without the scheme's own port. */
#include "gateway/edge/authority.h"

#include <stdlib.h>

enum { MAX_AUTHORITY_BYTES = 300 };

struct authorities {
    char *at[CONFIG_MAX_LIST];
    size_t n;
};

static void add(authorities *a, const char *host, const char *port)
{
    bool bare = strchr(host, ':') != NULL && host[0] != '[' && port != NULL; /* IPv6 address */
    if (asprintf(&a->at[a->n++], bare ? "[%s]%s%s" : "%s%s%s", host, port != NULL ? ":" : "",
                 port != NULL ? port : "") < 0)
        bug("out of memory");
}

authorities *authorities_open(const config *c, uint16_t port)
{
    authorities *a = calloc(1, sizeof *a);
    char number[8];
    if (a == NULL)
        bug("out of memory");
    for (size_t i = 0; i < c->authorities.n; i++)
        add(a, c->authorities.at[i], NULL);
    if (a->n == 0) {
        snprintf(number, sizeof number, "%u", port);
        add(a, c->listen_host, number);
        add(a, "localhost", number);
    }
    return a;
}

void authorities_close(authorities **a)
{
    if (*a == NULL)
        return;
    for (size_t i = 0; i < (*a)->n; i++)
        free((*a)->at[i]);
    free(*a);
    *a = NULL;
}

static bool write_authority(const http_message *m, teal_writer *w)
{
    return http_message_write_component(m, teal_text("@authority"), w, NULL) == TEAL_OK &&
           teal_write_fits(w);
}

bool authorities_have(const authorities *a, const http_message *m)
{
    uint8_t asked[MAX_AUTHORITY_BYTES], own[MAX_AUTHORITY_BYTES];
    teal_writer w = { asked, sizeof asked, 0 };
    if (m->authority.len == 0 || !write_authority(m, &w))
        return false;
    for (size_t i = 0; i < a->n; i++) {
        http_message named = *m;
        teal_writer v = { own, sizeof own, 0 };
        named.authority = teal_text(a->at[i]);
        if (write_authority(&named, &v) && teal_bytes_equal(teal_written(&v), teal_written(&w)))
            return true;
    }
    return false;
}
