/* Reads the configuration file whole and says everything that is wrong with it. Must never write
 * a value into a message: one of them is a password. */
#include "gateway/config.h"

#include "codecs/handle.h"
#include "gateway/config_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>

enum {
    MAX_LINE_BYTES = 4096,
    MAX_SECTIONS = CONFIG_MAX_PEERS + 8,
};

#define AT(field)      .at = offsetof(config, field)
#define PEER_AT(field) .at = offsetof(config_peer, field)
#define NUMBER(first, last)                                                                        \
    .means = "a whole number from " #first " to " #last, .least = (first), .most = (last)
#define MILLISECONDS(first, last) NUMBER(first, last), .unit = 1
#define SECONDS(first, last)      NUMBER(first, last), .unit = 1000
#define TEXT(first, last)                                                                          \
    .means = "UTF-8 text of " #first " to " #last " octets", .least = (first), .most = (last)
#define FILE_PATH "the path of a PEM file, seen from this file"
#define HOSTS     "a list of distinct lower-case hosts like \"a.example, b.example\""
#define PREFIXES  "a list of distinct number prefixes like \"+4477, +4478\""

/* Lengths of [sms] are those of SMPP 3.4 section 4.1.1. */
static const config_rule rules[] = {
    { "gateway", "handle", &config_im_handle, AT(handle), .most = 256,
      .means = "a canonical handle like im:gateway@native.example" },
    { "gateway", "state", &config_text, AT(state), .least = 1, .most = 1000,
      .means = "the path of a folder, seen from this file" },
    { "gateway", "listen", &config_listen, AT(listen_host),
      .port_at = offsetof(config, listen_port), .otherwise = "127.0.0.1:8480",
      .means = "an address with port, like 127.0.0.1:8480 or [::]:8443" },
    { "gateway", "authority", &config_authorities, AT(authorities), "",
      "a list of distinct lower-case hosts, each with its port unless that is the scheme's own, "
      "like \"teal.example, 192.0.2.1:8443\"" },
    { "gateway", "clear_text", &config_choice, AT(clear_text_anywhere), "loopback",
      "one of loopback, anywhere", .words = { "loopback", "anywhere" } },
    { "gateway", "workers", &config_count, AT(workers), "4", NUMBER(1, 64) },
    { "gateway", "max_connections", &config_count, AT(max_connections), "1024", NUMBER(1, 100000) },
    { "gateway", "max_waiting", &config_count, AT(max_waiting), "4096", NUMBER(1, 1000000) },
    { "gateway", "lookup_log_days", &config_count, AT(lookup_log_days), "30", NUMBER(0, 3650) },
    { "gateway", "log_level", &config_level, AT(log_level), "info",
      "one of debug, info, warn, error" },
    { "gateway", "log", &config_choice, AT(log_json), "plain", "one of plain, json",
      .words = { "plain", "json" } },
    { "gateway", "sms_mark", &config_mark, AT(sms_mark), "[SMS, not encrypted]",
      "text that a reader can see, of at most 100 octets", .most = 100 },
    { "gateway", "plain_mark", &config_mark, AT(plain_mark), "[RCS, not end-to-end encrypted]",
      "text that a reader can see, of at most 100 octets", .most = 100 },

    { "tls", "certificate", &config_text, AT(tls_certificate), .least = 1, .most = 1000,
      .means = FILE_PATH },
    { "tls", "key", &config_text, AT(tls_key), .least = 1, .most = 1000, .means = FILE_PATH },
    { "tls", "client_ca", &config_text, AT(tls_client_ca), "", FILE_PATH, .most = 1000 },
    { "tls", "minimum", &config_choice, AT(tls_1_3_only), "1.2", "one of 1.2, 1.3",
      .words = { "1.2", "1.3" } },

    { "keys", "protection", &config_choice, AT(keys_sealed), "passphrase",
      "one of none, passphrase", .words = { "none", "passphrase" } },
    { "keys", "downgrade_overlap_s", &config_span, AT(downgrade_overlap_ms), "604800",
      SECONDS(0, 7776000) },

    { "native", "domains", &config_hosts, AT(native_domains), .means = HOSTS, .least = 1 },
    { "native", "numbers", &config_prefixes, AT(native_numbers), "", PREFIXES },
    { "native", "prove_numbers", &config_choice, AT(prove_numbers), "yes", "one of no, yes",
      .words = { "no", "yes" } },

    { "store", "backend", &config_backend, AT(store_backend), "sqlite", "sqlite", .most = 16 },
    { "store", "url", &config_text, AT(store_url), "", TEXT(0, 1000) },

    { "queue", "give_up_after_s", &config_span, AT(give_up_after_ms), "86400",
      SECONDS(1, 2592000) },
    { "queue", "retry_first_ms", &config_span, AT(retry_first_ms), "1000",
      MILLISECONDS(1, 3600000) },
    { "queue", "retry_max_ms", &config_span, AT(retry_max_ms), "300000",
      MILLISECONDS(1, 86400000) },
    { "queue", "peer_timeout_ms", &config_span, AT(peer_timeout_ms), "10000",
      MILLISECONDS(1, 120000) },
    { "queue", "lookup_ttl_s", &config_span, AT(lookup_ttl_ms), "300", SECONDS(1, 86400) },

    { "limits", "per_device_per_minute", &config_count, AT(limit_device), "6000",
      NUMBER(0, 6000000) },
    { "limits", "per_peer_per_minute", &config_count, AT(limit_peer), "1200000",
      NUMBER(0, 6000000) },
    { "limits", "per_address_per_minute", &config_count, AT(limit_address), "6000",
      NUMBER(0, 6000000) },
    { "limits", "per_loopback_per_minute", &config_count, AT(limit_loopback), "0",
      NUMBER(0, 6000000) },
    { "limits", "claims_per_minute", &config_count, AT(limit_claims), "120", NUMBER(0, 6000000) },
    { "limits", "one_time_per_minute", &config_count, AT(limit_one_time), "40",
      NUMBER(0, 6000000) },
    { "limits", "burst_s", &config_count, AT(limit_burst_s), "10", NUMBER(1, 3600) },

    { "peer", "domains", &config_hosts, PEER_AT(domains), "", HOSTS },
    { "peer", "numbers", &config_prefixes, PEER_AT(numbers), "", PREFIXES },
    { "peer", "keys", &config_ed25519_keys, PEER_AT(keys), "",
      "a list of distinct Ed25519 keys, each 43 characters of base64url", .most = CONFIG_MAX_KEYS },
    { "peer", "url", &config_url, PEER_AT(url), .most = 300,
      .means = "scheme, host and port alone, like https://teal.rcs.example:8443" },
    { "peer", "ca", &config_text, PEER_AT(ca), "", FILE_PATH, .most = 1000 },
    { "peer", "certificate", &config_text, PEER_AT(certificate), "", FILE_PATH, .most = 1000 },
    { "peer", "key", &config_text, PEER_AT(key), "", FILE_PATH, .most = 1000 },

    { "sms", "centre", &config_endpoint, AT(sms_host), .port_at = offsetof(config, sms_port),
      .means = "host and port, like smsc.example:2775" },
    { "sms", "system_id", &config_text, AT(sms_system_id), TEXT(1, 15) },
    { "sms", "password", &config_secret, AT(sms_password), TEXT(0, 8) },
    { "sms", "system_type", &config_text, AT(sms_system_type), "", TEXT(0, 12) },
    { "sms", "source", &config_sms_source, AT(sms_source), .most = 16,
      .means = "a number like +14155550000, or up to 11 letters, digits, spaces and . _ -" },
    { "sms", "numbers", &config_prefixes, AT(sms_numbers), "+", PREFIXES, .least = 1 },
    { "sms", "window", &config_count, AT(sms_window), "64", NUMBER(1, 1000) },
    { "sms", "max_segments", &config_count, AT(sms_max_segments), "10", NUMBER(1, 255) },
    { "sms", "enquire_link_s", &config_span, AT(sms_enquire_ms), "30", SECONDS(1, 3600) },
    { "sms", "response_timeout_s", &config_span, AT(sms_response_ms), "30", SECONDS(1, 3600) },
    { "sms", "reconnect_first_ms", &config_span, AT(sms_reconnect_ms), "500",
      MILLISECONDS(1, 600000) },
};
enum { N_RULES = sizeof rules / sizeof rules[0] };

/* One [section] of the file; base: the struct that it fills. lines: where each rule's key stands,
 * 0 where it does not. */
typedef struct section {
    const char *kind; /* as in rules; NULL: unknown, its keys are passed over */
    char *name;       /* of a peer */
    void *base;
    int line, lines[N_RULES];
} section;

typedef struct parse {
    config *c;
    FILE *in, *errors;
    char *text; /* getline's */
    size_t text_cap, n_errors;
    int line;
    section sections[MAX_SECTIONS], *current; /* NULL: no heading yet */
    size_t n_sections;
} parse;

__attribute__((format(printf, 3, 4))) static void complain(parse *p, int line, const char *format,
                                                           ...)
{
    va_list values;
    va_start(values, format);
    fprintf(p->errors, "%s:%d: ", p->c->path, line);
    vfprintf(p->errors, format, values);
    fputc('\n', p->errors);
    va_end(values);
    p->n_errors++;
}

/* What the file says, for a message: nothing that a terminal would obey. */
static const char *visible(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            return "?";
    return text;
}

/* ---- sections -------------------------------------------------------------------------------- */

static bool is_kind(const char *name)
{
    for (size_t i = 0; i < N_RULES; i++)
        if (strcmp(name, rules[i].section) == 0 && strcmp(name, "peer") != 0)
            return true;
    return false;
}

static section *find_section(parse *p, const char *kind, const char *name)
{
    for (size_t i = 0; i < p->n_sections; i++) {
        section *s = &p->sections[i];
        if (s->kind != NULL && strcmp(s->kind, kind) == 0 &&
            (name == NULL || strcmp(s->name, name) == 0))
            return s;
    }
    return NULL;
}

static section *add_section(parse *p, const char *kind, void *base)
{
    if (p->n_sections == MAX_SECTIONS)
        bug("more sections than there are kinds");
    section *s = &p->sections[p->n_sections++];
    *s = (section){ .kind = kind, .base = base, .line = p->line };
    return s;
}

static section *open_peer(parse *p, const char *name)
{
    const section *before = find_section(p, "peer", name);
    if (!config_is_peer_name(name)) {
        complain(p, p->line,
                 "the peer's name is not 1 to %d of a-z, 0-9 and \"-\", or is native, sms or "
                 "gateway. Name it like [peer rcs].",
                 CONFIG_MAX_PEER_NAME);
    } else if (before != NULL) {
        complain(p, p->line, "[peer %s] stands in line %d already. Keep one.", name, before->line);
    } else if (p->c->n_peers == CONFIG_MAX_PEERS) {
        complain(p, p->line, "this is more than %d peers. Remove some.", CONFIG_MAX_PEERS);
    } else {
        config_peer *peer = &p->c->peers[p->c->n_peers++];
        section *s = add_section(p, "peer", peer);
        s->name = peer->name = strdup(name);
        if (peer->name == NULL)
            bug("out of memory");
        return s;
    }
    return NULL;
}

static section *open_plain(parse *p, const char *kind)
{
    const section *before = find_section(p, kind, NULL);
    if (!is_kind(kind)) {
        complain(p, p->line,
                 "[%s] is not a section. There are gateway, tls, keys, native, store, queue, "
                 "limits, peer NAME and sms.",
                 visible(kind));
    } else if (before != NULL) {
        complain(p, p->line, "[%s] stands in line %d already. Put its keys there.", kind,
                 before->line);
    } else {
        for (size_t i = 0; i < N_RULES; i++)
            if (strcmp(kind, rules[i].section) == 0)
                return add_section(p, rules[i].section, p->c);
    }
    return NULL;
}

static void open_section(parse *p, char *heading)
{
    static section passed_over;
    p->current = &passed_over;
    char *end = strchr(heading, ']');
    if (end == NULL || end[1 + strspn(end + 1, " \t\r\n")] != '\0') {
        complain(p, p->line, "this heading does not end with \"]\". Write it like [gateway].");
        return;
    }
    *end = '\0';
    char *name = heading + 1;
    section *opened = strncmp(name, "peer ", 5) == 0
                          ? open_peer(p, name + 5 + strspn(name + 5, " \t"))
                          : open_plain(p, name);
    if (opened != NULL)
        p->current = opened;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* inih's: hands out one line a call. inih tells its handler neither lines nor headings, and breaks
 * lines that are too long, so all three are seen to here; what is dealt with reads as empty. */
static char *next_line(char *out, int cap, void *arg)
{
    parse *p = arg;
    ssize_t len = getline(&p->text, &p->text_cap, p->in);
    if (len < 0)
        return NULL;
    p->line++;
    char *start = p->text + strspn(p->text, " \t\r\v\f"); /* as inih skips them */
    out[0] = '\0';
    if (strlen(p->text) != (size_t)len)
        complain(p, p->line, "this line holds a NUL. Save the file as plain text.");
    else if (len >= cap)
        complain(p, p->line, "this line is longer than %d octets. Shorten it.", cap - 1);
    else if (*start == '[')
        open_section(p, start);
    else
        memcpy(out, p->text, (size_t)len + 1);
    return out;
}

static const config_rule *find_rule(const char *kind, const char *key)
{
    for (size_t i = 0; i < N_RULES; i++)
        if (strcmp(kind, rules[i].section) == 0 && strcmp(key, rules[i].key) == 0)
            return &rules[i];
    return NULL;
}

static void complain_of_key(parse *p, const char *kind, const char *key)
{
    char keys[512] = "";
    for (size_t i = 0, len = 0; i < N_RULES; i++)
        if (strcmp(kind, rules[i].section) == 0 && len < sizeof keys)
            len += (size_t)snprintf(keys + len, sizeof keys - len, "%s%s", len > 0 ? ", " : "",
                                    rules[i].key);
    complain(p, p->line, "\"%s\" is not a key of [%s]. There are %s.", visible(key), kind, keys);
}

/* inih's: one key with its value. Goes on after an error, to find the others. */
static int take_key(void *arg, const char *heading, const char *key, const char *value)
{
    (void)heading;
    parse *p = arg;
    section *s = p->current;
    if (s != NULL && s->kind == NULL)
        return 1;
    const config_rule *r = s != NULL ? find_rule(s->kind, key) : NULL;
    int *line = r != NULL ? &s->lines[r - rules] : NULL;
    if (s == NULL)
        complain(p, p->line, "a key stands before the first section. Put [gateway] above it.");
    else if (value == NULL)
        complain(p, p->line, "there is no \"=\" in this line. Write key = value.");
    else if (r == NULL)
        complain_of_key(p, s->kind, key);
    else if (*line != 0)
        complain(p, p->line, "%s stands in line %d already. Keep one.", key, *line);
    else if (!r->type->read(r, value, s->base))
        complain(p, p->line, "%s is not %s. Correct it%s.", key, r->means,
                 r->otherwise != NULL ? ", or remove the line" : "");
    if (line != NULL && *line == 0)
        *line = p->line;
    return 1;
}

static void read_file(parse *p)
{
    ini_use_stack = false;
    ini_max_line = ini_initial_alloc = MAX_LINE_BYTES;
    ini_allow_multiline = false;
    ini_allow_inline_comments = false; /* a password or a mark may hold ";" */
    ini_allow_no_value = true;         /* so that take_key can say so, with the line */
    ini_allow_bom = false;
    if (ini_parse_stream(next_line, p, take_key, p) != 0)
        bug("inih failed on lines that it was given");
    if (ferror(p->in))
        complain(p, p->line, "reading stops here: %s. Check the file.", strerror(errno));
}

/* ---- what is not there ----------------------------------------------------------------------- */

static void fill_section(parse *p, section *s)
{
    for (size_t i = 0; i < N_RULES; i++) {
        const config_rule *r = &rules[i];
        if (strcmp(s->kind, r->section) != 0 || s->lines[i] != 0)
            continue;
        if (r->otherwise == NULL)
            complain(p, s->line, "%s is missing in [%s]. Add it: %s.", r->key, s->kind, r->means);
        else if (!r->type->read(r, r->otherwise, s->base))
            bug("a default that its own rule refuses");
    }
}

/* Sections that were left out hold their defaults; without [sms] there is no SMS link. */
static void fill_in(parse *p)
{
    static const char *const always[] = { "gateway", "native", "store", "keys", "queue", "limits" };
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (find_section(p, always[i], NULL) == NULL)
            add_section(p, always[i], p->c);
    for (size_t i = 0; i < p->n_sections; i++)
        fill_section(p, &p->sections[i]);
}

/* `path` as seen from the configuration file's folder. Takes path, hands out another. */
static char *resolve(const config *c, char *path)
{
    const char *slash = strrchr(c->path, '/');
    if (path[0] == '/' || slash == NULL)
        return path;
    char *joined;
    if (asprintf(&joined, "%.*s/%s", (int)(slash - c->path), c->path, path) < 0)
        bug("out of memory");
    free(path);
    return joined;
}

static void resolve_file(const config *c, char **path)
{
    if (*path != NULL && (*path)[0] != '\0')
        *path = resolve(c, *path);
}

static void resolve_paths(config *c)
{
    c->state = resolve(c, c->state);
    resolve_file(c, &c->tls_certificate);
    resolve_file(c, &c->tls_key);
    resolve_file(c, &c->tls_client_ca);
    for (size_t i = 0; i < c->n_peers; i++) {
        resolve_file(c, &c->peers[i].ca);
        resolve_file(c, &c->peers[i].certificate);
        resolve_file(c, &c->peers[i].key);
    }
    if (c->store_url[0] != '\0') {
        c->store_url = resolve(c, c->store_url);
        return;
    }
    free(c->store_url);
    if (asprintf(&c->store_url, "%s/teal.db", c->state) < 0)
        bug("out of memory");
}

/* ---- whether it fits together ---------------------------------------------------------------- */

static int line_of(parse *p, const char *kind, const char *key)
{
    const section *s = find_section(p, kind, NULL);
    int line = s->lines[find_rule(kind, key) - rules];
    return line != 0 ? line : s->line;
}

/* Elements of [peer] that another network has as well: who would speak for them? */
static void check_overlap(parse *p, const section *s, const char *key, const config_list *list,
                          const config_list *other, const char *owner)
{
    for (size_t i = 0; i < list->n; i++)
        for (size_t j = 0; j < other->n; j++)
            if (strcmp(list->at[i], other->at[j]) == 0)
                complain(p, s->lines[find_rule("peer", key) - rules],
                         "%s has %s, which [%s] has too. Leave it to one of them.", key,
                         list->at[i], owner);
}

static void check_keys(parse *p, const section *s, const config_peer *before)
{
    const config_keys *keys = &((const config_peer *)s->base)->keys;
    for (size_t i = 0; i < keys->n; i++)
        for (size_t j = 0; j < before->keys.n; j++)
            if (memcmp(keys->at[i], before->keys.at[j], CONFIG_KEY_BYTES) == 0)
                complain(p, s->lines[find_rule("peer", "keys") - rules],
                         "keys has one that [peer %s] has too. Give each network keys of its own.",
                         before->name);
}

static void check_peer(parse *p, const section *s)
{
    const config_peer *peer = s->base;
    if (peer->domains.n + peer->numbers.n == 0)
        complain(p, s->line, "[peer %s] speaks for nobody. Add domains or numbers.", peer->name);
    if ((peer->certificate[0] == '\0') != (peer->key[0] == '\0'))
        complain(p, s->line, "[peer %s] has one of certificate and key. Add the other.",
                 peer->name);
    check_overlap(p, s, "domains", &peer->domains, &p->c->native_domains, "native");
    check_overlap(p, s, "numbers", &peer->numbers, &p->c->native_numbers, "native");
    for (const config_peer *before = p->c->peers; before < peer; before++) {
        check_overlap(p, s, "domains", &peer->domains, &before->domains, before->name);
        check_overlap(p, s, "numbers", &peer->numbers, &before->numbers, before->name);
        check_keys(p, s, before);
    }
}

/* Who listens elsewhere in clear text shows everybody on the way who asks for whom. */
static void check_listen(parse *p)
{
    const config *c = p->c;
    struct in_addr v4;
    struct in6_addr v6;
    bool loopback =
        inet_pton(AF_INET, c->listen_host, &v4) == 1
            ? ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET
            : inet_pton(AF_INET6, c->listen_host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    if (!loopback && c->tls_certificate == NULL && !c->clear_text_anywhere)
        complain(p, line_of(p, "gateway", "listen"),
                 "listen is not on loopback, and without [tls] requests would cross the network "
                 "in clear text (REQ-REST-5). Add [tls], or write clear_text = anywhere.");
    else if (!loopback && c->authorities.n == 0)
        complain(p, line_of(p, "gateway", "listen"),
                 "listen is not on loopback, and requests are signed for the name that they are "
                 "sent to (REQ-SIG-8). Add authority with the names that the gateway has.");
}

static void check_whole(parse *p)
{
    const config *c = p->c;
    check_listen(p);
    if (!config_is_native(c, teal_text(c->handle)))
        complain(p, line_of(p, "gateway", "handle"),
                 "handle is not under a domain of [native]. Add its host to domains there.");
    if (c->retry_first_ms > c->retry_max_ms)
        complain(p, line_of(p, "queue", "retry_first_ms"),
                 "retry_first_ms is above retry_max_ms. Lower it, or raise the other.");
    for (size_t i = 0; i < p->n_sections; i++)
        if (strcmp(p->sections[i].kind, "peer") == 0)
            check_peer(p, &p->sections[i]);
}

config *config_load(const char *path, FILE *errors)
{
    config *c = calloc(1, sizeof *c);
    parse *p = calloc(1, sizeof *p);
    if (c == NULL || p == NULL || (c->path = strdup(path)) == NULL)
        bug("out of memory");
    p->c = c;
    p->errors = errors;
    p->in = fopen(path, "re");
    if (p->in == NULL) {
        complain(p, 0, "the configuration cannot be opened: %s. Check its path.", strerror(errno));
        goto out;
    }
    read_file(p);
    fill_in(p);
    if (p->n_errors == 0) {
        resolve_paths(c);
        check_whole(p);
    }
out:
    if (p->n_errors > 0)
        config_free(&c);
    if (p->in != NULL)
        fclose(p->in);
    if (p->text != NULL)
        explicit_bzero(p->text, p->text_cap);
    free(p->text);
    free(p);
    return c;
}

void config_free(config **c)
{
    if (*c == NULL)
        return;
    for (size_t i = 0; i < N_RULES; i++) {
        const config_rule *r = &rules[i];
        bool of_peers = strcmp(r->section, "peer") == 0;
        size_t n = of_peers ? (*c)->n_peers : 1;
        for (size_t j = 0; j < n && r->type->release != NULL; j++)
            r->type->release(r, of_peers ? (void *)&(*c)->peers[j] : (void *)*c);
    }
    for (size_t i = 0; i < (*c)->n_peers; i++)
        free((*c)->peers[i].name);
    free((*c)->path);
    free(*c);
    *c = NULL;
}
