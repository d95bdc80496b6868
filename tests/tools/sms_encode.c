/* Encodes what it is told on standard input, for tests that let other implementations read it: one
 * order a line, fields separated by tabs; answers a line of hexadecimal for each unit, then `.`.
 *
 *   submit FROM TO LANGUAGES REF WIDE TEXT   a submit_sm and a SUBMIT TPDU for each segment
 *   deliver FROM MS ZONE TEXT                one DELIVER TPDU
 *   report TO REF MS ZONE STATUS             one STATUS-REPORT TPDU
 *   validity FORMAT MS|RELATIVE TEXT         one SUBMIT TPDU
 *   ports DESTINATION SOURCE HEX             a submit_sm and a SUBMIT TPDU for each segment
 *   smpp COMMAND ID FROM TO TEXT             one unit, of its fields those that the command has
 */
#include "codecs/nfc.h"
#include "codecs/sms/segment.h"
#include "codecs/sms/smpp.h"
#include "codecs/sms/tpdu.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES = 16384, MAX_FIELDS = 8, MAX_SEGMENTS = 32 };

static void fail(const char *what)
{
    fprintf(stderr, "sms_encode: %s\n", what);
    exit(1);
}

static void require(teal_result result, const teal_diag *why)
{
    if (result != TEAL_OK)
        fail(why->rule != NULL ? why->rule : "not encoded");
}

static void say(teal_bytes octets)
{
    char hex[2 * TEAL_SMPP_MAX_OCTETS + 1];
    puts(sodium_bin2hex(hex, sizeof hex, octets.at, octets.len));
}

static teal_tpdu_address tpdu_address(const char *digits)
{
    teal_tpdu_address a = { .ton = TEAL_TPDU_TON_INTERNATIONAL, .npi = TEAL_TPDU_NPI_ISDN };
    if (strspn(digits, "0123456789") != strlen(digits))
        a.ton = TEAL_TPDU_TON_ALPHANUMERIC, a.npi = 0;
    if (strlen(digits) > sizeof a.text)
        fail("address too long");
    a.len = (uint8_t)strlen(digits);
    memcpy(a.text, digits, a.len);
    return a;
}

static teal_smpp_address smpp_address(const char *digits)
{
    teal_tpdu_address a = tpdu_address(digits);
    return (teal_smpp_address){ a.ton, a.npi, teal_text(digits) };
}

static void say_tpdu(const teal_tpdu *t)
{
    uint8_t room[TEAL_TPDU_MAX_OCTETS];
    teal_writer w = { room, sizeof room, 0 };
    teal_diag why = { 0 };
    require(teal_tpdu_encode(t, &w, &why), &why);
    say(teal_written(&w));
}

static void say_unit(const teal_smpp_pdu *pdu)
{
    static uint8_t room[TEAL_SMPP_MAX_OCTETS];
    teal_writer w = { room, sizeof room, 0 };
    teal_diag why = { 0 };
    require(teal_smpp_encode(pdu, &w, &why), &why);
    say(teal_written(&w));
}

static teal_tpdu tpdu_of(teal_tpdu_type type, const teal_segment *s)
{
    teal_tpdu t = { .type = type,
                    .has_protocol_id = true,
                    .has_data_coding = true,
                    .has_user_data = true,
                    .data_coding = s->data_coding,
                    .has_header = s->esm_class & TEAL_ESM_UDHI,
                    .len = s->len };
    memcpy(t.user_data, s->octets, s->len);
    return t;
}

static void say_segments(const char *from, const char *to, const teal_segment *segments,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const teal_segment *s = &segments[i];
        teal_smpp_pdu pdu = { .command = TEAL_SMPP_SUBMIT_SM,
                              .sequence = (uint32_t)i + 1,
                              .message = { .source = smpp_address(from),
                                           .destination = smpp_address(to),
                                           .esm_class = s->esm_class,
                                           .registered_delivery = TEAL_REGISTERED_FINAL,
                                           .data_coding = s->data_coding,
                                           .short_message = { s->octets, s->len } } };
        say_unit(&pdu);
        teal_tpdu t = tpdu_of(TEAL_TPDU_SUBMIT, s);
        t.reference = (uint8_t)(i + 1);
        t.address = tpdu_address(to);
        say_tpdu(&t);
    }
}

static size_t split(const char *text, const teal_segment_options *o, teal_segment *segments,
                    size_t limit)
{
    static uint8_t normal[TEAL_NFC_MAX_GROWTH * LINE_BYTES];
    teal_writer w = { normal, sizeof normal, 0 };
    size_t count;
    teal_diag why = { 0 };
    require(teal_nfc(teal_text(text), &w, &why), &why);
    require(teal_segment_split(teal_written(&w), o, segments, limit, &count, &why), &why);
    return count;
}

static void submit(char **f)
{
    static teal_segment segments[MAX_SEGMENTS];
    teal_segment_options o = { .languages = (uint16_t)strtoul(f[3], NULL, 0),
                               .ref = (uint16_t)strtoul(f[4], NULL, 0),
                               .wide_ref = strtoul(f[5], NULL, 0) != 0 };
    say_segments(f[1], f[2], segments, split(f[6], &o, segments, MAX_SEGMENTS));
}

static void ports(char **f)
{
    static teal_segment segments[MAX_SEGMENTS];
    uint8_t data[LINE_BYTES / 2];
    teal_bytes all = { data, 0 };
    size_t count;
    teal_diag why = { 0 };
    if (sodium_hex2bin(data, sizeof data, f[3], strlen(f[3]), NULL, &all.len, NULL) != 0)
        fail("no hexadecimal");
    teal_segment_options o = { .ports = { (uint16_t)strtoul(f[1], NULL, 0),
                                          (uint16_t)strtoul(f[2], NULL, 0), true, true } };
    require(teal_segment_split_binary(all, &o, segments, MAX_SEGMENTS, &count, &why), &why);
    say_segments("447700900123", "4915112345678", segments, count);
}

static void deliver(char **f)
{
    teal_segment segment;
    split(f[4], &(teal_segment_options){ 0 }, &segment, 1);
    teal_tpdu t = tpdu_of(TEAL_TPDU_DELIVER, &segment);
    t.address = tpdu_address(f[1]);
    t.centre_time = (teal_tpdu_time){ strtoll(f[2], NULL, 10), (int8_t)atoi(f[3]), { 0 } };
    say_tpdu(&t);
}

static void report(char **f)
{
    teal_tpdu_time at = { strtoll(f[3], NULL, 10), (int8_t)atoi(f[4]), { 0 } };
    teal_tpdu t = { .type = TEAL_TPDU_STATUS_REPORT,
                    .reference = (uint8_t)strtoul(f[2], NULL, 0),
                    .address = tpdu_address(f[1]),
                    .centre_time = at,
                    .discharge_time = at,
                    .status = (uint8_t)strtoul(f[5], NULL, 0) };
    say_tpdu(&t);
}

static void validity(char **f)
{
    teal_segment segment;
    split(f[3], &(teal_segment_options){ 0 }, &segment, 1);
    teal_tpdu t = tpdu_of(TEAL_TPDU_SUBMIT, &segment);
    t.address = tpdu_address("447700900123");
    t.validity.format = (teal_tpdu_validity_format)atoi(f[1]);
    t.validity.relative = (uint8_t)strtoull(f[2], NULL, 10);
    t.validity.absolute.unix_ms = strtoll(f[2], NULL, 10);
    say_tpdu(&t);
}

static void smpp(char **f)
{
    uint8_t room[LINE_BYTES + 8], entries[64];
    teal_writer tlvs = { room, sizeof room, 0 }, list = { entries, sizeof entries, 0 };
    teal_smpp_pdu pdu = { .command = (uint32_t)strtoul(f[1], NULL, 0),
                          .sequence = 7,
                          .id = teal_text(f[2]),
                          .message = { .source = smpp_address(f[3]),
                                       .destination = smpp_address(f[4]),
                                       .short_message = teal_text(f[5]) } };
    if (pdu.command == TEAL_SMPP_DATA_SM) {
        teal_smpp_tlv_write(&tlvs, TEAL_TLV_MESSAGE_PAYLOAD, teal_text(f[5]));
        teal_smpp_tlv_write_uint(&tlvs, TEAL_TLV_USER_MESSAGE_REFERENCE, 4660, 2);
        teal_smpp_tlv_write(&tlvs, 0x1401, teal_text("vendor"));
    }
    if (pdu.command == (TEAL_SMPP_QUERY_SM | TEAL_SMPP_RESP))
        pdu.outcome = (teal_smpp_outcome){ teal_text("261124090000000+"), 2, 9 };
    if (pdu.command == TEAL_SMPP_SUBMIT_MULTI) {
        teal_smpp_destination_write(&list,
                                    &(teal_smpp_destination){ .address = pdu.message.destination });
        teal_smpp_destination_write(
            &list, &(teal_smpp_destination){ true, { .digits = teal_text("friends") } });
        pdu.list = (teal_smpp_list){ 2, teal_written(&list) };
    }
    if (pdu.command == (TEAL_SMPP_SUBMIT_MULTI | TEAL_SMPP_RESP)) {
        teal_smpp_failure_write(&list,
                                &(teal_smpp_failure){ pdu.message.destination, ESME_RINVDSTADR });
        pdu.list = (teal_smpp_list){ 1, teal_written(&list) };
    }
    pdu.tlvs = teal_written(&tlvs);
    say_unit(&pdu);
}

static const struct {
    const char *name;
    size_t fields;
    void (*run)(char **fields);
} orders[] = {
    { "submit", 7, submit }, { "deliver", 5, deliver },   { "report", 6, report },
    { "ports", 4, ports },   { "validity", 4, validity }, { "smpp", 6, smpp },
};

static void obey(char *line)
{
    char *fields[MAX_FIELDS] = { 0 };
    size_t count = 0;
    for (char *at = line; at != NULL && count < MAX_FIELDS; count++)
        fields[count] = strsep(&at, "\t");
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (strcmp(orders[i].name, fields[0]) == 0 && orders[i].fields == count) {
            orders[i].run(fields);
            puts(".");
            fflush(stdout);
            return;
        }
    fail("no such order");
}

int main(void)
{
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
    }
    return 0;
}
