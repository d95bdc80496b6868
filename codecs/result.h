/* What every codec answers, and where in the input it was decided. */
#ifndef TEAL_CODECS_RESULT_H
#define TEAL_CODECS_RESULT_H

#include <stddef.h>

typedef enum teal_result {
    TEAL_OK = 0,
    TEAL_MORE,        /* input stops before the element does: a stream may wait */
    TEAL_MALFORMED,   /* breaks the grammar: no further bytes can mend it */
    TEAL_UNSUPPORTED, /* well formed, but a version or option we do not take */
    TEAL_LIMIT,       /* over a bound of the specification or the configuration */
    TEAL_SPACE,       /* caller's arena or buffer is too small; a writer's len says what it needs */
    TEAL_FORGED,      /* well formed, but a signature, tag, hash or commitment does not hold */
} teal_result;

/* "cut short" ...: what it means, for whoever reads a log. Static text. */
const char *teal_result_text(teal_result result);

/* What TEAL_SPACE says for its rule, always: none is broken, the input may be as good as any. Who
 * gives as much as the header of a call says to be enough never sees them. */
#define TEAL_ARENA_TOO_SMALL  "no rule: the caller's arena is too small"
#define TEAL_BUFFER_TOO_SMALL "no rule: the caller's buffer is too small"

/* rule: static text, "REQ-<AREA>-<n> what was broken", or one of the two above. at: byte offset in
 * the input, 0 where an offset has no meaning. Written unless the result is TEAL_OK. */
typedef struct teal_diag {
    const char *rule;
    size_t at;
} teal_diag;

/* Fills *why (may be NULL) and hands `result` through, so that a refusal is one line. */
static inline teal_result teal_refuse(teal_result result, const char *rule, size_t at,
                                      teal_diag *why)
{
    if (why != NULL)
        *why = (teal_diag){ rule, at };
    return result;
}

#endif
