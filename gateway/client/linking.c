/* See linking.h. */
#include "gateway/client/linking.h"

#include "codecs/native/transcript.h"
#include "gateway/log.h"

#include <sodium.h>

enum { DATA_BYTES = 512 }; /* of what is bound: keys, a name, a prekey */

void linking_make_code(char code[static LINKING_CODE_DIGITS + 1])
{
    for (size_t i = 0; i < LINKING_CODE_DIGITS; i++)
        code[i] = (char)('0' + randombytes_uniform(10));
    code[LINKING_CODE_DIGITS] = '\0';
}

bool linking_read_code(const char *typed, char code[static LINKING_CODE_DIGITS + 1])
{
    size_t n = 0;
    for (; *typed != '\0'; typed++) {
        if (*typed == ' ' || *typed == '-')
            continue;
        if (*typed < '0' || *typed > '9' || n == LINKING_CODE_DIGITS)
            return false;
        code[n++] = *typed;
    }
    code[n] = '\0';
    return n == LINKING_CODE_DIGITS;
}

/* A written view of the buffer. */
static teal_bytes data_of(const linking_subject *about, bool of_new_device,
                          uint8_t buf[static DATA_BYTES])
{
    teal_writer w = { buf, DATA_BYTES, 0 };
    if (of_new_device) {
        teal_transcript_lp(&w, (teal_bytes){ about->device.id, TEAL_DEVICE_BYTES });
        teal_transcript_lp(&w, (teal_bytes){ about->device.signing_key, TEAL_KEY_BYTES });
        teal_transcript_lp(&w, about->device.name);
        teal_transcript_lp(&w, about->prekey);
    } else {
        teal_transcript_lp(&w, (teal_bytes){ about->account_key, TEAL_KEY_BYTES });
    }
    if (!teal_write_fits(&w))
        bug("a device's name or prekey is too long");
    return teal_written(&w);
}

static teal_bytes sid_of(const linking_subject *about)
{
    return (teal_bytes){ about->device.id, TEAL_DEVICE_BYTES };
}

void linking_begin(linking *l, const char *code, const linking_subject *about)
{
    randombytes_buf(l->scalar, sizeof l->scalar);
    teal_cpace_share(teal_text(code), teal_text("teal link v1"), sid_of(about), l->scalar,
                     l->share);
}

bool linking_meet(linking *l, const linking_subject *about, bool is_new_device, teal_bytes theirs)
{
    uint8_t new_buf[DATA_BYTES], account_buf[DATA_BYTES], key[TEAL_CPACE_KEY_BYTES];
    const teal_bytes own = { l->share, sizeof l->share };
    const teal_cpace_party new_device = { is_new_device ? own : theirs,
                                          data_of(about, true, new_buf) },
                           account = { is_new_device ? theirs : own,
                                       data_of(about, false, account_buf) };
    if (teal_cpace_key(sid_of(about), l->scalar, &new_device, &account, theirs, key) != TEAL_OK)
        return false;
    teal_cpace_tag(sid_of(about), key, &new_device, l->new_tag);
    teal_cpace_tag(sid_of(about), key, &account, l->account_tag);
    sodium_memzero(key, sizeof key);
    return true;
}

bool linking_matches(teal_bytes shown, const uint8_t expected[static TEAL_CPACE_TAG_BYTES])
{
    return shown.len == TEAL_CPACE_TAG_BYTES &&
           sodium_memcmp(shown.at, expected, TEAL_CPACE_TAG_BYTES) == 0;
}

void linking_forget(linking *l)
{
    sodium_memzero(l, sizeof *l);
}
