/* Which namespaces the prefixes of a message/cpim stand for. For cpim.c only. REQ-CPIM-7, -8, -10.
 */
#ifndef TEAL_CODECS_RCS_CPIM_SPACES_H
#define TEAL_CODECS_RCS_CPIM_SPACES_H

#include "codecs/rcs/cpim.h"
#include "codecs/rcs/cpim_lines.h"

typedef struct teal_cpim_spaces {
    struct {
        teal_bytes prefix, uri;
    } bound[TEAL_CPIM_MAX_NAMESPACES];
    size_t count;
} teal_cpim_spaces;

/* Takes an NS header, the last line of `l`.
 * Returns TEAL_OK, TEAL_MALFORMED, TEAL_UNSUPPORTED (another default namespace), TEAL_LIMIT. */
__attribute__((warn_unused_result))
teal_result teal_cpim_spaces_bind(teal_cpim_spaces *s, const teal_cpim_header *ns,
                                  const teal_cpim_lines *l);

/* The namespace of a prefix, of none too; empty: it is bound to nothing. */
teal_bytes teal_cpim_spaces_of(const teal_cpim_spaces *s, teal_bytes prefix);

/* Whether everything in the list of a Require header is of a namespace that Teal knows. */
bool teal_cpim_spaces_know(const teal_cpim_spaces *s, teal_bytes required);

#endif
