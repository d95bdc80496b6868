/* handles.json: which handles are canonical, and what others become. */
#include "tests/support/published/parts.h"
#include "tests/support/published/published.h"

#include "codecs/handle.h"

#define LETTERS_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LOCAL_234  LETTERS_63 LETTERS_63 LETTERS_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const canonical[] = {
    "tel:+14155550100",
    "tel:+12345",
    "tel:+123456789012345",
    "im:alice@native.example",
    "sip:bob@rcs.example",
    "im:Alice.B-c_d~1@native.example",
    "im:a%2Bb%40c@native.example",
    "im:%C3%BC@native.example",
    "im:a@b",
    "sip:x@1.2.3.example",
    "im:a@xn--nxasmq6b.example",
    "im:a@" LETTERS_63 ".example",
    "im:" LOCAL_234 "@native.exampleaa.a", /* 256 octets */
};

static const struct {
    const char *handle, *rule;
} refused[] = {
    { "", "REQ-HDL-1" },
    { "tel:14155550100", "REQ-HDL-1" },
    { "tel:+04155550100", "REQ-HDL-1" },
    { "tel:+1234", "REQ-HDL-1" },
    { "tel:+1234567890123456", "REQ-HDL-1" },
    { "tel:+1-415-555-0100", "REQ-HDL-1" },
    { "TEL:+14155550100", "REQ-HDL-1" },
    { "tel:+14155550100;ext=1", "REQ-HDL-1" },
    { "mailto:alice@native.example", "REQ-HDL-1" },
    { "sips:alice@native.example", "REQ-HDL-1" },
    { "im:alice", "REQ-HDL-1" },
    { "im:@native.example", "REQ-HDL-1" },
    { "im:alice@", "REQ-HDL-1" },
    { "im:alice@Native.example", "REQ-HDL-1" },
    { "im:alice@native.example:5060", "REQ-HDL-1" },
    { "im:alice@native.example;user=phone", "REQ-HDL-1" },
    { "im:alice@native.example.", "REQ-HDL-1" },
    { "im:alice@native..example", "REQ-HDL-1" },
    { "im:alice@-native.example", "REQ-HDL-1" },
    { "im:alice@native-.example", "REQ-HDL-1" },
    { "im:alice@na_tive.example", "REQ-HDL-1" },
    { "im:alice@[2001:db8::1]", "REQ-HDL-1" },
    { "im:alice@192.0.2.1", "REQ-HDL-1" },
    { "im:alice@" LETTERS_63 "a.example", "REQ-HDL-1" },
    { "im:al+ice@native.example", "REQ-HDL-1" },
    { "im:al ice@native.example", "REQ-HDL-1" },
    { "im:alice@b@native.example", "REQ-HDL-1" },
    { "im:\xc3\xbc@native.example", "REQ-HDL-1" },
    { "im:a%2bb@native.example", "REQ-HDL-1" },
    { "im:a%61@native.example", "REQ-HDL-1" },
    { "im:a%00@native.example", "REQ-HDL-1" },
    { "im:a%0A@native.example", "REQ-HDL-1" },
    { "im:a%7F@native.example", "REQ-HDL-1" },
    { "im:a%2@native.example", "REQ-HDL-1" },
    { "im:a%@native.example", "REQ-HDL-1" },
    { "<im:alice@native.example>", "REQ-HDL-1" },
    { "im:" LOCAL_234 "@native.exampleaa.ab", "REQ-HDL-2" },
};

static const struct {
    const char *written, *canonical; /* NULL: refused */
} written[] = {
    { "im:alice@native.example", "im:alice@native.example" },
    { " <IM:alice@Native.Example> ", "im:alice@native.example" },
    { "tel:+1-415.555(0100)", "tel:+14155550100" },
    { "TEL:+14155550100;phone-context=example.com", "tel:+14155550100" },
    { "+1 (415) 555-0100", "tel:+14155550100" },
    { "sip:+14155550100@ims.example;user=phone", "tel:+14155550100" },
    { "<sip:+1-415-555-0100@IMS.example;transport=tls;USER=Phone>", "tel:+14155550100" },
    { "sip:+14155550100@ims.example", "sip:%2B14155550100@ims.example" },
    { "sip:bob@RCS.example;transport=tls", "sip:bob@rcs.example" },
    { "sip:bob@rcs.example?subject=x", "sip:bob@rcs.example" },
    { "im:al+ice!@native.example", "im:al%2Bice%21@native.example" },
    { "im:a%2bb%61@native.example", "im:a%2Bba@native.example" },
    { "4155550100", NULL },
    { "tel:4155550100", NULL },
    { "tel:07700900123", NULL },
    { "mailto:alice@native.example", NULL },
    { "im:alice@native.example:5060", NULL },
    { "im:a%00b@native.example", NULL },
    { "im:a%zz@native.example", NULL },
    { "im:al ice@native.example", NULL },
    { "sip:rcs.example", NULL },
};

/* What is canonical stays as it is; what is not is refused, or becomes another handle. */
static void check_is(const char *handle, bool is, const char *rule)
{
    uint8_t room[4 * TEAL_MAX_HANDLE_BYTES];
    teal_writer w = { room, sizeof room, 0 };
    teal_diag why = { 0 };
    teal_bytes b = teal_text(handle);
    expect_that(handle, teal_handle_is_canonical(b) == is);
    teal_result result = teal_handle_canonicalize(b, &w, &why);
    if (is || result == TEAL_OK)
        expect_that(handle, result == TEAL_OK && teal_bytes_equal(teal_written(&w), b) == is);
    else
        expect_refused(handle, result, &why, rule);
}

json_t *published_handles(void)
{
    json_t *good = json_array(), *bad = json_array(), *others = json_array();
    for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++) {
        check_is(canonical[i], true, NULL);
        json_array_append_new(good, json_string(canonical[i]));
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        check_is(refused[i].handle, false, refused[i].rule);
        json_array_append_new(
            bad, vector_pack("{s:s, s:s}", "handle", refused[i].handle, "rule", refused[i].rule));
    }
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        uint8_t room[TEAL_MAX_HANDLE_BYTES];
        teal_writer w = { room, sizeof room, 0 };
        teal_diag why = { 0 };
        const char *name = written[i].written;
        teal_result result = teal_handle_canonicalize(teal_text(name), &w, &why);
        if (written[i].canonical == NULL)
            expect_refused(name, result, &why, "REQ-HDL-1");
        else
            expect_that(name,
                        result == TEAL_OK &&
                            teal_bytes_equal(teal_written(&w), teal_text(written[i].canonical)));
        json_array_append_new(
            others,
            written[i].canonical != NULL
                ? vector_pack("{s:s, s:s}", "written", name, "canonical", written[i].canonical)
                : vector_pack("{s:s, s:s}", "written", name, "rule", "REQ-HDL-1"));
    }
    return vector_pack("{s:s, s:o, s:o, s:o}", "about",
                       "Handles: PROTOCOL.md section 2. See README.md.", "canonical", good,
                       "not_canonical", bad, "written", others);
}
