/* See log_answer.h. */
#include "gateway/client/log_answer.h"

#include "codecs/base64.h"
#include "gateway/client/member.h"

#include <sodium.h>

static bool read_number(const json_t *object, const char *name, uint64_t *out)
{
    const json_t *number = json_object_get(object, name);
    const json_int_t value = json_integer_value(number);
    *out = (uint64_t)value;
    return json_is_integer(number) && value >= 0;
}

static bool read_device(const json_t *object, uint8_t out[static TEAL_DEVICE_BYTES])
{
    const teal_bytes hex = member_text(object, "device");
    size_t len = 0;
    return hex.len == 2 * TEAL_DEVICE_BYTES &&
           sodium_hex2bin(out, TEAL_DEVICE_BYTES, (const char *)hex.at, hex.len, NULL, &len,
                          NULL) == 0 &&
           len == TEAL_DEVICE_BYTES;
}

bool log_answer_head(const json_t *object, tree_head *out)
{
    const teal_bytes log = member_text(object, "log");
    *out = (tree_head){ 0 };
    if (!tree_head_is_name(log))
        return false;
    memcpy(out->log, log.at, log.len);
    return read_number(object, "size", &out->size) && out->size <= MERKLE_MAX_SIZE &&
           read_number(object, "time_ms", &out->time_ms) &&
           member_copy(object, "root", out->root.at, sizeof out->root.at) &&
           read_device(object, out->device) &&
           member_copy(object, "signature", out->signature, sizeof out->signature);
}

bool log_answer_hashes(const json_t *list, merkle_proof *out)
{
    bool good = json_is_array(list) && json_array_size(list) <= MERKLE_MAX_PROOF;
    out->n = good ? json_array_size(list) : 0;
    for (size_t i = 0; good && i < out->n; i++)
        good = teal_base64url_decode_exact(member_string(json_array_get(list, i)),
                                           out->hashes[i].at, TEAL_HASH_BYTES, NULL) == TEAL_OK;
    return good;
}

const char *log_answer_leaf(const json_t *object, const tree_head *head, const teal_manifest *m,
                            teal_arena *arena)
{
    uint64_t index;
    teal_bytes entry;
    teal_key_log_entry e;
    teal_hash leaf;
    merkle_proof inclusion;
    teal_diag why = { 0 };
    if (!read_number(object, "index", &index) || !member_bytes(object, "entry", arena, &entry) ||
        !log_answer_hashes(json_object_get(object, "inclusion"), &inclusion))
        return "REQ-LOG-14 the proof is not all there";
    if (teal_key_log_entry_decode(entry, &e, &why) != TEAL_OK)
        return why.rule;
    if (!teal_key_log_is_of(&e, m))
        return "REQ-LOG-15 the entry in the key log is another manifest's";
    merkle_hash_leaf(entry, &leaf);
    if (!merkle_verify_inclusion(&leaf, index, head->size, &head->root, &inclusion))
        return "REQ-LOG-15 the entry is not in the key log";
    return NULL;
}
