/* The words of e2ee headers, by the number that the native envelope has for them. */
#ifndef TEAL_CODECS_RCS_E2EE_WORDS_H
#define TEAL_CODECS_RCS_E2EE_WORDS_H

#include "codecs/native/envelope.h"

#define TEAL_E2EE_TYPE "application/vnd.teal.sealed"

enum { TEAL_E2EE_KINDS = 5, TEAL_E2EE_LEVELS = 4, TEAL_E2EE_WHENS = 3, TEAL_E2EE_BOOLEANS = 2 };

static const char *const teal_e2ee_kinds[TEAL_E2EE_KINDS] = {
    [TEAL_KIND_MESSAGE] = "message",
    [TEAL_KIND_RECEIPT] = "receipt",
    [TEAL_KIND_TYPING] = "typing",
    [TEAL_KIND_CONTROL] = "control",
};

static const char *const teal_e2ee_levels[TEAL_E2EE_LEVELS] = {
    [TEAL_PLAINTEXT] = "plaintext",
    [TEAL_TRANSPORT] = "transport",
    [TEAL_E2EE] = "e2ee",
};

static const char *const teal_e2ee_whens[TEAL_E2EE_WHENS] = {
    [TEAL_NO_BETTER_PATH] = "no-better-path",
    [TEAL_OR_FAILED] = "or-failed",
};

static const char *const teal_e2ee_booleans[TEAL_E2EE_BOOLEANS] = { "false", "true" };

#endif
