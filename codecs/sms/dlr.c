/* Delivery receipts as text and as optional parameters. Never looks behind `text:`: there the
 * words are the message's, and could say anything. */
#include "codecs/sms/dlr.h"

#include "codecs/ascii.h"

#include <assert.h>

/* SMPP 3.4 appendix B first, then what centres write instead. */
static const struct {
    const char *name;
    teal_dlr_state state;
} states[] = {
    { "ENROUTE", TEAL_DLR_ENROUTE },       { "DELIVRD", TEAL_DLR_DELIVERED },
    { "EXPIRED", TEAL_DLR_EXPIRED },       { "DELETED", TEAL_DLR_DELETED },
    { "UNDELIV", TEAL_DLR_UNDELIVERABLE }, { "ACCEPTD", TEAL_DLR_ACCEPTED },
    { "UNKNOWN", TEAL_DLR_UNKNOWN },       { "REJECTD", TEAL_DLR_REJECTED },
    { "DELIVERED", TEAL_DLR_DELIVERED },   { "UNDELIVERABLE", TEAL_DLR_UNDELIVERABLE },
    { "FAILED", TEAL_DLR_UNDELIVERABLE },  { "ACCEPTED", TEAL_DLR_ACCEPTED },
    { "REJECTED", TEAL_DLR_REJECTED },     { "BUFFERED", TEAL_DLR_ENROUTE },
};

enum { STATES = sizeof states / sizeof *states };

typedef enum field {
    FIELD_NONE = 0, /* a word that names no field */
    FIELD_ID,
    FIELD_STAT,
    FIELD_ERROR,
    FIELD_SUBMIT,
    FIELD_DONE,
    FIELD_COUNT, /* known, of no use */
    FIELD_TEXT,
} field;

/* As appendix B writes them, and two spellings of peers. */
static const struct {
    const char *label;
    field field;
} labels[] = {
    { "id:", FIELD_ID },          { "stat:", FIELD_STAT },
    { "err:", FIELD_ERROR },      { "submit date:", FIELD_SUBMIT },
    { "done date:", FIELD_DONE }, { "submit_date:", FIELD_SUBMIT },
    { "done_date:", FIELD_DONE }, { "sub:", FIELD_COUNT },
    { "dlvrd:", FIELD_COUNT },    { "text:", FIELD_TEXT },
};

enum { LABELS = sizeof labels / sizeof *labels };

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

/* Skips `expected`, in any letter case, or moves nothing. What is behind the end reads as NUL, which
 * nothing expects. */
static bool skip_text(teal_reader *r, teal_bytes expected)
{
    teal_reader ahead = *r, want = teal_reader_of(expected);
    while (teal_read_left(&want) > 0)
        if (teal_ascii_lower(teal_read_u8(&ahead)) != teal_ascii_lower(teal_read_u8(&want)))
            return false;
    *r = ahead;
    return true;
}

static void skip_spaces(teal_reader *r)
{
    teal_reader ahead = *r;
    while (teal_read_left(&ahead) > 0 && is_space(teal_read_u8(&ahead)))
        *r = ahead;
}

/* Up to the next space or the end. */
static teal_bytes read_word(teal_reader *r)
{
    teal_reader ahead = *r;
    size_t len = 0;
    while (teal_read_left(&ahead) > 0 && !is_space(teal_read_u8(&ahead)))
        len++;
    return teal_read_bytes(r, len);
}

static field read_label(teal_reader *r)
{
    for (size_t i = 0; i < LABELS; i++)
        if (skip_text(r, teal_text(labels[i].label)))
            return labels[i].field;
    return FIELD_NONE;
}

/* The value may stand behind spaces, or be missing before the next field. */
static teal_bytes read_value(teal_reader *r)
{
    skip_spaces(r);
    teal_reader ahead = *r;
    return read_label(&ahead) == FIELD_NONE ? read_word(r) : (teal_bytes){ 0 };
}

static teal_dlr_state state_of(teal_bytes word)
{
    for (size_t i = 0; i < STATES; i++) {
        teal_reader r = teal_reader_of(word);
        if (skip_text(&r, teal_text(states[i].name)) && teal_read_done(&r))
            return states[i].state;
    }
    return TEAL_DLR_NONE;
}

static void keep_first(teal_bytes *kept, teal_bytes value)
{
    if (kept->len == 0)
        *kept = value;
}

/* Fills what the text says; what it does not say stays empty. */
static void read_fields(teal_bytes text, teal_dlr *out)
{
    teal_reader r = teal_reader_of(text);
    for (skip_spaces(&r); teal_read_left(&r) > 0; skip_spaces(&r)) {
        field name = read_label(&r);
        if (name == FIELD_TEXT)
            return;
        teal_bytes value = name == FIELD_NONE ? read_word(&r) : read_value(&r);
        switch (name) {
        case FIELD_ID:
            keep_first(&out->id, value);
            break;
        case FIELD_STAT:
            if (out->state == TEAL_DLR_NONE)
                out->state = state_of(value);
            break;
        case FIELD_ERROR:
            keep_first(&out->error, value);
            break;
        case FIELD_SUBMIT:
            keep_first(&out->submit_date, value);
            break;
        case FIELD_DONE:
            keep_first(&out->done_date, value);
            break;
        case FIELD_NONE:
        case FIELD_COUNT:
        case FIELD_TEXT:
            break;
        }
    }
}

static teal_result check(const teal_dlr *dlr, teal_diag *why)
{
    if (dlr->id.len == 0 || dlr->id.len > TEAL_SMPP_MAX_MESSAGE_ID)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-40 receipt has no id of 1 to 64 characters", 0,
                           why);
    if (dlr->state == TEAL_DLR_NONE)
        return teal_refuse(TEAL_MALFORMED, "REQ-SMS-41 receipt has no state that is known", 0, why);
    return TEAL_OK;
}

teal_result teal_dlr_decode(teal_bytes text, teal_dlr *out, teal_diag *why)
{
    teal_dlr found = { 0 };
    read_fields(text, &found);
    teal_result result = check(&found, why);
    if (result == TEAL_OK)
        *out = found;
    return result;
}

/* The value of a C-octet string parameter; some centres leave its NUL out. */
static teal_bytes without_nul(teal_bytes value)
{
    teal_reader r = teal_reader_of(value);
    size_t len = 0;
    while (teal_read_left(&r) > 0 && teal_read_u8(&r) != 0)
        len++;
    r = teal_reader_of(value);
    return teal_read_bytes(&r, len);
}

teal_result teal_dlr_of_message(const teal_smpp_pdu *pdu, teal_dlr *out, teal_diag *why)
{
    if ((pdu->message.esm_class & TEAL_ESM_TYPE_MASK) != TEAL_ESM_RECEIPT)
        return teal_refuse(TEAL_UNSUPPORTED, "REQ-SMS-42 esm_class is not of a receipt", 0, why);
    teal_bytes text, id;
    teal_udh udh;
    teal_result result = teal_smpp_user_data(pdu, &text, &udh, why);
    if (result != TEAL_OK)
        return result;
    teal_dlr found = { 0 };
    uint32_t state;
    if (teal_smpp_tlv_find(pdu->tlvs, TEAL_TLV_RECEIPTED_MESSAGE_ID, &id))
        found.id = without_nul(id);
    if (teal_smpp_tlv_find_uint(pdu->tlvs, TEAL_TLV_MESSAGE_STATE, 1, &state) &&
        state >= TEAL_DLR_ENROUTE && state <= TEAL_DLR_REJECTED)
        found.state = (teal_dlr_state)state;
    read_fields(text, &found);
    result = check(&found, why);
    if (result == TEAL_OK)
        *out = found;
    return result;
}

static void write_field(teal_writer *w, const char *label, teal_bytes value)
{
    if (value.len == 0)
        return;
    teal_write_text(w, label);
    teal_write_bytes(w, value);
}

teal_result teal_dlr_encode(const teal_dlr *dlr, teal_writer *out)
{
    assert(dlr->id.len > 0 && dlr->state != TEAL_DLR_NONE);
    write_field(out, "id:", dlr->id);
    teal_write_text(out,
                    dlr->state == TEAL_DLR_DELIVERED ? " sub:001 dlvrd:001" : " sub:001 dlvrd:000");
    write_field(out, " submit date:", dlr->submit_date);
    write_field(out, " done date:", dlr->done_date);
    write_field(out, " stat:", teal_text(teal_dlr_state_name(dlr->state)));
    write_field(out, " err:", dlr->error);
    teal_write_text(out, " text:");
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}

bool teal_dlr_is_final(teal_dlr_state state)
{
    return state != TEAL_DLR_NONE && state != TEAL_DLR_ENROUTE && state != TEAL_DLR_ACCEPTED &&
           state != TEAL_DLR_UNKNOWN;
}

const char *teal_dlr_state_name(teal_dlr_state state)
{
    for (size_t i = 0; i < STATES; i++)
        if (states[i].state == state)
            return states[i].name;
    return "NONE";
}
