/* Whose entries of the key log matter here: own handles, the gateway's, and those of people whose
 * account key is known; and what the log has said of each so far. REQ-LOG-20. */
#ifndef TEAL_CLIENT_AUDIT_SUBJECTS_H
#define TEAL_CLIENT_AUDIT_SUBJECTS_H

#include "codecs/native/key_log_entry.h"
#include "gateway/client/keychain.h"
#include "gateway/client/verify.h"

typedef struct audit_subject {
    teal_bytes handle;
    teal_hash hash; /* of the handle, as the log has it */
    uint8_t key[TEAL_KEY_BYTES];
    bool own, gateway;
    bool seen;        /* an entry with that key was there; then: */
    uint64_t version; /* of the last such entry, and its manifest's hash */
    teal_hash manifest;
    uint64_t n_others; /* entries with other keys, before the first with that one */
} audit_subject;

typedef struct audit_subjects {
    audit_subject *all; /* by hash; in the arena */
    size_t n;
} audit_subjects;

/* progress: what audit_subjects_save made, or NULL. *anew: it does not speak of all of them, or of
 * another key, so that the log has to be read from its start; all are as if nothing was read. */
void audit_subjects_load(const keychain *k, const verify_gateway *gateway, const json_t *progress,
                         teal_arena *arena, audit_subjects *out, bool *anew);
json_t *audit_subjects_save(const audit_subjects *s);

/* NULL: of nobody who matters. */
audit_subject *audit_subjects_find(const audit_subjects *s, const teal_hash *handle);
/* The gateway itself. */
audit_subject *audit_subjects_gateway(const audit_subjects *s);

typedef enum audit_verdict {
    AUDIT_GOOD,
    AUDIT_OTHER_BEFORE, /* another key, but before the known one: the handle was somebody else's */
    AUDIT_OTHER_KEY,    /* another key, since the known one */
    AUDIT_JUMP,         /* the version is not the next one */
} audit_verdict;

/* Takes the entry of a manifest that names the subject's handle. */
audit_verdict audit_subject_take(audit_subject *s, const teal_key_log_entry *e);

#endif
