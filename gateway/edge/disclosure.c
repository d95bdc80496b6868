/* /v1/operator/disclosure/{handle}: what the operator could be made to hand over on a handle.
 * REQ-LKP-20 to -23. */
#include "gateway/edge/field.h"

#include "codecs/handle.h"

enum { MAX_ROWS = 100 }; /* of one table in one answer */

/* ---- values ----------------------------------------------------------------------------------
 */

static const char *kind_name(int64_t kind)
{
    switch ((teal_kind)kind) {
    case TEAL_KIND_MESSAGE:
        return "message";
    case TEAL_KIND_RECEIPT:
        return "receipt";
    case TEAL_KIND_TYPING:
        return "typing";
    case TEAL_KIND_CONTROL:
        return "control";
    }
    return "";
}

static json_t *sealed_for(const teal_envelope *e)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < e->n_keys; i++)
        json_array_append_new(devices, field_hex(e->keys[i].device));
    return devices;
}

/* What of it can be read without a key; how much more there is. */
static json_t *envelope_json(rest_call *c, teal_bytes encoded)
{
    teal_envelope e;
    json_t *o = json_pack("{s:I}", "octets", (json_int_t)encoded.len);
    if (teal_envelope_decode(encoded, c->arena, &e, NULL) != TEAL_OK)
        return o;
    json_t *recipients = json_array();
    for (size_t i = 0; i < e.n_recipients; i++)
        json_array_append_new(recipients, field_text(e.recipients[i]));
    json_object_set_new(o, "ciphertext_octets", json_integer((json_int_t)e.ciphertext.len));
    json_object_set_new(o, "sent_at_ms", json_integer((json_int_t)e.sent_at_ms));
    json_object_set_new(o, "recipients", recipients);
    json_object_set_new(o, "sealed_for", sealed_for(&e));
    return o;
}

static json_t *value_json(rest_call *c, const store_value *v)
{
    switch (v->form) {
    case VALUE_NONE:
        return json_null();
    case VALUE_NUMBER:
    case VALUE_TIME:
        return json_integer(v->number);
    case VALUE_PATH:
        return json_string(store_path_name((store_path)v->number));
    case VALUE_STATE:
        return json_string(store_state_name((store_state)v->number));
    case VALUE_KIND:
        return json_string(kind_name(v->number));
    case VALUE_TEXT:
        return field_text(v->bytes);
    case VALUE_DEVICE:
        return v->bytes.len == TEAL_DEVICE_BYTES ? field_hex(v->bytes.at)
                                                 : field_base64url(v->bytes, c->arena);
    case VALUE_OCTETS:
        return field_base64url(v->bytes, c->arena);
    case VALUE_LENGTH:
        return json_pack("{s:I}", "octets", (json_int_t)v->number);
    case VALUE_ENVELOPE:
        return envelope_json(c, v->bytes);
    }
    bug("store_value_form out of range");
}

/* ---- tables ----------------------------------------------------------------------------------
 */

typedef struct telling {
    rest_call *call;
    json_t *rows;
} telling;

/* Each value has the rest of the arena to itself. */
static void tell_row(void *arg, const store_value *values, size_t n)
{
    telling *t = arg;
    json_t *row = json_object();
    const size_t mark = t->call->arena->used;
    for (size_t i = 0; i < n; i++) {
        json_object_set_new(row, values[i].column, value_json(t->call, &values[i]));
        t->call->arena->used = mark;
    }
    json_array_append_new(t->rows, row);
}

/* One row more than is told is asked for: it says that there is a next one. */
static store_result tell_table(rest_call *c, size_t at, const store_table *t, int64_t from,
                               json_t *tables)
{
    telling told = { c, json_array() };
    size_t n = 0;
    store_result r = c->reader->ops->disclose(c->reader, at, c->parameter, from, MAX_ROWS + 1,
                                              tell_row, &told, &n);
    json_t *table =
        json_pack("{s:s, s:s, s:o}", "table", t->name, "holds", t->holds, "rows", told.rows);
    if (n > MAX_ROWS) {
        json_array_remove(told.rows, MAX_ROWS);
        json_object_set_new(table, "next", json_integer(from + MAX_ROWS));
    }
    json_array_append_new(tables, table);
    return r;
}

/* name: of the one table that is asked for; NULL: all. */
static store_result tell(rest_call *c, const char *name, int64_t from, json_t *tables,
                         json_t *nothing)
{
    store_table t;
    store_result r = STORE_OK;
    for (size_t at = 0; r == STORE_OK && c->reader->ops->describe(at, &t); at++) {
        if (name != NULL && strcmp(name, t.name) != 0)
            continue;
        if (t.has_rows)
            r = tell_table(c, at, &t, from, tables);
        else
            json_array_append_new(nothing,
                                  json_pack("{s:s, s:s}", "table", t.name, "why", t.holds));
    }
    return r;
}

static rest_next disclosure_get(rest_call *c)
{
    int64_t from;
    const char *name = rest_query(c, "table");
    if (!teal_handle_is_canonical(c->parameter))
        return field_refuse_handle(c);
    if (!field_number(rest_query(c, "from"), 0, INT32_MAX, 0, &from))
        return field_refuse_query(c, "Give from as the last answer's next.");
    json_t *tables = json_array(), *nothing = json_array();
    store_result r = tell(c, name, from, tables, nothing);
    bool found = json_array_size(tables) + json_array_size(nothing) > 0;
    json_t *answer = json_pack("{s:o, s:I, s:o, s:o}", "handle", field_text(c->parameter), "at_ms",
                               (json_int_t)c->now_ms, "tables", tables, "nothing", nothing);
    if (r == STORE_OK && found)
        return rest_json(c, 200, answer);
    json_decref(answer);
    if (r != STORE_OK)
        return field_refuse_store(c, r);
    return rest_problem(c, 404, "table-unknown", "REQ-LKP-22 the store has no such table",
                        "Ask without table: the answer names all.", NULL);
}

const rest_route disclosure_routes[] = {
    { "GET", "/v1/operator/disclosure/{}", 0, NULL, CALLER_OPERATOR, disclosure_get },
    { 0 },
};
