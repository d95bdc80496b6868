/* Puts the parts of a long short message together again, in a table of fixed size: a sender who
 * never finishes costs a slot until it times out or is the oldest, and no more.
 * PROTOCOL.md REQ-SMS-30..35. No heap, no clock; one thread per table at a time. */
#ifndef TEAL_CODECS_SMS_REASSEMBLY_H
#define TEAL_CODECS_SMS_REASSEMBLY_H

#include "codecs/sms/segment.h"

#define TEAL_REASSEMBLY_PARTS         32 /* of one message: 4896 septets; more is TEAL_LIMIT */
#define TEAL_REASSEMBLY_ADDRESS_BYTES 20 /* SMPP source_addr, destination_addr */
#define TEAL_REASSEMBLY_KEY_BYTES     16 /* crypto_shorthash_KEYBYTES */
#define TEAL_REASSEMBLY_TEXT_BYTES    (TEAL_REASSEMBLY_PARTS * TEAL_SEGMENT_MAX_OCTETS * 3)

/* Which message a part belongs to. Addresses are padded with zeros. */
typedef struct teal_reassembly_key {
    uint8_t source[TEAL_REASSEMBLY_ADDRESS_BYTES], destination[TEAL_REASSEMBLY_ADDRESS_BYTES];
    uint16_t ref;
    uint8_t total;
    bool wide;
} teal_reassembly_key;

/* Private to reassembly.c. */
typedef struct teal_reassembly_piece {
    uint8_t digest[8]; /* tells a duplicate from another message that reuses the reference */
    uint8_t octets[TEAL_SEGMENT_MAX_OCTETS];
    uint8_t len, data_coding;
    teal_gsm7_shift shift;
    bool present;
} teal_reassembly_piece;

typedef struct teal_reassembly_slot {
    teal_reassembly_key key;
    int64_t first_ms; /* when the first part came */
    uint8_t have;     /* parts present; 0 = slot free */
    teal_reassembly_piece pieces[TEAL_REASSEMBLY_PARTS];
} teal_reassembly_slot;

/* slots: caller's, `count` of them, zeroed before first use and not touched afterwards. About
 * 6 KiB each. They hold message text until it is complete, so they belong where that may be.
 * digest_key: random, and the same as long as the slots are: of a message that was handed over only
 * keyed digests are left, and who knew the key could send a part that passes for a duplicate. */
typedef struct teal_reassembly {
    teal_reassembly_slot *slots;
    size_t count;
    int64_t timeout_ms; /* from the first part */
    uint8_t digest_key[TEAL_REASSEMBLY_KEY_BYTES];
} teal_reassembly;

/* A message that will never be complete: report it, its parts are gone. */
typedef struct teal_reassembly_loss {
    teal_reassembly_key key;
    uint8_t have; /* parts that had come; 0 = nothing was lost */
} teal_reassembly_loss;

typedef struct teal_reassembly_part {
    teal_bytes source, destination; /* 0..20 bytes */
    teal_udh udh; /* concat.total 0 or 1: complete in itself, takes no slot; shift; no ports */
    uint8_t data_coding;
    teal_bytes octets; /* user data behind the header, 0..160 */
} teal_reassembly_part;

typedef enum teal_reassembly_state {
    TEAL_REASSEMBLY_WAITING = 0,
    TEAL_REASSEMBLY_DUPLICATE, /* this part was there, or its message was complete, already */
    TEAL_REASSEMBLY_COMPLETE,
} teal_reassembly_state;

/* Adds one part.
 * text:    cap - len at least TEAL_REASSEMBLY_TEXT_BYTES; the whole message is appended as UTF-8
 *          when *state is COMPLETE, and the slot's copy of it wiped.
 * loss:    have > 0 if another message had to go: the oldest, for want of a slot; or one of the
 *          same key that had timed out, or held another text at this place (reference reused).
 * Returns: TEAL_OK; TEAL_UNSUPPORTED for a data_coding that is not text; TEAL_LIMIT for more than
 *          TEAL_REASSEMBLY_PARTS, or addresses or octets over their bounds; TEAL_MALFORMED if
 *          the part's seq is outside 1..total, or the text is not of its coding (the message is
 *          dropped then); TEAL_SPACE if `text` is too small. Unless TEAL_OK, *state is WAITING. */
__attribute__((warn_unused_result)) teal_result teal_reassembly_add(
    teal_reassembly *t, const teal_reassembly_part *part, int64_t now_ms, teal_writer *text,
    teal_reassembly_state *state, teal_reassembly_loss *loss, teal_diag *why);

/* Frees one slot whose time is over. Returns true and fills *loss if that lost an unfinished
 * message: call until false. */
bool teal_reassembly_expire(teal_reassembly *t, int64_t now_ms, teal_reassembly_loss *loss);

#endif
