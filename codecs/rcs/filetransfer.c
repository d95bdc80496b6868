/* Reads application/vnd.gsma.rcs-ft-http+xml; see filetransfer.h. */
#include "codecs/rcs/filetransfer.h"

#include "codecs/base64.h"
#include "codecs/rcs/datetime.h"
#include "codecs/rcs/file_words.h"

typedef struct file_reader {
    const teal_xml_element *root;
    teal_arena *arena;
    teal_diag *why;
    teal_filetransfer out;
} file_reader;

static teal_result refuse(const file_reader *r, teal_result result, const char *rule,
                          const teal_xml_element *at)
{
    return teal_refuse(result, rule, at->at, r->why);
}

/* Child by local name; empty where it is not there. ns: NULL for any. */
static teal_result read_text(const file_reader *r, const teal_xml_element *parent,
                             const teal_bytes *ns, const char *name, size_t max, teal_bytes *text)
{
    const teal_xml_element *e;
    *text = (teal_bytes){ 0 };
    if (!teal_xml_child(parent, ns, name, &e))
        return refuse(r, TEAL_MALFORMED, "REQ-FT-2 element twice", parent);
    if (e != NULL && e->text.len > max)
        return refuse(r, TEAL_LIMIT, "REQ-FT-2 text too long", e);
    if (e != NULL)
        *text = e->text;
    return TEAL_OK;
}

static teal_result check_url(const file_reader *r, teal_bytes url, const teal_xml_element *at)
{
    if (url.len > TEAL_FILE_MAX_URL_BYTES)
        return refuse(r, TEAL_LIMIT, "REQ-FT-3 URL too long", at);
    if (!teal_file_is_visible(url))
        return refuse(r, TEAL_MALFORMED, "REQ-FT-3 no URL of visible ASCII", at);
    if (!teal_file_is_http(url))
        return refuse(r, TEAL_UNSUPPORTED, "REQ-FT-3 URL is not http or https", at);
    return TEAL_OK;
}

static teal_result read_data(const file_reader *r, const teal_xml_element *entry,
                             teal_file_info *info)
{
    const teal_xml_element *data;
    if (!teal_xml_child(entry, &r->root->ns, "data", &data))
        return refuse(r, TEAL_MALFORMED, "REQ-FT-2 element twice", entry);
    if (data == NULL)
        return refuse(r, TEAL_MALFORMED, "REQ-FT-2 entry without size, type or data", entry);
    info->url = teal_xml_attribute_of(data, "url");
    info->has_until = teal_datetime_decode(teal_xml_attribute_of(data, "until"), &info->until_ms,
                                           NULL) == TEAL_OK;
    return check_url(r, info->url, data);
}

/* What a file and its thumbnail both have. */
static teal_result read_info(const file_reader *r, const teal_xml_element *entry,
                             teal_file_info *info)
{
    teal_bytes size;
    teal_result result = read_text(r, entry, &r->root->ns, "file-size", 32, &size);
    if (result == TEAL_OK)
        result = read_text(r, entry, &r->root->ns, "content-type", TEAL_FILE_MAX_TYPE_BYTES,
                           &info->content_type);
    if (result == TEAL_OK && (!teal_xml_number(size, UINT64_MAX, &info->size_bytes) ||
                              !teal_file_is_type(info->content_type)))
        result = refuse(r, TEAL_MALFORMED, "REQ-FT-2 entry without size, type or data", entry);
    return result == TEAL_OK ? read_data(r, entry, info) : result;
}

/* `C:\My Files\a.txt` and `../../a.txt` are a.txt. */
teal_bytes teal_file_name_of(teal_bytes path)
{
    size_t i = path.len;
    while (i > 0 && path.at[i - 1] != '/' && path.at[i - 1] != '\\')
        i--;
    teal_bytes name = { i > 0 ? path.at + i : path.at, path.len - i };
    name = teal_xml_trim(name);
    bool folder = teal_bytes_equal(name, teal_text(".")) || teal_bytes_equal(name, teal_text(".."));
    return folder ? (teal_bytes){ 0 } : name;
}

static teal_result read_name(file_reader *r, const teal_xml_element *entry)
{
    teal_bytes name;
    teal_result result = read_text(r, entry, &r->root->ns, "file-name", TEAL_XML_MAX_BYTES, &name);
    if (result != TEAL_OK)
        return result;
    name = teal_file_name_of(name);
    if (name.len > TEAL_FILE_MAX_NAME_BYTES)
        return refuse(r, TEAL_LIMIT, "REQ-FT-2 text too long", entry);
    if (!teal_file_is_name(name))
        return refuse(r, TEAL_MALFORMED, "REQ-FT-4 control character in a name", entry);
    r->out.name = name;
    return TEAL_OK;
}

static teal_result read_secret(const file_reader *r, const teal_xml_element *entry,
                               const char *name, teal_bytes *out)
{
    const teal_bytes ns = teal_text(TEAL_XMLNS_FILE_SECRETS);
    teal_bytes text;
    teal_result result =
        read_text(r, entry, &ns, name, teal_base64url_length(TEAL_FILE_MAX_SECRET_BYTES), &text);
    if (result != TEAL_OK || text.len == 0)
        return result;
    teal_writer w = { teal_arena_take(r->arena, text.len), text.len, 0 };
    if (w.base == NULL)
        return refuse(r, TEAL_SPACE, TEAL_ARENA_TOO_SMALL, entry);
    if (teal_base64url_decode(text, &w, NULL) != TEAL_OK)
        return refuse(r, TEAL_MALFORMED, "REQ-FT-5 key or digest is not base64url", entry);
    *out = teal_written(&w);
    return TEAL_OK;
}

/* Extensions are known by local name: their prefixes and namespaces differ between peers. */
static teal_result read_extensions(file_reader *r, const teal_xml_element *entry)
{
    teal_bytes length;
    uint64_t length_s;
    teal_result result = read_text(r, entry, NULL, "playing-length", 32, &length);
    if (result == TEAL_OK)
        result =
            read_text(r, entry, NULL, "branded-url", TEAL_FILE_MAX_URL_BYTES, &r->out.branded_url);
    if (result == TEAL_OK && r->out.branded_url.len > 0)
        result = check_url(r, r->out.branded_url, entry);
    if (result == TEAL_OK)
        result = read_secret(r, entry, "key", &r->out.key);
    if (result == TEAL_OK)
        result = read_secret(r, entry, "digest", &r->out.digest);
    if (result == TEAL_OK && teal_xml_number(length, UINT32_MAX, &length_s))
        r->out.playing_length_s = (uint32_t)length_s;
    return result;
}

static teal_result read_file(file_reader *r, const teal_xml_element *entry)
{
    teal_result result = read_info(r, entry, &r->out.file);
    if (result == TEAL_OK)
        result = read_name(r, entry);
    if (result == TEAL_OK)
        result = read_extensions(r, entry);
    r->out.renders =
        teal_bytes_equal(teal_xml_attribute_of(entry, "file-disposition"), teal_text("render"));
    return result;
}

static teal_result read_entries(file_reader *r)
{
    const teal_xml_element *file = NULL;
    teal_result result = TEAL_OK;
    for (const teal_xml_element *e = r->root->child; e != NULL && result == TEAL_OK; e = e->next) {
        if (!teal_xml_is(e, r->root->ns, "file-info"))
            continue;
        teal_bytes type = teal_xml_attribute_of(e, "type");
        bool is_file = teal_bytes_equal(type, teal_text("file"));
        bool is_thumbnail = teal_bytes_equal(type, teal_text("thumbnail"));
        if ((is_file && file != NULL) || (is_thumbnail && r->out.has_thumbnail))
            return refuse(r, TEAL_MALFORMED, "REQ-FT-2 two files or two thumbnails", e);
        if (is_file) {
            file = e;
            result = read_file(r, e);
        } else if (is_thumbnail) {
            r->out.has_thumbnail = true;
            result = read_info(r, e, &r->out.thumbnail);
        }
    }
    if (result == TEAL_OK && file == NULL)
        result = refuse(r, TEAL_MALFORMED, "REQ-FT-2 no file", r->root);
    return result;
}

teal_result teal_filetransfer_decode(teal_bytes in, teal_arena *arena, teal_filetransfer *out,
                                     teal_diag *why)
{
    const teal_bytes known = teal_text(TEAL_XMLNS_FILE), none = { 0 };
    file_reader r = { .arena = arena, .why = why };
    teal_result result = teal_xml_read(in, arena, &r.root, why);
    if (result == TEAL_OK && !teal_xml_is(r.root, known, "file") &&
        !teal_xml_is(r.root, none, "file"))
        result = refuse(&r, TEAL_UNSUPPORTED, "REQ-FT-1 root is not file", r.root);
    if (result == TEAL_OK)
        result = read_entries(&r);
    if (result == TEAL_OK)
        *out = r.out;
    return result;
}
