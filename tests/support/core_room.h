/* A core on its rig whose room the test is: the steps that most talks begin with. */
#ifndef TEAL_TESTS_SUPPORT_CORE_ROOM_H
#define TEAL_TESTS_SUPPORT_CORE_ROOM_H

#include "tests/support/core_rig.h"

enum { GENERATION = 1, NEXT_GENERATION = 2 };
#define ROOM_REF UINT64_C(0x8000000000000001) /* of the room's choice */

/* A set-up: the rig is open, the core started, GENERATION of the room greeted. */
int core_room_open(void **state);

/* To a phone, with consent. */
rig_letter core_room_letter(const char *id);
Teal__V1__Submit *core_room_expect_submit(core_rig *r);

/* Submits such a letter and waits until the core asks the room; *sent (may be NULL): the receipt
 * that says so. The ref. */
uint64_t core_room_submit(core_rig *r, const char *id, teal_receipt *sent);
/* And says Leaving, and is told Go. */
uint64_t core_room_leave(core_rig *r, const char *id, teal_receipt *sent);

/* The same message with another outcome. */
teal_receipt core_room_restated(core_rig *r, teal_receipt receipt, teal_status status,
                                const char *reason);

/* The sender's nth receipt about that message says so. */
void core_room_expect_receipt(core_rig *r, const char *id, size_t n, teal_status status,
                              teal_level level);

#endif
