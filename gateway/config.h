/* The configuration file, read and checked whole before anything is opened (teald --check-config).
 * Unknown sections and keys are errors; each error is one line: file:line: what. remedy. */
#ifndef TEAL_GATEWAY_CONFIG_H
#define TEAL_GATEWAY_CONFIG_H

#include "codecs/cursor.h"
#include "gateway/log.h"

#include <stdio.h>

enum {
    CONFIG_MAX_PEERS = 64,
    CONFIG_MAX_LIST = 64,
    CONFIG_MAX_KEYS = 8, /* of one peer */
    CONFIG_KEY_BYTES = 32,
    CONFIG_MAX_PEER_NAME = 32,
};

/* A comma-separated list of strings. */
typedef struct config_list {
    char *at[CONFIG_MAX_LIST];
    size_t n;
} config_list;

/* Distinct Ed25519 public keys. */
typedef struct config_keys {
    uint8_t at[CONFIG_MAX_KEYS][CONFIG_KEY_BYTES];
    size_t n;
} config_keys;

typedef struct config_peer {
    char *name;              /* [peer NAME]; not native, sms, gateway */
    config_list domains;     /* lower-case hosts */
    config_list numbers;     /* prefixes, "+447700" */
    char *url;               /* http://host:port, no trailing slash */
    config_keys keys;        /* by which it signs its requests */
    char *ca;                /* who signs its certificate: a file; "": whom the system trusts */
    char *certificate, *key; /* what it is shown of the gateway: files; "": nothing */
} config_peer;

typedef struct config {
    char *path;

    /* [gateway] */
    char *handle;      /* canonical im: handle under a native domain */
    char *state;       /* folder for store and keys; relative to the configuration file */
    char *listen_host; /* listen = HOST:PORT; loopback, or under TLS (REQ-REST-5) */
    uint16_t listen_port;
    config_list authorities;  /* authority: HOST[:PORT] that requests to it may be signed for;
                                 none: the listen address, and localhost with its port */
    bool clear_text_anywhere; /* clear_text = loopback|anywhere */
    uint32_t workers;         /* 4; 1..64 */
    uint32_t max_connections; /* 1024 */
    uint32_t max_waiting;     /* requests parked before 503; 4096 */
    uint32_t lookup_log_days; /* 30; 0: none is kept */
    log_level log_level;      /* log_level = debug|info|warn|error */
    bool log_json;            /* log = plain|json */
    char *sms_mark;           /* "[SMS, not encrypted]" */
    char *plain_mark;         /* "[RCS, not end-to-end encrypted]" */

    /* [tls]; tls_certificate NULL: clear text. Files, relative to the configuration file. */
    char *tls_certificate, *tls_key;
    char *tls_client_ca; /* "": no certificates are asked of clients */
    bool tls_1_3_only;   /* minimum = 1.2|1.3 */

    /* [keys] */
    bool keys_sealed;             /* protection = none|passphrase */
    int64_t downgrade_overlap_ms; /* downgrade_overlap_s, 604800: 7 days */

    /* [native] */
    config_list native_domains, native_numbers;
    bool prove_numbers; /* a tel: handle is taken only when it was proven by a code */

    /* [store] */
    char *store_backend; /* "sqlite" */
    char *store_url;     /* STATE/teal.db; relative to the configuration file */

    /* [queue] */
    int64_t give_up_after_ms;             /* give_up_after_s, 86400 */
    int64_t retry_first_ms, retry_max_ms; /* 1000, 300000 */
    int64_t peer_timeout_ms;              /* 10000 */
    int64_t lookup_ttl_ms;                /* lookup_ttl_s, 300 */

    /* [limits]; requests a minute of one caller, per_device_per_minute and so on; 0: no limit */
    uint32_t limit_device;   /* 6000 */
    uint32_t limit_peer;     /* 1200000 */
    uint32_t limit_address;  /* 6000; of who does not sign, from elsewhere */
    uint32_t limit_loopback; /* 0; from this machine: a proxy, perhaps */
    uint32_t limit_claims;   /* claims_per_minute, 120; of one device, of one account */
    uint32_t limit_one_time; /* one_time_per_minute, 40; of one account, whoever claims */
    uint32_t limit_burst_s;  /* 10; what comes in so long may be used at once */

    /* [peer NAME], any number */
    config_peer peers[CONFIG_MAX_PEERS];
    size_t n_peers;

    /* [sms]; sms_host NULL: there is no SMS link. centre = HOST:PORT, the other keys are named as
     * here without sms_ */
    char *sms_host;
    uint16_t sms_port;
    char *sms_system_id, *sms_password, *sms_system_type;
    char *sms_source;          /* sender address shown on phones, E.164 or alphanumeric */
    config_list sms_numbers;   /* prefixes that it reaches; "+" is everybody */
    uint32_t sms_window;       /* 64; 1..1000 */
    uint32_t sms_max_segments; /* 10; 1..255 */
    int64_t sms_enquire_ms;    /* enquire_link_s, 30 */
    int64_t sms_response_ms;   /* response_timeout_s, 30 */
    int64_t sms_reconnect_ms;  /* reconnect_first_ms, 500 */
} config;

/* NULL: errors were written to `errors`, every one, not only the first (what only shows between
 * values that are right by themselves comes once they are). */
config *config_load(const char *path, FILE *errors);
void config_free(config **c);

/* How good a claim to a handle such domains and numbers are, 0: none. The best one wins. */
size_t config_claim(const config_list *domains, const config_list *numbers, teal_bytes handle);
/* Whether `name` may be a peer's. */
bool config_is_peer_name(const char *name);

/* The peer of the configuration that may speak for this canonical handle; NULL: none. Of the number
 * prefixes of all networks, the native one too, the longest wins. The edge asks
 * directory/networks.h, which knows those that were added at run time too. */
const config_peer *config_peer_for(const config *c, teal_bytes handle);
/* Whether the handle is under the gateway's own domains or number prefixes, and no peer's prefix is
 * longer. */
bool config_is_native(const config *c, teal_bytes handle);
/* Whether the SMS link reaches it (a tel: handle under sms_numbers, and a link is configured). */
bool config_reaches_sms(const config *c, teal_bytes handle);

#endif
