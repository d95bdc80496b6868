/* The test vectors of proto/vectors, made anew: language-neutral JSON, from fixed keys and fixed
 * randomness, so that it comes out octet for octet the same. What a vector says is checked while it
 * is made: a refusal that is not the one that was asked for ends the program. */
#ifndef TEAL_TESTS_SUPPORT_PUBLISHED_H
#define TEAL_TESTS_SUPPORT_PUBLISHED_H

#include <jansson.h>
#include <stddef.h>

typedef struct published_file {
    const char *name; /* "envelope.json" */
    json_t *(*make)(void);
} published_file;

extern const published_file published_files[];
extern const size_t published_count;

/* The whole text of the file; the caller frees. */
char *published_text(const published_file *f);

json_t *published_content(void);
json_t *published_cpim(void);
json_t *published_downgrade(void);
json_t *published_envelope(void);
json_t *published_forwarding(void);
json_t *published_handles(void);
json_t *published_http_signature(void);
json_t *published_key_log(void);
json_t *published_manifest(void);
json_t *published_receipts(void);

#endif
