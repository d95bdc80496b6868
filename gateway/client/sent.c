/* Member of the keychain's state: sent, an array, oldest first. Of receipts it keeps one for each
 * recipient and status, so that nobody can make it grow. */
#include "gateway/client/sent.h"

#include "gateway/client/member.h"

static json_t *list(keychain *k)
{
    json_t *all = json_object_get(k->state, "sent");
    if (all == NULL) {
        all = json_array();
        json_object_set_new(k->state, "sent", all);
    }
    return all;
}

void sent_add(keychain *k, const teal_envelope *e, const teal_hash *transcript, teal_level floor)
{
    json_t *all = list(k), *to = json_array();
    for (size_t i = 0; i < e->n_recipients; i++)
        json_array_append_new(to, member_of_text(e->recipients[i]));
    sent_remove(k, e->message_id); /* sealed again under the same id */
    json_array_append_new(
        all, json_pack("{s:o, s:o, s:o, s:I, s:i, s:[], s:[]}", "message_id",
                       member_of_text(e->message_id), "transcript_hash",
                       member_of_bytes((teal_bytes){ transcript->at, sizeof transcript->at }), "to",
                       to, "sent_at_ms", (json_int_t)e->sent_at_ms, "floor", (int)floor, "receipts",
                       "device_receipts"));
    while (json_array_size(all) > SENT_MAX)
        json_array_remove(all, 0);
}

/* SENT_MAX, where there is none. */
static size_t index_of(const json_t *all, teal_bytes message_id)
{
    for (size_t i = json_array_size(all); i-- > 0;)
        if (teal_bytes_equal(member_text(json_array_get(all, i), "message_id"), message_id))
            return i;
    return SENT_MAX;
}

void sent_remove(keychain *k, teal_bytes message_id)
{
    json_t *all = list(k);
    json_array_remove(all, index_of(all, message_id));
}

const json_t *sent_all(const keychain *k)
{
    return json_object_get(k->state, "sent");
}

const json_t *sent_find(const keychain *k, teal_bytes message_id)
{
    const json_t *all = sent_all(k);
    return json_array_get(all, index_of(all, message_id));
}

/* Whether both have the same values of these two members. */
static bool are_alike(const json_t *a, const json_t *b, const char *one, const char *other)
{
    return json_equal(json_object_get(a, one), json_object_get(b, one)) &&
           json_equal(json_object_get(a, other), json_object_get(b, other));
}

static bool add(keychain *k, const json_t *receipt, const char *kind, const char *who,
                const char *what)
{
    json_t *all = json_object_get(sent_find(k, member_text(receipt, "message_id")), kind);
    for (size_t i = 0; i < json_array_size(all); i++)
        if (are_alike(json_array_get(all, i), receipt, who, what))
            return false;
    json_array_append_new(all, json_deep_copy(receipt));
    return true;
}

bool sent_add_receipt(keychain *k, const json_t *receipt)
{
    return add(k, receipt, "receipts", "recipient", "status");
}

bool sent_add_device_receipt(keychain *k, const json_t *receipt)
{
    return add(k, receipt, "device_receipts", "from", "disposition");
}

size_t sent_recipients(const json_t *sent, teal_bytes out[static TEAL_MAX_RECIPIENTS])
{
    const json_t *to = json_object_get(sent, "to");
    size_t n = json_array_size(to);
    for (size_t i = 0; i < n && i < TEAL_MAX_RECIPIENTS; i++)
        out[i] = member_string(json_array_get(to, i));
    return n < TEAL_MAX_RECIPIENTS ? n : TEAL_MAX_RECIPIENTS;
}

bool sent_transcript(const json_t *sent, teal_hash *out)
{
    return member_copy(sent, "transcript_hash", out->at, sizeof out->at);
}

teal_level sent_floor(const json_t *sent)
{
    return (teal_level)json_integer_value(json_object_get(sent, "floor"));
}
