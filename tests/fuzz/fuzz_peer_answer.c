/* What another network answers about a handle: only what its owner signed is taken. */
#include "codecs/base64.h"
#include "gateway/directory/peer_answer.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"
#include "tests/support/devices.h"

#include "proto/directory.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HANDLE "sip:rita@rcs.example"

enum { ACCOUNT = 1, DEVICE = 31, ROOM = 1 << 20 };

static _Alignas(16) uint8_t room[ROOM];

static void check(const peer_answer *a)
{
    require(a->capability.len > 0 && a->ttl_ms >= -1);
    if (!a->sealed)
        return;
    require(teal_manifest_verify(&a->manifest, NULL) == TEAL_OK);
    require(teal_manifest_has_handle(&a->manifest, teal_text(HANDLE)));
}

static void check_claim(const json_t *object)
{
    static directory_prekey prekeys[TEAL_MAX_DEVICES];
    teal_arena arena = { room, sizeof room, 0 };
    peer_answer a;
    size_t n;
    if (peer_answer_read_claim(object, teal_text(HANDLE), &arena, &a, prekeys, &n) != NULL)
        return;
    check(&a);
    require(a.sealed && n <= a.manifest.n_devices);
    for (size_t i = 0; i < n; i++)
        require(teal_manifest_device(&a.manifest, prekeys[i].device) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    teal_arena arena = { room, sizeof room, 0 };
    peer_answer a;
    json_t *object = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (peer_answer_read(object, teal_text(HANDLE), &arena, &a) == NULL)
        check(&a);
    check_claim(object);
    json_decref(object);
    return 0;
}

/* ---- answers with another manifest, signed again ---- */

static bool read_base64(const json_t *object, const char *member, teal_writer *out)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL && teal_base64url_decode(teal_text(text), out, NULL) == TEAL_OK;
}

static void put_base64(json_t *object, const char *member, teal_bytes value)
{
    static uint8_t text[64 << 10];
    teal_writer w = { text, sizeof text, 0 };
    teal_base64url_encode(value, &w);
    if (teal_write_fits(&w))
        json_object_set_new(object, member, json_stringn((const char *)text, w.len));
}

static void sign_manifest(teal_manifest *m)
{
    uint8_t sk[64];
    test_account_keys(ACCOUNT, m->account_key, sk);
    teal_manifest_sign(m, sk);
}

static void change_manifest(json_t *object, test_random *s)
{
    static uint8_t octets[2 * TEAL_MAX_MANIFEST_BYTES];
    teal_arena arena = { room, sizeof room, 0 };
    teal_writer w = { octets, sizeof octets, 0 };
    teal_manifest m;
    if (!read_base64(object, "manifest", &w))
        return;
    w.len = mutate_protobuf(&teal__v1__manifest__descriptor, NULL, octets, w.len, sizeof octets, s);
    if (teal_manifest_decode(teal_written(&w), &arena, &m, NULL) == TEAL_OK) {
        sign_manifest(&m);
        w.len = 0;
        require(teal_manifest_encode(&m, &w) == TEAL_OK);
    }
    put_base64(object, "manifest", teal_written(&w));
}

/* Of device DEVICE, signed by it. */
static void change_prekey(json_t *prekey, test_random *s)
{
    test_device device = test_device_of(DEVICE);
    teal_prekey p = test_prekey_of(&device);
    uint8_t octets[256];
    teal_writer w = { octets, sizeof octets, 0 };
    p.id = (uint32_t)test_random_below(s, 4);
    teal_prekey_sign(&p, device.id, device.sign_sk);
    require(teal_prekey_encode(&p, &w) == TEAL_OK);
    put_base64(prekey, "prekey", teal_written(&w));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int number)
{
    test_random s = test_random_of(number);
    json_t *object = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object) || test_random_below(&s, 3) == 0) {
        json_decref(object);
        return mutate_pieces(data, size, max, ',', &s);
    }
    json_t *first = json_array_get(json_object_get(object, "prekeys"), 0);
    if (first != NULL && test_random_below(&s, 4) == 0)
        change_prekey(first, &s);
    else
        change_manifest(object, &s);
    size_t len = json_dumpb(object, (char *)data, max, JSON_COMPACT);
    json_decref(object);
    return len <= max ? len : mutate_pieces(data, size, max, ',', &s);
}
