/* HKDF-SHA256 (RFC 5869). Salt, key material and info come in pieces that count as one string, so
 * that nobody has to join secrets in a buffer first. */
#ifndef TEAL_CODECS_NATIVE_HKDF_H
#define TEAL_CODECS_NATIVE_HKDF_H

#include "codecs/cursor.h"

enum { TEAL_HKDF_BYTES = 32, TEAL_HKDF_MAX_BYTES = 255 * TEAL_HKDF_BYTES };

/* PRK = HMAC(salt, ikm[0] || .. || ikm[n - 1]). An empty salt is RFC 5869's default. */
void teal_hkdf_extract(teal_bytes salt, const teal_bytes *ikm, size_t n,
                       uint8_t prk[static TEAL_HKDF_BYTES]);

/* len octets, at most TEAL_HKDF_MAX_BYTES, from prk and info[0] || .. || info[n - 1]. */
void teal_hkdf_expand(const uint8_t prk[static TEAL_HKDF_BYTES], const teal_bytes *info, size_t n,
                      uint8_t *out, size_t len);

#endif
