/* See directory_fixture.h. */
#include "tests/support/directory_fixture.h"

#include "codecs/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

const test_manifest bobs = { .account = 7,
                             .version = 1,
                             .handles = { "sip:bob@rcs.example", "tel:+447700900123" },
                             .devices = { 7, 8 } };
const test_manifest forged = { .account = 7,
                               .version = 1,
                               .handles = { "sip:bob@rcs.example" },
                               .devices = { 7 },
                               .forged = true };
const test_manifest of_eve = {
    .account = 7, .version = 1, .handles = { "sip:eve@rcs.example" }, .devices = { 7 }
};

static void configure(directory_fixture *f)
{
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u", lying_peer_port(f->peer));
    f->config = (config){
        .handle = "im:gateway@n.example",
        .native_domains = { { "n.example" }, 1 },
        .native_numbers = { { "+1415" }, 1 },
        .peer_timeout_ms = 10000,
        .lookup_ttl_ms = 300000,
        .peers = { { .name = "rcs",
                     .domains = { { "rcs.example" }, 1 },
                     .numbers = { { "+4477" }, 1 },
                     .url = f->url } },
        .n_peers = 1,
        .sms_host = "127.0.0.1",
        .sms_numbers = { { "+44", "+1415" }, 2 },
    };
}

int directory_fixture_open(void **state)
{
    store *s;
    directory_fixture *f = calloc(1, sizeof *f);
    f->where = folder_make();
    f->arena = (teal_arena){ malloc(ARENA_BYTES), ARENA_BYTES, 0 };
    f->peer = lying_peer_start();
    configure(f);
    assert_int_equal(store_sqlite.open(folder_file(&f->where, "db"), true, &s), STORE_OK);
    assert_int_equal(store_sqlite.open(folder_file(&f->where, "db"), false, &f->reader), STORE_OK);
    f->writer = writer_start(s, 16);
    static const uint8_t sk[64];
    const request_signer signer = { .kind = REQUEST_KEY, .sk = sk };
    f->networks = networks_open(&f->config);
    f->directory = directory_open(&f->config, f->networks, f->writer, &signer);
    *state = f;
    return 0;
}

int directory_fixture_close(void **state)
{
    directory_fixture *f = *state;
    directory_close(&f->directory);
    networks_close(&f->networks);
    writer_stop(&f->writer);
    store_sqlite.close(&f->reader);
    lying_peer_stop(&f->peer);
    folder_remove(&f->where);
    free(f->arena.base);
    free(f);
    return 0;
}

directory_result look_up(directory_fixture *f, const char *handle, int64_t now_ms)
{
    return directory_look_up(f->directory, f->reader, teal_text(handle), now_ms, &f->arena,
                             &f->entry);
}

directory_result claim(directory_fixture *f, const char *handle, int64_t now_ms)
{
    return directory_claim(f->directory, f->reader, teal_text(handle), false, now_ms, &f->arena,
                           &f->entry, f->prekeys, &f->n_prekeys);
}

void check_paths(const directory_entry *e, const char *paths)
{
    assert_int_equal(e->has_native, strchr(paths, 'n') != NULL);
    assert_int_equal(e->has_rcs, strchr(paths, 'r') != NULL);
    assert_int_equal(e->has_plain, strchr(paths, 'p') != NULL);
    assert_int_equal(e->has_sms, strchr(paths, 's') != NULL);
    assert_int_equal(e->has_manifest, e->has_native || e->has_rcs);
}

const char *base64url(teal_bytes value)
{
    static char text[64 << 10];
    teal_writer w = { (uint8_t *)text, sizeof text - 1, 0 };
    teal_base64url_encode(value, &w);
    text[w.len] = '\0';
    return text;
}

/* before MANIFEST after */
void say_manifest(directory_fixture *f, const char *before, const test_manifest *t,
                  const char *after)
{
    static char body[64 << 10];
    snprintf(body, sizeof body, "%s%s%s", before,
             base64url(test_manifest_encode(t, &f->arena, NULL)), after);
    lying_peer_say(f->peer, 200, body);
}

bool asks(directory_fixture *f, int64_t now_ms, directory_result want)
{
    size_t before = lying_peer_requests(f->peer);
    f->arena.used = 0;
    assert_int_equal(look_up(f, BOB, now_ms), want);
    return lying_peer_requests(f->peer) > before;
}
