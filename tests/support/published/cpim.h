/* CPIM messages of the vectors: canonical ones, and the same with their head edited. */
#ifndef TEAL_TESTS_SUPPORT_PUBLISHED_CPIM_H
#define TEAL_TESTS_SUPPORT_PUBLISHED_CPIM_H

#include "tests/support/published/cases.h"

#include "codecs/rcs/e2ee.h"

enum { CPIM_MAX_EDITS = 4 };

/* find: a text, replaced wherever it stands in the head; or, if it ends in a colon, the start of a
 * line, which is replaced whole (with nothing: dropped). It must be there. */
typedef struct cpim_edit {
    const char *find, *put;
} cpim_edit;

typedef struct cpim_row {
    const char *name;
    const char *rule;      /* NULL: is taken */
    size_t of;             /* of sealed_cases */
    const char *from, *to; /* routing outside; NULL: none */
    cpim_edit edits[CPIM_MAX_EDITS];
    bool base64; /* the body, in lines */
    size_t cut;  /* octets that are left off at the end of the head; the body goes too */
} cpim_row;

extern const cpim_row cpim_tolerated[], cpim_refused[];
extern const size_t cpim_n_tolerated, cpim_n_refused;

teal_rcs_routing cpim_routing(const cpim_row *row);
/* The canonical form. */
teal_bytes cpim_canonical(teal_arena *a, const teal_envelope *e, const teal_rcs_routing *routing);
/* Its octets up to the ciphertext. */
teal_bytes cpim_head(teal_bytes message, size_t ciphertext_len);
/* As the row says; *head_len: where the body starts. */
teal_bytes cpim_edited(teal_arena *a, const cpim_row *row, teal_bytes canonical,
                       size_t ciphertext_len, size_t *head_len);

#endif
