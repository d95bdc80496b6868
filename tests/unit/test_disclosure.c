/* What an operator could be made to hand over on a handle: held against the database itself, so
 * that no table and no column of it can be forgotten. REQ-LKP-20 to -23. */
#include "gateway/store/sqlite_disclosure.h"
#include "gateway/store/sqlite_store.h"
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALICE    "im:alice@n.example"
#define PHONE    "tel:+14155550100" /* hers too */
#define BOB      "sip:bob@rcs.example"
#define STRANGER "im:stranger@n.example"

static sqlite3 *database(store_fixture *f)
{
    return ((sqlite_store *)f->s)->db;
}

/* ---- nothing is forgotten ---------------------------------------------------------------------
 */

static const disclosure_table *find_table(const char *name)
{
    for (size_t i = 0; i < sqlite_disclosure_tables; i++)
        if (strcmp(sqlite_disclosure[i].name, name) == 0)
            return &sqlite_disclosure[i];
    return NULL;
}

static const disclosure_column *find_column(const disclosure_table *t, const char *name)
{
    for (const disclosure_column *c = t->columns; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* The number of columns that the database has in the table, each described. */
static size_t check_columns(store_fixture *f, const disclosure_table *t)
{
    sqlite3_stmt *row;
    size_t n = 0;
    assert_int_equal(
        sqlite3_prepare_v2(database(f), "SELECT name FROM pragma_table_xinfo(?1)", -1, &row, NULL),
        SQLITE_OK);
    sqlite3_bind_text(row, 1, t->name, -1, SQLITE_STATIC);
    for (; sqlite3_step(row) == SQLITE_ROW; n++) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        const disclosure_column *c = find_column(t, name);
        if (c == NULL)
            fail_msg("%s.%s is neither disclosed nor withheld with a reason", t->name, name);
        if (c->withheld != NULL)
            assert_true(strlen(c->withheld) > 0);
        else
            assert_int_not_equal(c->form, VALUE_NONE);
    }
    sqlite3_finalize(row);
    return n;
}

static size_t count_columns(const disclosure_table *t)
{
    size_t n = 0;
    while (t->columns[n].name != NULL)
        n++;
    assert_true(n < SQLITE_DISCLOSURE_COLUMNS);
    return n;
}

static void test_every_table_and_column(void **state)
{
    store_fixture *f = *state;
    sqlite3_stmt *row;
    size_t n = 0;
    assert_int_equal(sqlite3_prepare_v2(database(f),
                                        "SELECT name FROM sqlite_schema WHERE type = 'table'", -1,
                                        &row, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(row) == SQLITE_ROW; n++) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        const disclosure_table *t = find_table(name);
        if (t == NULL)
            fail_msg("table %s is not described in sqlite_disclosure.c", name);
        assert_true(strlen(t->holds) > 0);
        assert_int_equal(check_columns(f, t), count_columns(t));
    }
    sqlite3_finalize(row);
    assert_int_equal(n, sqlite_disclosure_tables);
}

/* ---- what is told -----------------------------------------------------------------------------
 */

static void put_account(store_fixture *f)
{
    teal_bytes handles[] = { teal_text(ALICE), teal_text(PHONE) };
    teal_device devices[] = { { .name = teal_text("phone") } };
    teal_manifest m = { .handles = handles, .n_handles = 2, .devices = devices, .n_devices = 1 };
    memset(devices[0].id, 'A', TEAL_DEVICE_BYTES);
    memset(m.account_key, 1, TEAL_KEY_BYTES);
    assert_int_equal(ops->put_manifest(f->s, &m, teal_text("manifest")), STORE_OK);
    assert_int_equal(ops->put_prekey(f->s, device('A'), 7, teal_text("prekey")), STORE_OK);
    const teal_hash node = { { 1 } };
    const store_leaf leaf = { .entry = teal_text("entry"), .nodes = &node, .n_nodes = 1 };
    const teal_handle_proof proof = { .handle = handles[1] };
    assert_int_equal(ops->put_proof(f->s, &proof, 0), STORE_OK);
    const store_version version = { .version = 1, .encoded = teal_text("manifest") };
    assert_int_equal(ops->append_log(f->s, teal_text("keys"), &leaf), STORE_OK);
    assert_int_equal(ops->put_version(f->s, m.account_key, &version), STORE_OK);
    const store_grant grant = { .handle = handles[1],
                                .sequence = 1,
                                .encoded = teal_text("grant") };
    assert_int_equal(ops->put_grant(f->s, m.account_key, &grant), STORE_OK);
}

static void put_remote(store_fixture *f, const char *handle)
{
    const store_remote r = { teal_text(handle), teal_text("rcs"), teal_text("sealed"),
                             teal_text("manifest"), 1 };
    assert_int_equal(ops->put_remote(f->s, &r, 0), STORE_OK);
    assert_int_equal(
        ops->pin_key(f->s, r.handle, (const uint8_t *)"a key of thirty-two octets, aye."),
        STORE_OK);
}

/* Everything that the store can hold on a message from `sender` to `recipient`. */
static void put_message_of(store_fixture *f, char letter, const char *sender, const char *recipient)
{
    store_message m = make_message(letter, "id", sender);
    m.sender = teal_text(sender);
    assert_int_equal(ops->put_message(f->s, &m), STORE_OK);
    assert_int_equal(ops->put_fallback(f->s, m.seq, teal_text("enc"), teal_text("sealed")),
                     STORE_OK);
    store_delivery d = make_delivery(m.seq, recipient, 1);
    assert_int_equal(ops->put_delivery(f->s, &d), STORE_OK);
    const store_receipt r = { m.seq, teal_text(recipient), teal_text("receipt") };
    assert_int_equal(ops->put_receipt(f->s, &r), STORE_OK);
    const store_outstanding o = { .delivery_id = d.id, .receipt = teal_text("receipt") };
    assert_int_equal(ops->put_outstanding(f->s, &o), STORE_OK);
    store_item item = { .kind = ITEM_ENVELOPE, .delivery_id = d.id, .message_seq = m.seq };
    memcpy(item.device, device('C'), TEAL_DEVICE_BYTES);
    assert_int_equal(ops->put_item(f->s, &item), STORE_OK);
    char cpim[128];
    snprintf(cpim, sizeof cpim, "From: <%s>\r\nTo: <%s>\r\n", recipient, sender);
    assert_int_equal(ops->put_outbox(f->s, teal_text("rcs"), teal_text(cpim), 1), STORE_OK);
    const store_lookup l = { teal_text(sender), teal_text(recipient), 1 };
    assert_int_equal(ops->put_lookup(f->s, &l), STORE_OK);
}

static void fill(store_fixture *f)
{
    begin(f);
    put_account(f);
    put_remote(f, BOB);
    put_message_of(f, 'A', PHONE, BOB);
    put_message_of(f, 'B', "sip:eve@rcs.example", "im:carol@n.example");
    commit(f);
}

static void count_row(void *arg, const store_value *values, size_t n)
{
    size_t *rows = arg;
    assert_true(n > 0);
    assert_non_null(values[0].column);
    ++*rows;
}

static size_t count_rows(store_fixture *f, size_t table, const char *handle)
{
    size_t n = 99, rows = 0;
    assert_int_equal(ops->disclose(f->s, table, teal_text(handle), 0, 100, count_row, &rows, &n),
                     STORE_OK);
    assert_int_equal(n, rows);
    return rows;
}

/* Of another network's handle there are no account and no devices here. */
static bool is_of_accounts(const char *table)
{
    static const char *const all[] = {
        "accounts", "handles",  "handle_proofs", "devices",
        "prekeys",  "versions", "log_leaves",    "forwarding_grants"
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i], table) == 0)
            return true;
    return false;
}

static bool is_of_networks(const char *table)
{
    return strcmp(table, "remotes") == 0 || strcmp(table, "pins") == 0;
}

static void test_each_table_tells(void **state)
{
    store_fixture *f = *state;
    store_table t;
    fill(f);
    for (size_t i = 0; ops->describe(i, &t); i++) {

        print_message("  %s\n", t.name);
        assert_int_equal(count_rows(f, i, STRANGER), 0);
        if (!t.has_rows)
            continue;
        assert_int_equal(count_rows(f, i, ALICE) > 0, !is_of_networks(t.name));
        assert_int_equal(count_rows(f, i, PHONE), count_rows(f, i, ALICE));
        bool waits_for_others = strcmp(t.name, "items") == 0 || strcmp(t.name, "outbox") == 0;
        if (!waits_for_others)
            assert_int_equal(count_rows(f, i, BOB) > 0, !is_of_accounts(t.name));
    }
    assert_false(ops->describe(sqlite_disclosure_tables, &t));
}

/* A message to several: one of them learns nothing of the others. */
static void test_recipients_are_told_apart(void **state)
{
    store_fixture *f = *state;
    fill(f);
    begin(f);
    store_delivery d = make_delivery(1, "sip:dan@rcs.example", 1);
    assert_int_equal(ops->put_delivery(f->s, &d), STORE_OK);
    commit(f);
    for (size_t i = 0; i < sqlite_disclosure_tables; i++) {
        if (strcmp(sqlite_disclosure[i].name, "deliveries") != 0)
            continue;
        assert_int_equal(count_rows(f, i, ALICE), 2);
        assert_int_equal(count_rows(f, i, BOB), 1);
        assert_int_equal(count_rows(f, i, "sip:dan@rcs.example"), 1);
    }
}

typedef struct page {
    int64_t ids[8];
    size_t n;
} page;

static void note_id(void *arg, const store_value *values, size_t n)
{
    page *p = arg;
    assert_true(n == 4 && p->n < 8);
    assert_string_equal(values[0].column, "id");
    assert_int_equal(values[0].form, VALUE_NUMBER);
    p->ids[p->n++] = values[0].number;
}

static void test_pages(void **state)
{
    store_fixture *f = *state;
    const store_lookup l = { teal_text("peer rcs"), teal_text(ALICE), 5 };
    size_t table = 0, n;
    page p = { 0 };
    begin(f);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ops->put_lookup(f->s, &l), STORE_OK);
    commit(f);
    while (strcmp(sqlite_disclosure[table].name, "lookups") != 0)
        table++;
    for (int64_t from = 0; from < 6; from += 2)
        assert_int_equal(ops->disclose(f->s, table, l.handle, from, 2, note_id, &p, &n), STORE_OK);
    assert_int_equal(n, 1);
    assert_int_equal(p.n, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(p.ids[i], i + 1);
}

/* ---- the log of look-ups ----------------------------------------------------------------------
 */

static void test_lookups_are_dropped(void **state)
{
    store_fixture *f = *state;
    size_t n = 99;
    begin(f);
    for (int64_t at_ms = 1; at_ms <= 9; at_ms++) {
        const store_lookup l = { teal_text(""), teal_text(ALICE), 10 - at_ms };
        assert_int_equal(ops->put_lookup(f->s, &l), STORE_OK);
    }
    assert_int_equal(ops->drop_lookups(f->s, 6, 3, &n), STORE_OK);
    assert_int_equal(n, 3);
    assert_int_equal(ops->drop_lookups(f->s, 6, 3, &n), STORE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(ops->drop_lookups(f->s, 6, 3, &n), STORE_OK);
    assert_int_equal(n, 0);
    commit(f);
    for (size_t i = 0; i < sqlite_disclosure_tables; i++)
        if (strcmp(sqlite_disclosure[i].name, "lookups") == 0)
            assert_int_equal(count_rows(f, i, ALICE), 4);
}

int main(void)
{
    ops = &store_sqlite;
    const struct CMUnitTest tests[] = {
        ON_STORE(test_every_table_and_column),    ON_STORE(test_each_table_tells),
        ON_STORE(test_recipients_are_told_apart), ON_STORE(test_pages),
        ON_STORE(test_lookups_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
