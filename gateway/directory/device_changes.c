/* What a manifest that follows another one brings with it, in the same transaction: others can seal
 * to a device that was added, one whose signing key is new loses what the old one signed, and those
 * that stay learn of it. REQ-DEV-6, REQ-DEV-9, REQ-PRE-7. */
#include "gateway/directory/directory_own.h"

/* A device that did not come by a request publishes its prekeys itself. */
static store_result welcome(const directory *d, store *s, const teal_manifest *m,
                            const teal_device *device, int64_t now_ms)
{
    link_request r;
    if (link_requests_get(d->links, m->account_key, device->id, now_ms, &r) != LINK_OK ||
        memcmp(r.device.signing_key, device->signing_key, TEAL_KEY_BYTES) != 0)
        return STORE_OK;
    return directory_put_prekey(s, device->id, &r.prekey);
}

static store_result put_notice(store *s, const uint8_t *device, teal_bytes encoded)
{
    store_item item = { .kind = ITEM_MANIFEST, .data = encoded };
    memcpy(item.device, device, sizeof item.device);
    return s->ops->put_item(s, &item);
}

/* The only device of an account has signed it itself. */
static bool has_others(const teal_manifest *before, const teal_manifest *now)
{
    return before->n_devices > 1 || now->n_devices > 1;
}

store_result device_changes_put(const directory *d, store *s, const teal_manifest *before,
                                const teal_manifest *now, teal_bytes encoded, int64_t now_ms)
{
    store_result result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < now->n_devices; i++) {
        const teal_device *device = &now->devices[i];
        const teal_device *old = teal_manifest_device(before, device->id);
        if (old == NULL)
            result = welcome(d, s, now, device, now_ms);
        else if (memcmp(old->signing_key, device->signing_key, TEAL_KEY_BYTES) != 0)
            result = s->ops->renew_device(s, device->id);
        if (result == STORE_OK && old != NULL && has_others(before, now))
            result = put_notice(s, device->id, encoded);
    }
    return result;
}

void device_changes_tell(const directory *d, const teal_manifest *now, int64_t now_ms)
{
    for (size_t i = 0; i < now->n_devices; i++) {
        link_requests_drop(d->links, now->account_key, now->devices[i].id, now_ms);
        if (d->inbox_changed != NULL)
            d->inbox_changed(d->inbox_arg, now->devices[i].id);
    }
}
