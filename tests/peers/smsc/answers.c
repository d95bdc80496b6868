/* SMPP 3.4, the side of the centre. */
#include "tests/peers/smsc/answers.h"

#include "codecs/sms/dlr.h"
#include "tests/peers/shared/clock.h"

#include <stdio.h>

static const teal_bytes nothing;

static void answer(session *e, const teal_smpp_pdu *to, uint32_t status)
{
    session_answer(e, to, status, nothing, nothing);
}

static bool is_text(teal_bytes given, const char *wanted)
{
    return teal_bytes_equal(given, teal_text(wanted));
}

static uint32_t check_bind(smsc *s, const session *e, const teal_smpp_pdu *bind)
{
    if (e->bound || smsc_bound(s) != NULL)
        return ESME_RALYBND;
    if (bind->command != TEAL_SMPP_BIND_TRANSCEIVER)
        return ESME_RBINDFAIL;
    if (!is_text(bind->bind.system_id, s->system_id))
        return ESME_RINVSYSID;
    return is_text(bind->bind.password, s->password) ? ESME_ROK : ESME_RINVPASWD;
}

static void take_bind(smsc *s, session *e, const teal_smpp_pdu *bind)
{
    uint8_t tlvs[8];
    teal_writer version = { tlvs, sizeof tlvs, 0 };
    uint32_t status = check_bind(s, e, bind);
    fprintf(stderr, "smsc: bind: %s\n", teal_smpp_status_name(status));
    if (status != ESME_ROK) {
        answer(e, bind, status);
        return;
    }
    teal_smpp_tlv_write_uint(&version, TEAL_TLV_SC_INTERFACE_VERSION, TEAL_SMPP_VERSION, 1);
    session_answer(e, bind, ESME_ROK, teal_text("sandbox"), teal_written(&version));
    e->bound = true;
    s->counts.binds++;
}

/* "2611240900", as delivery receipts have it. */
static teal_bytes write_date(char out[static 11])
{
    time_t now = time(NULL);
    struct tm utc;
    return (teal_bytes){ (uint8_t *)out, strftime(out, 11, "%y%m%d%H%M", gmtime_r(&now, &utc)) };
}

/* A delivery receipt goes from the phone to who wrote to it. */
static void put_receipt(smsc *s, const teal_smpp_message *submit, teal_bytes id,
                        teal_dlr_state state)
{
    uint8_t text[TEAL_SMPP_MAX_SHORT], tlvs[TEAL_SMPP_MAX_MESSAGE_ID + 16];
    char date[11], id_and_nul[TEAL_SMPP_MAX_MESSAGE_ID + 1] = "";
    teal_writer t = { text, sizeof text, 0 }, v = { tlvs, sizeof tlvs, 0 };
    teal_bytes now = write_date(date);
    teal_dlr receipt = { .id = id,
                         .state = state,
                         .error = teal_text(state == TEAL_DLR_DELIVERED ? "000" : "027"),
                         .submit_date = now,
                         .done_date = now };
    memcpy(id_and_nul, id.at, id.len);
    teal_smpp_tlv_write(&v, TEAL_TLV_RECEIPTED_MESSAGE_ID,
                        (teal_bytes){ (uint8_t *)id_and_nul, id.len + 1 });
    teal_smpp_tlv_write_uint(&v, TEAL_TLV_MESSAGE_STATE, state, 1);
    if (teal_dlr_encode(&receipt, &t) != TEAL_OK || !teal_write_fits(&v))
        return;
    parcel p = { .message = { .source = submit->destination,
                              .destination = submit->source,
                              .esm_class = TEAL_ESM_RECEIPT,
                              .short_message = teal_written(&t) },
                 .tlvs = teal_written(&v) };
    if (outbox_put(s->outbox, &p, NULL))
        s->counts.receipts++;
}

/* What this submit meets; counts down. */
static smsc_submit take_behaviour(smsc *s)
{
    smsc_submit now = s->submit;
    if (s->times > 0 && --s->times == 0)
        s->submit = SUBMIT_OK;
    return now;
}

static void accept_submit(smsc *s, session *e, const teal_smpp_pdu *submit, int64_t now_ms)
{
    teal_diag why = { 0 };
    char text[20];
    teal_dlr_state state =
        s->receipts == RECEIPTS_FAILED ? TEAL_DLR_UNDELIVERABLE : TEAL_DLR_DELIVERED;
    if (state == TEAL_DLR_DELIVERED && phones_take(s->phones, submit, now_ms, &why) != TEAL_OK) {
        fprintf(stderr, "smsc: submit_sm: %s\n", why.rule);
        answer(e, submit, ESME_RSUBMITFAIL);
        return;
    }
    snprintf(text, sizeof text, "%08x%08x", s->run, ++s->last_id);
    teal_bytes id = teal_text(text);
    bool wants = s->receipts != RECEIPTS_NONE &&
                 (submit->message.registered_delivery & TEAL_REGISTERED_FINAL) != 0;
    s->counts.accepted++;
    if (wants)
        put_receipt(s, &submit->message, id, state);
    if (s->receipts == RECEIPTS_EARLY)
        answers_deliver(s, e, now_ms);
    session_answer(e, submit, ESME_ROK, id, nothing);
}

static void take_submit(smsc *s, session *e, const teal_smpp_pdu *submit, int64_t now_ms)
{
    if (!e->bound) {
        answer(e, submit, ESME_RINVBNDSTS);
        return;
    }
    s->counts.submits++;
    switch (take_behaviour(s)) {
    case SUBMIT_OK:
        accept_submit(s, e, submit, now_ms);
        break;
    case SUBMIT_THROTTLE:
        answer(e, submit, ESME_RTHROTTLED);
        break;
    case SUBMIT_STALL:
        break;
    case SUBMIT_DROP:
        e->ending = true;
        break;
    case SUBMIT_REFUSE:
        answer(e, submit, ESME_RINVDSTADR);
        break;
    }
}

static void take_unit(smsc *s, session *e, const teal_smpp_pdu *pdu, int64_t now_ms)
{
    switch (pdu->command) {
    case TEAL_SMPP_BIND_RECEIVER:
    case TEAL_SMPP_BIND_TRANSMITTER:
    case TEAL_SMPP_BIND_TRANSCEIVER:
        take_bind(s, e, pdu);
        break;
    case TEAL_SMPP_SUBMIT_SM:
        take_submit(s, e, pdu, now_ms);
        break;
    case TEAL_SMPP_ENQUIRE_LINK:
        s->counts.enquire_links++;
        answer(e, pdu, ESME_ROK);
        break;
    case TEAL_SMPP_UNBIND:
        answer(e, pdu, ESME_ROK);
        e->ending = true;
        break;
    case TEAL_SMPP_DELIVER_SM:
        answer(e, pdu, ESME_RINVCMDID); /* only a centre delivers */
        break;
    case TEAL_SMPP_DELIVER_SM | TEAL_SMPP_RESP:
    case TEAL_SMPP_GENERIC_NACK:
        outbox_answered(s->outbox, pdu->sequence, pdu->status, now_ms);
        break;
    default: /* a request that is not served here, or an answer to nothing */
        if ((pdu->command & TEAL_SMPP_RESP) == 0)
            answer(e, pdu, ESME_RINVCMDID);
        break;
    }
}

void answers_take(smsc *s, session *e, teal_bytes unit, int64_t now_ms)
{
    teal_diag why = { 0 };
    teal_smpp_pdu pdu;
    teal_result result = teal_smpp_decode(unit, &pdu, &why);
    if (result == TEAL_OK) {
        take_unit(s, e, &pdu, now_ms);
        return;
    }
    pdu = teal_smpp_head(unit);
    fprintf(stderr, "smsc: %s: %s\n", teal_smpp_command_name(pdu.command), why.rule);
    if ((pdu.command & TEAL_SMPP_RESP) == 0)
        answer(e, &pdu, result == TEAL_UNSUPPORTED ? ESME_RINVCMDID : ESME_RINVCMDLEN);
}

void answers_deliver(smsc *s, session *e, int64_t now_ms)
{
    const parcel *p;
    while (!e->ending && session_has_room(e) && (p = outbox_next(s->outbox, now_ms)) != NULL) {
        uint32_t sequence = session_new_sequence(e);
        session_put(e, &(teal_smpp_pdu){ .command = TEAL_SMPP_DELIVER_SM,
                                         .sequence = sequence,
                                         .message = p->message,
                                         .tlvs = p->tlvs });
        outbox_left(s->outbox, sequence);
    }
}
