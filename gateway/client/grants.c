/* See grants.h. Member of the keychain's state: forwarding_sequence. */
#include "gateway/client/grants.h"

#include "gateway/client/member.h"

const char *grants_read(teal_bytes encoded, const uint8_t account_key[static TEAL_KEY_BYTES],
                        teal_forwarding_grant *out)
{
    teal_diag why = { 0 };
    if (teal_forwarding_grant_decode(encoded, out, &why) != TEAL_OK ||
        teal_forwarding_grant_verify(out, account_key, &why) != TEAL_OK)
        return why.rule;
    return NULL;
}

const char *grants_state(const teal_forwarding_grant *g, const teal_manifest *m, int64_t now_ms)
{
    const teal_device *device = teal_manifest_device(m, g->device);
    if (device == NULL || memcmp(device->signing_key, g->signing_key, TEAL_KEY_BYTES) != 0)
        return "void";
    if (g->revoked)
        return "revoked";
    return g->expires_at_ms <= (uint64_t)now_ms ? "expired" : "granted";
}

json_t *grants_item(const teal_forwarding_grant *g, const teal_manifest *m, int64_t now_ms)
{
    const teal_device *device = teal_manifest_device(m, g->device);
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:b}", "kind", "forwarding",
                     "handle", member_of_text(g->handle), "device",
                     member_of_hex((teal_bytes){ g->device, sizeof g->device }), "name",
                     member_of_text(device != NULL ? device->name : (teal_bytes){ 0 }), "state",
                     grants_state(g, m, now_ms), "granted_at_ms", (json_int_t)g->granted_at_ms,
                     "expires_at_ms", (json_int_t)g->expires_at_ms, "sequence",
                     (json_int_t)g->sequence, "verified", 1);
}

uint64_t grants_next_sequence(keychain *k, uint64_t seen)
{
    const json_int_t kept = json_integer_value(json_object_get(k->state, "forwarding_sequence"));
    uint64_t next = kept > 0 ? (uint64_t)kept : 0;
    next = (seen > next ? seen : next) + 1;
    json_object_set_new(k->state, "forwarding_sequence", json_integer((json_int_t)next));
    return next;
}
