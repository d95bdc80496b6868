/* What the database holds on a handle, told table by table. Must never leave out a table or a
 * column without saying why: it is what the operator could be made to hand over. */
#include "gateway/store/sqlite_disclosure.h"

#include "gateway/log.h"
#include "gateway/store/sqlite_store.h"

/* A person is all handles of an account; what stands here is about them. Of a message that was sent
 * to several, a recipient is told its own delivery alone. */
static const char subject[] =
    "WITH own(account) AS (SELECT account FROM handles WHERE handle = ?1),"
    " who(handle) AS (SELECT ?1 UNION SELECT handle FROM handles WHERE account IN own),"
    " device(id) AS (SELECT id FROM devices WHERE account IN own),"
    " sent(seq) AS (SELECT seq FROM messages WHERE sender IN who),"
    " got(id, seq) AS (SELECT deliveries.id, message_seq FROM deliveries"
    " JOIN lanes ON lanes.id = lane WHERE recipient IN who),"
    " outgoing(id) AS (SELECT id FROM deliveries WHERE message_seq IN sent) ";

#define TOLD(column, as)                                                                           \
    {                                                                                              \
        .name = #column, .form = as                                                                \
    }
#define TOLD_AS(column, as, sql)                                                                   \
    {                                                                                              \
        .name = #column, .form = as, .instead = sql                                                \
    }
#define WITHHELD(column, why)                                                                      \
    {                                                                                              \
        .name = #column, .withheld = why                                                           \
    }

const disclosure_table sqlite_disclosure[] = {
    { "accounts",
      "the account: its key, and the signed manifest with its handles and devices",
      "id IN own",
      { TOLD(id, VALUE_NUMBER), TOLD(account_key, VALUE_OCTETS), TOLD(manifest, VALUE_OCTETS) } },
    { "handles",
      "the handles of the account",
      "account IN own",
      { TOLD(handle, VALUE_TEXT), TOLD(account, VALUE_NUMBER) } },
    { "devices",
      "the devices of the account",
      "account IN own",
      { TOLD(id, VALUE_DEVICE), TOLD(account, VALUE_NUMBER), TOLD(last_prekey, VALUE_NUMBER) } },
    { "prekeys",
      "public keys that wait for others to seal to; the private ones are on the device alone",
      "device IN device",
      { TOLD(device, VALUE_DEVICE), TOLD(id, VALUE_NUMBER), TOLD(prekey, VALUE_OCTETS) } },
    { "remotes",
      "what the handle's own network said of it, and until when it is believed",
      "handle IN who",
      { TOLD(handle, VALUE_TEXT), TOLD(network, VALUE_TEXT), TOLD(capability, VALUE_TEXT),
        TOLD(manifest, VALUE_OCTETS), TOLD(expires_ms, VALUE_TIME) } },
    { "pins",
      "the account key that the handle, of another network, was first seen with",
      "handle IN who",
      { TOLD(handle, VALUE_TEXT), TOLD(account_key, VALUE_OCTETS) } },
    { "messages",
      "messages from or to the handle: who, when, how large; sealed, and the gateway has no key "
      "to them",
      "seq IN sent OR seq IN (SELECT seq FROM got)",
      { TOLD(seq, VALUE_NUMBER), TOLD(sender_device, VALUE_DEVICE), TOLD(message_id, VALUE_TEXT),
        TOLD(conversation_id, VALUE_OCTETS), TOLD(sender, VALUE_TEXT), TOLD(network, VALUE_TEXT),
        TOLD(transcript_hash, VALUE_OCTETS), TOLD(kind, VALUE_KIND), TOLD(accepted_ms, VALUE_TIME),
        TOLD(expires_ms, VALUE_TIME), TOLD(envelope, VALUE_ENVELOPE) } },
    { "fallbacks",
      "texts that wait under the sender's consent to a downgrade, sealed to this gateway: its "
      "downgrade key opens them",
      "message_seq IN sent OR message_seq IN (SELECT seq FROM got)",
      { TOLD(message_seq, VALUE_NUMBER), TOLD(enc, VALUE_OCTETS),
        TOLD_AS(sealed, VALUE_LENGTH, "length(sealed)") } },
    { "receipts",
      "what the gateway stated, signed, of a message from or to the handle",
      "message_seq IN sent OR (recipient IN who AND message_seq IN (SELECT seq FROM got))",
      { TOLD(id, VALUE_NUMBER), TOLD(message_seq, VALUE_NUMBER), TOLD(recipient, VALUE_TEXT),
        TOLD(data, VALUE_OCTETS) } },
    { "lanes",
      "conversations with the handle, or that it sent to, and whether E2EE was ever seen there",
      "recipient IN who OR id IN (SELECT lane FROM deliveries WHERE id IN outgoing)",
      { TOLD(id, VALUE_NUMBER), TOLD(conversation_id, VALUE_OCTETS), TOLD(recipient, VALUE_TEXT),
        TOLD(e2ee, VALUE_NUMBER) } },
    { "deliveries",
      "where each message stands with each recipient",
      "id IN outgoing OR id IN (SELECT id FROM got)",
      { TOLD(id, VALUE_NUMBER), TOLD(message_seq, VALUE_NUMBER), TOLD(lane, VALUE_NUMBER),
        TOLD(path, VALUE_PATH), TOLD(network, VALUE_TEXT), TOLD(state, VALUE_STATE),
        TOLD(head, VALUE_NUMBER), TOLD(attempts, VALUE_NUMBER), TOLD(due_ms, VALUE_TIME),
        TOLD(failing_since_ms, VALUE_TIME), TOLD(expires_ms, VALUE_TIME),
        WITHHELD(generation, "which process of the gateway had it in hand: random") } },
    { "outstanding",
      "messages that left as SMS or plain RCS and whose delivery report is awaited",
      "delivery_id IN outgoing OR delivery_id IN (SELECT id FROM got)",
      { TOLD(delivery_id, VALUE_NUMBER), TOLD(receipt, VALUE_OCTETS),
        TOLD(remote_ids, VALUE_OCTETS), TOLD(subject, VALUE_OCTETS) } },
    { "items",
      "what waits for the devices, or for others' devices from the handle",
      "device IN device OR message_seq IN sent",
      { TOLD(seq, VALUE_NUMBER), TOLD(device, VALUE_DEVICE),
        TOLD_AS(kind, VALUE_TEXT,
                "CASE kind WHEN 1 THEN 'envelope' WHEN 2 THEN 'receipt' WHEN 3 THEN 'manifest'"
                " ELSE 'forwarding' END"),
        TOLD(delivery_id, VALUE_NUMBER), TOLD(message_seq, VALUE_NUMBER),
        TOLD(data, VALUE_OCTETS) } },
    { "outbox",
      "receipts on their way to the handle's own network",
      "EXISTS (SELECT 1 FROM who WHERE instr(cpim, CAST('<' || handle || '>' AS BLOB)) > 0)",
      { TOLD(id, VALUE_NUMBER), TOLD(network, VALUE_TEXT), TOLD(due_ms, VALUE_TIME),
        TOLD(cpim, VALUE_OCTETS) } },
    { "handle_proofs",
      "that the account was reached at its number by a code, signed by the gateway",
      "handle IN who",
      { TOLD(handle, VALUE_TEXT), TOLD(account_key, VALUE_OCTETS), TOLD(proven_ms, VALUE_TIME),
        TOLD(expires_ms, VALUE_TIME), TOLD(signature, VALUE_OCTETS) } },
    { "forwarding_grants",
      "which devices of the account may have what reaches its numbers as texts, and which might",
      "account IN own",
      { TOLD(account, VALUE_NUMBER), TOLD(handle, VALUE_TEXT), TOLD(device, VALUE_DEVICE),
        TOLD(sequence, VALUE_NUMBER), TOLD(leaf, VALUE_NUMBER), TOLD(encoded, VALUE_OCTETS) } },
    { "lookups",
      "who looked the handle up, and whom it looked up, when",
      "handle IN who OR caller IN who",
      { TOLD(id, VALUE_NUMBER), TOLD(caller, VALUE_TEXT), TOLD(handle, VALUE_TEXT),
        TOLD(at_ms, VALUE_TIME) } },
    { "peers",
      "networks, not people",
      NULL,
      { WITHHELD(name, "the network's"), WITHHELD(url, "the network's"),
        WITHHELD(domains, "hosts, of everybody there"),
        WITHHELD(numbers, "prefixes, of everybody there"), WITHHELD(ca, "the network's") } },
    { "peer_keys",
      "networks' keys, not people's",
      NULL,
      { WITHHELD(key, "the network's"), WITHHELD(peer, "the network"),
        WITHHELD(from_ms, "of the key"), WITHHELD(until_ms, "of the key") } },
    { "peer_suspensions",
      "networks, not people",
      NULL,
      { WITHHELD(peer, "the network"), WITHHELD(since_ms, "of the suspension") } },
    { "versions",
      "every manifest that the account has had, each with its place in the public key log",
      "account IN own",
      { TOLD(account, VALUE_NUMBER), TOLD(version, VALUE_NUMBER), TOLD(leaf, VALUE_NUMBER),
        TOLD(manifest, VALUE_OCTETS) } },
    { "log_leaves",
      "entries of the account in the public key log, which holds its handles as hashes",
      "log = 'keys' AND leaf IN (SELECT leaf FROM versions WHERE account IN own"
      " UNION SELECT leaf FROM forwarding_grants WHERE account IN own)",
      { TOLD(log, VALUE_TEXT), TOLD(leaf, VALUE_NUMBER), TOLD(entry, VALUE_OCTETS) } },
    { "logged_keys",
      "networks' keys, not people's",
      NULL,
      { WITHHELD(peer, "the network"), WITHHELD(key, "the network's"),
        WITHHELD(change, "of the key") } },
    { "own_versions",
      "the gateway's own manifests, of nobody",
      NULL,
      { WITHHELD(version, "the gateway's"), WITHHELD(leaf, "the gateway's"),
        WITHHELD(manifest, "the gateway's, and public") } },
    { "log_nodes",
      "hashes over entries of the logs, of nobody",
      NULL,
      { WITHHELD(log, "the log"), WITHHELD(level, "of a tree"), WITHHELD(node, "of a tree"),
        WITHHELD(hash, "over entries of many") } },
    { "logs",
      "how long the logs are, of nobody",
      NULL,
      { WITHHELD(name, "the log"), WITHHELD(size, "of the log"), WITHHELD(root, "of the log") } },
    { "sqlite_sequence",
      "the last number given in a table: of no handle",
      NULL,
      { WITHHELD(name, "the table"), WITHHELD(seq, "the number") } },
};
const size_t sqlite_disclosure_tables = sizeof sqlite_disclosure / sizeof *sqlite_disclosure;

bool sqlite_describe(size_t table, store_table *out)
{
    if (table >= sqlite_disclosure_tables)
        return false;
    const disclosure_table *t = &sqlite_disclosure[table];
    *out = (store_table){ t->name, t->holds, t->where != NULL };
    return true;
}

static void write_columns(const disclosure_table *t, teal_writer *w)
{
    const char *before = "SELECT ";
    for (const disclosure_column *c = t->columns; c->name != NULL; c++) {
        if (c->withheld != NULL)
            continue;
        teal_write_text(w, before);
        teal_write_text(w, c->instead != NULL ? c->instead : c->name);
        before = ", ";
    }
}

/* Of literals alone: the handle is bound. */
static sqlite3_stmt *prepare(sqlite_store *s, const disclosure_table *t)
{
    char sql[4096];
    sqlite3_stmt *stmt;
    teal_writer w = { (uint8_t *)sql, sizeof sql, 0 };
    teal_write_text(&w, subject);
    write_columns(t, &w);
    teal_write_text(&w, " FROM ");
    teal_write_text(&w, t->name);
    teal_write_text(&w, " WHERE ");
    teal_write_text(&w, t->where);
    teal_write_text(&w, " ORDER BY 1, 2 LIMIT ?2 OFFSET ?3");
    if (!teal_write_fits(&w))
        bug("a disclosure's statement outgrew its buffer");
    int code = sqlite3_prepare_v2(s->db, sql, (int)w.len, &stmt, NULL);
    if (code == SQLITE_OK)
        return stmt;
    sqlite_failure(s, code);
    return NULL;
}

static store_value read_value(sqlite3_stmt *row, int at, const disclosure_column *c)
{
    store_value v = { .column = c->name, .form = c->form };
    if (sqlite3_column_type(row, at) == SQLITE_NULL)
        v.form = VALUE_NONE;
    else if (sqlite3_column_type(row, at) == SQLITE_INTEGER)
        v.number = sqlite3_column_int64(row, at);
    else
        v.bytes =
            (teal_bytes){ sqlite3_column_blob(row, at), (size_t)sqlite3_column_bytes(row, at) };
    return v;
}

static void tell_row(sqlite3_stmt *row, const disclosure_table *t, store_take_row *take, void *arg)
{
    store_value values[SQLITE_DISCLOSURE_COLUMNS];
    size_t n = 0;
    for (const disclosure_column *c = t->columns; c->name != NULL; c++)
        if (c->withheld == NULL) {
            values[n] = read_value(row, (int)n, c);
            n++;
        }
    take(arg, values, n);
}

store_result sqlite_disclose(store *base, size_t table, teal_bytes handle, int64_t from, size_t max,
                             store_take_row *take, void *arg, size_t *n)
{
    sqlite_store *s = (sqlite_store *)base;
    const disclosure_table *t = &sqlite_disclosure[table];
    *n = 0;
    if (s->failed != STORE_OK || table >= sqlite_disclosure_tables || t->where == NULL)
        return s->failed;
    query q = { s, prepare(s, t), STORE_OK };
    sqlite3_stmt *stmt = q.stmt;
    if (stmt == NULL)
        return s->failed == STORE_OK ? STORE_BUSY : s->failed;
    query_text(&q, 1, handle);
    query_int(&q, 2, (int64_t)max);
    query_int(&q, 3, from);
    for (; query_row(&q); ++*n)
        tell_row(stmt, t, take, arg);
    store_result result = query_end(&q);
    sqlite3_finalize(stmt);
    return result;
}
