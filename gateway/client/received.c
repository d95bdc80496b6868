/* Member of the keychain's state: received, an array of hashes, oldest first. Not of message ids:
 * these are the senders' choice, and one sender's must not hide another's. */
#include "gateway/client/received.h"

#include "gateway/client/member.h"

enum { NAME_BYTES = 16 }; /* of the hash: enough, and half as much to store */

static json_t *name_of(const teal_hash *item)
{
    return member_of_bytes((teal_bytes){ item->at, NAME_BYTES });
}

bool received_has(const keychain *k, const teal_hash *item)
{
    const json_t *all = json_object_get(k->state, "received");
    json_t *name = name_of(item);
    bool found = false;
    for (size_t i = 0; !found && i < json_array_size(all); i++)
        found = json_equal(json_array_get(all, i), name);
    json_decref(name);
    return found;
}

void received_add(keychain *k, const teal_hash *item)
{
    json_t *all = json_object_get(k->state, "received");
    if (all == NULL) {
        all = json_array();
        json_object_set_new(k->state, "received", all);
    }
    json_array_append_new(all, name_of(item));
    while (json_array_size(all) > RECEIVED_MAX)
        json_array_remove(all, 0);
}
