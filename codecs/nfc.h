/* Unicode normalisation form C: one spelling for each character, composed where there is a composed
 * one, so that `e` and a combining acute are the `é` that an alphabet has.
 * Source: UAX #15. PROTOCOL.md REQ-SMS-25. Any thread. */
#ifndef TEAL_CODECS_NFC_H
#define TEAL_CODECS_NFC_H

#include "codecs/cursor.h"
#include "codecs/result.h"

#define TEAL_NFC_MAX_GROWTH 3  /* bytes for a byte: UAX #15 §12.1 */
#define TEAL_NFC_MAX_MARKS  30 /* combining marks in a row: the Stream-Safe Text Format, §13 */

/* Appends `text` in form C. A text with more than TEAL_NFC_MAX_MARKS combining marks in a row,
 * which no language writes, is appended as it is: that keeps the work linear and off the heap. out:
 * cap - len at least TEAL_NFC_MAX_GROWTH * text.len. Returns: TEAL_OK; TEAL_MALFORMED if `text` is
 * not UTF-8; TEAL_SPACE if `out` is too small (len is unchanged), even where the result would have
 * fitted. */
__attribute__((warn_unused_result)) teal_result teal_nfc(teal_bytes text, teal_writer *out,
                                                         teal_diag *why);

#endif
