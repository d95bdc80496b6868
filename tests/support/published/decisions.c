/* Rows of the downgrade decision, a few for each rule, with what must come. */
#include "tests/support/published/decisions.h"

#include "gateway/core/policy.h"

enum { NOW_MS = 1000000, EXPIRES_MS = NOW_MS + 1, FAILED_AFTER_MS = 300 };

/* What differs from: kind MESSAGE, a consent to PLAINTEXT with a fallback, NO_BETTER_PATH, to the
 * key in force, sms alone. */
typedef struct row {
    const char *name, *code, *rule; /* code NULL: it goes */
    const char *paths;              /* letters: n r p s; NULL: s */
    const char *path;
    teal_level level;
    int64_t failing_for_ms; /* of the better path; 0: it is not failing */
    teal_kind kind;
    teal_level floor;
    teal_when when;
    bool no_consent, no_fallback, other_key, e2ee_before, accepts_loss;
    int64_t expires_ms;
} row;

static const row rows[] = {
    { "native, with a consent that is not needed", .paths = "nrps", .path = "native",
      .level = TEAL_E2EE },
    { "rcs, without a consent", .paths = "rps", .path = "rcs", .level = TEAL_E2EE,
      .no_consent = true },
    { "any kind goes end-to-end encrypted", .paths = "n", .path = "native", .level = TEAL_E2EE,
      .kind = TEAL_KIND_RECEIPT },
    { "sms under a consent", .path = "sms", .level = TEAL_PLAINTEXT },
    { "plain is better than sms", .paths = "ps", .path = "plain", .level = TEAL_TRANSPORT },
    { "the floor keeps sms out", .paths = "ps", .floor = TEAL_TRANSPORT, .path = "plain",
      .level = TEAL_TRANSPORT },
    { "an OR_FAILED consent, and there is no better path", .when = TEAL_OR_FAILED, .path = "sms",
      .level = TEAL_PLAINTEXT },
    { "the better path has failed for as long as the consent names", .paths = "rs",
      .when = TEAL_OR_FAILED, .failing_for_ms = FAILED_AFTER_MS, .path = "sms",
      .level = TEAL_PLAINTEXT },
    { "the loss is accepted", .e2ee_before = true, .accepts_loss = true, .path = "sms",
      .level = TEAL_PLAINTEXT },
    { "no path at all", .paths = "", .rule = "REQ-MSG-8", .code = "recipient-unroutable" },
    { "no path but the one that fails", .paths = "n", .failing_for_ms = 1, .when = TEAL_OR_FAILED,
      .rule = "REQ-MSG-8", .code = "recipient-unroutable" },
    { "a receipt", .kind = TEAL_KIND_RECEIPT, .rule = "REQ-DGR-2", .code = "consent-kind" },
    { "typing, without a consent", .kind = TEAL_KIND_TYPING, .no_consent = true,
      .rule = "REQ-DGR-2", .code = "consent-kind" },
    { "control", .kind = TEAL_KIND_CONTROL, .rule = "REQ-DGR-2", .code = "consent-kind" },
    { "no consent", .no_consent = true, .rule = "REQ-DGR-3", .code = "consent-missing" },
    { "no consent, and the better path fails", .paths = "rs", .failing_for_ms = 86400000,
      .no_consent = true, .rule = "REQ-DGR-3", .code = "consent-missing" },
    { "a consent that expires now", .expires_ms = NOW_MS, .rule = "REQ-DGR-4",
      .code = "consent-expired" },
    { "an expired consent without a fallback", .expires_ms = 1, .no_fallback = true,
      .rule = "REQ-DGR-4", .code = "consent-expired" },
    { "a floor over sms", .floor = TEAL_TRANSPORT, .rule = "REQ-DGR-5",
      .code = "consent-floor-too-high" },
    { "no fallback", .no_fallback = true, .rule = "REQ-DGR-6", .code = "consent-fallback-missing" },
    { "E2EE before, and the loss is not accepted", .e2ee_before = true, .rule = "REQ-DGR-7",
      .code = "consent-e2ee-loss" },
    { "the same on plain", .paths = "p", .e2ee_before = true, .other_key = true,
      .rule = "REQ-DGR-7", .code = "consent-e2ee-loss" },
    { "another gateway key", .other_key = true, .rule = "REQ-DGR-8",
      .code = "consent-gateway-key" },
    { "NO_BETTER_PATH, and the better path fails", .paths = "ns", .failing_for_ms = 86400000,
      .rule = "REQ-DGR-9", .code = "consent-not-failed-yet" },
    { "OR_FAILED, and it has not failed for long", .paths = "rps", .when = TEAL_OR_FAILED,
      .failing_for_ms = FAILED_AFTER_MS - 1, .rule = "REQ-DGR-9",
      .code = "consent-not-failed-yet" },
};

static const uint8_t key_in_force[TEAL_GATEWAY_KEY_BYTES] = { 1 };

static teal_consent consent_of(const row *r)
{
    static const uint8_t sealed[17], enc[32];
    teal_consent c = { .floor = r->floor != TEAL_LEVEL_NONE ? r->floor : TEAL_PLAINTEXT,
                       .when = r->when != 0 ? r->when : TEAL_NO_BETTER_PATH,
                       .failed_after_ms = FAILED_AFTER_MS,
                       .expires_at_ms = (uint64_t)(r->expires_ms > 0 ? r->expires_ms : EXPIRES_MS),
                       .accepts_e2ee_loss = r->accepts_loss,
                       .gateway_key = { r->other_key ? 2 : 1 } };
    if (!r->no_fallback) {
        c.enc = (teal_bytes){ enc, sizeof enc };
        c.sealed = (teal_bytes){ sealed, sizeof sealed };
    }
    return c;
}

static json_t *consent_vector(const row *r, const teal_consent *c)
{
    if (r->no_consent)
        return json_null();
    return vector_pack("{s:i, s:i, s:o, s:o, s:b, s:o, s:b}", "floor", c->floor, "when", c->when,
                       "failed_after_ms", vector_number(c->failed_after_ms), "expires_at_ms",
                       vector_number(c->expires_at_ms), "accepts_e2ee_loss", c->accepts_e2ee_loss,
                       "gateway_key", vector_hex(c->gateway_key, sizeof c->gateway_key),
                       "has_fallback", c->sealed.len > 0);
}

static json_t *paths_vector(const char *letters)
{
    static const struct {
        char letter;
        const char *path;
    } paths[] = { { 'n', "native" }, { 'r', "rcs" }, { 'p', "plain" }, { 's', "sms" } };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strchr(letters, paths[i].letter) != NULL)
            json_array_append_new(out, json_string(paths[i].path));
    return out;
}

static void expect_verdict(const row *r, const policy_answer *got)
{
    static const char *const names[] = {
        [PATH_NATIVE] = "native", [PATH_RCS] = "rcs", [PATH_PLAIN] = "plain", [PATH_SMS] = "sms"
    };
    if (r->code == NULL) {
        expect_that(r->name, got->verdict == POLICY_GO && got->level == r->level &&
                                 strcmp(names[got->path], r->path) == 0);
        return;
    }
    teal_diag why = { .rule = policy_rule(got->verdict) };
    expect_that(r->name, strcmp(policy_code(got->verdict), r->code) == 0);
    expect_refused(r->name, TEAL_MALFORMED, &why, r->rule);
}

static json_t *decision_vector(const row *r)
{
    const char *paths = r->paths != NULL ? r->paths : "s";
    teal_consent consent = consent_of(r);
    policy_case c = { .kind = r->kind != 0 ? r->kind : TEAL_KIND_MESSAGE,
                      .consent = r->no_consent ? NULL : &consent,
                      .has_native = strchr(paths, 'n') != NULL,
                      .has_rcs = strchr(paths, 'r') != NULL,
                      .has_plain = strchr(paths, 'p') != NULL,
                      .has_sms = strchr(paths, 's') != NULL,
                      .better_failed = r->failing_for_ms > 0,
                      .e2ee_before = r->e2ee_before,
                      .gateway_key = key_in_force,
                      .now_ms = NOW_MS };
    /* Since before the Unix epoch would be no time: the clock goes on instead. */
    if (r->failing_for_ms > 0) {
        c.failing_since_ms = 1;
        c.now_ms = 1 + r->failing_for_ms;
    }
    if (r->failing_for_ms > 0 && r->expires_ms == 0)
        consent.expires_at_ms = (uint64_t)c.now_ms + 1;
    policy_answer got = policy_decide(&c);
    expect_verdict(r, &got);
    json_t *facts =
        vector_pack("{s:i, s:o, s:o, s:I, s:b, s:o, s:I}", "kind", c.kind, "consent",
                    consent_vector(r, &consent), "paths", paths_vector(paths), "failing_since_ms",
                    (json_int_t)c.failing_since_ms, "e2ee_before", r->e2ee_before, "gateway_key",
                    vector_hex(key_in_force, sizeof key_in_force), "now_ms", (json_int_t)c.now_ms);
    json_t *verdict = r->code == NULL
                          ? vector_pack("{s:s, s:i}", "path", r->path, "level", r->level)
                          : vector_pack("{s:s, s:s}", "rule", r->rule, "code", r->code);
    return vector_pack("{s:s, s:o, s:o}", "name", r->name, "facts", facts, "verdict", verdict);
}

json_t *decision_vectors(void)
{
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        json_array_append_new(out, decision_vector(&rows[i]));
    return out;
}
