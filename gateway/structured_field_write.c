/* Structured field values in the one form that RFC 8941 section 4.1 writes. */
#include "gateway/structured_field.h"

#include "codecs/base64.h"

static void write_number(int64_t n, teal_writer *w)
{
    if (n < 0)
        teal_write_u8(w, '-');
    teal_write_decimal(w, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

/* As few digits behind the point as say it, but one. */
static void write_decimal(int64_t thousandths, teal_writer *w)
{
    uint64_t n = thousandths < 0 ? -(uint64_t)thousandths : (uint64_t)thousandths;
    uint64_t fraction = n % 1000;
    if (thousandths < 0)
        teal_write_u8(w, '-');
    teal_write_decimal(w, n / 1000);
    teal_write_u8(w, '.');
    uint64_t unit = 100;
    do {
        teal_write_u8(w, (uint8_t)('0' + fraction / unit));
        fraction %= unit;
        unit /= 10;
    } while (fraction > 0);
}

static void write_string(teal_bytes text, teal_writer *w)
{
    teal_write_u8(w, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            teal_write_u8(w, '\\');
        teal_write_u8(w, text.at[i]);
    }
    teal_write_u8(w, '"');
}

static void write_value(const structured_value *v, teal_writer *w)
{
    switch (v->kind) {
    case STRUCTURED_INTEGER:
        write_number(v->number, w);
        break;
    case STRUCTURED_DECIMAL:
        write_decimal(v->number, w);
        break;
    case STRUCTURED_BOOLEAN:
        teal_write_text(w, v->number != 0 ? "?1" : "?0");
        break;
    case STRUCTURED_STRING:
        write_string(v->bytes, w);
        break;
    case STRUCTURED_TOKEN:
        teal_write_bytes(w, v->bytes);
        break;
    case STRUCTURED_BYTES:
        teal_write_u8(w, ':');
        teal_base64_encode(v->bytes, w);
        teal_write_u8(w, ':');
        break;
    }
}

static bool is_true(const structured_value *v)
{
    return v->kind == STRUCTURED_BOOLEAN && v->number != 0;
}

static void write_parameters(const structured_parameters *p, teal_writer *w)
{
    for (size_t i = 0; i < p->n; i++) {
        teal_write_u8(w, ';');
        teal_write_bytes(w, p->at[i].key);
        if (is_true(&p->at[i].value))
            continue;
        teal_write_u8(w, '=');
        write_value(&p->at[i].value, w);
    }
}

void structured_write_item(const structured_item *item, teal_writer *w)
{
    write_value(&item->value, w);
    write_parameters(&item->parameters, w);
}

void structured_write_list(const structured_list *list, teal_writer *w)
{
    teal_write_u8(w, '(');
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            teal_write_u8(w, ' ');
        structured_write_item(&list->items[i], w);
    }
    teal_write_u8(w, ')');
    write_parameters(&list->parameters, w);
}

static void write_member(const structured_member *m, teal_writer *w)
{
    teal_write_bytes(w, m->key);
    if (!m->is_list && is_true(&m->item.value)) {
        write_parameters(&m->item.parameters, w);
        return;
    }
    teal_write_u8(w, '=');
    if (m->is_list)
        structured_write_list(&m->list, w);
    else
        structured_write_item(&m->item, w);
}

void structured_write_dictionary(const structured_dictionary *d, teal_writer *w)
{
    for (size_t i = 0; i < d->n; i++) {
        if (i > 0)
            teal_write_text(w, ", ");
        write_member(&d->members[i], w);
    }
}
