/* See published.h. */
#include "tests/support/published/published.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const published_file published_files[] = {
    { "content.json", published_content },
    { "cpim.json", published_cpim },
    { "downgrade.json", published_downgrade },
    { "envelope.json", published_envelope },
    { "handles.json", published_handles },
    { "manifest.json", published_manifest },
    { "receipts.json", published_receipts },
    { "key_log.json", published_key_log },
    { "forwarding.json", published_forwarding },
    { "http_signature.json", published_http_signature },
};
const size_t published_count = sizeof published_files / sizeof published_files[0];

char *published_text(const published_file *f)
{
    json_t *whole = f->make();
    char *text = json_dumps(whole, JSON_INDENT(1));
    char *line = NULL;
    if (text == NULL || asprintf(&line, "%s\n", text) < 0)
        abort();
    free(text);
    json_decref(whole);
    return line;
}
