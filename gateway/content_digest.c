/* RFC 9530 sections 2 and 5, sha-256 and sha-512; the others there are broken or no hashes. */
#include "gateway/content_digest.h"

#include "gateway/structured_field.h"

#include <sodium.h>

enum { MAX_HASH_BYTES = crypto_hash_sha512_BYTES };

static const struct {
    const char *name;
    int (*hash)(unsigned char *out, const unsigned char *in, unsigned long long len);
    size_t len;
} algorithms[] = {
    { "sha-256", crypto_hash_sha256, crypto_hash_sha256_BYTES },
    { "sha-512", crypto_hash_sha512, crypto_hash_sha512_BYTES },
};

void content_digest_write(teal_bytes body, teal_writer *w)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, body.at, body.len);
    const structured_member m = {
        .key = teal_text("sha-256"),
        .item.value = { .kind = STRUCTURED_BYTES, .bytes = TEAL_VIEW(hash) },
    };
    structured_write_dictionary(&(structured_dictionary){ &m, 1 }, w);
}

static bool holds(const structured_member *m, size_t algorithm, teal_bytes body)
{
    uint8_t hash[MAX_HASH_BYTES];
    const structured_value *v = &m->item.value;
    if (m->is_list || v->kind != STRUCTURED_BYTES || v->bytes.len != algorithms[algorithm].len)
        return false;
    algorithms[algorithm].hash(hash, body.at, body.len);
    return memcmp(v->bytes.at, hash, v->bytes.len) == 0;
}

teal_result content_digest_check(teal_bytes field, teal_bytes body, teal_arena *arena,
                                 teal_diag *why)
{
    structured_dictionary d;
    size_t known = 0;
    teal_result r = structured_read_dictionary(field, arena, &d, why);
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0] && r == TEAL_OK; i++) {
        const structured_member *m = structured_member_of(&d, teal_text(algorithms[i].name));
        known += m != NULL;
        if (m != NULL && !holds(m, i, body))
            r = teal_refuse(TEAL_FORGED, "REQ-SIG-4 Content-Digest is not of this body", 0, why);
    }
    if (r == TEAL_OK && known == 0)
        r = teal_refuse(TEAL_UNSUPPORTED, "REQ-SIG-4 Content-Digest has no sha-256 or sha-512", 0,
                        why);
    return r;
}
