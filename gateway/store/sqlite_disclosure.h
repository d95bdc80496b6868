/* Every table of the SQLite back end and every column of it: how its rows are found by a handle,
 * and what of them is told. A test holds this against the database: nothing may be forgotten. */
#ifndef TEAL_GATEWAY_STORE_SQLITE_DISCLOSURE_H
#define TEAL_GATEWAY_STORE_SQLITE_DISCLOSURE_H

#include "gateway/store/store.h"

enum { SQLITE_DISCLOSURE_COLUMNS = 16 };

/* name NULL: the end. */
typedef struct disclosure_column {
    const char *name;
    store_value_form form;
    const char *instead;  /* SQL that is told in its place; NULL: the column */
    const char *withheld; /* why it is not told: it says nothing that the others do not */
} disclosure_column;

/* SQL may use, over ?1: own(account), who(handle), device(id), sent(seq), got(id, seq),
 * outgoing(id).
 */
typedef struct disclosure_table {
    const char *name;
    const char *holds; /* what a row says of the handle; without `where`: why none says anything */
    const char *where;
    disclosure_column columns[SQLITE_DISCLOSURE_COLUMNS];
} disclosure_table;

extern const disclosure_table sqlite_disclosure[];
extern const size_t sqlite_disclosure_tables;

bool sqlite_describe(size_t table, store_table *out);
store_result sqlite_disclose(store *s, size_t table, teal_bytes handle, int64_t from, size_t max,
                             store_take_row *take, void *arg, size_t *n);

#endif
