/* Phones remember the last SHOWN_MAX messages between them. */
#include "tests/peers/smsc/phones.h"

#include "codecs/sms/reassembly.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_MAX = 10000, SLOTS = 64, PATIENCE_MS = 60000, TON_INTERNATIONAL = 1 };

typedef struct shown {
    char from[TEAL_SMPP_MAX_ADDRESS + 2], to[TEAL_SMPP_MAX_ADDRESS + 2]; /* '+' and NUL */
    char *text;
    uint8_t segments, data_coding;
} shown;

struct phones {
    teal_reassembly_slot slots[SLOTS];
    teal_reassembly parts;
    uint8_t text[TEAL_REASSEMBLY_TEXT_BYTES + 1];
    shown shown[SHOWN_MAX]; /* a ring: the next one goes to `next` */
    size_t next;
};

phones *phones_open(void)
{
    phones *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->parts = (teal_reassembly){ .slots = p->slots, .count = SLOTS, .timeout_ms = PATIENCE_MS };
    randombytes_buf(p->parts.digest_key, sizeof p->parts.digest_key);
    return p;
}

void phones_close(phones **p)
{
    if (*p == NULL)
        return;
    for (size_t i = 0; i < SHOWN_MAX; i++)
        free((*p)->shown[i].text);
    free(*p);
    *p = NULL;
}

/* Numbers are shown with a plus, whether it stood in the address or in its type. */
static void write_number(char *out, size_t cap, const teal_smpp_address *a)
{
    bool plus = a->ton == TON_INTERNATIONAL && a->digits.len > 0 && a->digits.at[0] != '+';
    snprintf(out, cap, "%s%.*s", plus ? "+" : "", (int)a->digits.len, (const char *)a->digits.at);
}

static bool show(phones *p, const teal_smpp_message *m, size_t text_len, uint8_t segments)
{
    char *text = strndup((const char *)p->text, text_len);
    if (text == NULL)
        return false;
    shown *s = &p->shown[p->next];
    p->next = (p->next + 1) % SHOWN_MAX;
    free(s->text);
    *s = (shown){ .text = text, .segments = segments, .data_coding = m->data_coding };
    write_number(s->from, sizeof s->from, &m->source);
    write_number(s->to, sizeof s->to, &m->destination);
    return true;
}

static void report_loss(const teal_reassembly_loss *loss)
{
    if (loss->have > 0)
        fprintf(stderr, "smsc: a phone gave up a message: %u of %u segments came\n", loss->have,
                loss->key.total);
}

teal_result phones_take(phones *p, const teal_smpp_pdu *submit, int64_t now_ms, teal_diag *why)
{
    const teal_smpp_message *m = &submit->message;
    teal_reassembly_part part = { .source = m->source.digits,
                                  .destination = m->destination.digits,
                                  .data_coding = m->data_coding };
    teal_writer text = { p->text, TEAL_REASSEMBLY_TEXT_BYTES, 0 };
    teal_reassembly_state state;
    teal_reassembly_loss loss;
    teal_result result = teal_smpp_user_data(submit, &part.octets, &part.udh, why);
    if (result != TEAL_OK)
        return result;
    result = teal_reassembly_add(&p->parts, &part, now_ms, &text, &state, &loss, why);
    if (result != TEAL_OK)
        return result;
    report_loss(&loss);
    uint8_t segments = part.udh.concat.total > 0 ? part.udh.concat.total : 1;
    if (state == TEAL_REASSEMBLY_COMPLETE && !show(p, m, text.len, segments))
        return teal_refuse(TEAL_SPACE, "out of memory", 0, why);
    return TEAL_OK;
}

void phones_expire(phones *p, int64_t now_ms)
{
    teal_reassembly_loss loss;
    while (teal_reassembly_expire(&p->parts, now_ms, &loss))
        report_loss(&loss);
}

json_t *phones_shown(const phones *p, const char *number)
{
    json_t *list = json_array();
    for (size_t i = 0; i < SHOWN_MAX; i++) {
        const shown *s = &p->shown[(p->next + i) % SHOWN_MAX];
        if (s->text != NULL && strcmp(s->to, number) == 0)
            json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i}", "from", s->from, "text",
                                                  s->text, "segments", s->segments, "data_coding",
                                                  s->data_coding));
    }
    return list;
}
