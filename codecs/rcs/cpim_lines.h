/* The lines of header blocks: ends them, counts them, unfolds them, and says which text may stand
 * in them. For cpim.c and cpim_spaces.c only. PROTOCOL.md REQ-CPIM-1..6, -14. */
#ifndef TEAL_CODECS_RCS_CPIM_LINES_H
#define TEAL_CODECS_RCS_CPIM_LINES_H

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/result.h"

typedef struct teal_cpim_lines {
    teal_bytes whole; /* where offsets count from */
    teal_reader in;
    size_t at; /* where the line that was read last starts */
    teal_arena *arena;
    teal_diag *why;
} teal_cpim_lines;

/* Refuses at a view of the input; at the line's start where folds have made the view a copy. */
teal_result teal_cpim_lines_refuse(const teal_cpim_lines *l, teal_result result, const char *rule,
                                   teal_bytes view);

/* Looks ahead to the blank line and makes an array of an item for each line before it.
 * left: how many lines there may be; on TEAL_OK less by those that there are.
 * Returns TEAL_OK; TEAL_MORE: there is no blank line; TEAL_LIMIT, TEAL_SPACE. */
__attribute__((warn_unused_result))
teal_result teal_cpim_lines_reserve(teal_cpim_lines *l, size_t *left, size_t item_size,
                                    void **items);

/* The next line, unfolded, of a block that was reserved; empty: the blank line behind it.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_LIMIT, TEAL_SPACE. */
__attribute__((warn_unused_result))
teal_result teal_cpim_lines_next(teal_cpim_lines *l, teal_bytes *line);

/* Whether it is one or more of RFC 3862's NAMECHAR. */
bool teal_cpim_is_name(teal_bytes b);

/* Refuses control characters and what is not UTF-8. escapes: there is a backslash. */
__attribute__((warn_unused_result))
teal_result teal_cpim_lines_check(const teal_cpim_lines *l, teal_bytes text, bool *escapes);

/* Undoes the escapes of RFC 3862 section 2.3, into the arena. */
__attribute__((warn_unused_result))
teal_result teal_cpim_lines_unescape(const teal_cpim_lines *l, teal_bytes raw, teal_bytes *value);

#endif
