/* manifest.json: a chain of manifests, prekeys and uploads of them, and what must be refused. */
#include "tests/support/published/prekeys.h"
#include "tests/support/published/published.h"

#include "codecs/native/manifest.h"

#include "tests/support/devices.h"

enum { ACCOUNT = 1, PHONE = 1, LAPTOP = 2, MAX_ENCODED = TEAL_MAX_MANIFEST_BYTES };

#define CREATED 1795521600000

static teal_device device_of(uint64_t n, const char *name)
{
    test_device of = test_device_of(n);
    teal_device d = { .name = teal_text(name), .added_at_ms = CREATED + n };
    memcpy(d.id, of.id, sizeof d.id);
    memcpy(d.signing_key, of.sign_pk, sizeof d.signing_key);
    return d;
}

static teal_bytes encoded(teal_arena *a, const teal_manifest *m)
{
    teal_writer w = vector_writer(a, MAX_ENCODED);
    expect_that("manifest is encoded", teal_manifest_encode(m, &w) == TEAL_OK);
    return teal_written(&w);
}

/* Versions 1 to 3: one device, a second, and then the second alone, under one more handle. */
static teal_manifest version_of(teal_arena *a, uint64_t version, uint8_t sk[static 64])
{
    teal_bytes *handles = vector_room(a, 2 * sizeof *handles);
    teal_device *devices = vector_room(a, 2 * sizeof *devices);
    teal_manifest m = { .version = version,
                        .handles = handles,
                        .devices = devices,
                        .n_handles = version < 3 ? 1 : 2,
                        .n_devices = version == 2 ? 2 : 1,
                        .created_at_ms = CREATED + version };
    handles[0] = teal_text("im:alice@native.example");
    handles[1] = teal_text("tel:+14155550100");
    devices[0] = version < 3 ? device_of(PHONE, "") : device_of(LAPTOP, "Rechner Zürich");
    devices[1] = device_of(LAPTOP, "Rechner Zürich");
    test_account_keys(ACCOUNT, m.account_key, sk);
    if (version > 1) {
        teal_manifest before = version_of(a, version - 1, sk);
        teal_hash *hash = vector_room(a, sizeof *hash);
        teal_manifest_hash(&before, hash);
        m.previous = (teal_bytes){ hash->at, sizeof hash->at };
    }
    teal_manifest_sign(&m, sk);
    return m;
}

static json_t *fields_of(const teal_manifest *m)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < m->n_devices; i++)
        json_array_append_new(devices,
                              vector_pack("{s:o, s:o, s:o, s:o}", "id",
                                          vector_hex(m->devices[i].id, sizeof m->devices[i].id),
                                          "signing_key", vector_hex(m->devices[i].signing_key, 32),
                                          "name", vector_text(m->devices[i].name), "added_at_ms",
                                          vector_number(m->devices[i].added_at_ms)));
    return vector_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "version", vector_number(m->version),
                       "account_key", vector_hex(m->account_key, 32), "handles",
                       vector_texts(m->handles, m->n_handles), "devices", devices, "created_at_ms",
                       vector_number(m->created_at_ms), "previous", vector_bytes(m->previous));
}

static json_t *chain_vectors(teal_arena *a)
{
    json_t *out = json_array();
    for (uint64_t version = 1; version <= 3; version++) {
        uint8_t sk[64];
        teal_hash hash;
        teal_diag why = { 0 };
        teal_manifest m = version_of(a, version, sk), again;
        teal_writer transcript = vector_writer(a, MAX_ENCODED);
        teal_manifest_transcript(&m, &transcript);
        teal_manifest_hash(&m, &hash);
        expect_ok("manifest", teal_manifest_decode(encoded(a, &m), a, &again, &why), &why);
        expect_ok("manifest", teal_manifest_verify(&again, &why), &why);
        json_array_append_new(out,
                              vector_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "fields", fields_of(&m),
                                          "account_seed", vector_hex(sk, 32), "transcript",
                                          vector_bytes(teal_written(&transcript)), "hash",
                                          vector_hex(hash.at, sizeof hash.at), "signature",
                                          vector_hex(m.signature, sizeof m.signature), "encoded",
                                          vector_bytes(encoded(a, &m))));
    }
    return out;
}

/* ---- manifests that break a rule ---------------------------------------------------------------
 */

typedef void spoil(teal_manifest *m, teal_arena *a);

static void version_0(teal_manifest *m, teal_arena *a)
{
    (void)a;
    m->version = 0;
}

static void version_of_64_bits(teal_manifest *m, teal_arena *a)
{
    (void)a;
    m->version = UINT64_MAX;
}

static void time_of_64_bits(teal_manifest *m, teal_arena *a)
{
    (void)a;
    m->created_at_ms = UINT64_MAX;
}

static void first_with_previous(teal_manifest *m, teal_arena *a)
{
    m->previous = (teal_bytes){ vector_room(a, TEAL_HASH_BYTES), TEAL_HASH_BYTES };
}

static void second_without_previous(teal_manifest *m, teal_arena *a)
{
    (void)a;
    m->version = 2;
}

static void short_previous(teal_manifest *m, teal_arena *a)
{
    first_with_previous(m, a);
    m->version = 2;
    m->previous.len--;
}

static void no_handle(teal_manifest *m, teal_arena *a)
{
    (void)a;
    m->n_handles = 0;
}

static void set_handles(teal_manifest *m, teal_arena *a, const char *each, size_t n)
{
    teal_bytes *handles = vector_room(a, n * sizeof *handles);
    for (size_t i = 0; i < n; i++)
        handles[i] = teal_text(each);
    m->handles = handles;
    m->n_handles = n;
}

static void handle_twice(teal_manifest *m, teal_arena *a)
{
    set_handles(m, a, "im:alice@native.example", 2);
}

static void no_such_handle(teal_manifest *m, teal_arena *a)
{
    set_handles(m, a, "alice", 1);
}

static void many_handles(teal_manifest *m, teal_arena *a)
{
    set_handles(m, a, "im:alice@native.example", TEAL_MAX_HANDLES + 1);
}

static void no_device(teal_manifest *m, teal_arena *a)
{
    (void)a;
    m->n_devices = 0;
}

static void set_devices(teal_manifest *m, teal_arena *a, const char *name, size_t n)
{
    teal_device *devices = vector_room(a, n * sizeof *devices);
    for (size_t i = 0; i < n; i++)
        devices[i] = device_of(PHONE, name);
    m->devices = devices;
    m->n_devices = n;
}

static void device_twice(teal_manifest *m, teal_arena *a)
{
    set_devices(m, a, "", 2);
}

static void long_name(teal_manifest *m, teal_arena *a)
{
    set_devices(m, a, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 1);
}

static void control_in_name(teal_manifest *m, teal_arena *a)
{
    set_devices(m, a, "a\nb", 1);
}

static void c1_in_name(teal_manifest *m, teal_arena *a)
{
    set_devices(m, a,
                "a\xc2\x85"
                "b",
                1);
}

static void name_of_octets(teal_manifest *m, teal_arena *a)
{
    set_devices(m, a, "a\xff", 1);
}

static json_t *refused_manifests(teal_arena *a)
{
    static const struct {
        const char *name, *rule;
        spoil *spoil;
    } rows[] = {
        { "version 0", "REQ-DIR-1", version_0 },
        { "a version of 64 bits", "REQ-WIRE-3", version_of_64_bits },
        { "a time of 64 bits", "REQ-WIRE-3", time_of_64_bits },
        { "the first version, with a previous one", "REQ-DIR-1", first_with_previous },
        { "the second version, without", "REQ-DIR-1", second_without_previous },
        { "previous of 31 octets", "REQ-DIR-1", short_previous },
        { "no handle", "REQ-DIR-2", no_handle },
        { "a handle twice", "REQ-DIR-2", handle_twice },
        { "what is no handle", "REQ-DIR-2", no_such_handle },
        { "17 handles", "REQ-WIRE-6", many_handles },
        { "no device", "REQ-DIR-3", no_device },
        { "a device twice", "REQ-DIR-3", device_twice },
        { "a name of 65 octets", "REQ-DIR-4", long_name },
        { "a control character in a name", "REQ-DIR-4", control_in_name },
        { "a control character of C1 in a name", "REQ-DIR-4", c1_in_name },
        { "a name that is not UTF-8", "REQ-DIR-4", name_of_octets },
    };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t sk[64];
        teal_diag why = { 0 };
        teal_manifest m = version_of(a, 1, sk), none;
        rows[i].spoil(&m, a);
        teal_manifest_sign(&m, sk);
        teal_bytes bad = encoded(a, &m);
        expect_refused(rows[i].name, teal_manifest_decode(bad, a, &none, &why), &why, rows[i].rule);
        json_array_append_new(out, vector_pack("{s:s, s:s, s:o}", "name", rows[i].name, "rule",
                                               rows[i].rule, "encoded", vector_bytes(bad)));
    }
    return out;
}

static void other_time(teal_manifest *m, teal_arena *a)
{
    (void)a;
    m->created_at_ms++;
}

static void other_account(teal_manifest *m, teal_arena *a)
{
    uint8_t sk[64];
    (void)a;
    test_account_keys(ACCOUNT + 1, m->account_key, sk);
}

static void other_device(teal_manifest *m, teal_arena *a)
{
    teal_device *device = vector_room(a, sizeof *device);
    *device = device_of(LAPTOP, "");
    m->devices = device;
}

static json_t *forged_manifests(teal_arena *a)
{
    static const struct {
        const char *name;
        spoil *spoil;
    } rows[] = { { "another time", other_time },
                 { "another account", other_account },
                 { "another device", other_device } };
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t sk[64];
        teal_diag why = { 0 };
        teal_manifest m = version_of(a, 1, sk);
        rows[i].spoil(&m, a);
        expect_refused(rows[i].name, teal_manifest_verify(&m, &why), &why, "REQ-DIR-6");
        json_array_append_new(out,
                              vector_pack("{s:s, s:s, s:o}", "name", rows[i].name, "rule",
                                          "REQ-DIR-6", "encoded", vector_bytes(encoded(a, &m))));
    }
    return out;
}

json_t *published_manifest(void)
{
    teal_arena a = vector_arena_open();
    json_t *out = vector_pack("{s:s, s:o, s:o, s:o}", "about",
                              "Manifests and prekeys: PROTOCOL.md section 6. See README.md.",
                              "chain", chain_vectors(&a), "refused", refused_manifests(&a),
                              "forged", forged_manifests(&a));
    vector_prekeys(out, &a);
    vector_arena_close(&a);
    return out;
}
