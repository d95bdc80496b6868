/* One value of the configuration file: what may stand there, how it is read, how it is freed. */
#ifndef TEAL_GATEWAY_CONFIG_VALUE_H
#define TEAL_GATEWAY_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct config_rule config_rule;

/* `base` is the struct that the rule's section fills. read: false where `text` is no such value;
 * the struct is as it was then. release: frees what read put there, and clears it; NULL: nothing.
 */
typedef struct config_type {
    bool (*read)(const config_rule *r, const char *text, void *base);
    void (*release)(const config_rule *r, void *base);
} config_type;

struct config_rule {
    const char *section, *key;
    const config_type *type;
    size_t at;             /* offset into the section's struct */
    const char *otherwise; /* holds where the key is missing; NULL: it must not be */
    const char *means;     /* what may stand there: completes "workers is not ..." */
    const char *words[2];  /* config_choice */
    int64_t least, most;   /* of numbers; octets of texts; elements of lists */
    int64_t unit;          /* config_span: milliseconds in one */
    size_t port_at;        /* config_listen, config_endpoint: offset of the port */
};

extern const config_type config_text, /* char *: UTF-8 without control characters */
    config_secret,                    /* char *: the same, wiped when it is freed */
    config_count,                     /* uint32_t */
    config_span,                      /* int64_t, in milliseconds */
    config_level,                     /* log_level */
    config_choice,                    /* bool: whether the second of the two words in `words` */
    config_backend,                   /* char *: a store back end's name */
    config_listen,                    /* char * and uint16_t: numeric address, port */
    config_endpoint,                  /* char * and uint16_t: host, port */
    config_url,                       /* char *: http(s)://host[:port] */
    config_im_handle,                 /* char *: canonical im: handle */
    config_sms_source,                /* char *: E.164, or alphanumeric as SMS have it */
    config_mark,                      /* char *: a mark that can be seen */
    config_authorities,               /* config_list: distinct hosts, with a port or without */
    config_hosts, config_prefixes,    /* config_list: distinct hosts; number prefixes */
    config_ed25519_keys;              /* config_keys: distinct ones, base64url */

#endif
