/* Texts on their way in, from the first part to the edge's acknowledgement, and which deliver_sm
 * are to be answered with them. */
#ifndef TEAL_GATEWAY_PLAINTEXT_LETTERS_H
#define TEAL_GATEWAY_PLAINTEXT_LETTERS_H

#include "codecs/sms/reassembly.h"
#include "gateway/plaintext/state.h"
#include "gateway/plaintext/vault.h"

enum {
    LETTERS_MAX = 256,
    LETTER_MAX_COPIES = 2 * TEAL_REASSEMBLY_PARTS,
    LETTER_DIGEST_BYTES = 16,
    LETTERS_SETTLED_MAX = 1024,
};

typedef enum letter_stage {
    LETTER_PARTS = 0, /* parts are missing */
    LETTER_WHOSE,     /* WhoIs is said, or about to be said again */
    LETTER_SEALED,    /* Inbound is said; no text any more */
} letter_stage;

/* One deliver_sm that carried a part. */
typedef struct letter_copy {
    smpp_link_ticket ticket;
    uint8_t digest[LETTER_DIGEST_BYTES];
    int64_t at_ms;
    bool answered; /* with a temporary error: it will come again */
} letter_copy;

typedef struct letter {
    bool used;
    letter_stage stage;
    uint64_t ref;            /* of WhoIs, then of Inbound */
    teal_reassembly_key key; /* while parts are missing */
    bool long_text;          /* came in parts */
    letter_copy copies[LETTER_MAX_COPIES];
    size_t n_copies;
    char number[TEAL_REASSEMBLY_ADDRESS_BYTES + 2];  /* recipient, "+447700900123" */
    char claimed[TEAL_REASSEMBLY_ADDRESS_BYTES + 8]; /* "tel:+44...", or as it was written */
    uint8_t *text;                                   /* the vault's */
    size_t text_len;
    int64_t since_ms, ask_ms; /* clock; ask_ms: when to say WhoIs again, 0: it is said */
    notice notice;
} letter;

/* A part whose letter is durable, but whose sender was not told so: it will come again. */
typedef struct letter_settled {
    uint8_t digest[LETTER_DIGEST_BYTES];
    int64_t until_ms;
} letter_settled;

typedef struct letters {
    letter at[LETTERS_MAX];
    letter_settled settled[LETTERS_SETTLED_MAX];
    size_t next_settled;
    vault *texts;
} letters;

/* NULL: as many as there may be are under way. */
letter *letters_make(letters *ls, int64_t now_ms);
/* Gives its text back, drops its notice. Copies that wait for an answer are the caller's. */
void letters_free(room *r, letters *ls, letter *l);
letter *letters_of_ref(letters *ls, uint64_t ref);                 /* NULL: none */
letter *letters_of_key(letters *ls, const teal_reassembly_key *k); /* with parts missing */

/* The copy of this very part that has to be answered anew, because its session is over or it was
 * answered with a temporary error; NULL: there is none, it is another text. */
letter_copy *letters_find_copy(letters *ls, const uint8_t digest[static LETTER_DIGEST_BYTES],
                               uint32_t session);
/* False: too many. */
bool letters_add_copy(letter *l, const letter_copy *c);
/* Answers what waits; what cannot be answered any more counts as answered. */
void letters_answer(room *r, letter *l, uint32_t status);

/* Durable: success to all copies; the ones that cannot be told are remembered. */
void letters_settle(room *r, letters *ls, letter *l);
/* Whether the part is one of those, which it is no longer then. */
bool letters_was_settled(letters *ls, const uint8_t digest[static LETTER_DIGEST_BYTES],
                         int64_t now_ms);

#endif
