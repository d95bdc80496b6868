/* Reassembly of long short messages in a fixed table. Never grows, never mixes two messages, never
 * keeps text that it has handed over. */
#include "codecs/sms/reassembly.h"

#include <assert.h>
#include <sodium.h>

static_assert(TEAL_REASSEMBLY_KEY_BYTES == crypto_shorthash_KEYBYTES, "libsodium says so");
static_assert(sizeof((teal_reassembly_piece *)NULL)->digest == crypto_shorthash_BYTES, "so too");

static teal_reassembly_key key_of(const teal_reassembly_part *p)
{
    teal_reassembly_key key = { .ref = p->udh.concat.ref,
                                .total = p->udh.concat.total,
                                .wide = p->udh.concat.wide };
    teal_writer source = { key.source, sizeof key.source, 0 };
    teal_writer destination = { key.destination, sizeof key.destination, 0 };
    teal_write_bytes(&source, p->source);
    teal_write_bytes(&destination, p->destination);
    return key;
}

static bool key_equal(const teal_reassembly_key *a, const teal_reassembly_key *b)
{
    return memcmp(a->source, b->source, sizeof a->source) == 0 &&
           memcmp(a->destination, b->destination, sizeof a->destination) == 0 && a->ref == b->ref &&
           a->total == b->total && a->wide == b->wide;
}

/* Of all that makes the text of a part. SipHash with a key that no sender knows. */
static void digest_of(const teal_reassembly *t, const teal_reassembly_part *p,
                      uint8_t digest[static crypto_shorthash_BYTES])
{
    uint8_t all[3 + TEAL_SEGMENT_MAX_OCTETS];
    teal_writer w = { all, sizeof all, 0 };
    teal_write_u8(&w, p->data_coding);
    teal_write_u8(&w, (uint8_t)p->udh.shift.locking);
    teal_write_u8(&w, (uint8_t)p->udh.shift.single);
    teal_write_bytes(&w, p->octets);
    assert(teal_write_fits(&w));
    crypto_shorthash(digest, all, w.len, t->digest_key);
    explicit_bzero(all, sizeof all);
}

static bool is_same_part(const teal_reassembly *t, const teal_reassembly_piece *piece,
                         const teal_reassembly_part *p)
{
    uint8_t digest[crypto_shorthash_BYTES];
    if (!piece->present)
        return false;
    digest_of(t, p, digest);
    return memcmp(piece->digest, digest, sizeof digest) == 0;
}

static bool is_free(const teal_reassembly_slot *s)
{
    return s->have == 0;
}

/* Handed over already; kept, without text, to recognise retransmissions. */
static bool is_complete(const teal_reassembly_slot *s)
{
    return s->have > 0 && s->have == s->key.total;
}

static bool timed_out(const teal_reassembly *t, const teal_reassembly_slot *s, int64_t now_ms)
{
    return now_ms - s->first_ms >= t->timeout_ms;
}

/* Frees a slot; what was unfinished in it is the loss. */
static void drop(teal_reassembly_slot *s, teal_reassembly_loss *loss)
{
    if (!is_free(s) && !is_complete(s))
        *loss = (teal_reassembly_loss){ s->key, s->have };
    explicit_bzero(s, sizeof *s);
}

static teal_reassembly_slot *find(const teal_reassembly *t, const teal_reassembly_key *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (!is_free(&t->slots[i]) && key_equal(&t->slots[i].key, key))
            return &t->slots[i];
    return NULL;
}

/* Which of two slots to give up first: free, then complete, then the older. */
static bool goes_before(const teal_reassembly_slot *a, const teal_reassembly_slot *b)
{
    if (is_free(a) != is_free(b))
        return is_free(a);
    if (is_complete(a) != is_complete(b))
        return is_complete(a);
    return a->first_ms < b->first_ms;
}

static teal_reassembly_slot *take(const teal_reassembly *t, teal_reassembly_loss *loss)
{
    teal_reassembly_slot *best = &t->slots[0];
    for (size_t i = 1; i < t->count; i++)
        if (goes_before(&t->slots[i], best))
            best = &t->slots[i];
    drop(best, loss);
    return best;
}

static bool same_coding(const teal_reassembly_piece *a, const teal_reassembly_piece *b)
{
    return a->data_coding == b->data_coding && a->shift.locking == b->shift.locking &&
           a->shift.single == b->shift.single;
}

/* Appends the text of the whole message. Joins the octets first: phones cut surrogate pairs and
 * escapes; but only of equal coding, since parts may differ in it. */
static teal_result write_text(const teal_reassembly_slot *s, teal_writer *text, teal_diag *why)
{
    uint8_t buf[TEAL_REASSEMBLY_PARTS * TEAL_SEGMENT_MAX_OCTETS];
    teal_result result = TEAL_OK;
    for (uint8_t i = 0; i < s->key.total && result == TEAL_OK;) {
        teal_writer run = { buf, sizeof buf, 0 };
        const teal_reassembly_piece *first = &s->pieces[i];
        for (; i < s->key.total && same_coding(&s->pieces[i], first); i++)
            teal_write_bytes(&run, (teal_bytes){ s->pieces[i].octets, s->pieces[i].len });
        assert(teal_write_fits(&run));
        result =
            teal_coding_decode(first->data_coding, first->shift, teal_written(&run), text, why);
    }
    explicit_bzero(buf, sizeof buf);
    return result;
}

/* Wipes the text of a complete message and keeps what recognises its parts. */
static void forget_text(teal_reassembly_slot *s)
{
    for (uint8_t i = 0; i < s->key.total; i++)
        explicit_bzero(s->pieces[i].octets, sizeof s->pieces[i].octets);
}

static teal_result check_part(const teal_reassembly_part *p, const teal_writer *text,
                              teal_diag *why)
{
    const teal_udh_concat *c = &p->udh.concat;
    if (p->source.len > TEAL_REASSEMBLY_ADDRESS_BYTES ||
        p->destination.len > TEAL_REASSEMBLY_ADDRESS_BYTES)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-30 address is over 20 octets", 0, why);
    if (p->octets.len > TEAL_SEGMENT_MAX_OCTETS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-30 part is over 160 octets", 0, why);
    if (c->total > TEAL_REASSEMBLY_PARTS)
        return teal_refuse(TEAL_LIMIT, "REQ-SMS-30 message has over 32 parts", 0, why);
    if (c->total > 0 && (c->seq < 1 || c->seq > c->total))
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-31 part number outside 1..total", 0, why);
    if (!teal_coding_is_text(p->data_coding))
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMS-8 data_coding is not text", 0, why);
    if (!teal_write_fits(text) || text->cap - text->len < TEAL_REASSEMBLY_TEXT_BYTES)
        return teal_refuse(TEAL_SPACE, TEAL_BUFFER_TOO_SMALL, 0, why);
    return TEAL_OK;
}

static void store(const teal_reassembly *t, teal_reassembly_slot *s, const teal_reassembly_part *p)
{
    teal_reassembly_piece *piece = &s->pieces[p->udh.concat.seq - 1];
    teal_writer w = { piece->octets, sizeof piece->octets, 0 };
    teal_write_bytes(&w, p->octets);
    assert(teal_write_fits(&w));
    piece->len = (uint8_t)w.len;
    piece->data_coding = p->data_coding;
    piece->shift = p->udh.shift;
    digest_of(t, p, piece->digest);
    piece->present = true;
    s->have++;
}

/* Finds or makes the slot of a part. *present: the part is there already. */
static teal_reassembly_slot *slot_for(teal_reassembly *t, const teal_reassembly_part *p,
                                      int64_t now_ms, teal_reassembly_loss *loss, bool *present)
{
    teal_reassembly_key key = key_of(p);
    teal_reassembly_slot *s = find(t, &key);
    *present = false;
    if (s != NULL) {
        const teal_reassembly_piece *piece = &s->pieces[p->udh.concat.seq - 1];
        *present = is_same_part(t, piece, p);
        if (!timed_out(t, s, now_ms) && (*present || !piece->present))
            return s;
        *present = false; /* another message under a reused reference */
        drop(s, loss);
    } else
        s = take(t, loss);
    s->key = key;
    s->first_ms = now_ms;
    return s;
}

static teal_result add_checked(teal_reassembly *t, const teal_reassembly_part *p, int64_t now_ms,
                               teal_writer *text, teal_reassembly_state *state,
                               teal_reassembly_loss *loss, teal_diag *why)
{
    bool present;
    teal_reassembly_slot *s = slot_for(t, p, now_ms, loss, &present);
    if (present) {
        *state = TEAL_REASSEMBLY_DUPLICATE;
        return TEAL_OK;
    }
    store(t, s, p);
    if (!is_complete(s))
        return TEAL_OK;
    teal_result result = write_text(s, text, why);
    if (result == TEAL_OK) {
        *state = TEAL_REASSEMBLY_COMPLETE;
        forget_text(s);
    } else
        explicit_bzero(s, sizeof *s);
    return result;
}

teal_result teal_reassembly_add(teal_reassembly *t, const teal_reassembly_part *part,
                                int64_t now_ms, teal_writer *text, teal_reassembly_state *state,
                                teal_reassembly_loss *loss, teal_diag *why)
{
    assert(t->count > 0);
    *state = TEAL_REASSEMBLY_WAITING;
    *loss = (teal_reassembly_loss){ 0 };
    teal_result result = check_part(part, text, why);
    if (result != TEAL_OK)
        return result;
    size_t before = text->len;
    if (part->udh.concat.total > 1)
        result = add_checked(t, part, now_ms, text, state, loss, why);
    else {
        result = teal_coding_decode(part->data_coding, part->udh.shift, part->octets, text, why);
        if (result == TEAL_OK)
            *state = TEAL_REASSEMBLY_COMPLETE;
    }
    if (result != TEAL_OK)
        text->len = before;
    return result;
}

bool teal_reassembly_expire(teal_reassembly *t, int64_t now_ms, teal_reassembly_loss *loss)
{
    *loss = (teal_reassembly_loss){ 0 };
    for (size_t i = 0; i < t->count && loss->have == 0; i++)
        if (!is_free(&t->slots[i]) && timed_out(t, &t->slots[i], now_ms))
            drop(&t->slots[i], loss);
    return loss->have > 0;
}
