/* See safety_number.h. */
#include "gateway/client/safety_number.h"

#include <sodium.h>
#include <stdio.h>

enum {
    ROUNDS = 5200, /* what it costs to try a key that might give the same digits */
    HALF_GROUPS = SAFETY_NUMBER_GROUPS / 2,
    GROUP_OCTETS = 5,
    GROUP_DIGITS = 5,
    HALF_DIGITS = HALF_GROUPS * GROUP_DIGITS,
};

static void put(crypto_hash_sha512_state *h, teal_bytes octets)
{
    crypto_hash_sha512_update(h, octets.at, octets.len);
}

static void finish(crypto_hash_sha512_state *h, uint8_t out[static crypto_hash_sha512_BYTES])
{
    crypto_hash_sha512_final(h, out);
    crypto_hash_sha512_init(h);
}

/* 30 digits of one party. */
static void half_of(const safety_party *p, char digits[static HALF_DIGITS + 1])
{
    static const uint8_t version[2] = { 0, 0 };
    uint8_t hash[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_state h;
    crypto_hash_sha512_init(&h);
    put(&h, TEAL_VIEW(version));
    put(&h, p->account_key);
    put(&h, p->handle);
    for (int round = 0; round < ROUNDS; round++) {
        if (round > 0)
            put(&h, TEAL_VIEW(hash));
        put(&h, p->account_key);
        finish(&h, hash);
    }
    for (size_t i = 0; i < HALF_GROUPS; i++) {
        teal_reader r = teal_reader_of((teal_bytes){ hash + i * GROUP_OCTETS, GROUP_OCTETS });
        snprintf(digits + i * GROUP_DIGITS, GROUP_DIGITS + 1, "%05u",
                 (unsigned)(teal_read_uint(&r, GROUP_OCTETS) % 100000));
    }
}

void safety_number(const safety_party *a, const safety_party *b,
                   char out[static SAFETY_NUMBER_BYTES])
{
    char first[HALF_DIGITS + 1], second[HALF_DIGITS + 1], all[2 * HALF_DIGITS + 1];
    half_of(a, first);
    half_of(b, second);
    const bool ordered = memcmp(first, second, HALF_DIGITS) <= 0;
    snprintf(all, sizeof all, "%s%s", ordered ? first : second, ordered ? second : first);
    for (size_t i = 0; i < SAFETY_NUMBER_GROUPS; i++) {
        memcpy(out + i * (GROUP_DIGITS + 1), all + i * GROUP_DIGITS, GROUP_DIGITS);
        out[i * (GROUP_DIGITS + 1) + GROUP_DIGITS] = ' ';
    }
    out[SAFETY_NUMBER_BYTES - 1] = '\0';
}
