/* Envelopes hold hashes of their own parts: a part that has changed needs another one. */
#include "tests/fuzz/mutate.h"

#include "codecs/native/transcript.h"
#include "proto/envelope.pb-c.h"

static ProtobufCBinaryData bytes_of(const teal_hash *hash)
{
    uint8_t *at = mutate_take(TEAL_HASH_BYTES);
    memcpy(at, hash->at, TEAL_HASH_BYTES);
    return (ProtobufCBinaryData){ TEAL_HASH_BYTES, at };
}

static void mend_fallback_hash(Teal__V1__Downgrade *d)
{
    teal_hash hash;
    if (d == NULL || d->enc.len == 0)
        return;
    teal_transcript_fallback_hash((teal_bytes){ d->enc.data, d->enc.len },
                                  (teal_bytes){ d->sealed.data, d->sealed.len }, &hash);
    d->fallback_hash = bytes_of(&hash);
}

static bool read_key(const Teal__V1__WrappedKey *from, teal_wrapped_key *key)
{
    bool good = from->device.len == sizeof key->device && from->enc.len == sizeof key->enc &&
                from->wrapped.len == sizeof key->wrapped;
    if (!good)
        return false;
    key->prekey_id = from->prekey_id;
    memcpy(key->device, from->device.data, sizeof key->device);
    memcpy(key->enc, from->enc.data, sizeof key->enc);
    memcpy(key->wrapped, from->wrapped.data, sizeof key->wrapped);
    return true;
}

/* The keys that are there are the first, or the last, of those that there were. */
static void mend_key_hashes(Teal__V1__Envelope *e, test_random *s)
{
    if (e->n_key_hashes < e->n_keys)
        return;
    size_t first = test_random_below(s, 2) * (e->n_key_hashes - e->n_keys);
    for (size_t i = 0; i < e->n_keys; i++) {
        teal_wrapped_key key;
        teal_hash hash;
        if (!read_key(e->keys[i], &key))
            continue;
        teal_transcript_key_hash(&key, &hash);
        e->key_hashes[first + i] = bytes_of(&hash);
    }
}

void mutate_mend_envelope(ProtobufCMessage *m, test_random *s)
{
    Teal__V1__Envelope *e = (Teal__V1__Envelope *)(void *)m;
    if (test_random_below(s, 8) == 0)
        return;
    mend_fallback_hash(e->downgrade);
    mend_key_hashes(e, s);
}
