/* What a gateway says of its log is read whatever it says, and believed only if it holds: nothing
 * that is made up is a leaf of this head's tree. */
#include "gateway/client/log_answer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[1 << 20];
    static const teal_bytes handle = { (const uint8_t *)"im:a@n.example", 14 };
    static const tree_head head = { .log = "keys", .size = 5, .root = { { 7 } } };
    teal_arena arena = { room, sizeof room, 0 };
    const teal_manifest m = { .version = 1, .handles = &handle, .n_handles = 1 };
    tree_head said;
    merkle_proof p;
    json_t *o = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (log_answer_head(json_object_get(o, "head"), &said) &&
        (said.size > MERKLE_MAX_SIZE || !tree_head_is_name(teal_text(said.log))))
        abort();
    if (log_answer_hashes(json_object_get(o, "inclusion"), &p) && p.n > MERKLE_MAX_PROOF)
        abort();
    if (log_answer_leaf(o, &head, &m, &arena) == NULL)
        abort();
    json_decref(o);
    return 0;
}
