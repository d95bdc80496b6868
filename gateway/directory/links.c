/* Devices that ask to be added to an account: what of it the gateway can check. Whether they are
 * who they say is shown by the code, of which the gateway knows nothing. REQ-DEV-1 to -5. */
#include "gateway/directory/directory_own.h"

static const directory_refusal account_unknown = { "account-unknown", 404,
                                                   "REQ-DEV-1 no account has the handle",
                                                   "Give a handle of the account to be joined." };
static const directory_refusal name_malformed = { "device-malformed", 400,
                                                  "REQ-DIR-4 device name is not one line of UTF-8",
                                                  "Give a name of at most 64 octets." };
static const directory_refusal prekey_signature = {
    "signature-invalid", 403, "REQ-DEV-1 the device did not sign its last-resort prekey",
    "Sign prekey 0 with the signing key of the request."
};
static const directory_refusal devices_full = { "devices-full", 409,
                                                "REQ-DIR-3 the account has 32 devices",
                                                "Revoke one first." };
static const directory_refusal device_taken = { "device-taken", 409,
                                                "REQ-DEV-1 the device id is in use",
                                                "Give the device a new random id." };
static const directory_refusal link_unknown = {
    "link-unknown", 404, "REQ-DEV-2 the account has no such request, or it has expired",
    "Ask anew on the device that is to be added."
};
static const directory_refusal link_spent = { "link-spent", 409,
                                              "REQ-DEV-3 the request has had its three rounds",
                                              "Ask anew, with a new device id, key and code." };
static const directory_refusal link_answered = {
    "link-answered", 409, "REQ-DEV-3 this round has its answer, or none that could be confirmed",
    "Get the request, and go on from what it says."
};
static const directory_refusal link_full = { "link-requests-full", 429,
                                             "REQ-DEV-2 eight devices ask for this account already",
                                             "Refuse some of them, or wait for ten minutes." };
static const directory_refusal overloaded = { "overloaded", 503,
                                              "REQ-REST-4 too many devices ask to be added",
                                              "Ask again later." };

static const directory_refusal not_theirs = {
    "caller-not-allowed", 403, "REQ-DEV-2 the account is another one than the caller's",
    "Sign with a device of the account."
};

static bool refuse(const directory_refusal *because, directory_refusal *why)
{
    *why = *because;
    return false;
}

static bool conclude(link_result result, directory_refusal *why)
{
    switch (result) {
    case LINK_OK:
        return true;
    case LINK_NONE:
        return refuse(&link_unknown, why);
    case LINK_TAKEN:
        return refuse(&device_taken, why);
    case LINK_SPENT:
        return refuse(&link_spent, why);
    case LINK_ANSWERED:
        return refuse(&link_answered, why);
    case LINK_FULL:
        return refuse(&link_full, why);
    case LINK_OVERLOADED:
        return refuse(&overloaded, why);
    }
    bug("link_result out of range");
}

static bool find_account(const directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                         teal_arena *arena, teal_manifest *out, directory_refusal *why)
{
    directory_entry own = { 0 };
    if (directory_find_own(d, reader, handle, arena, &own) != DIRECTORY_OK)
        return refuse(&overloaded, why);
    if (!own.has_manifest)
        return refuse(&account_unknown, why);
    if (by != NULL && memcmp(by, own.manifest.account_key, TEAL_KEY_BYTES) != 0)
        return refuse(&not_theirs, why);
    *out = own.manifest;
    return true;
}

static const directory_refusal *check(const teal_manifest *account, const link_request *r)
{
    if (!teal_device_name_is_valid(r->device.name))
        return &name_malformed;
    if (r->prekey.id != 0 ||
        teal_prekey_verify(&r->prekey, r->device.id, r->device.signing_key, NULL) != TEAL_OK)
        return &prekey_signature;
    if (teal_manifest_device(account, r->device.id) != NULL)
        return &device_taken;
    return account->n_devices == TEAL_MAX_DEVICES ? &devices_full : NULL;
}

bool directory_ask_link(directory *d, store *reader, teal_bytes handle, link_request *r,
                        int64_t now_ms, teal_arena *arena, int64_t *expires_ms,
                        directory_refusal *why)
{
    teal_manifest account;
    if (!find_account(d, reader, handle, NULL, arena, &account, why))
        return false;
    const directory_refusal *because = check(&account, r);
    if (because != NULL)
        return refuse(because, why);
    memcpy(r->account_key, account.account_key, sizeof r->account_key);
    return conclude(link_requests_put(d->links, r, now_ms, expires_ms), why);
}

bool directory_list_links(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                          const uint8_t *device, int64_t now_ms, teal_arena *arena,
                          link_request *out, size_t *n, directory_refusal *why)
{
    teal_manifest account;
    if (!find_account(d, reader, handle, by, arena, &account, why))
        return false;
    *n = 1;
    if (device != NULL)
        return conclude(link_requests_get(d->links, account.account_key, device, now_ms, out), why);
    *n = link_requests_list(d->links, account.account_key, now_ms, out);
    return true;
}

bool directory_answer_link(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                           const directory_link_answer *a, int64_t now_ms, teal_arena *arena,
                           directory_refusal *why)
{
    teal_manifest account;
    if (!find_account(d, reader, handle, by, arena, &account, why))
        return false;
    link_result result = a->has_share ? link_requests_answer(d->links, account.account_key,
                                                             a->device, a->share, a->tag, now_ms)
                                      : link_requests_confirm(d->links, account.account_key,
                                                              a->device, a->tag, now_ms);
    return conclude(result, why);
}

bool directory_drop_link(directory *d, store *reader, teal_bytes handle, const uint8_t *by,
                         const uint8_t *device, int64_t now_ms, teal_arena *arena,
                         directory_refusal *why)
{
    teal_manifest account;
    if (!find_account(d, reader, handle, by, arena, &account, why))
        return false;
    return conclude(link_requests_drop(d->links, account.account_key, device, now_ms), why);
}
