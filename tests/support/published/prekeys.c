/* See prekeys.h. */
#include "tests/support/published/prekeys.h"

#include "codecs/native/manifest.h"
#include "codecs/native/transcript.h"

#include "tests/support/devices.h"
#include "tests/support/manifests.h"

enum { PHONE = 1, LAPTOP = 2, MAX_ENCODED = 1024 };

static teal_bytes encoded(teal_arena *a, const teal_prekey *p)
{
    teal_writer w = vector_writer(a, MAX_ENCODED);
    expect_that("prekey is encoded", teal_prekey_encode(p, &w) == TEAL_OK);
    return teal_written(&w);
}

static json_t *good_vectors(teal_arena *a)
{
    static const uint32_t ids[] = { 0, 1, UINT32_MAX };
    const test_device by = test_device_of(PHONE);
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        teal_diag why = { 0 };
        teal_prekey p = test_prekey_signed(PHONE, ids[i], PHONE), again;
        teal_bytes b = encoded(a, &p);
        expect_ok("prekey", teal_prekey_decode(b, &again, &why), &why);
        expect_ok("prekey", teal_prekey_verify(&again, by.id, by.sign_pk, &why), &why);
        json_array_append_new(
            out,
            vector_pack("{s:o, s:o, s:o, s:{s:I, s:o}, s:o, s:o}", "device",
                        vector_hex(by.id, sizeof by.id), "signing_seed", vector_hex(by.sign_sk, 32),
                        "signing_key", vector_hex(by.sign_pk, 32), "fields", "id", (json_int_t)p.id,
                        "key", vector_hex(p.key, 32), "signature",
                        vector_hex(p.signature, sizeof p.signature), "encoded", vector_bytes(b)));
    }
    return out;
}

/* One prekey, said to be of another device, or with something changed. */
static json_t *forged_vectors(teal_arena *a)
{
    static const char *const names[] = { "of another device", "another id", "another key" };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        test_device by = test_device_of(PHONE);
        teal_prekey p = test_prekey_signed(PHONE, 1, PHONE);
        teal_diag why = { 0 };
        if (i == 0)
            memcpy(by.id, test_device_of(LAPTOP).id, sizeof by.id);
        else if (i == 1)
            p.id = 2;
        else
            p.key[0] ^= 1;
        expect_refused(names[i], teal_prekey_verify(&p, by.id, by.sign_pk, &why), &why,
                       "REQ-DIR-7");
        json_array_append_new(
            out, vector_pack("{s:s, s:s, s:o, s:o, s:o}", "name", names[i], "rule", "REQ-DIR-7",
                             "device", vector_hex(by.id, sizeof by.id), "signing_key",
                             vector_hex(by.sign_pk, 32), "encoded", vector_bytes(encoded(a, &p))));
    }
    return out;
}

static json_t *upload_vector(teal_arena *a, const char *name, const char *rule, const uint32_t *ids,
                             size_t n)
{
    const test_device by = test_device_of(PHONE);
    teal_prekey *prekeys = vector_room(a, n * sizeof *prekeys);
    teal_prekeys upload = { .prekeys = prekeys, .n_prekeys = n }, again;
    teal_writer w = vector_writer(a, 256 + 128 * n);
    teal_diag why = { 0 };
    memcpy(upload.device, by.id, sizeof upload.device);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        prekeys[i] = test_prekey_signed(PHONE, ids[i], PHONE);
        json_array_append_new(list, vector_bytes(encoded(a, &prekeys[i])));
    }
    expect_that(name, teal_prekeys_encode(&upload, &w) == TEAL_OK);
    teal_result result = teal_prekeys_decode(teal_written(&w), a, &again, &why);
    json_t *out =
        vector_pack("{s:s, s:o, s:o, s:o}", "name", name, "device", vector_hex(by.id, sizeof by.id),
                    "prekeys", list, "encoded", vector_bytes(teal_written(&w)));
    if (rule == NULL)
        expect_ok(name, result, &why);
    else {
        expect_refused(name, result, &why, rule);
        json_object_set_new(out, "rule", json_string(rule));
    }
    return out;
}

void vector_prekeys(json_t *out, teal_arena *a)
{
    json_object_set_new(out, "prekeys", good_vectors(a));
    json_object_set_new(out, "forged_prekeys", forged_vectors(a));
    json_object_set_new(out, "uploads",
                        vector_pack("[o, o]",
                                    upload_vector(a, "the last resort and three more", NULL,
                                                  (uint32_t[]){ 0, 7, 3, 5 }, 4),
                                    upload_vector(a, "nothing", NULL, NULL, 0)));
    json_object_set_new(out, "refused_uploads",
                        vector_pack("[o]", upload_vector(a, "an id twice", "REQ-DIR-8",
                                                         (uint32_t[]){ 3, 7, 3 }, 3)));
}
