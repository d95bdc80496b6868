/* An envelope of kind RECEIPT, which wants none itself. */
#include "gateway/client/delivery_receipt.h"

#include "codecs/native/content.h"
#include "gateway/client/account.h"
#include "gateway/client/outgoing.h"
#include "gateway/client/say.h"
#include "gateway/clock.h"
#include "gateway/log.h"

enum { CONTENT_BYTES = 256, SCRATCH_BYTES = 4096, TRIES = 2 };

/* Seals to the devices that the sender has now, and once more if they have just changed. */
static outcome send(session *s, outgoing *m, person *to)
{
    json_t *answer = NULL;
    outcome o = OUTCOME_REFUSED;
    for (int i = 0; i < TRIES; i++) {
        m->keys.n = 0;
        o = people_claim(s, to, NULL, &m->keys);
        if (o == OUTCOME_OK)
            o = outgoing_seal(s, m);
        if (o != OUTCOME_OK)
            break;
        o = api_send(s->api, m->encoded, &answer);
        json_decref(answer);
        if (o != OUTCOME_REFUSED || !api_refused_as(s->api, "keys-stale"))
            break;
    }
    return o;
}

void delivery_receipt_send(session *s, const teal_envelope *e, const person *sender)
{
    uint8_t bytes[CONTENT_BYTES], scratch[SCRATCH_BYTES];
    teal_arena arena = { scratch, sizeof scratch, 0 };
    teal_writer content = { bytes, sizeof bytes, 0 };
    const int64_t now_ms = clock_unix_ms();
    person to = *sender;
    outgoing *m = teal_arena_array(&s->arena, 1, sizeof *m);
    if (m == NULL)
        bug("the arena is full");
    if (teal_content_of_receipt(e->message_id, TEAL__V1__DISPOSITION__DELIVERED, (uint64_t)now_ms,
                                &arena, &content) != TEAL_OK)
        bug("a receipt does not fit");
    outgoing_begin(m, now_ms);
    m->sender = account_handle(s->keychain, &s->arena);
    m->recipients = &to.handle;
    m->n_recipients = 1;
    m->conversation_id = e->conversation_id;
    m->kind = TEAL_KIND_RECEIPT;
    m->content = teal_written(&content);
    if (send(s, m, &to) != OUTCOME_OK)
        say_note("%.*s has not been told that %.*s was delivered", (int)to.handle.len,
                 (const char *)to.handle.at, (int)e->message_id.len,
                 (const char *)e->message_id.at);
}
