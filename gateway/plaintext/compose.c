/* From a sealed fallback to segments or to a CPIM message. */
#include "gateway/plaintext/compose.h"

#include "codecs/native/content.h"
#include "codecs/native/seal.h"
#include "codecs/nfc.h"
#include "codecs/rcs/plain.h"
#include "codecs/sms/mark.h"
#include "codecs/sms/segment.h"

#include <sodium.h>

enum {
    NORMAL_BYTES = TEAL_NFC_MAX_GROWTH * TEAL_MAX_FALLBACK_BYTES,
    MARKED_BYTES = NORMAL_BYTES + 1024
};

struct compose_desk {
    uint8_t opened[TEAL_MAX_FALLBACK_BYTES];
    uint8_t decoded[8 * TEAL_MAX_FALLBACK_BYTES]; /* copies of the fallback's strings */
    uint8_t joined[TEAL_MAX_FALLBACK_BYTES], tamed[TEAL_MAX_FALLBACK_BYTES];
    uint8_t normal[NORMAL_BYTES];
    uint8_t marked[MARKED_BYTES];
};

/* How far each of them is filled: what has to be wiped. */
typedef struct traces {
    size_t opened;
    teal_arena decoded;
    teal_writer joined, tamed, normal, marked;
} traces;

compose_desk *compose_open(void)
{
    compose_desk *d = sodium_malloc(sizeof *d);
    if (d == NULL)
        bug("out of memory");
    return d;
}

void compose_close(compose_desk **d)
{
    sodium_free(*d);
    *d = NULL;
}

/* The text, then each link that stands for media on a line of its own. */
static bool join(const Teal__V1__Fallback *f, teal_writer *out)
{
    teal_write_text(out, f->text);
    for (size_t i = 0; i < f->n_media_links; i++) {
        if (out->len > 0)
            teal_write_u8(out, '\n');
        teal_write_text(out, f->media_links[i]);
    }
    return teal_write_fits(out);
}

static bool open_fallback(const room *r, compose_desk *d, const teal_envelope *e, traces *t)
{
    teal_diag why = { 0 };
    Teal__V1__Fallback *f = NULL;
    const keys_downgrade *key = keys_find_downgrade(r->keys, e->downgrade.gateway_key, r->now_ms);
    bool good = key != NULL &&
                teal_fallback_open(e, key->pk, key->sk, d->opened, &t->opened, &why) == TEAL_OK &&
                teal_fallback_decode((teal_bytes){ d->opened, t->opened }, &t->decoded, &f, &why) ==
                    TEAL_OK &&
                join(f, &t->joined);
    if (!good)
        log_event(LOG_WARN, "room.fallback_refused", "why", why.rule != NULL ? why.rule : "size",
                  NULL);
    return good;
}

static const char *cut(const room *r, teal_bytes marked, uint8_t concat_ref, job *j)
{
    teal_diag why = { 0 };
    teal_segment_options options = { .ref = concat_ref };
    teal_result result = teal_segment_split(marked, &options, j->text, r->config->sms_max_segments,
                                            &j->n_parts, &why);
    if (result == TEAL_LIMIT)
        return "text-too-long";
    return result == TEAL_OK ? NULL : "consent-fallback-missing";
}

static const char *wrap(const evidence *e, teal_bytes marked, job *j)
{
    teal_plain plain = { .from = e->envelope.sender,
                         .to = e->recipient,
                         .message_id = e->envelope.message_id,
                         .sent_at_ms = e->envelope.sent_at_ms,
                         .wants = e->envelope.wants,
                         .text = marked };
    teal_writer w = { j->text, COMPOSE_PLAIN_BYTES, 0 };
    if (teal_plain_encode(&plain, NULL, &w) != TEAL_OK)
        return "text-too-long";
    j->text_len = w.len;
    j->n_parts = 1;
    return NULL;
}

static const char *compose(const room *r, compose_desk *d, const evidence *e, uint8_t concat_ref,
                           traces *t, job *j)
{
    const char *mark = j->path == PATH_SMS ? r->config->sms_mark : r->config->plain_mark;
    teal_diag why = { 0 };
    if (!open_fallback(r, d, &e->envelope, t) ||
        teal_text_tame(teal_written(&t->joined), &t->tamed, &why) != TEAL_OK ||
        teal_nfc(teal_written(&t->tamed), &t->normal, &why) != TEAL_OK)
        return "consent-fallback-missing";
    if (teal_mark_apply(teal_text(mark), teal_written(&t->normal), &t->marked, &why) != TEAL_OK)
        bug("the mark shows nothing"); /* the configuration was checked */
    return j->path == PATH_SMS ? cut(r, teal_written(&t->marked), concat_ref, j)
                               : wrap(e, teal_written(&t->marked), j);
}

static void wipe(uint8_t *at, size_t cap, size_t used)
{
    sodium_memzero(at, used < cap ? used : cap);
}

const char *compose_text(const room *r, compose_desk *d, const evidence *e, uint8_t concat_ref,
                         job *j)
{
    traces t = { .decoded = { d->decoded, sizeof d->decoded, 0 },
                 .joined = { d->joined, sizeof d->joined, 0 },
                 .tamed = { d->tamed, sizeof d->tamed, 0 },
                 .normal = { d->normal, sizeof d->normal, 0 },
                 .marked = { d->marked, sizeof d->marked, 0 } };
    const char *code = compose(r, d, e, concat_ref, &t, j);
    wipe(d->opened, sizeof d->opened, t.opened);
    wipe(d->decoded, sizeof d->decoded, t.decoded.used);
    wipe(d->joined, sizeof d->joined, t.joined.len);
    wipe(d->tamed, sizeof d->tamed, t.tamed.len);
    wipe(d->normal, sizeof d->normal, t.normal.len);
    wipe(d->marked, sizeof d->marked, t.marked.len);
    return code;
}
