/* Readers of single values. Must never take a value that a later part would have to refuse. */
#include "gateway/config_value.h"

#include "codecs/base64.h"
#include "codecs/handle.h"
#include "codecs/native/envelope.h"
#include "codecs/sms/mark.h"
#include "codecs/utf8.h"
#include "gateway/config.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>

static char **text_at(const config_rule *r, void *base)
{
    return (char **)((char *)base + r->at);
}

static char *copy(const char *text, size_t len)
{
    char *made = strndup(text, len);
    if (made == NULL)
        bug("out of memory");
    return made;
}

static bool is_number(const char *text, int64_t least, int64_t most, int64_t *out)
{
    int64_t value = 0;
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len > 15 || text[len] != '\0')
        return false;
    for (size_t i = 0; i < len; i++)
        value = value * 10 + (text[i] - '0');
    *out = value;
    return value >= least && value <= most;
}

/* A host as it stands in canonical handles: a name, no address. */
static bool is_host(const char *text, size_t len)
{
    uint8_t handle[TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { handle, sizeof handle, 0 };
    teal_write_text(&w, "im:a@");
    teal_write_bytes(&w, (teal_bytes){ (const uint8_t *)text, len });
    return teal_write_fits(&w) && teal_handle_is_canonical(teal_written(&w));
}

static bool is_e164(const char *text)
{
    uint8_t handle[TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { handle, sizeof handle, 0 };
    teal_write_text(&w, "tel:");
    teal_write_text(&w, text);
    return teal_write_fits(&w) && teal_handle_is_canonical(teal_written(&w));
}

static bool is_prefix(const char *text, size_t len)
{
    if (len < 1 || len > 16 || text[0] != '+' || (len > 1 && text[1] == '0'))
        return false;
    for (size_t i = 1; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool is_text(const config_rule *r, const char *text)
{
    int64_t len = (int64_t)strlen(text);
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return len >= r->least && len <= r->most && teal_utf8_valid(teal_text(text));
}

static bool read_text(const config_rule *r, const char *text, void *base)
{
    if (!is_text(r, text))
        return false;
    *text_at(r, base) = copy(text, strlen(text));
    return true;
}

static void release_text(const config_rule *r, void *base)
{
    char **text = text_at(r, base);
    free(*text);
    *text = NULL;
}

static void release_secret(const config_rule *r, void *base)
{
    char *text = *text_at(r, base);
    if (text != NULL)
        sodium_memzero(text, strlen(text));
    release_text(r, base);
}

static bool read_backend(const config_rule *r, const char *text, void *base)
{
    return strcmp(text, "sqlite") == 0 && read_text(r, text, base);
}

static bool read_im_handle(const config_rule *r, const char *text, void *base)
{
    return strncmp(text, "im:", 3) == 0 && teal_handle_is_canonical(teal_text(text)) &&
           read_text(r, text, base);
}

/* 3GPP TS 23.040 section 9.1.2.5: an alphanumeric address has at most 11 characters. */
static bool read_sms_source(const config_rule *r, const char *text, void *base)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789 ._-";
    size_t len = strlen(text);
    bool alphanumeric = len >= 1 && len <= 11 && strspn(text, characters) == len;
    return (alphanumeric || is_e164(text)) && read_text(r, text, base);
}

static bool read_mark(const config_rule *r, const char *text, void *base)
{
    uint8_t shown[512];
    teal_writer w = { shown, sizeof shown, 0 };
    return teal_mark_apply(teal_text(text), (teal_bytes){ 0 }, &w, NULL) == TEAL_OK &&
           read_text(r, text, base);
}

/* ---- numbers and words ----------------------------------------------------------------------- */

static bool read_count(const config_rule *r, const char *text, void *base)
{
    int64_t value;
    if (!is_number(text, r->least, r->most, &value))
        return false;
    *(uint32_t *)((char *)base + r->at) = (uint32_t)value;
    return true;
}

static bool read_span(const config_rule *r, const char *text, void *base)
{
    int64_t value;
    if (!is_number(text, r->least, r->most, &value))
        return false;
    *(int64_t *)((char *)base + r->at) = value * r->unit;
    return true;
}

static bool read_level(const config_rule *r, const char *text, void *base)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *(log_level *)((char *)base + r->at) = (log_level)i;
            return true;
        }
    }
    return false;
}

static bool read_choice(const config_rule *r, const char *text, void *base)
{
    bool second = strcmp(text, r->words[1]) == 0;
    if (!second && strcmp(text, r->words[0]) != 0)
        return false;
    *(bool *)((char *)base + r->at) = second;
    return true;
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* Host of "host:port" or "[address]:port", without brackets; NULL where it is neither. */
static char *split_endpoint(const char *text, uint16_t *port, bool *bracketed)
{
    const char *colon = strrchr(text, ':');
    int64_t number;
    if (colon == NULL || colon == text || !is_number(colon + 1, 1, UINT16_MAX, &number))
        return NULL;
    size_t len = (size_t)(colon - text);
    *bracketed = text[0] == '[';
    *port = (uint16_t)number;
    if (!*bracketed)
        return copy(text, len);
    return len > 2 && text[len - 1] == ']' ? copy(text + 1, len - 2) : NULL;
}

static bool is_ipv6(const char *host, struct in6_addr *out)
{
    return inet_pton(AF_INET6, host, out) == 1;
}

static bool is_address(const char *host, bool bracketed)
{
    struct in_addr v4;
    struct in6_addr v6;
    return bracketed ? is_ipv6(host, &v6) : inet_pton(AF_INET, host, &v4) == 1;
}

static bool is_any_host(const char *host, bool bracketed)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (bracketed)
        return is_ipv6(host, &v6);
    return inet_pton(AF_INET, host, &v4) == 1 || is_host(host, strlen(host));
}

static bool read_host_and_port(const config_rule *r, const char *text, void *base,
                               bool (*accept)(const char *host, bool bracketed))
{
    uint16_t port;
    bool bracketed;
    char *host = split_endpoint(text, &port, &bracketed);
    if (host == NULL || !accept(host, bracketed)) {
        free(host);
        return false;
    }
    *text_at(r, base) = host;
    *(uint16_t *)((char *)base + r->port_at) = port;
    return true;
}

static bool read_listen(const config_rule *r, const char *text, void *base)
{
    return read_host_and_port(r, text, base, is_address);
}

static bool read_endpoint(const config_rule *r, const char *text, void *base)
{
    return read_host_and_port(r, text, base, is_any_host);
}

static bool url_has(CURLU *url, CURLUPart part, const char *want)
{
    char *value = NULL;
    bool there = curl_url_get(url, part, &value, 0) == CURLUE_OK;
    bool as_wanted = there && (want == NULL || strcmp(value, want) == 0);
    curl_free(value);
    return as_wanted;
}

static bool read_url(const config_rule *r, const char *text, void *base)
{
    CURLU *url = curl_url();
    if (url == NULL)
        bug("out of memory");
    size_t len = strlen(text);
    bool good =
        curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
        (url_has(url, CURLUPART_SCHEME, "http") || url_has(url, CURLUPART_SCHEME, "https")) &&
        url_has(url, CURLUPART_PATH, "/") && !url_has(url, CURLUPART_USER, NULL) &&
        !url_has(url, CURLUPART_PASSWORD, NULL) && !url_has(url, CURLUPART_QUERY, NULL) &&
        !url_has(url, CURLUPART_FRAGMENT, NULL) && len > 0 && text[len - 1] != '/';
    curl_url_cleanup(url);
    return good && read_text(r, text, base);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void clear_list(config_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i]);
    *list = (config_list){ 0 };
}

static void release_list(const config_rule *r, void *base)
{
    clear_list((config_list *)((char *)base + r->at));
}

static bool has_element(const config_list *list, const char *text, size_t len)
{
    for (size_t i = 0; i < list->n; i++)
        if (strlen(list->at[i]) == len && memcmp(list->at[i], text, len) == 0)
            return true;
    return false;
}

static bool read_list(const config_rule *r, const char *text, void *base,
                      bool (*accept)(const char *text, size_t len))
{
    config_list list = { 0 };
    bool good = true, more = text[0] != '\0';
    while (good && more) {
        size_t span = strcspn(text, ","), len = span;
        more = text[span] == ',';
        const char *next = text + span + more;
        for (; len > 0 && (*text == ' ' || *text == '\t'); len--)
            text++;
        while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
            len--;
        good = list.n < CONFIG_MAX_LIST && accept(text, len) && !has_element(&list, text, len);
        if (good)
            list.at[list.n++] = copy(text, len);
        text = next;
    }
    if (!good || (int64_t)list.n < r->least) {
        clear_list(&list);
        return false;
    }
    *(config_list *)((char *)base + r->at) = list;
    return true;
}

static bool is_any(const char *text, size_t len)
{
    (void)text;
    return len > 0;
}

static bool read_hosts(const config_rule *r, const char *text, void *base)
{
    return read_list(r, text, base, is_host);
}

/* As it stands in the Host field of a request. */
static bool is_authority(const char *text, size_t len)
{
    char *whole = copy(text, len), *host = NULL;
    uint16_t port;
    bool bracketed = text[0] == '[',
         has_port = len > 0 && text[len - 1] != ']' && memchr(text, ':', len) != NULL;
    if (has_port)
        host = split_endpoint(whole, &port, &bracketed);
    else
        host = bracketed && len > 2 ? copy(text + 1, len - 2) : copy(text, len);
    bool good = host != NULL && is_any_host(host, bracketed);
    free(host);
    free(whole);
    return good;
}

static bool read_authorities(const config_rule *r, const char *text, void *base)
{
    return read_list(r, text, base, is_authority);
}

static bool read_prefixes(const config_rule *r, const char *text, void *base)
{
    return read_list(r, text, base, is_prefix);
}

/* Neither one that is no point, nor one under which anybody can sign. */
static bool read_key(const char *text, size_t len, uint8_t key[static CONFIG_KEY_BYTES])
{
    teal_bytes in = { (const uint8_t *)text, len };
    return teal_base64url_decode_exact(in, key, CONFIG_KEY_BYTES, NULL) == TEAL_OK &&
           crypto_core_ed25519_is_valid_point(key) == 1;
}

static bool has_key(const config_keys *keys, const uint8_t *key)
{
    for (size_t i = 0; i < keys->n; i++)
        if (memcmp(keys->at[i], key, CONFIG_KEY_BYTES) == 0)
            return true;
    return false;
}

static bool read_ed25519_keys(const config_rule *r, const char *text, void *base)
{
    static const config_rule as_list = { .least = 0 };
    config_list list = { 0 };
    config_keys keys = { 0 };
    bool good = read_list(&as_list, text, &list, is_any) && list.n <= (size_t)r->most;
    for (size_t i = 0; good && i < list.n; i++) {
        uint8_t key[CONFIG_KEY_BYTES];
        good = read_key(list.at[i], strlen(list.at[i]), key) && !has_key(&keys, key);
        if (good)
            memcpy(keys.at[keys.n++], key, sizeof key);
    }
    clear_list(&list);
    if (good)
        *(config_keys *)((char *)base + r->at) = keys;
    return good;
}

const config_type config_text = { read_text, release_text };
const config_type config_secret = { read_text, release_secret };
const config_type config_count = { read_count, NULL };
const config_type config_span = { read_span, NULL };
const config_type config_level = { read_level, NULL };
const config_type config_choice = { read_choice, NULL };
const config_type config_backend = { read_backend, release_text };
const config_type config_listen = { read_listen, release_text };
const config_type config_endpoint = { read_endpoint, release_text };
const config_type config_url = { read_url, release_text };
const config_type config_im_handle = { read_im_handle, release_text };
const config_type config_sms_source = { read_sms_source, release_text };
const config_type config_mark = { read_mark, release_text };
const config_type config_authorities = { read_authorities, release_list };
const config_type config_hosts = { read_hosts, release_list };
const config_type config_prefixes = { read_prefixes, release_list };
const config_type config_ed25519_keys = { read_ed25519_keys, NULL };
