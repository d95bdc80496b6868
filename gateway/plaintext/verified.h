/* Manifests whose signature has been verified already: a sender's manifest comes with each of its
 * messages, and to verify it costs as much as to verify the message. Remembers digests of whole
 * manifests, so nothing but the very same octets is ever taken for verified. */
#ifndef TEAL_GATEWAY_PLAINTEXT_VERIFIED_H
#define TEAL_GATEWAY_PLAINTEXT_VERIFIED_H

#include "codecs/native/manifest.h"

typedef struct verified verified;

verified *verified_open(void);
void verified_close(verified **v);

/* As teal_manifest_verify of the manifest `m` that `encoded` decodes to. */
__attribute__((warn_unused_result)) teal_result verified_manifest(verified *v, teal_bytes encoded,
                                                                  const teal_manifest *m,
                                                                  teal_diag *why);

#endif
