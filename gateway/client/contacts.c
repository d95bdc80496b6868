/* Member of the keychain's state: contacts, an object of keys by handle. */
#include "gateway/client/contacts.h"

#include "gateway/client/account.h"
#include "gateway/client/member.h"
#include "gateway/client/say.h"
#include "gateway/log.h"

/* False: the handle has not been seen. */
static bool known_key(const keychain *k, teal_bytes handle, uint8_t key[static TEAL_KEY_BYTES])
{
    if (account_has_handle(k, handle)) {
        memcpy(key, account_key(k), TEAL_KEY_BYTES);
        return true;
    }
    char name[TEAL_MAX_HANDLE_BYTES + 1];
    if (handle.len > TEAL_MAX_HANDLE_BYTES)
        bug("a handle that is not canonical");
    memcpy(name, handle.at, handle.len);
    name[handle.len] = '\0';
    return member_copy(json_object_get(k->state, "contacts"), name, key, TEAL_KEY_BYTES);
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
