/* Which network may speak for a handle, as the configuration has it. */
#include "gateway/config.h"

#include "codecs/handle.h"

/* Length of the longest of the prefixes that `number` starts with; 0: none. */
static size_t match_number(const config_list *prefixes, teal_bytes number)
{
    size_t longest = 0;
    for (size_t i = 0; i < prefixes->n; i++) {
        teal_bytes prefix = teal_text(prefixes->at[i]);
        if (prefix.len > longest && prefix.len <= number.len &&
            memcmp(prefix.at, number.at, prefix.len) == 0)
            longest = prefix.len;
    }
    return longest;
}

/* A host stands in one network's list only, which config_load checks. */
size_t config_claim(const config_list *domains, const config_list *numbers, teal_bytes handle)
{
    teal_bytes host = teal_handle_host(handle);
    for (size_t i = 0; i < domains->n; i++)
        if (host.len > 0 && teal_bytes_equal(host, teal_text(domains->at[i])))
            return host.len;
    return match_number(numbers, teal_handle_number(handle));
}

bool config_is_peer_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= CONFIG_MAX_PEER_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           strcmp(name, "native") != 0 && strcmp(name, "sms") != 0 && strcmp(name, "gateway") != 0;
}

/* The best claim among the peers; *best NULL: there is none. */
static size_t match_peers(const config *c, teal_bytes handle, const config_peer **best)
{
    size_t longest = 0;
    *best = NULL;
    for (size_t i = 0; i < c->n_peers; i++) {
        size_t len = config_claim(&c->peers[i].domains, &c->peers[i].numbers, handle);
        if (len > longest) {
            longest = len;
            *best = &c->peers[i];
        }
    }
    return longest;
}

const config_peer *config_peer_for(const config *c, teal_bytes handle)
{
    const config_peer *peer;
    size_t theirs = match_peers(c, handle, &peer);
    return theirs > config_claim(&c->native_domains, &c->native_numbers, handle) ? peer : NULL;
}

bool config_is_native(const config *c, teal_bytes handle)
{
    const config_peer *peer;
    return config_claim(&c->native_domains, &c->native_numbers, handle) >
           match_peers(c, handle, &peer);
}

bool config_reaches_sms(const config *c, teal_bytes handle)
{
    return c->sms_host != NULL && match_number(&c->sms_numbers, teal_handle_number(handle)) > 0;
}
