/* Checks a Submit in the order: is it a message, did its sender's device sign it, to this
 * recipient, does the consent allow it. */
#include "gateway/plaintext/evidence.h"

#include "codecs/native/manifest.h"
#include "codecs/native/transcript.h"

static teal_bytes bytes_of(ProtobufCBinaryData b)
{
    return (teal_bytes){ b.data, b.len };
}

static evidence_verdict refuse(const char **reason, const char *code)
{
    *reason = code;
    return EVIDENCE_REFUSES;
}

static bool is_recipient(const teal_envelope *e, teal_bytes handle)
{
    for (size_t i = 0; i < e->n_recipients; i++)
        if (teal_bytes_equal(e->recipients[i], handle))
            return true;
    return false;
}

static bool read_path(const room *r, const Teal__V1__Submit *s, evidence *out)
{
    if (strcmp(s->path, "sms") == 0) {
        out->path = PATH_SMS;
        out->level = TEAL_PLAINTEXT;
        return true;
    }
    if (strcmp(s->path, "plain") != 0)
        return false;
    out->path = PATH_PLAIN;
    out->level = TEAL_TRANSPORT;
    out->peer = config_peer_for(r->config, out->recipient);
    if (out->peer != NULL && strcmp(out->peer->name, s->network) != 0)
        out->peer = NULL; /* another network's recipient is not that peer's business */
    return true;
}

/* Fills *out; false: the frame names no message, or no path of the room's. */
static bool read_submit(const room *r, const Teal__V1__Submit *s, teal_arena *arena, evidence *out)
{
    teal_diag why = { 0 };
    *out = (evidence){ 0 };
    if (s->ciphertext_hash.len != TEAL_HASH_BYTES ||
        teal_envelope_decode_detached(bytes_of(s->envelope), arena, &out->envelope, &why) !=
            TEAL_OK) {
        log_event(LOG_ERROR, "room.submit_malformed", "why",
                  why.rule != NULL ? why.rule : "ciphertext_hash", NULL);
        return false;
    }
    memcpy(out->ciphertext_hash.at, s->ciphertext_hash.data, TEAL_HASH_BYTES);
    teal_transcript_hash(&out->envelope, &out->ciphertext_hash, &out->transcript_hash);
    out->recipient = teal_text(s->recipient);
    if (read_path(r, s, out) && is_recipient(&out->envelope, out->recipient))
        return true;
    log_event(LOG_ERROR, "room.submit_malformed", "why", "path or recipient", NULL);
    return false;
}

/* Whether the sender's device, of a manifest that the sender's account signed, signed all this. */
static evidence_verdict check_signature(const room *r, const Teal__V1__Submit *s, teal_arena *arena,
                                        evidence *out, const char **reason)
{
    const teal_envelope *e = &out->envelope;
    teal_manifest m;
    teal_diag why = { 0 };
    teal_bytes encoded = bytes_of(s->manifest);
    if (teal_manifest_decode(encoded, arena, &m, &why) != TEAL_OK ||
        verified_manifest(r->verified, encoded, &m, &why) != TEAL_OK ||
        !teal_manifest_has_handle(&m, e->sender))
        return refuse(reason, "consent-forged");
    const teal_device *device = teal_manifest_device(&m, e->sender_device);
    if (device == NULL || e->has_origin ||
        teal_envelope_verify(e, &out->ciphertext_hash, device->signing_key, arena, &why) != TEAL_OK)
        return refuse(reason, "consent-forged");
    if (!pins_allow(r->pins, e->sender, m.account_key))
        return refuse(reason, "consent-sender-changed");
    memcpy(out->account_key, m.account_key, sizeof out->account_key);
    return EVIDENCE_HOLDS;
}

static evidence_verdict check_consent(const room *r, const Teal__V1__Submit *s,
                                      const evidence *found, const char **reason)
{
    const teal_envelope *e = &found->envelope;
    const keys_downgrade *key =
        e->has_downgrade ? keys_find_downgrade(r->keys, e->downgrade.gateway_key, r->now_ms) : NULL;
    bool failing = s->failing_since_ms > 0 && s->failing_since_ms <= INT64_MAX;
    policy_case question = {
        .kind = e->kind,
        .consent = e->has_downgrade ? &e->downgrade : NULL,
        .has_rcs = failing, /* the better path that fails, whatever its name */
        .has_plain = found->path == PATH_PLAIN && found->peer != NULL,
        .has_sms = found->path == PATH_SMS && r->link != NULL &&
                   config_reaches_sms(r->config, found->recipient),
        .better_failed = failing,
        .failing_since_ms = failing ? (int64_t)s->failing_since_ms : 0,
        .e2ee_before = s->e2ee_before,
        .gateway_key = key != NULL ? key->id : r->keys->downgrades[0].id,
        .now_ms = r->now_ms,
    };
    if (e->expires_at_ms != 0 && e->expires_at_ms <= (uint64_t)r->now_ms)
        return refuse(reason, "expired");
    policy_answer answer = policy_decide(&question);
    if (answer.verdict != POLICY_GO)
        return refuse(reason, policy_code(answer.verdict));
    if (answer.path != found->path || answer.level != found->level)
        return refuse(reason, "recipient-unroutable");
    return EVIDENCE_HOLDS;
}

evidence_verdict evidence_weigh(const room *r, const Teal__V1__Submit *s, teal_arena *arena,
                                evidence *out, const char **reason)
{
    if (!read_submit(r, s, arena, out))
        return EVIDENCE_ABSENT;
    evidence_verdict verdict = check_signature(r, s, arena, out, reason);
    return verdict != EVIDENCE_HOLDS ? verdict : check_consent(r, s, out, reason);
}

evidence_verdict evidence_recall(const room *r, const Teal__V1__Submit *s, teal_arena *arena,
                                 evidence *out, const char **reason)
{
    if (!read_submit(r, s, arena, out))
        return EVIDENCE_ABSENT;
    evidence_verdict verdict = check_signature(r, s, arena, out, reason);
    if (verdict != EVIDENCE_HOLDS)
        return verdict;
    if (!out->envelope.has_downgrade)
        return refuse(reason, "consent-missing");
    if (out->envelope.downgrade.floor > out->level)
        return refuse(reason, "consent-floor-too-high");
    return EVIDENCE_HOLDS;
}
