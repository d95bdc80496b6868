/* Verifies whose keys they are, then seals and signs. */
#include "gateway/plaintext/sealer.h"

#include "codecs/base64.h"
#include "codecs/native/content.h"
#include "codecs/native/conversation.h"
#include "codecs/native/manifest.h"
#include "codecs/native/seal.h"
#include "codecs/native/transcript.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    CONTENT_BYTES = TEAL_REASSEMBLY_TEXT_BYTES + 512,
    PUBLIC_ARENA_BYTES = 512 << 10,
    CIPHERTEXT_BYTES = 2 * CONTENT_BYTES,
};

/* Guarded: text, and the keys that open the envelope. */
typedef struct secrets {
    uint8_t content[CONTENT_BYTES], arena[2 * CONTENT_BYTES];
    uint8_t message_key[32], eph[TEAL_MAX_DEVICES * 32];
} secrets;

struct sealer {
    secrets *secrets;
    teal_seal_to to[TEAL_MAX_DEVICES];
    size_t n_to;
    teal_wrapped_key keys[TEAL_MAX_DEVICES];
    uint8_t ciphertext[CIPHERTEXT_BYTES];
    uint8_t arena[PUBLIC_ARENA_BYTES];
};

sealer *sealer_open(void)
{
    sealer *s = calloc(1, sizeof *s);
    if (s == NULL || (s->secrets = sodium_malloc(sizeof *s->secrets)) == NULL)
        bug("out of memory");
    return s;
}

void sealer_close(sealer **s)
{
    if (*s == NULL)
        return;
    sodium_free((*s)->secrets);
    free(*s);
    *s = NULL;
}

static bool has_device(const sealer *s, const uint8_t id[static TEAL_DEVICE_BYTES])
{
    for (size_t i = 0; i < s->n_to; i++)
        if (memcmp(s->to[i].device, id, TEAL_DEVICE_BYTES) == 0)
            return true;
    return false;
}

/* Of a device that may not have the text it is none of the room's business. */
static const char *take_prekey(sealer *s, const teal_manifest *m,
                               const bool may[static TEAL_MAX_DEVICES],
                               const Teal__V1__DevicePrekey *p)
{
    teal_diag why;
    teal_prekey prekey;
    if (p->device.len != TEAL_DEVICE_BYTES || has_device(s, p->device.data))
        return "a device is malformed or there twice";
    const teal_device *device = teal_manifest_device(m, p->device.data);
    if (device == NULL)
        return "a device is not in the manifest";
    if (!may[device - m->devices])
        return NULL;
    if (teal_prekey_decode((teal_bytes){ p->prekey.data, p->prekey.len }, &prekey, &why) !=
            TEAL_OK ||
        teal_prekey_verify(&prekey, device->id, device->signing_key, &why) != TEAL_OK)
        return "a prekey is not its device's";
    teal_seal_to *to = &s->to[s->n_to++];
    memcpy(to->device, device->id, sizeof to->device);
    to->prekey_id = prekey.id;
    memcpy(to->prekey, prekey.key, sizeof to->prekey);
    return NULL;
}

/* REQ-FWD-1: by place in the manifest. False: more grants than devices could have. */
static bool judge_devices(const room *r, const teal_manifest *m, teal_bytes handle,
                          const Teal__V1__WhoIsAnswer *a, bool may[static TEAL_MAX_DEVICES])
{
    teal_bytes shown[TEAL_MAX_DEVICES];
    if (a->n_grants > TEAL_MAX_DEVICES)
        return false;
    for (size_t i = 0; i < a->n_grants; i++)
        shown[i] = (teal_bytes){ a->grants[i].data, a->grants[i].len };
    granted_judge(r->granted, m, handle, shown, a->n_grants, r->now_ms, may);
    return true;
}

/* Fills s->to. */
static const char *check(const room *r, sealer *s, teal_bytes recipient,
                         const Teal__V1__WhoIsAnswer *a, teal_arena *arena)
{
    bool may[TEAL_MAX_DEVICES];
    teal_manifest m;
    teal_diag why;
    if (teal_manifest_decode((teal_bytes){ a->manifest.data, a->manifest.len }, arena, &m, &why) !=
            TEAL_OK ||
        teal_manifest_verify(&m, &why) != TEAL_OK)
        return "the manifest is not its account's";
    if (!teal_manifest_has_handle(&m, recipient))
        return "the manifest is of somebody else";
    if (!pins_allow(r->pins, recipient, m.account_key))
        return "another account key is known for the number";
    if (!judge_devices(r, &m, recipient, a, may))
        return "too many grants";
    s->n_to = 0;
    for (size_t i = 0; i < a->n_prekeys; i++) {
        if (s->n_to == TEAL_MAX_DEVICES)
            return "too many devices";
        const char *wrong = take_prekey(s, &m, may, a->prekeys[i]);
        if (wrong != NULL)
            return wrong;
    }
    if (!has_device(s, m.devices[0].id))
        return "the account's first device has no prekey";
    pins_put(r->pins, recipient, m.account_key);
    return NULL;
}

/* "Mx" and a UUIDv7 (RFC 9562 section 5.7): 24 characters that every RCS peer takes. */
static teal_bytes new_message_id(int64_t now_ms, uint8_t buf[static 24])
{
    uint8_t uuid[16];
    teal_writer time = { uuid, 6, 0 }, text = { buf, 24, 0 };
    randombytes_buf(uuid, sizeof uuid);
    teal_write_uint(&time, (uint64_t)now_ms, 6);
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x70);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
    teal_write_text(&text, "Mx");
    teal_base64url_encode((teal_bytes){ uuid, sizeof uuid }, &text);
    return teal_written(&text);
}

static const char *seal(const room *r, sealer *s, const letter *l, const teal_arena *scratch,
                        teal_envelope *e)
{
    secrets *k = s->secrets;
    teal_diag why;
    teal_arena arena = { k->arena, sizeof k->arena, 0 };
    teal_writer content = { k->content, sizeof k->content, 0 };
    (void)why;
    if (teal_content_of_inbound((teal_bytes){ l->text, l->text_len }, teal_text(l->claimed), &arena,
                                &content) != TEAL_OK)
        return "the text is not to be encoded";
    randombytes_buf(k->message_key, sizeof k->message_key);
    randombytes_buf(k->eph, sizeof k->eph);
    if (teal_seal_ciphertext_len(content.len) > sizeof s->ciphertext ||
        teal_seal(e, teal_written(&content), s->to, s->n_to, k->message_key, k->eph, s->keys,
                  s->ciphertext) != TEAL_OK)
        return "a prekey is no key";
    if (teal_envelope_sign(e, r->keys->device.sk, scratch) != TEAL_OK)
        bug("a transcript does not fit");
    return NULL;
}

const char *sealer_seal(const room *r, sealer *s, const letter *l,
                        const Teal__V1__WhoIsAnswer *answer, teal_writer *out)
{
    teal_arena arena = { s->arena, sizeof s->arena, 0 };
    uint8_t id[24], conversation[TEAL_HASH_BYTES];
    char handle[sizeof l->number + 4];
    snprintf(handle, sizeof handle, "tel:%s", l->number);
    teal_bytes recipient = teal_text(handle);
    const teal_bytes people[] = { teal_text(l->claimed), recipient };
    const char *wrong = check(r, s, recipient, answer, &arena);
    if (wrong != NULL)
        return wrong;

    teal_conversation_of(people, 2, conversation);
    teal_envelope e = { .suite = TEAL_SUITE_SEALED,
                        .message_id = new_message_id(r->now_ms, id),
                        .conversation_id = { conversation, sizeof conversation },
                        .sender = teal_text(r->config->handle),
                        .recipients = &recipient,
                        .n_recipients = 1,
                        .sent_at_ms = (uint64_t)r->now_ms,
                        .kind = TEAL_KIND_MESSAGE,
                        .has_origin = true,
                        .origin = { TEAL_PLAINTEXT, teal_text("sms"),
                                    teal_text(r->config->handle) } };
    memcpy(e.sender_device, r->keys->device.id, sizeof e.sender_device);
    wrong = seal(r, s, l, &arena, &e);
    sodium_memzero(s->secrets, sizeof *s->secrets);
    if (wrong == NULL && teal_envelope_encode(&e, out) != TEAL_OK)
        bug("an envelope does not fit");
    return wrong;
}
