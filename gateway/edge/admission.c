/* Admission; see admission.h. A caller that signs is counted by who it is, whatever address it has;
 * all others by their address, of which anybody has few. */
#include "gateway/edge/admission.h"

#include "gateway/clock.h"
#include "gateway/edge/rate_limit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BUCKETS = 16384, V4_BYTES = 4, V6_SITE_BYTES = 8 };

struct admission {
    rate_limit *limit;
};

/* Whose bucket, and its size. per_minute 0: there is no limit. */
typedef struct claimant {
    const char *kind; /* in the fields of the answer */
    teal_bytes id;
    uint32_t per_minute;
} claimant;

admission *admission_open(void)
{
    admission *a = calloc(1, sizeof *a);
    if (a == NULL)
        bug("out of memory");
    a->limit = rate_limit_open(BUCKETS);
    return a;
}

void admission_close(admission **a)
{
    if (*a == NULL)
        return;
    rate_limit_close(&(*a)->limit);
    free(*a);
    *a = NULL;
}

/* ---- who counts ------------------------------------------------------------------------------ */

static claimant from_address(const rest_call *c, const uint8_t *at, size_t len, bool loopback)
{
    const config *settings = c->services->config;
    return (claimant){ loopback ? "loopback" : "address",
                       { at, len },
                       loopback ? settings->limit_loopback : settings->limit_address };
}

/* Who has one IPv6 address has its /64. */
static claimant by_address(const rest_call *c)
{
    if (c->remote != NULL && c->remote->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)c->remote;
        const uint8_t *at = (const uint8_t *)&v4->sin_addr;
        return from_address(c, at, V4_BYTES, at[0] == 127);
    }
    if (c->remote != NULL && c->remote->sa_family == AF_INET6) {
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)(const void *)c->remote)->sin6_addr;
        const uint8_t *v4 = &v6->s6_addr[sizeof v6->s6_addr - V4_BYTES];
        return IN6_IS_ADDR_V4MAPPED(v6)
                   ? from_address(c, v4, V4_BYTES, v4[0] == 127)
                   : from_address(c, v6->s6_addr, V6_SITE_BYTES, IN6_IS_ADDR_LOOPBACK(v6));
    }
    return from_address(c, NULL, 0, false);
}

/* An account key is anybody's to make, so it is counted as nobody's. */
static claimant by_caller(const rest_call *c)
{
    const config *settings = c->services->config;
    switch (c->caller->role) {
    case CALLER_DEVICE:
        return (
            claimant){ "device", { c->caller->device, TEAL_DEVICE_BYTES }, settings->limit_device };
    case CALLER_PEER:
        return (claimant){ "peer", c->caller->name, settings->limit_peer };
    case CALLER_OPERATOR:
        return (claimant){ .kind = "operator" };
    case CALLER_ACCOUNT:
    case CALLER_ANYBODY:
        return by_address(c);
    }
    bug("caller_role out of range");
}

/* ---- what is left ---------------------------------------------------------------------------- */

static rate_limit_state take(admission *a, const rest_call *c, const claimant *who, unsigned tokens)
{
    const rate_limit_policy policy = { who->per_minute, c->services->config->limit_burst_s };
    return rate_limit_take(a->limit, (uint8_t)who->kind[0], who->id, &policy, tokens,
                           clock_monotonic_ms());
}

/* The fields of draft-ietf-httpapi-ratelimit-headers. */
static void tell(rest_answer *a, const claimant *who, const rate_limit_state *s)
{
    snprintf(a->rate_policy, sizeof a->rate_policy, "\"%s\";q=%u;w=%u", who->kind, s->quota,
             s->window_s);
    snprintf(a->rate, sizeof a->rate, "\"%s\";r=%u;t=%lld", who->kind, s->remaining,
             (long long)(s->wait_ms + 999) / 1000);
}

static void refuse_rate(rest_call *c, const rate_limit_state *s)
{
    rest_later(c, 429, "rate-limited", "REQ-LIM-1 the caller sends more than it may",
               "Send it again after Retry-After, and mind RateLimit.", s->wait_ms);
}

static bool spend(admission *a, rest_call *c, const claimant *who, unsigned tokens)
{
    if (who->per_minute == 0)
        return true;
    rate_limit_state s = take(a, c, who, tokens);
    tell(c->answer, who, &s);
    if (!s.granted)
        refuse_rate(c, &s);
    return s.granted;
}

bool admission_knock(admission *a, rest_call *c)
{
    claimant who = by_caller(c);
    return spend(a, c, &who, 0);
}

void admission_turned_away(admission *a, rest_call *c)
{
    claimant who = by_address(c);
    if (who.per_minute > 0)
        take(a, c, &who, 1);
}

/* ---- who may come ---------------------------------------------------------------------------- */

static bool is_suspended(const rest_call *c)
{
    networks *all = c->services->networks;
    if (c->caller->role != CALLER_PEER)
        return false;
    const networks_view *view = networks_hold(all);
    const bridged_network *n = networks_named(view, c->caller->name);
    bool suspended = n != NULL && n->suspended;
    networks_let_go(all, &view);
    return suspended;
}

bool admission_enter(admission *a, rest_call *c)
{
    claimant who = by_caller(c);
    if (!spend(a, c, &who, 1))
        return false;
    if (is_suspended(c)) {
        rest_problem(c, 403, "network-suspended", "REQ-NET-7 the network is suspended",
                     "Ask the gateway's operator; send it again once it is resumed.", NULL);
        return false;
    }
    return true;
}
