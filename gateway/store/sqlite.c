/* The SQLite back end: opening, schema and transactions. One file and its write-ahead log, which
 * only their owner may read; a commit is on the disk when it returns. */
#include "gateway/log.h"
#include "gateway/store/sqlite_disclosure.h"
#include "gateway/store/sqlite_schema.h"
#include "gateway/store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long enough for another's commit, short enough to be felt by nobody. */
enum { BUSY_TIMEOUT_MS = 250 };

/* The cache holds what a batch touches; a longer log writes pages that many batches touch fewer
 * times into place. Both measured: 15 % of a commit. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cache_size = -8000;"
                               "PRAGMA wal_autocheckpoint = 4000;";

/* Counting every allocation takes a lock that all handles would share. */
static void start_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static store_result execute(sqlite_store *s, const char *sql)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? STORE_OK : sqlite_failure(s, code);
}

/* STORE_NONE: there is no database and none is to be made. */
static store_result find_file(const char *path, bool create)
{
    struct stat status;
    if (stat(path, &status) == 0)
        return status.st_size == 0 && !create ? STORE_NONE : STORE_OK;
    if (errno == ENOENT && !create)
        return STORE_NONE;
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        log_event(LOG_ERROR, "store.open", "path", path, "what", strerror(errno), NULL);
        return STORE_BROKEN;
    }
    close(fd);
    return STORE_OK;
}

static store_result ask_number(sqlite_store *s, const char *sql, int64_t *value)
{
    query q = query_start(&s->base, sql);
    *value = query_row(&q) ? row_int(&q, 0) : 0;
    return query_end(&q);
}

static store_result refuse(sqlite_store *s, const char *what)
{
    log_event(LOG_ERROR, "store.refused", "backend", "sqlite", "what", what, NULL);
    s->failed = STORE_BROKEN;
    return STORE_BROKEN;
}

/* *version: 0 for a fresh file. Nothing is written before this has said that the file is ours. */
static store_result inspect(sqlite_store *s, int64_t *version)
{
    int64_t application = 0, tables = 0;
    store_result result = ask_number(s, "PRAGMA application_id", &application);
    if (result == STORE_OK)
        result = ask_number(s, "PRAGMA user_version", version);
    if (result == STORE_OK)
        result = ask_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
    if (result != STORE_OK)
        return result;
    bool fresh = application == 0 && *version == 0 && tables == 0;
    if (!fresh && application != SQLITE_SCHEMA_APPLICATION_ID)
        return refuse(s, "the file is a database of another program");
    if (*version > SQLITE_SCHEMA_VERSION)
        return refuse(s, "the database was written by a newer teald: run that one");
    return STORE_OK;
}

static store_result begin(store *base)
{
    sqlite_store *s = (sqlite_store *)base;
    if (s->failed == STORE_BROKEN)
        return STORE_BROKEN;
    s->failed = STORE_OK;
    return execute(s, "BEGIN IMMEDIATE");
}

static void rollback(store *base)
{
    sqlite_store *s = (sqlite_store *)base;
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static store_result commit(store *base)
{
    sqlite_store *s = (sqlite_store *)base;
    store_result result = s->failed != STORE_OK ? s->failed : execute(s, "COMMIT");
    if (result != STORE_OK)
        rollback(base);
    return result;
}

static store_result savepoint(store *base)
{
    query q = query_start(base, "SAVEPOINT job");
    return query_run(&q);
}

static store_result release(store *base)
{
    query q = query_start(base, "RELEASE job");
    return query_run(&q);
}

static store_result undo(store *base)
{
    query q = query_start(base, "ROLLBACK TO job");
    store_result result = query_run(&q);
    return result == STORE_OK ? release(base) : result;
}

static store_result scrub(store *base)
{
    sqlite_store *s = (sqlite_store *)base;
    if (s->failed == STORE_BROKEN)
        return STORE_BROKEN;
    if (!s->to_scrub)
        return STORE_OK;
    int code = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    s->to_scrub = code != SQLITE_OK;
    return code == SQLITE_OK ? STORE_OK : sqlite_failure(s, code);
}

static void close_store(store **base)
{
    sqlite_store *s = (sqlite_store *)*base;
    if (s == NULL)
        return;
    for (size_t i = 0; i < SQLITE_STORE_STATEMENTS; i++)
        sqlite3_finalize(s->statements[i].stmt);
    sqlite3_close(s->db); /* an open transaction is rolled back */
    free(s);
    *base = NULL;
}

/* Takes the schema to the version of this program. Of two that start at once the second waits,
 * then finds it done. */
static store_result migrate(sqlite_store *s)
{
    int64_t version = 0;
    store_result result = begin(&s->base);
    if (result == STORE_OK)
        result = inspect(s, &version);
    for (; result == STORE_OK && version < SQLITE_SCHEMA_VERSION; version++)
        result = execute(s, sqlite_schema[version]);
    char stamp[96];
    snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             SQLITE_SCHEMA_APPLICATION_ID, SQLITE_SCHEMA_VERSION);
    if (result == STORE_OK)
        result = execute(s, stamp);
    if (result == STORE_OK)
        result = commit(&s->base);
    rollback(&s->base);
    return result;
}

static store_result prepare(sqlite_store *s)
{
    int64_t version = 0;
    store_result result = inspect(s, &version);
    if (result == STORE_OK)
        result = execute(s, settings);
    if (result == STORE_OK && version < SQLITE_SCHEMA_VERSION)
        result = migrate(s);
    return result;
}

static store_result open_store(const char *url, bool create, store **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_sqlite);
    *out = NULL;
    store_result result = find_file(url, create);
    if (result != STORE_OK)
        return result;
    sqlite_store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return STORE_BROKEN;
    s->base.ops = &store_sqlite;
    s->to_scrub = true; /* the log of the last run may hold what it dropped */
    store *base = &s->base;

    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(url, &s->db, flags, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_extended_result_codes(s->db, 1);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    result = code == SQLITE_OK ? prepare(s) : sqlite_failure(s, code);
    if (result == STORE_OK)
        *out = base;
    else
        close_store(&base);
    return result;
}

const store_ops store_sqlite = {
    .name = "sqlite",
    .open = open_store,
    .close = close_store,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .savepoint = savepoint,
    .release = release,
    .undo = undo,
    .scrub = scrub,
    .put_manifest = sqlite_put_manifest,
    .get_manifest = sqlite_get_manifest,
    .get_account = sqlite_get_account,
    .get_device = sqlite_get_device,
    .put_prekey = sqlite_put_prekey,
    .claim_prekey = sqlite_claim_prekey,
    .get_last_resort = sqlite_get_last_resort,
    .count_prekeys = sqlite_count_prekeys,
    .renew_device = sqlite_renew_device,
    .put_proof = sqlite_put_proof,
    .get_proof = sqlite_get_proof,
    .drop_proof = sqlite_drop_proof,
    .put_grant = sqlite_put_grant,
    .list_grants = sqlite_list_grants,
    .put_remote = sqlite_put_remote,
    .get_remote = sqlite_get_remote,
    .drop_remote = sqlite_drop_remote,
    .pin_key = sqlite_pin_key,
    .get_pin = sqlite_get_pin,
    .drop_pin = sqlite_drop_pin,
    .put_peer = sqlite_put_peer,
    .drop_peer = sqlite_drop_peer,
    .list_peers = sqlite_list_peers,
    .put_peer_key = sqlite_put_peer_key,
    .drop_peer_key = sqlite_drop_peer_key,
    .list_peer_keys = sqlite_list_peer_keys,
    .suspend_peer = sqlite_suspend_peer,
    .resume_peer = sqlite_resume_peer,
    .list_suspended = sqlite_list_suspended,
    .put_lookup = sqlite_put_lookup,
    .drop_lookups = sqlite_drop_lookups,
    .describe = sqlite_describe,
    .disclose = sqlite_disclose,
    .append_log = sqlite_append_log,
    .get_log = sqlite_get_log,
    .get_node = sqlite_get_node,
    .list_leaves = sqlite_list_leaves,
    .log_peer_key = sqlite_log_peer_key,
    .list_logged_keys = sqlite_list_logged_keys,
    .put_version = sqlite_put_version,
    .list_versions = sqlite_list_versions,
    .list_unlogged = sqlite_list_unlogged,
    .put_own_version = sqlite_put_own_version,
    .list_own_versions = sqlite_list_own_versions,
    .put_message = sqlite_put_message,
    .find_message = sqlite_find_message,
    .find_sent = sqlite_find_sent,
    .get_message = sqlite_get_message,
    .put_fallback = sqlite_put_fallback,
    .get_fallback = sqlite_get_fallback,
    .drop_fallback = sqlite_drop_fallback,
    .put_delivery = sqlite_put_delivery,
    .get_delivery = sqlite_get_delivery,
    .update_delivery = sqlite_update_delivery,
    .list_deliveries = sqlite_list_deliveries,
    .list_due = sqlite_list_due,
    .list_expired = sqlite_list_expired,
    .next_expiry = sqlite_next_expiry,
    .list_active = sqlite_list_active,
    .list_leaving = sqlite_list_leaving,
    .next_due = sqlite_next_due,
    .put_item = sqlite_put_item,
    .list_items = sqlite_list_items,
    .ack_item = sqlite_ack_item,
    .drop_items = sqlite_drop_items,
    .put_receipt = sqlite_put_receipt,
    .list_receipts = sqlite_list_receipts,
    .put_outbox = sqlite_put_outbox,
    .list_outbox = sqlite_list_outbox,
    .next_outbox = sqlite_next_outbox,
    .delay_outbox = sqlite_delay_outbox,
    .drop_outbox = sqlite_drop_outbox,
    .mark_e2ee = sqlite_mark_e2ee,
    .seen_e2ee = sqlite_seen_e2ee,
    .put_outstanding = sqlite_put_outstanding,
    .drop_outstanding = sqlite_drop_outstanding,
    .find_outstanding = sqlite_find_outstanding,
    .list_outstanding = sqlite_list_outstanding,
};
