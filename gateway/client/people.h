/* Others, as the directory shows them: their path, their devices, keys to seal to. Nothing of it is
 * believed before it verifies. REQ-DIR-22..24. */
#ifndef TEAL_CLIENT_PEOPLE_H
#define TEAL_CLIENT_PEOPLE_H

#include "codecs/native/seal.h"
#include "gateway/client/contacts.h"
#include "gateway/client/session.h"
#include "gateway/client/verify.h"

enum { PEOPLE_WORD_BYTES = 65 };

typedef struct person {
    teal_bytes handle;
    char path[PEOPLE_WORD_BYTES], level[PEOPLE_WORD_BYTES]; /* what a message would take now */
    char capability[PEOPLE_WORD_BYTES], network[PEOPLE_WORD_BYTES];
    bool has_manifest;
    teal_manifest manifest; /* in the session's arena */
    contacts_trust trust;   /* of its account key */
    bool logged;            /* the gateway's key log has the manifest */
} person;

/* The canonical form of what somebody typed, in the arena. */
outcome people_handle(session *s, const char *typed, teal_bytes *out);

/* Whether an answer could be had, and what is in it. Nothing has been said. */
typedef struct people_answer {
    outcome call;      /* OK, REFUSED, UNREACHABLE, FAILED; of the last call to the API */
    bool temporary;    /* REFUSED, but perhaps not later */
    const char *wrong; /* the rule that does not hold; NULL */
} people_answer;
people_answer people_find(session *s, teal_bytes handle, person *out);

/* The same; has said what went wrong. Whether a changed key is taken is the caller's. */
outcome people_look_up(session *s, teal_bytes handle, person *out);

/* Keys of devices, each device once. */
typedef struct people_keys {
    teal_seal_to to[TEAL_MAX_KEYS];
    size_t n;
} people_keys;

/* Claims one prekey for each device of p, who has been looked up, and has its manifest renewed.
 * except: a device that gets none; NULL. Refuses another account key than p's. Has said what went
 * wrong. */
outcome people_claim(session *s, person *p, const uint8_t *except, people_keys *keys);

/* Keys for copies to the account's other devices than `device`. Without them the message goes all
 * the same; has said so. REQ-DEV-11 */
void people_claim_copies(session *s, person *own, const uint8_t *device, people_keys *keys);

/* Refuses a changed account key, unless it is to be taken. */
outcome people_trust(const session *s, const person *p);
/* In a transaction, whose state may be newer: checks again, then pins. */
outcome people_pin(session *s, const person *p);

#endif
