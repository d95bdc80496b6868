/* The table of letters. */
#include "gateway/plaintext/letters.h"

/* Long enough for a centre to come back, short enough that a person does not send the very same
 * text again in the meantime: it would be taken for the copy. */
enum { SETTLED_MS = 30 * 60 * 1000 };

letter *letters_make(letters *ls, int64_t now_ms)
{
    for (size_t i = 0; i < LETTERS_MAX; i++) {
        letter *l = &ls->at[i];
        if (l->used)
            continue;
        *l = (letter){ .used = true, .since_ms = now_ms };
        return l;
    }
    return NULL;
}

void letters_free(room *r, letters *ls, letter *l)
{
    notices_drop(&r->notices, &l->notice);
    vault_give_back(ls->texts, l->text);
    *l = (letter){ 0 };
}

letter *letters_of_ref(letters *ls, uint64_t ref)
{
    for (size_t i = 0; i < LETTERS_MAX; i++)
        if (ls->at[i].used && ls->at[i].ref == ref && ls->at[i].stage != LETTER_PARTS)
            return &ls->at[i];
    return NULL;
}

letter *letters_of_key(letters *ls, const teal_reassembly_key *k)
{
    for (size_t i = 0; i < LETTERS_MAX; i++) {
        letter *l = &ls->at[i];
        if (l->used && l->stage == LETTER_PARTS && l->key.ref == k->ref &&
            l->key.total == k->total && l->key.wide == k->wide &&
            memcmp(l->key.source, k->source, sizeof k->source) == 0 &&
            memcmp(l->key.destination, k->destination, sizeof k->destination) == 0)
            return l;
    }
    return NULL;
}

letter_copy *letters_find_copy(letters *ls, const uint8_t digest[static LETTER_DIGEST_BYTES],
                               uint32_t session)
{
    for (size_t i = 0; i < LETTERS_MAX; i++) {
        letter *l = &ls->at[i];
        for (size_t k = 0; l->used && k < l->n_copies; k++) {
            letter_copy *c = &l->copies[k];
            if ((c->answered || c->ticket.session != session) &&
                memcmp(c->digest, digest, LETTER_DIGEST_BYTES) == 0)
                return c;
        }
    }
    return NULL;
}

bool letters_add_copy(letter *l, const letter_copy *c)
{
    if (l->n_copies == LETTER_MAX_COPIES)
        return false;
    l->copies[l->n_copies++] = *c;
    return true;
}

void letters_answer(room *r, letter *l, uint32_t status)
{
    for (size_t i = 0; i < l->n_copies; i++) {
        if (!l->copies[i].answered)
            smpp_link_answer(r->link, l->copies[i].ticket, status);
        l->copies[i].answered = true;
    }
}

static void remember(letters *ls, const letter_copy *c, int64_t now_ms)
{
    letter_settled *s = &ls->settled[ls->next_settled++ % LETTERS_SETTLED_MAX];
    memcpy(s->digest, c->digest, sizeof s->digest);
    s->until_ms = now_ms + SETTLED_MS;
}

void letters_settle(room *r, letters *ls, letter *l)
{
    for (size_t i = 0; i < l->n_copies; i++) {
        const letter_copy *c = &l->copies[i];
        if (c->answered || !smpp_link_answer(r->link, c->ticket, ESME_ROK))
            remember(ls, c, r->clock_ms);
    }
}

bool letters_was_settled(letters *ls, const uint8_t digest[static LETTER_DIGEST_BYTES],
                         int64_t now_ms)
{
    for (size_t i = 0; i < LETTERS_SETTLED_MAX; i++) {
        letter_settled *s = &ls->settled[i];
        if (s->until_ms > now_ms && memcmp(s->digest, digest, LETTER_DIGEST_BYTES) == 0) {
            *s = (letter_settled){ 0 };
            return true;
        }
    }
    return false;
}
