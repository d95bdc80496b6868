/* Statements of the SQLite back end: cached, bound, stepped, and what their failures mean. */
#include "gateway/log.h"
#include "gateway/store/sqlite_store.h"

static store_result broken(sqlite_store *s, int code)
{
    char number[24];
    s->failed = STORE_BROKEN;
    log_event(LOG_ERROR, "store.broken", "backend", "sqlite", "code", log_number(number, code),
              "what", sqlite3_errmsg(s->db), NULL);
    return STORE_BROKEN;
}

store_result sqlite_failure(sqlite_store *s, int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STORE_BUSY;
    case SQLITE_FULL:
        if (s->failed == STORE_OK)
            log_event(LOG_ERROR, "store.full", "backend", "sqlite", NULL);
        s->failed = STORE_FULL;
        return STORE_FULL;
    case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
            return STORE_NONE;
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
            return STORE_EXISTS;
        return broken(s, code);
    default:
        return broken(s, code);
    }
}

static sqlite3_stmt *cached(sqlite_store *s, const char *sql)
{
    size_t at = ((uintptr_t)sql >> 3) % SQLITE_STORE_STATEMENTS;
    for (size_t tried = 0; tried < SQLITE_STORE_STATEMENTS; tried++) {
        sqlite_statement *slot = &s->statements[(at + tried) % SQLITE_STORE_STATEMENTS];
        if (slot->sql == sql)
            return slot->stmt;
        if (slot->sql != NULL)
            continue;
        int code = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL);
        if (code != SQLITE_OK) {
            sqlite_failure(s, code);
            return NULL;
        }
        slot->sql = sql;
        return slot->stmt;
    }
    bug("more statements than SQLITE_STORE_STATEMENTS");
}

query query_start(store *base, const char *sql)
{
    sqlite_store *s = (sqlite_store *)base;
    query q = { s, NULL, s->failed };
    if (q.result != STORE_OK)
        return q;
    q.stmt = cached(s, sql);
    if (q.stmt == NULL)
        q.result = s->failed == STORE_OK ? STORE_BUSY : s->failed;
    else if (!sqlite3_stmt_readonly(q.stmt) && sqlite3_get_autocommit(s->db))
        bug("write outside a transaction");
    return q;
}

static void note(query *q, int code)
{
    if (code != SQLITE_OK && q->result == STORE_OK)
        q->result = sqlite_failure(q->s, code);
}

void query_int(query *q, int at, int64_t value)
{
    if (q->result == STORE_OK)
        note(q, sqlite3_bind_int64(q->stmt, at, value));
}

/* An empty view may have no address, which SQLite would take for NULL. */
static const void *address(teal_bytes value)
{
    return value.len == 0 ? "" : (const void *)value.at;
}

void query_text(query *q, int at, teal_bytes value)
{
    if (q->result == STORE_OK)
        note(q, sqlite3_bind_text64(q->stmt, at, address(value), value.len, SQLITE_STATIC,
                                    SQLITE_UTF8));
}

void query_blob(query *q, int at, teal_bytes value)
{
    if (q->result == STORE_OK)
        note(q, sqlite3_bind_blob64(q->stmt, at, address(value), value.len, SQLITE_STATIC));
}

bool query_row(query *q)
{
    if (q->result != STORE_OK)
        return false;
    int code = sqlite3_step(q->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        note(q, code);
    return code == SQLITE_ROW;
}

int64_t row_int(query *q, int column)
{
    return q->result == STORE_OK ? sqlite3_column_int64(q->stmt, column) : 0;
}

teal_bytes row_bytes(query *q, int column, teal_arena *a)
{
    if (q->result != STORE_OK)
        return (teal_bytes){ 0 };
    const uint8_t *at = sqlite3_column_blob(q->stmt, column);
    teal_bytes view = { at, (size_t)sqlite3_column_bytes(q->stmt, column) };
    teal_bytes copy = teal_arena_copy(a, view);
    if (copy.at == NULL)
        q->result = STORE_SPACE;
    return copy;
}

void row_fixed(query *q, int column, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    if (q->result != STORE_OK)
        return;
    const void *at = sqlite3_column_blob(q->stmt, column);
    if (at == NULL || (size_t)sqlite3_column_bytes(q->stmt, column) != len)
        note(q, SQLITE_CORRUPT);
    else
        memcpy(out, at, len);
}

store_result query_end(query *q)
{
    if (q->stmt != NULL) {
        sqlite3_reset(q->stmt); /* repeats the code of the last step */
        sqlite3_clear_bindings(q->stmt);
        q->stmt = NULL;
    }
    /* Nothing of a transaction that did not fit may be committed by a later call. */
    if (q->s->failed == STORE_FULL && !sqlite3_get_autocommit(q->s->db))
        sqlite3_exec(q->s->db, "ROLLBACK", NULL, NULL, NULL);
    return q->result;
}

store_result query_run(query *q)
{
    while (query_row(q))
        ;
    return query_end(q);
}

static store_result run_or(query *q, store_result unchanged)
{
    store_result result = query_run(q);
    return result == STORE_OK && sqlite3_changes(q->s->db) == 0 ? unchanged : result;
}

store_result query_change(query *q)
{
    return run_or(q, STORE_NONE);
}

store_result query_put(query *q)
{
    return run_or(q, STORE_EXISTS);
}

store_result query_blob_of_one(query *q, teal_arena *a, teal_bytes *out)
{
    bool found = query_row(q);
    *out = found ? row_bytes(q, 0, a) : (teal_bytes){ 0 };
    store_result result = query_run(q);
    return result == STORE_OK && !found ? STORE_NONE : result;
}
