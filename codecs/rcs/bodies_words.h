/* The e2ee headers of plain bodies (provisional), and what is said in words to who does not read
 * them. Nobody reads the words back: e2ee.Stand-In says how many octets they are. */
#ifndef TEAL_CODECS_RCS_BODIES_WORDS_H
#define TEAL_CODECS_RCS_BODIES_WORDS_H

#include "codecs/native/envelope.h"
#include "codecs/rcs/cpim.h"

typedef enum teal_body_header {
    TEAL_BODY_REPLY_TO,
    TEAL_BODY_EDIT_OF,
    TEAL_BODY_REVOKE_OF,
    TEAL_BODY_REACTION,
    TEAL_BODY_CLAIMED_SENDER,
    TEAL_BODY_STAND_IN,
    TEAL_BODY_HEADERS, /* how many; none of them */
} teal_body_header;

static const char *const teal_body_headers[TEAL_BODY_HEADERS] = {
    [TEAL_BODY_REPLY_TO] = "Reply-To",   [TEAL_BODY_EDIT_OF] = "Edit-Of",
    [TEAL_BODY_REVOKE_OF] = "Revoke-Of", [TEAL_BODY_REACTION] = "Reaction",
    [TEAL_BODY_STAND_IN] = "Stand-In",   [TEAL_BODY_CLAIMED_SENDER] = "Claimed-Sender",
};

static inline teal_body_header teal_body_find(teal_bytes name)
{
    unsigned h = 0;
    while (h < TEAL_BODY_HEADERS && !teal_ascii_same(name, teal_text(teal_body_headers[h])))
        h++;
    return (teal_body_header)h;
}

/* e2ee.Reaction: `add; id; emoji` */
#define TEAL_BODY_ADD    "add"
#define TEAL_BODY_REMOVE "remove"

#define TEAL_BODY_EARLIER      "an earlier message"
#define TEAL_BODY_REVOKED      "Recalled " TEAL_BODY_EARLIER
#define TEAL_BODY_UNKNOWN      "Sent something that cannot be shown here"
#define TEAL_BODY_UNKNOWN_FILE "Sent a file that cannot be fetched here"

/* What a message id may look like (REQ-ENV-2). */
static inline bool teal_body_is_id(teal_bytes b)
{
    return b.len > 0 && b.len <= TEAL_MAX_ID_BYTES && teal_ascii_is_visible(b);
}

/* What a header can say: one line, no blanks around it. */
static inline bool teal_body_is_line(teal_bytes b, size_t max)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < ' ' || b.at[i] == 0x7f)
            return false;
    }
    return b.len > 0 && b.len <= max && b.at[0] != ' ' && b.at[b.len - 1] != ' ';
}

#endif
