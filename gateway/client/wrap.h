/* Text in lines that fit, by the columns that a terminal gives to characters. */
#ifndef TEAL_CLIENT_WRAP_H
#define TEAL_CLIENT_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Writes `first` and as much of the text as fits `columns`, then `rest` and more, to the end: no
 * part of the text ever begins a line. Breaks at spaces, and inside a word that is too long for a
 * line; an empty text is one line. text: tame (tamed.h). LC_CTYPE is a UTF-8 locale. */
void wrap_write(FILE *out, const char *text, const char *first, const char *rest, size_t columns);

#endif
