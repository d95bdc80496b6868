/* See verify.h. Knows no keychain and no network. */
#include "gateway/client/verify.h"

#include "codecs/native/transcript.h"

static bool is_room(const teal_device *device)
{
    return teal_bytes_equal(device->name, teal_text("plaintext"));
}

static bool is_edge(const teal_device *device)
{
    return teal_bytes_equal(device->name, teal_text("edge"));
}

const char *verify_manifest(const teal_manifest *m, teal_bytes handle)
{
    teal_diag why;
    if (teal_manifest_verify(m, &why) != TEAL_OK)
        return why.rule;
    if (!teal_manifest_has_handle(m, handle))
        return "REQ-DIR-24 the manifest does not name the handle";
    return NULL;
}

const char *verify_gateway_keys(const verify_gateway *g)
{
    teal_diag why;
    const char *wrong = verify_manifest(&g->manifest, g->handle);
    if (wrong != NULL)
        return wrong;
    for (size_t i = 0; i < g->manifest.n_devices; i++) {
        const teal_device *device = &g->manifest.devices[i];
        if (is_room(device) && g->downgrade_key.id == 0 &&
            teal_prekey_verify(&g->downgrade_key, device->id, device->signing_key, &why) == TEAL_OK)
            return NULL;
    }
    return "REQ-DIR-25 the downgrade key is not signed by the device `plaintext`";
}

const teal_manifest *verify_gateway_then(const verify_gateway *g,
                                         const uint8_t device[static TEAL_DEVICE_BYTES],
                                         uint64_t at_ms)
{
    if (teal_manifest_device(&g->manifest, device) != NULL)
        return &g->manifest;
    for (size_t i = g->n_past; i > 0; i--) {
        const teal_manifest *next = i < g->n_past ? &g->past[i] : &g->manifest;
        if (teal_manifest_device(&g->past[i - 1], device) != NULL)
            return at_ms <= next->created_at_ms ? &g->past[i - 1] : NULL;
    }
    return NULL;
}

const char *verify_origin(const teal_envelope *e, teal_bytes gateway)
{
    const bool from_gateway = teal_bytes_equal(e->sender, gateway);
    if (e->has_origin && !from_gateway)
        return "REQ-INB-3 an origin from somebody who is not the gateway";
    if (!e->has_origin && from_gateway)
        return "REQ-INB-3 from the gateway, but without origin";
    return NULL;
}

const char *verify_sender(const teal_envelope *e, const teal_manifest *sender,
                          const teal_arena *scratch)
{
    teal_diag why;
    const teal_device *device = teal_manifest_device(sender, e->sender_device);
    if (device == NULL)
        return "REQ-TRN-1 the device is not in the sender's manifest";
    if (e->has_origin && !is_room(device))
        return "REQ-INB-1 an origin that the device `plaintext` has not signed";
    if (teal_envelope_verify(e, NULL, device->signing_key, scratch, &why) != TEAL_OK)
        return why.rule;
    return NULL;
}

static bool is_recipient(const verify_sent *sent, teal_bytes handle)
{
    for (size_t i = 0; i < sent->n_recipients; i++)
        if (teal_bytes_equal(sent->recipients[i], handle))
            return true;
    return false;
}

static const char *verify_statement(const teal_receipt *r, const verify_sent *sent)
{
    if (sent == NULL)
        return "REQ-RCPT-3 of a message that was not sent from here";
    if (memcmp(r->transcript_hash.at, sent->transcript.at, sizeof r->transcript_hash.at) != 0)
        return "REQ-RCPT-3 of another message with the same id";
    if (!is_recipient(sent, r->recipient))
        return "REQ-RCPT-3 of somebody whom the message was not sent to";
    if (r->level != TEAL_LEVEL_NONE && r->level < sent->floor)
        return "REQ-DGR-5 it left below what was consented to";
    return NULL;
}

const char *verify_receipt(const teal_receipt *r, const verify_gateway *g, const verify_sent *sent)
{
    teal_diag why;
    const bool below_e2ee = r->level == TEAL_TRANSPORT || r->level == TEAL_PLAINTEXT;
    if (!teal_bytes_equal(r->gateway, g->handle))
        return "REQ-RCPT-1 of another gateway";
    const teal_manifest *then = verify_gateway_then(g, r->device, r->at_ms);
    if (then == NULL)
        return "REQ-RCPT-1 the device is not in the gateway's manifest";
    const teal_device *device = teal_manifest_device(then, r->device);
    if (teal_receipt_verify(r, device->signing_key, &why) != TEAL_OK)
        return why.rule;
    if (below_e2ee && !is_room(device))
        return "REQ-RCPT-2 below E2EE, but not signed by the device `plaintext`";
    if (below_e2ee && r->mark.len == 0)
        return "REQ-RCPT-2 below E2EE, but without a mark";
    return verify_statement(r, sent);
}

const char *verify_head(const tree_head *h, const verify_gateway *g)
{
    teal_diag why;
    const teal_manifest *then = verify_gateway_then(g, h->device, h->time_ms);
    if (then == NULL)
        return "REQ-LOG-8 the gateway had no such device when the head says that it was signed";
    const teal_device *device = teal_manifest_device(then, h->device);
    if (!is_edge(device))
        return "REQ-LOG-8 the head is not signed by the gateway's device `edge`";
    return tree_head_verify(h, device->signing_key, &why) == TEAL_OK ? NULL : why.rule;
}
