/* File transfer over HTTP: application/vnd.gsma.rcs-ft-http+xml, which says where a file that was
 * uploaded can be fetched. Nothing is ever fetched here. REQ-FT-*. */
#ifndef TEAL_CODECS_RCS_FILETRANSFER_H
#define TEAL_CODECS_RCS_FILETRANSFER_H

#include "codecs/xml.h"

#define TEAL_XMLNS_FILE         "urn:gsma:params:xml:ns:rcs:rcs:fthttp"
#define TEAL_XMLNS_AUDIO        "urn:gsma:params:xml:ns:rcs:rcs:rram"
#define TEAL_XMLNS_FILE_EXT     "urn:gsma:params:xml:ns:rcs:rcs:up:fthttpext"
#define TEAL_XMLNS_FILE_SECRETS "urn:teal:xml:ns:media:1" /* ours, provisional */
#define TEAL_FILE_TYPE          "application/vnd.gsma.rcs-ft-http+xml"

enum {
    TEAL_FILE_MAX_URL_BYTES = 2048,
    TEAL_FILE_MAX_NAME_BYTES = 255,
    TEAL_FILE_MAX_TYPE_BYTES = 255,
    TEAL_FILE_MAX_SECRET_BYTES = 64,
};

typedef struct teal_file_info {
    uint64_t size_bytes;
    teal_bytes content_type; /* `audio/wav;voice-recording=yes`; visible ASCII and blanks */
    teal_bytes url;          /* http or https, visible ASCII */
    bool has_until;          /* `until` was there and readable */
    int64_t until_ms;        /* when the server forgets the file */
} teal_file_info;

typedef struct teal_filetransfer {
    teal_file_info file;
    teal_bytes name;           /* of the file, never a path; empty: none */
    bool renders;              /* file-disposition="render": shown or played at once */
    uint32_t playing_length_s; /* am:playing-length, as written: some peers write milliseconds; 0:
                                  none */
    teal_bytes branded_url;    /* e:branded-url; empty: none */
    bool has_thumbnail;
    teal_file_info thumbnail;
    teal_bytes key, digest; /* of a file that lies encrypted at its URL; empty: none. Only where
                               nobody on the way can read them */
} teal_filetransfer;

/* Decodes one XML document (xml.h). Any order of the entries; elements that are not known (hashes,
 * file-exist) are skipped. Of a name that is a path what is behind its last / or \ counts.
 * arena: holds the texts of *out; TEAL_FILE_ARENA(in.len) bytes are always enough.
 * Returns TEAL_OK, what teal_xml_read returns, TEAL_MALFORMED (no file, two files, no size, type or
 * URL, an element twice), TEAL_UNSUPPORTED (another root; a URL that is not http or https),
 * TEAL_LIMIT. */
__attribute__((warn_unused_result))
teal_result teal_filetransfer_decode(teal_bytes in, teal_arena *arena, teal_filetransfer *out,
                                     teal_diag *why);

static inline size_t TEAL_FILE_ARENA(size_t in_len)
{
    return TEAL_XML_ARENA(in_len) + 4 * TEAL_FILE_MAX_SECRET_BYTES;
}

/* The name in a path: what is behind its last / or \\, without white space around it; empty where
 * that is `.` or `..`. A view of `path`. */
teal_bytes teal_file_name_of(teal_bytes path);

/* Appends the document: the thumbnail first, as deployed servers do.
 * Returns TEAL_OK, TEAL_SPACE, TEAL_MALFORMED (a type, URL or name that decode would refuse or
 * change), TEAL_LIMIT (a text or a time is out of range). */
__attribute__((warn_unused_result))
teal_result teal_filetransfer_encode(const teal_filetransfer *f, teal_writer *out);

#endif
