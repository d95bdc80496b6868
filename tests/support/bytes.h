/* What tests say of views. */
#ifndef TEAL_TESTS_SUPPORT_BYTES_H
#define TEAL_TESTS_SUPPORT_BYTES_H

#include "codecs/cursor.h"

/* Fails the test unless `got` is that text, and shows both. */
void assert_text(teal_bytes got, const char *want);

#endif
