/* A directory over a store of its own, with one peer, `rcs`, that answers what it is told to. */
#ifndef TEAL_TESTS_SUPPORT_DIRECTORY_FIXTURE_H
#define TEAL_TESTS_SUPPORT_DIRECTORY_FIXTURE_H

#include "gateway/directory/directory.h"
#include "tests/support/folder.h"
#include "tests/support/lying_peer.h"
#include "tests/support/manifests.h"

enum { NOW_MS = 1000000000, ARENA_BYTES = 1 << 20 };

/* Handles of the peer, the number reached by SMS too. */
#define BOB   "sip:bob@rcs.example"
#define PHONE "tel:+447700900123"

/* How an answer begins; a manifest follows. */
#define SEALED "{\"capability\":\"sealed\",\"manifest\":\""

/* Account 7 with devices 7 and 8 and both handles; the same, forged; one that names neither. */
extern const test_manifest bobs, forged, of_eve;

typedef struct directory_fixture {
    folder where;
    store *reader;
    writer *writer;
    lying_peer *peer;
    config config;
    char url[64];
    networks *networks;
    directory *directory;
    teal_arena arena;
    directory_entry entry; /* of the last look-up or claim */
    directory_prekey prekeys[TEAL_MAX_DEVICES];
    size_t n_prekeys;
} directory_fixture;

/* For cmocka; *state is a directory_fixture. */
int directory_fixture_open(void **state);
int directory_fixture_close(void **state);
#define ON_DIRECTORY(test)                                                                         \
    cmocka_unit_test_setup_teardown(test, directory_fixture_open, directory_fixture_close)

directory_result look_up(directory_fixture *f, const char *handle, int64_t now_ms);
directory_result claim(directory_fixture *f, const char *handle, int64_t now_ms);

/* Looks BOB up, fails the test unless that gives `want`; whether the peer was asked. */
bool asks(directory_fixture *f, int64_t now_ms, directory_result want);

/* The entry has exactly these: letters of native, rcs, plain, sms. */
void check_paths(const directory_entry *e, const char *paths);

/* Static memory until the next call. */
const char *base64url(teal_bytes value);
/* The peer answers `before`, the manifest as base64url, `after`. */
void say_manifest(directory_fixture *f, const char *before, const test_manifest *t,
                  const char *after);

#endif
