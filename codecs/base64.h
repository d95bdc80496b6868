/* Base64, standard with padding and URL-safe without (RFC 4648 sections 4 and 5). One value has one
 * text: what the encoder would not have written is refused. For public values only: tables are
 * indexed by the data, which is ten times as fast as libsodium's constant time, and leaks. Pure,
 * any thread. */
#ifndef TEAL_CODECS_BASE64_H
#define TEAL_CODECS_BASE64_H

#include "codecs/cursor.h"
#include "codecs/result.h"

/* Appends the text; never fails but by running out of space (teal_write_fits). */
void teal_base64_encode(teal_bytes in, teal_writer *out);
void teal_base64url_encode(teal_bytes in, teal_writer *out);

/* Appends the value. No white space, no foreign character, exact padding (standard) or none (URL),
 * trailing bits zero. Empty text is the empty value. REQ-B64-1, -2.
 *
 * out: on TEAL_MALFORMED its len is as before, though bytes behind it may have changed; on
 *      TEAL_SPACE its len says the need, as with every writer.
 *
 * Returns TEAL_OK, TEAL_MALFORMED (why->at: the first wrong character, or the end), TEAL_SPACE. */
__attribute__((warn_unused_result))
teal_result teal_base64_decode(teal_bytes in, teal_writer *out, teal_diag *why);
__attribute__((warn_unused_result))
teal_result teal_base64url_decode(teal_bytes in, teal_writer *out, teal_diag *why);

/* URL-safe text of a value of exactly len bytes: keys, hashes, signatures. out is zeroed where the
 * result is not TEAL_OK. Returns TEAL_OK, TEAL_MALFORMED (another length too). */
__attribute__((warn_unused_result))
teal_result teal_base64url_decode_exact(teal_bytes in, uint8_t *out, size_t len, teal_diag *why);

/* Length of the texts of n bytes. */
static inline size_t teal_base64_length(size_t n)
{
    return (n / 3 + (n % 3 > 0)) * 4;
}

static inline size_t teal_base64url_length(size_t n)
{
    return n / 3 * 4 + (n % 3 * 4 + 2) / 3;
}

#endif
