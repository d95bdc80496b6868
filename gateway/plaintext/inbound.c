/* What each deliver_sm is, whose it is, and when it is answered. */
#include "gateway/plaintext/inbound.h"

#include "codecs/handle.h"
#include "gateway/plaintext/letters.h"
#include "gateway/plaintext/reports.h"
#include "gateway/plaintext/sealer.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    TEXTS = 64, /* whole texts under way; more is the centre's to bring again */
    REASSEMBLY_SLOTS = 64,
    REASSEMBLY_MS = 30 * 60 * 1000,
    HOLD_MS = 2000,       /* for the other parts: far below what centres wait for an answer */
    EDGE_MS = 20000,      /* for the edge, likewise */
    ASK_AGAIN_MS = 30000, /* after an answer that did not hold */
    GIVE_UP_MS = 600000,  /* the centre has been told to come again */
    LOOK_MS = 250,
    WHOLE_MAX_OCTETS = TEAL_REASSEMBLY_TEXT_BYTES / 3, /* each becomes 3 octets of UTF-8 at most */
    TON_INTERNATIONAL = 1,
    TON_NATIONAL = 2,
    TON_ALPHANUMERIC = 5,
};

typedef struct inbound {
    letters letters;
    teal_reassembly reassembly;
    uint8_t digest_key[crypto_generichash_KEYBYTES];
    sealer *sealer;
    uint8_t envelope[SEALER_ENVELOPE_BYTES];
    int64_t look_ms;
} inbound;

/* A deliver_sm that carries text. Views are of the unit. */
typedef struct text_part {
    smpp_link_ticket ticket;
    teal_bytes source, destination, octets;
    uint8_t source_ton, data_coding;
    teal_udh udh;
    char number[TEAL_REASSEMBLY_ADDRESS_BYTES + 2];
    letter_copy copy;
} text_part;

inbound *inbound_open(void)
{
    inbound *in = calloc(1, sizeof *in);
    teal_reassembly_slot *slots = sodium_allocarray(REASSEMBLY_SLOTS, sizeof *slots);
    if (in == NULL || slots == NULL)
        bug("out of memory");
    sodium_memzero(slots, REASSEMBLY_SLOTS * sizeof *slots);
    in->reassembly =
        (teal_reassembly){ .slots = slots, .count = REASSEMBLY_SLOTS, .timeout_ms = REASSEMBLY_MS };
    randombytes_buf(in->reassembly.digest_key, sizeof in->reassembly.digest_key);
    in->letters.texts = vault_open(TEXTS, TEAL_REASSEMBLY_TEXT_BYTES);
    in->sealer = sealer_open();
    crypto_generichash_keygen(in->digest_key);
    return in;
}

void inbound_close(room *r)
{
    inbound *in = r->inbound;
    for (size_t i = 0; i < LETTERS_MAX; i++)
        if (in->letters.at[i].used)
            letters_free(r, &in->letters, &in->letters.at[i]);
    vault_close(&in->letters.texts);
    sodium_free(in->reassembly.slots); /* wipes */
    sealer_close(&in->sealer);
    free(in);
    r->inbound = NULL;
}

static void answer(room *r, smpp_link_ticket ticket, uint32_t status)
{
    smpp_link_answer(r->link, ticket, status);
}

static void ask(room *r, letter *l)
{
    Teal__V1__WhoIs who_is = TEAL__V1__WHO_IS__INIT;
    who_is.ref = l->ref;
    who_is.number = l->number;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_WHO_IS;
    frame.who_is = &who_is;
    notices_put(&r->notices, &l->notice, &frame);
    l->ask_ms = 0;
}

/* "+447700900123" from what a centre writes; false: no number that anybody could have. */
static bool read_number(uint8_t ton, teal_bytes digits, char *out, size_t cap)
{
    char handle[64];
    if (digits.len > 0 && digits.at[0] == '+')
        digits = (teal_bytes){ digits.at + 1, digits.len - 1 };
    int len =
        snprintf(handle, sizeof handle, "tel:+%.*s", (int)digits.len, (const char *)digits.at);
    teal_bytes view = { (const uint8_t *)handle, (size_t)len };
    if (ton == TON_NATIONAL || ton == TON_ALPHANUMERIC || (size_t)len >= sizeof handle ||
        (size_t)len - 4 >= cap || !teal_handle_is_canonical(view))
        return false;
    memcpy(out, handle + 4, (size_t)len - 4 + 1);
    return true;
}

/* Who the text claims to be from: a number as a handle, else what was written, as ASCII. */
static void read_claimed(const text_part *p, char *out, size_t cap)
{
    char number[TEAL_REASSEMBLY_ADDRESS_BYTES + 2];
    if (read_number(p->source_ton, p->source, number, sizeof number)) {
        snprintf(out, cap, "tel:%s", number);
        return;
    }
    teal_writer w = { (uint8_t *)out, cap - 1, 0 };
    for (size_t i = 0; i < p->source.len; i++) {
        uint8_t c = p->source.at[i];
        teal_write_u8(&w, c >= ' ' && c < 0x7f ? c : '?');
    }
    out[teal_write_fits(&w) ? w.len : 0] = '\0';
}

static void digest(const inbound *in, text_part *p)
{
    crypto_generichash_state state;
    uint8_t head[] = { (uint8_t)p->source.len,
                       (uint8_t)p->destination.len,
                       p->data_coding,
                       p->udh.shift.locking,
                       p->udh.shift.single,
                       (uint8_t)(p->udh.concat.ref >> 8),
                       (uint8_t)(p->udh.concat.ref),
                       p->udh.concat.total,
                       p->udh.concat.seq };
    crypto_generichash_init(&state, in->digest_key, sizeof in->digest_key, LETTER_DIGEST_BYTES);
    crypto_generichash_update(&state, head, sizeof head);
    crypto_generichash_update(&state, p->source.at, p->source.len);
    crypto_generichash_update(&state, p->destination.at, p->destination.len);
    crypto_generichash_update(&state, p->octets.at, p->octets.len);
    crypto_generichash_final(&state, p->copy.digest, sizeof p->copy.digest);
}

/* The text is whole: asks whose number it is. Takes the text. */
static void complete(room *r, letter *l, uint8_t *text, size_t len)
{
    l->text = text;
    l->text_len = len;
    l->stage = LETTER_WHOSE;
    l->ref = room_new_ref(r);
    l->since_ms = r->clock_ms;
    ask(r, l);
}

static letter *new_letter(room *r, const text_part *p)
{
    letter *l = letters_make(&r->inbound->letters, r->clock_ms);
    if (l == NULL)
        return NULL;
    snprintf(l->number, sizeof l->number, "%s", p->number);
    read_claimed(p, l->claimed, sizeof l->claimed);
    letters_add_copy(l, &p->copy);
    return l;
}

/* A short text, or a long one in one unit (message_payload). Gives `text` away when it returns
 * ESME_ROK, which is not the answer: that comes when the letter is durable. */
static uint32_t take_whole(room *r, const text_part *p, uint8_t *text)
{
    teal_diag why = { 0 };
    teal_writer w = { text, TEAL_REASSEMBLY_TEXT_BYTES, 0 };
    if (p->octets.len > WHOLE_MAX_OCTETS)
        return ESME_RINVMSGLEN;
    if (teal_coding_decode(p->data_coding, p->udh.shift, p->octets, &w, &why) != TEAL_OK) {
        log_event(LOG_WARN, "room.text_refused", "why", why.rule, NULL);
        return ESME_RX_R_APPN;
    }
    letter *l = new_letter(r, p);
    if (l == NULL)
        return ESME_RX_T_APPN;
    complete(r, l, text, w.len);
    return ESME_ROK;
}

static teal_reassembly_key key_of(const text_part *p)
{
    teal_reassembly_key key = { .ref = p->udh.concat.ref,
                                .total = p->udh.concat.total,
                                .wide = p->udh.concat.wide };
    memcpy(key.source, p->source.at, p->source.len);
    memcpy(key.destination, p->destination.at, p->destination.len);
    return key;
}

/* Parts are gone from here, but none was answered with success: the centre still has them. */
static void lose(room *r, const teal_reassembly_loss *loss)
{
    letter *l = loss->have > 0 ? letters_of_key(&r->inbound->letters, &loss->key) : NULL;
    if (l == NULL)
        return;
    log_event(LOG_WARN, "room.parts_lost", NULL);
    letters_answer(r, l, ESME_RX_T_APPN);
    letters_free(r, &r->inbound->letters, l);
}

static letter *letter_of_part(room *r, const text_part *p)
{
    teal_reassembly_key key = key_of(p);
    letter *l = letters_of_key(&r->inbound->letters, &key);
    if (l != NULL)
        return letters_add_copy(l, &p->copy) ? l : NULL;
    l = new_letter(r, p);
    if (l == NULL)
        return NULL;
    l->stage = LETTER_PARTS;
    l->key = key;
    return l;
}

/* What the table does not take: the letter that the part belongs to, if it was dropped, goes too.
 */
static uint32_t refuse_part(room *r, const text_part *p, teal_result result, const char *rule)
{
    teal_reassembly_key key = key_of(p);
    letter *l = letters_of_key(&r->inbound->letters, &key);
    log_event(LOG_WARN, "room.text_refused", "why", rule, NULL);
    if (result == TEAL_MALFORMED && l != NULL) {
        letters_answer(r, l, ESME_RX_R_APPN);
        letters_free(r, &r->inbound->letters, l);
    }
    return ESME_RX_R_APPN;
}

/* As take_whole. */
static uint32_t take_part(room *r, const text_part *p, uint8_t *text)
{
    inbound *in = r->inbound;
    teal_diag why = { 0 };
    teal_writer w = { text, TEAL_REASSEMBLY_TEXT_BYTES, 0 };
    teal_reassembly_state state;
    teal_reassembly_loss loss = { 0 };
    teal_reassembly_part part = { p->source, p->destination, p->udh, p->data_coding, p->octets };
    teal_result result =
        teal_reassembly_add(&in->reassembly, &part, r->clock_ms, &w, &state, &loss, &why);
    lose(r, &loss);
    if (result != TEAL_OK)
        return refuse_part(r, p, result, why.rule);
    teal_reassembly_key key = key_of(p);
    if (state == TEAL_REASSEMBLY_DUPLICATE && letters_of_key(&in->letters, &key) == NULL)
        return ESME_RX_T_APPN; /* of a text that is under way, or that has been dropped */
    letter *l = letter_of_part(r, p);
    if (l == NULL)
        return ESME_RX_T_APPN;
    if (state != TEAL_REASSEMBLY_COMPLETE) {
        vault_give_back(in->letters.texts, text);
        return ESME_ROK;
    }
    complete(r, l, text, w.len);
    return ESME_ROK;
}

static void take_text(room *r, const text_part *p)
{
    inbound *in = r->inbound;
    uint8_t *text = vault_take(in->letters.texts);
    uint32_t status = ESME_RX_T_APPN;
    if (text != NULL)
        status = p->udh.concat.total > 1 ? take_part(r, p, text) : take_whole(r, p, text);
    if (status == ESME_ROK)
        return;
    vault_give_back(in->letters.texts, text);
    answer(r, p->ticket, status);
}

static void on_text(room *r, smpp_link_ticket ticket, const teal_smpp_pdu *pdu)
{
    inbound *in = r->inbound;
    const teal_smpp_message *m = &pdu->message;
    teal_diag why = { 0 };
    text_part p = { .ticket = ticket,
                    .source = m->source.digits,
                    .destination = m->destination.digits,
                    .source_ton = m->source.ton,
                    .data_coding = m->data_coding,
                    .copy = { .ticket = ticket, .at_ms = r->clock_ms } };
    if (teal_smpp_user_data(pdu, &p.octets, &p.udh, &why) != TEAL_OK) {
        log_event(LOG_WARN, "room.text_refused", "why", why.rule, NULL);
        answer(r, ticket, ESME_RX_R_APPN);
        return;
    }
    digest(in, &p);
    letter_copy *again = letters_find_copy(&in->letters, p.copy.digest, ticket.session);
    if (again != NULL)
        *again = p.copy;
    else if (letters_was_settled(&in->letters, p.copy.digest, r->clock_ms))
        answer(r, ticket, ESME_ROK);
    else if (!read_number(m->destination.ton, p.destination, p.number, sizeof p.number))
        answer(r, ticket, ESME_RX_R_APPN);
    else if (r->stopping)
        answer(r, ticket, ESME_RX_T_APPN);
    else
        take_text(r, &p);
}

void inbound_delivered(void *arg, smpp_link_ticket ticket, const teal_smpp_pdu *pdu)
{
    room *r = arg;
    teal_dlr dlr;
    teal_diag why = { 0 };
    teal_result result = teal_dlr_of_message(pdu, &dlr, &why);
    if (result == TEAL_OK) {
        reports_delivered(r, ticket, pdu, &dlr);
    } else if (result != TEAL_UNSUPPORTED) {
        log_event(LOG_WARN, "room.dlr_refused", "why", why.rule, NULL);
        answer(r, ticket, ESME_ROK); /* coming again would not mend it */
    } else if ((pdu->message.esm_class & TEAL_ESM_TYPE_MASK) != 0) {
        answer(r, ticket, ESME_ROK); /* phones' own acknowledgements: nobody asked for them */
    } else {
        on_text(r, ticket, pdu);
    }
}

static void say_inbound(room *r, letter *l, teal_bytes envelope)
{
    Teal__V1__Inbound inbound_frame = TEAL__V1__INBOUND__INIT;
    inbound_frame.ref = l->ref;
    inbound_frame.envelope =
        (ProtobufCBinaryData){ envelope.len, (uint8_t *)(uintptr_t)envelope.at };
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_INBOUND;
    frame.inbound = &inbound_frame;
    notices_put(&r->notices, &l->notice, &frame);
}

void inbound_who_is_answer(room *r, const Teal__V1__WhoIsAnswer *a)
{
    inbound *in = r->inbound;
    letter *l = letters_of_ref(&in->letters, a->ref);
    if (l == NULL || l->stage != LETTER_WHOSE || l->ask_ms != 0)
        return;
    if (!a->known) { /* nobody here: the centre gives up */
        letters_answer(r, l, ESME_RX_R_APPN);
        letters_free(r, &in->letters, l);
        return;
    }
    teal_writer envelope = { in->envelope, sizeof in->envelope, 0 };
    const char *wrong = sealer_seal(r, in->sealer, l, a, &envelope);
    if (wrong != NULL) {
        log_event(LOG_ERROR, "room.who_is_refused", "why", wrong, NULL);
        letters_answer(r, l, ESME_RX_T_APPN);
        notices_drop(&r->notices, &l->notice);
        l->ask_ms = r->clock_ms + ASK_AGAIN_MS;
        return;
    }
    vault_give_back(in->letters.texts, l->text);
    l->text = NULL;
    l->stage = LETTER_SEALED;
    l->ref = room_new_ref(r);
    say_inbound(r, l, teal_written(&envelope));
}

bool inbound_taken(room *r, uint64_t ref)
{
    letters *ls = &r->inbound->letters;
    letter *l = letters_of_ref(ls, ref);
    if (l == NULL || l->stage != LETTER_SEALED)
        return false;
    letters_settle(r, ls, l);
    letters_free(r, ls, l);
    return true;
}

/* The centre's patience is not ours to use up. */
static void answer_overdue(room *r, letter *l)
{
    int64_t hold_ms = l->stage == LETTER_PARTS ? HOLD_MS : EDGE_MS;
    for (size_t i = 0; i < l->n_copies; i++) {
        letter_copy *c = &l->copies[i];
        if (c->answered || r->clock_ms - c->at_ms < hold_ms)
            continue;
        answer(r, c->ticket, ESME_RX_T_APPN);
        c->answered = true;
    }
}

static void look_after(room *r, letter *l)
{
    answer_overdue(r, l);
    if (l->stage != LETTER_WHOSE)
        return;
    if (r->clock_ms - l->since_ms >= GIVE_UP_MS) {
        log_event(LOG_WARN, "room.letter_given_up", NULL);
        letters_free(r, &r->inbound->letters, l);
    } else if (l->ask_ms != 0 && r->clock_ms >= l->ask_ms) {
        ask(r, l);
    }
}

void inbound_run(room *r)
{
    inbound *in = r->inbound;
    teal_reassembly_loss loss = { 0 };
    if (r->clock_ms < in->look_ms)
        return;
    in->look_ms = r->clock_ms + LOOK_MS;
    while (teal_reassembly_expire(&in->reassembly, r->clock_ms, &loss))
        lose(r, &loss);
    for (size_t i = 0; i < LETTERS_MAX; i++)
        if (in->letters.at[i].used)
            look_after(r, &in->letters.at[i]);
}
