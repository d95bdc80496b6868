/* Writes application/vnd.gsma.rcs-ft-http+xml; see filetransfer.h. */
#include "codecs/base64.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/file_words.h"
#include "codecs/rcs/filetransfer.h"
#include "codecs/utf8.h"

static bool is_trimmed(teal_bytes b)
{
    return teal_xml_trim(b).len == b.len;
}

static teal_result check_url(teal_bytes url)
{
    if (url.len > TEAL_FILE_MAX_URL_BYTES)
        return TEAL_LIMIT;
    return teal_file_is_visible(url) && teal_file_is_http(url) ? TEAL_OK : TEAL_MALFORMED;
}

static teal_result check_info(const teal_file_info *i)
{
    teal_writer measured = { 0 };
    if (i->content_type.len > TEAL_FILE_MAX_TYPE_BYTES ||
        (i->has_until && teal_datetime_encode(i->until_ms, &measured) != TEAL_OK))
        return TEAL_LIMIT;
    if (!teal_file_is_type(i->content_type) || !is_trimmed(i->content_type))
        return TEAL_MALFORMED;
    return check_url(i->url);
}

static teal_result check(const teal_filetransfer *f)
{
    teal_result result = check_info(&f->file);
    if (result == TEAL_OK && f->has_thumbnail)
        result = check_info(&f->thumbnail);
    if (result == TEAL_OK && f->branded_url.len > 0)
        result = check_url(f->branded_url);
    if (result != TEAL_OK)
        return result;
    if (f->name.len > TEAL_FILE_MAX_NAME_BYTES || f->key.len > TEAL_FILE_MAX_SECRET_BYTES ||
        f->digest.len > TEAL_FILE_MAX_SECRET_BYTES)
        return TEAL_LIMIT;
    if (!teal_file_is_name(f->name) || !is_trimmed(f->name) || !teal_utf8_valid(f->name))
        return TEAL_MALFORMED;
    return TEAL_OK;
}

static void write_data(teal_writer *out, const teal_file_info *i)
{
    uint8_t text[24];
    teal_writer until = { text, sizeof text, 0 };
    teal_write_text(out, "<data");
    teal_xml_put_attribute(out, "url", i->url);
    if (i->has_until) {
        (void)!teal_datetime_encode(i->until_ms, &until); /* check_info has asked */
        teal_xml_put_attribute(out, "until", teal_written(&until));
    }
    teal_write_text(out, "/>");
}

static void write_thumbnail(teal_writer *out, const teal_file_info *i)
{
    teal_write_text(out, "<file-info type=\"thumbnail\">");
    teal_xml_put_number(out, "file-size", i->size_bytes);
    teal_xml_put_element(out, "content-type", i->content_type);
    write_data(out, i);
    teal_write_text(out, "</file-info>");
}

/* Straight into `out`: no copy of a key stays behind. base64url has nothing to escape. */
static void write_secret(teal_writer *out, const char *name, teal_bytes secret)
{
    if (secret.len == 0)
        return;
    teal_write_text(out, "<");
    teal_write_text(out, name);
    teal_write_text(out, ">");
    teal_base64url_encode(secret, out);
    teal_write_text(out, "</");
    teal_write_text(out, name);
    teal_write_text(out, ">");
}

static void write_file(teal_writer *out, const teal_filetransfer *f)
{
    teal_write_text(out, f->renders ? "<file-info type=\"file\" file-disposition=\"render\">"
                                    : "<file-info type=\"file\">");
    teal_xml_put_number(out, "file-size", f->file.size_bytes);
    teal_xml_put_element(out, "file-name", f->name);
    teal_xml_put_element(out, "content-type", f->file.content_type);
    if (f->playing_length_s > 0)
        teal_xml_put_number(out, "am:playing-length", f->playing_length_s);
    write_data(out, &f->file);
    teal_xml_put_element(out, "e:branded-url", f->branded_url);
    write_secret(out, "t:key", f->key);
    write_secret(out, "t:digest", f->digest);
    teal_write_text(out, "</file-info>");
}

teal_result teal_filetransfer_encode(const teal_filetransfer *f, teal_writer *out)
{
    teal_result result = check(f);
    if (result != TEAL_OK)
        return result;
    teal_write_text(out, TEAL_XML_DECLARATION "<file xmlns=\"" TEAL_XMLNS_FILE "\"");
    if (f->playing_length_s > 0)
        teal_write_text(out, " xmlns:am=\"" TEAL_XMLNS_AUDIO "\"");
    if (f->branded_url.len > 0)
        teal_write_text(out, " xmlns:e=\"" TEAL_XMLNS_FILE_EXT "\"");
    if (f->key.len > 0 || f->digest.len > 0)
        teal_write_text(out, " xmlns:t=\"" TEAL_XMLNS_FILE_SECRETS "\"");
    teal_write_text(out, ">");
    if (f->has_thumbnail)
        write_thumbnail(out, &f->thumbnail);
    write_file(out, f);
    teal_write_text(out, "</file>\r\n");
    return teal_write_fits(out) ? TEAL_OK : TEAL_SPACE;
}
