/* See member.h. Values that are secret do not go through JSON. */
#include "gateway/client/member.h"

#include "codecs/base64.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>

teal_bytes member_string(const json_t *string)
{
    if (!json_is_string(string))
        return (teal_bytes){ 0 };
    return (teal_bytes){ (const uint8_t *)json_string_value(string), json_string_length(string) };
}

teal_bytes member_text(const json_t *object, const char *name)
{
    return member_string(json_object_get(object, name));
}

bool member_value(teal_bytes text, teal_arena *arena, teal_bytes *out)
{
    teal_writer w = { teal_arena_take(arena, text.len), text.len, 0 };
    if (text.len == 0 || w.base == NULL || teal_base64url_decode(text, &w, NULL) != TEAL_OK)
        return false;
    *out = teal_written(&w);
    return true;
}

bool member_bytes(const json_t *object, const char *name, teal_arena *arena, teal_bytes *out)
{
    return member_value(member_text(object, name), arena, out);
}

bool member_copy(const json_t *object, const char *name, uint8_t *out, size_t len)
{
    return teal_base64url_decode_exact(member_text(object, name), out, len, NULL) == TEAL_OK;
}

json_t *member_of_text(teal_bytes text)
{
    json_t *string = json_stringn(text.len > 0 ? (const char *)text.at : "", text.len);
    return string != NULL ? string : json_null();
}

json_t *member_of_bytes(teal_bytes value)
{
    const size_t len = teal_base64url_length(value.len);
    teal_writer w = { malloc(len + 1), len, 0 };
    if (w.base == NULL)
        bug("out of memory");
    teal_base64url_encode(value, &w);
    json_t *string = json_stringn_nocheck((const char *)w.base, w.len);
    free(w.base);
    return string;
}

json_t *member_of_hex(teal_bytes value)
{
    char *hex = malloc(2 * value.len + 1);
    if (hex == NULL)
        bug("out of memory");
    json_t *string = json_string(sodium_bin2hex(hex, 2 * value.len + 1, value.at, value.len));
    free(hex);
    return string;
}
