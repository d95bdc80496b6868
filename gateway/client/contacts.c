/* Members of the keychain's state: contacts, an object of keys by handle; seen, an object of
 * {"key","version","hash","devices":[id,…]} by handle; logged, a list of handles. */
#include "gateway/client/contacts.h"

#include "gateway/client/account.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/log.h"

/* A name of members. */
typedef struct handle_name {
    char text[TEAL_MAX_HANDLE_BYTES + 1];
} handle_name;

static handle_name name_of(teal_bytes handle)
{
    handle_name name;
    if (handle.len > TEAL_MAX_HANDLE_BYTES)
        bug("a handle that is not canonical");
    memcpy(name.text, handle.at, handle.len);
    name.text[handle.len] = '\0';
    return name;
}

/* False: the handle has not been seen. */
static bool known_key(const keychain *k, teal_bytes handle, uint8_t key[static TEAL_KEY_BYTES])
{
    if (account_has_handle(k, handle)) {
        memcpy(key, account_key(k), TEAL_KEY_BYTES);
        return true;
    }
    return member_copy(json_object_get(k->state, "contacts"), name_of(handle).text, key,
                       TEAL_KEY_BYTES);
}

contacts_trust contacts_check(const keychain *k, teal_bytes handle,
                              const uint8_t key[static TEAL_KEY_BYTES])
{
    uint8_t known[TEAL_KEY_BYTES];
    if (!known_key(k, handle, known))
        return CONTACTS_NEW;
    return memcmp(known, key, sizeof known) == 0 ? CONTACTS_KNOWN : CONTACTS_CHANGED;
}

void contacts_pin(keychain *k, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES])
{
    if (account_has_handle(k, handle))
        return;
    json_t *contacts = json_object_get(k->state, "contacts");
    if (contacts == NULL) {
        contacts = json_object();
        json_object_set_new(k->state, "contacts", contacts);
    }
    json_object_setn_new(contacts, (const char *)handle.at, handle.len,
                         member_of_bytes((teal_bytes){ key, TEAL_KEY_BYTES }));
}

/* ---- their manifests ------------------------------------------------------------------------- */

/* Under another key an account begins anew. */
static const json_t *seen_of(const keychain *k, teal_bytes handle,
                             const uint8_t account_key[static TEAL_KEY_BYTES])
{
    uint8_t key[TEAL_KEY_BYTES];
    const json_t *seen = json_object_get(json_object_get(k->state, "seen"), name_of(handle).text);
    bool same =
        member_copy(seen, "key", key, sizeof key) && memcmp(key, account_key, sizeof key) == 0;
    return same ? seen : NULL;
}

static uint64_t version_of(const json_t *seen)
{
    return (uint64_t)json_integer_value(json_object_get(seen, "version"));
}

static json_t *list_devices(const teal_manifest *m)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < m->n_devices; i++)
        json_array_append_new(devices,
                              member_of_bytes((teal_bytes){ m->devices[i].id, TEAL_DEVICE_BYTES }));
    return devices;
}

/* Takes the reference. */
static void note(keychain *k, teal_bytes handle, const uint8_t *key, uint64_t version,
                 const teal_hash *hash, json_t *devices)
{
    json_t *all = json_object_get(k->state, "seen");
    if (all == NULL) {
        all = json_object();
        json_object_set_new(k->state, "seen", all);
    }
    json_object_set_new(all, name_of(handle).text,
                        json_pack("{s:o, s:I, s:o, s:o}", "key",
                                  member_of_bytes((teal_bytes){ key, TEAL_KEY_BYTES }), "version",
                                  (json_int_t)version, "hash",
                                  member_of_bytes((teal_bytes){ hash->at, sizeof hash->at }),
                                  "devices", devices));
}

void contacts_note(keychain *k, teal_bytes handle, const teal_manifest *m)
{
    teal_hash hash;
    if (account_has_handle(k, handle) ||
        version_of(seen_of(k, handle, m->account_key)) > m->version)
        return;
    teal_manifest_hash(m, &hash);
    note(k, handle, m->account_key, m->version, &hash, list_devices(m));
}

/* The devices stay those that were seen last, so that new ones are told of when they are. */
void contacts_note_entry(keychain *k, teal_bytes handle, const uint8_t key[static TEAL_KEY_BYTES],
                         uint64_t version, const teal_hash *hash)
{
    const json_t *seen = seen_of(k, handle, key);
    json_t *devices = json_object_get(seen, "devices");
    if (account_has_handle(k, handle) || version_of(seen) >= version)
        return;
    note(k, handle, key, version, hash, devices != NULL ? json_incref(devices) : json_null());
}

static bool is_listed(const json_t *handles, teal_bytes handle)
{
    bool found = false;
    for (size_t i = 0; i < json_array_size(handles) && !found; i++)
        found = teal_bytes_equal(member_string(json_array_get(handles, i)), handle);
    return found;
}

bool contacts_was_logged(const keychain *k, teal_bytes handle)
{
    return is_listed(json_object_get(k->state, "logged"), handle);
}

void contacts_note_logged(keychain *k, teal_bytes handle)
{
    json_t *handles = json_object_get(k->state, "logged");
    if (handles == NULL) {
        handles = json_array();
        json_object_set_new(k->state, "logged", handles);
    }
    if (!is_listed(handles, handle))
        json_array_append_new(handles, member_of_text(handle));
}

static const char *compare(uint64_t version, const teal_hash *known, const teal_manifest *m)
{
    teal_hash hash;
    teal_manifest_hash(m, &hash);
    if (m->version < version)
        return "REQ-DEV-10 an older manifest than one that was seen before";
    if (m->version == version && memcmp(&hash, known, sizeof hash) != 0)
        return "REQ-DEV-10 another manifest of the same version was seen before";
    return NULL;
}

const char *contacts_order(const keychain *k, teal_bytes handle, const teal_manifest *m)
{
    teal_hash hash;
    const json_t *seen = seen_of(k, handle, m->account_key);
    if (!member_copy(seen, "hash", hash.at, sizeof hash.at))
        return NULL;
    return compare(version_of(seen), &hash, m);
}

static bool has_device(const json_t *devices, const uint8_t *id)
{
    json_t *name = member_of_bytes((teal_bytes){ id, TEAL_DEVICE_BYTES });
    bool found = false;
    for (size_t i = 0; !found && i < json_array_size(devices); i++)
        found = json_equal(json_array_get(devices, i), name);
    json_decref(name);
    return found;
}

void contacts_tell_new(const keychain *k, teal_bytes handle, const teal_manifest *m)
{
    const json_t *seen = seen_of(k, handle, m->account_key),
                 *devices = json_object_get(seen, "devices");
    for (size_t i = 0; json_is_array(devices) && i < m->n_devices; i++)
        if (!has_device(devices, m->devices[i].id))
            say_note("%.*s has a new device: %.*s", (int)handle.len, (const char *)handle.at,
                     (int)m->devices[i].name.len, (const char *)m->devices[i].name.at);
}

/* ---- words ----------------------------------------------------------------------------------- */

const char *contacts_trust_name(contacts_trust trust)
{
    switch (trust) {
    case CONTACTS_NEW:
        return "new";
    case CONTACTS_KNOWN:
        return "known";
    case CONTACTS_CHANGED:
        return "changed";
    }
    bug("contacts_trust out of range");
}

const char *contacts_fingerprint(const uint8_t key[static TEAL_KEY_BYTES],
                                 char out[static CONTACTS_FINGERPRINT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *at = out;
    for (size_t i = 0; i < TEAL_KEY_BYTES; i++) {
        *at++ = digits[key[i] >> 4];
        *at++ = digits[key[i] & 15];
        if (i % 2 == 1)
            *at++ = ' ';
    }
    at[-1] = '\0';
    return out;
}

outcome contacts_refuse(const keychain *k, teal_bytes handle,
                        const uint8_t key[static TEAL_KEY_BYTES])
{
    uint8_t known[TEAL_KEY_BYTES] = { 0 };
    char text[CONTACTS_FINGERPRINT_BYTES];
    known_key(k, handle, known);
    say_note("THE ACCOUNT KEY OF %.*s HAS CHANGED (REQ-DIR-24).", (int)handle.len,
             (const char *)handle.at);
    say_note("  known: %s", contacts_fingerprint(known, text));
    say_note("  now:   %s", contacts_fingerprint(key, text));
    return say(OUTCOME_UNVERIFIED, "  They may have begun anew, or somebody else answers in their "
                                   "name. Ask them by other means; if it is theirs: "
                                   "--accept-key-change");
}
