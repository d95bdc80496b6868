/* A store in a temporary folder, of the back end under test, and what tests put into it. */
#ifndef TEAL_TESTS_SUPPORT_STORE_FIXTURE_H
#define TEAL_TESTS_SUPPORT_STORE_FIXTURE_H

#include "gateway/store/store.h"
#include "tests/support/folder.h"

extern const store_ops *ops; /* of the back end under test */

/* Runs the group once for each back end, with `ops` set; the sum of what it answers. */
int store_for_each_backend(int (*run_group)(void));

typedef struct store_fixture {
    folder where;
    store *s;
    teal_arena arena;
} store_fixture;

/* For cmocka; *state is a store_fixture. */
int store_fixture_open(void **state);
int store_fixture_close(void **state);
#define ON_STORE(test)                                                                             \
    cmocka_unit_test_setup_teardown(test, store_fixture_open, store_fixture_close)

void reopen(store_fixture *f);
void begin(store_fixture *f);
void commit(store_fixture *f);

void assert_bytes(teal_bytes got, teal_bytes want);
void assert_text(teal_bytes got, const char *want);

/* Each letter is a device; static memory until the next call. */
const uint8_t *device(char letter);

store_message make_message(char letter, const char *id, const char *conversation);
/* Of device A, inside a transaction; its number. */
int64_t put_message(store_fixture *f, const char *id, const char *conversation);
store_delivery make_delivery(int64_t message_seq, const char *recipient, int64_t due_ms);

/* In a transaction of its own. */
void put_item(store_fixture *f, char letter, store_item_kind kind, int64_t delivery_id,
              int64_t message_seq, const char *data);
size_t list_items(store_fixture *f, char letter, int64_t after, store_item *out, size_t max);

#endif
