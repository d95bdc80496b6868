/* The endpoint with its real handlers, frame and store, over a core and a directory that say what a
 * test tells them: what HTTP makes of each of their answers. */
#ifndef TEAL_TESTS_SUPPORT_EDGE_FIXTURE_H
#define TEAL_TESTS_SUPPORT_EDGE_FIXTURE_H

#include "gateway/edge/rest.h"
#include "tests/support/folder.h"
#include "tests/support/raw_http.h"

/* What core and directory answer, and what they were asked last. */
typedef struct edge_script {
    core_result submit;
    core_outcome outcome;
    char submitted[TEAL_MAX_ID_BYTES + 1]; /* message id */
    store_result acknowledge;
    int64_t acknowledged[16];
    size_t n_acknowledged;
    bool has_downgrade_key;

    directory_result look_up;
    directory_entry entry;
    directory_prekey prekeys[2];
    size_t n_prekeys;
    directory_put put;
    directory_refusal refusal;
    char handle[TEAL_MAX_HANDLE_BYTES + 1]; /* that was asked for */
} edge_script;

extern edge_script script;
extern store *edge_store; /* another handle of the same database, for the test */
extern rest *edge_rest;
extern uint16_t edge_port;

/* For cmocka: a fresh database, and a script that says OK to everything. */
int edge_fixture_open(void **state);
int edge_fixture_close(void **state);

/* One request on a connection of its own. */
void edge_ask(const char *method, const char *path, const char *content_type, teal_bytes body,
              raw_answer *out);
/* Compares the body with JSON written with ' for ". */
void assert_json(const raw_answer *a, int status, const char *want);
void assert_refused(const raw_answer *a, int status, const char *problem, const char *requirement);

#endif
