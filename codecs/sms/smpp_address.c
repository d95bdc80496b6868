/* SMPP strings and lists of addresses. Never reads past a field's bound. */
#include "codecs/sms/smpp_address.h"

/* dest_flag, §5.2.25 */
enum { SME_ADDRESS = 1, LIST_NAME = 2 };

bool teal_smpp_string_read(teal_reader *r, size_t max, teal_bytes *string)
{
    size_t left = teal_read_left(r);
    const uint8_t *end = left > 0 ? memchr(r->at, 0, left <= max ? left : max + 1) : NULL;
    *string = (teal_bytes){ 0 };
    if (end == NULL)
        return false;
    *string = teal_read_bytes(r, (size_t)(end - r->at));
    teal_read_u8(r);
    return true;
}

static bool read_address(teal_reader *r, teal_smpp_address *out)
{
    out->ton = teal_read_u8(r);
    out->npi = teal_read_u8(r);
    return teal_smpp_string_read(r, TEAL_SMPP_MAX_ADDRESS, &out->digits);
}

bool teal_smpp_destination_next(teal_reader *entries, teal_smpp_destination *out)
{
    *out = (teal_smpp_destination){ 0 };
    switch (teal_read_left(entries) > 0 ? teal_read_u8(entries) : 0) {
    case SME_ADDRESS:
        return read_address(entries, &out->address);
    case LIST_NAME:
        out->is_list = true;
        return teal_smpp_string_read(entries, TEAL_SMPP_MAX_ADDRESS, &out->address.digits);
    default:
        return false;
    }
}

bool teal_smpp_failure_next(teal_reader *entries, teal_smpp_failure *out)
{
    *out = (teal_smpp_failure){ 0 };
    if (teal_read_left(entries) == 0 || !read_address(entries, &out->address))
        return false;
    out->status = teal_read_u32(entries);
    return !entries->failed;
}

static void write_string(teal_writer *w, teal_bytes string)
{
    teal_write_bytes(w, string);
    teal_write_u8(w, 0);
}

static void write_address(teal_writer *w, const teal_smpp_address *address)
{
    teal_write_u8(w, address->ton);
    teal_write_u8(w, address->npi);
    write_string(w, address->digits);
}

void teal_smpp_destination_write(teal_writer *w, const teal_smpp_destination *entry)
{
    teal_write_u8(w, entry->is_list ? LIST_NAME : SME_ADDRESS);
    if (entry->is_list)
        write_string(w, entry->address.digits);
    else
        write_address(w, &entry->address);
}

void teal_smpp_failure_write(teal_writer *w, const teal_smpp_failure *entry)
{
    write_address(w, &entry->address);
    teal_write_u32(w, entry->status);
}
