/* Member of the keychain's state: conversations, an array of {"of","id"}, the last used at the end;
 * `of` is the derived id, and one that is its own id is not kept. */
#include "gateway/client/conversations.h"

#include "codecs/native/conversation.h"
#include "gateway/client/member.h"
#include "gateway/log.h"

static void derive(teal_bytes sender, const teal_bytes *recipients, size_t n,
                   uint8_t out[static TEAL_HASH_BYTES])
{
    teal_bytes participants[TEAL_MAX_PARTICIPANTS];
    memcpy(participants, recipients, n * sizeof *participants);
    participants[n] = sender;
    teal_conversation_of(participants, n + 1, out);
}

/* The size of `all` where there is none. */
static size_t index_of(const json_t *all, const uint8_t *derived)
{
    uint8_t of[TEAL_HASH_BYTES];
    size_t i = json_array_size(all);
    while (i-- > 0)
        if (member_copy(json_array_get(all, i), "of", of, sizeof of) &&
            memcmp(of, derived, sizeof of) == 0)
            return i;
    return json_array_size(all);
}

void conversations_learn(keychain *k, const teal_envelope *e)
{
    uint8_t derived[TEAL_HASH_BYTES];
    const teal_bytes of = { derived, sizeof derived };
    derive(e->sender, e->recipients, e->n_recipients, derived);
    json_t *all = json_object_get(k->state, "conversations");
    json_array_remove(all, index_of(all, derived));
    if (teal_bytes_equal(e->conversation_id, of))
        return;
    if (all == NULL) {
        all = json_array();
        json_object_set_new(k->state, "conversations", all);
    }
    json_array_append_new(all, json_pack("{s:o, s:o}", "of", member_of_bytes(of), "id",
                                         member_of_bytes(e->conversation_id)));
    while (json_array_size(all) > CONVERSATIONS_MAX)
        json_array_remove(all, 0);
}

teal_bytes conversations_find(const keychain *k, teal_bytes sender, const teal_bytes *recipients,
                              size_t n, teal_arena *arena)
{
    uint8_t derived[TEAL_HASH_BYTES];
    teal_bytes id;
    derive(sender, recipients, n, derived);
    const json_t *all = json_object_get(k->state, "conversations");
    if (!member_bytes(json_array_get(all, index_of(all, derived)), "id", arena, &id))
        id = teal_arena_copy(arena, (teal_bytes){ derived, sizeof derived });
    if (id.at == NULL)
        bug("the arena is full");
    return id;
}
