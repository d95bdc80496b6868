/* The SQLite back end's tables, by version: user_version says how many of these steps a database
 * has seen. Blobs lie in rowid order and indexes stay narrow, for the cost of random inserts. */
#ifndef TEAL_GATEWAY_STORE_SQLITE_SCHEMA_H
#define TEAL_GATEWAY_STORE_SQLITE_SCHEMA_H

enum { SQLITE_SCHEMA_APPLICATION_ID = 0x7465616c }; /* "teal" */

/* Never change a step that was released: append one. */
static const char *const sqlite_schema[] = {
    /* 1: accounts */
    "CREATE TABLE accounts("
    " id INTEGER PRIMARY KEY,"
    " account_key BLOB NOT NULL UNIQUE,"
    " manifest BLOB NOT NULL) STRICT;"
    "CREATE TABLE handles("
    " handle TEXT PRIMARY KEY,"
    " account INTEGER NOT NULL REFERENCES accounts(id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX handles_of ON handles(account);"
    "CREATE TABLE devices("
    " id BLOB PRIMARY KEY,"
    " account INTEGER NOT NULL REFERENCES accounts(id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX devices_of ON devices(account);"
    "CREATE TABLE prekeys("
    " device BLOB NOT NULL REFERENCES devices(id) ON DELETE CASCADE,"
    " id INTEGER NOT NULL,"
    " prekey BLOB NOT NULL,"
    " PRIMARY KEY(device, id)) STRICT, WITHOUT ROWID;"

    /* other networks */
    "CREATE TABLE remotes("
    " handle TEXT NOT NULL UNIQUE,"
    " network TEXT NOT NULL,"
    " capability TEXT NOT NULL,"
    " manifest BLOB NOT NULL,"
    " expires_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE pins("
    " handle TEXT PRIMARY KEY,"
    " account_key BLOB NOT NULL) STRICT, WITHOUT ROWID;"

    /* messages */
    "CREATE TABLE messages("
    " seq INTEGER PRIMARY KEY,"
    " sender_device BLOB NOT NULL,"
    " message_id TEXT NOT NULL,"
    " conversation_id BLOB NOT NULL,"
    " sender TEXT NOT NULL,"
    " network TEXT NOT NULL,"
    " transcript_hash BLOB NOT NULL,"
    " kind INTEGER NOT NULL,"
    " accepted_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL,"
    " envelope BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX messages_by_id ON messages(sender_device, message_id);"
    "CREATE TABLE fallbacks("
    " message_seq INTEGER PRIMARY KEY REFERENCES messages(seq),"
    " enc BLOB NOT NULL,"
    " sealed BLOB NOT NULL) STRICT;"
    "CREATE TABLE receipts("
    " id INTEGER PRIMARY KEY,"
    " message_seq INTEGER NOT NULL REFERENCES messages(seq),"
    " recipient TEXT NOT NULL,"
    " data BLOB NOT NULL) STRICT;"
    "CREATE INDEX receipts_of ON receipts(message_seq);"

    /* A lane is one recipient in one conversation: what keeps order, and what E2EE was seen in.
     * head: the earliest delivery of its lane that is WAITING (1) or LEAVING (2). It is stored, so
     * that what is due is read off an index however many wait behind their heads. */
    "CREATE TABLE lanes("
    " id INTEGER PRIMARY KEY,"
    " conversation_id BLOB NOT NULL,"
    " recipient TEXT NOT NULL,"
    " e2ee INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(conversation_id, recipient)) STRICT;"
    "CREATE TABLE deliveries("
    " id INTEGER PRIMARY KEY,"
    " message_seq INTEGER NOT NULL REFERENCES messages(seq),"
    " lane INTEGER NOT NULL REFERENCES lanes(id),"
    " path INTEGER NOT NULL,"
    " network TEXT NOT NULL,"
    " state INTEGER NOT NULL,"
    " head INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " due_ms INTEGER NOT NULL,"
    " failing_since_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL,"
    " generation BLOB NOT NULL) STRICT;"
    "CREATE INDEX deliveries_of ON deliveries(message_seq);"
    "CREATE INDEX deliveries_due ON deliveries(path, network, due_ms) WHERE head = 1 AND state = 1;"
    "CREATE INDEX deliveries_active ON deliveries(lane) WHERE state <= 2;"
    "CREATE INDEX deliveries_expiry ON deliveries(expires_ms) WHERE state <= 2;"
    "CREATE INDEX deliveries_leaving ON deliveries(id) WHERE state = 2;"
    "CREATE TABLE outstanding("
    " delivery_id INTEGER PRIMARY KEY REFERENCES deliveries(id),"
    " receipt BLOB NOT NULL,"
    " remote_ids BLOB NOT NULL,"
    " subject BLOB NOT NULL) STRICT;"
    "CREATE INDEX outstanding_by ON outstanding(subject);"

    /* AUTOINCREMENT: a number that was acknowledged never names something else. */
    "CREATE TABLE items("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " device BLOB NOT NULL,"
    " kind INTEGER NOT NULL,"
    " delivery_id INTEGER NOT NULL,"
    " message_seq INTEGER NOT NULL,"
    " data BLOB) STRICT;"
    "CREATE INDEX items_of ON items(device);"
    "CREATE INDEX items_for ON items(delivery_id) WHERE delivery_id > 0;"
    "CREATE TABLE outbox("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " network TEXT NOT NULL,"
    " due_ms INTEGER NOT NULL,"
    " cpim BLOB NOT NULL) STRICT;"
    "CREATE INDEX outbox_due ON outbox(network, due_ms);",

    /* 2: what other networks said of handles without a manifest goes when it has expired */
    "CREATE INDEX remotes_unsealed ON remotes(expires_ms) WHERE manifest = x'';",

    /* 3: networks that are added at run time. Keys and suspensions are those of configured ones
     * too. Lists are written as the configuration writes them. */
    "CREATE TABLE peers("
    " name TEXT PRIMARY KEY,"
    " url TEXT NOT NULL,"
    " domains TEXT NOT NULL,"
    " numbers TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE peer_keys("
    " key BLOB PRIMARY KEY,"
    " peer TEXT NOT NULL,"
    " from_ms INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE peer_suspensions("
    " peer TEXT PRIMARY KEY,"
    " since_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    /* who has proven to be reached at a number */
    "CREATE TABLE handle_proofs("
    " handle TEXT PRIMARY KEY,"
    " account_key BLOB NOT NULL,"
    " proven_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL,"
    " signature BLOB NOT NULL) STRICT, WITHOUT ROWID;"

    /* who asked for which handle */
    "CREATE TABLE lookups("
    " id INTEGER PRIMARY KEY,"
    " caller TEXT NOT NULL,"
    " handle TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX lookups_by ON lookups(caller);"
    "CREATE INDEX lookups_of ON lookups(handle);"
    "CREATE INDEX lookups_at ON lookups(at_ms);"

    /* append-only logs: what was written is never changed */
    "CREATE TABLE logs("
    " name TEXT PRIMARY KEY,"
    " size INTEGER NOT NULL,"
    " root BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE log_leaves("
    " log TEXT NOT NULL,"
    " leaf INTEGER NOT NULL,"
    " entry BLOB NOT NULL,"
    " PRIMARY KEY(log, leaf)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE log_nodes("
    " log TEXT NOT NULL,"
    " level INTEGER NOT NULL,"
    " node INTEGER NOT NULL,"
    " hash BLOB NOT NULL,"
    " PRIMARY KEY(log, level, node)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE logged_keys("
    " peer TEXT NOT NULL,"
    " key BLOB NOT NULL,"
    " change INTEGER NOT NULL,"
    " PRIMARY KEY(peer, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE versions("
    " account INTEGER NOT NULL REFERENCES accounts(id),"
    " version INTEGER NOT NULL,"
    " leaf INTEGER NOT NULL,"
    " manifest BLOB NOT NULL,"
    " PRIMARY KEY(account, version)) STRICT, WITHOUT ROWID;"

    /* who may have what reaches a number as a text: every grant, of which the last counts */
    "CREATE TABLE forwarding_grants("
    " account INTEGER NOT NULL REFERENCES accounts(id),"
    " handle TEXT NOT NULL,"
    " device BLOB NOT NULL,"
    " sequence INTEGER NOT NULL,"
    " leaf INTEGER NOT NULL,"
    " encoded BLOB NOT NULL,"
    " PRIMARY KEY(account, handle, device, sequence)) STRICT, WITHOUT ROWID;"

    /* one-time prekeys are handed out once: their ids only grow, over what was claimed too */
    "ALTER TABLE devices ADD COLUMN last_prekey INTEGER NOT NULL DEFAULT 0;"
    "UPDATE devices SET last_prekey ="
    " coalesce((SELECT max(prekeys.id) FROM prekeys WHERE device = devices.id), 0);"

    /* a device's id is its account's: others may have one like it */
    "DROP INDEX messages_by_id;"
    "CREATE UNIQUE INDEX messages_by_id ON messages(sender_device, message_id, sender);",

    /* of the gateway's own manifest, those that are in the key log */
    "CREATE TABLE own_versions("
    " version INTEGER PRIMARY KEY,"
    " leaf INTEGER NOT NULL,"
    " manifest BLOB NOT NULL) STRICT;",

    /* who signs the certificate of a network that was added, in PEM; '': whom the system trusts */
    "ALTER TABLE peers ADD COLUMN ca TEXT NOT NULL DEFAULT '';",
};

enum { SQLITE_SCHEMA_VERSION = sizeof sqlite_schema / sizeof *sqlite_schema };

#endif
