/* What results mean, in words. */
#include "codecs/result.h"

const char *teal_result_text(teal_result result)
{
    switch (result) {
    case TEAL_OK:
        return "good";
    case TEAL_MORE:
        return "cut short";
    case TEAL_MALFORMED:
        return "malformed";
    case TEAL_UNSUPPORTED:
        return "well formed, but not supported";
    case TEAL_LIMIT:
        return "over a limit";
    case TEAL_SPACE:
        return "does not fit the memory that was given for it";
    case TEAL_FORGED:
        return "a signature, tag, hash or commitment does not hold";
    }
    return "no result";
}
