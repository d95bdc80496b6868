/* What is taken as a tree head's line is written back in the same octets. */
#include "gateway/ledger/tree_head.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t pk[32] = { 0x58, 0x66 }; /* whoever that is: nothing here is signed */
    char line[TREE_HEAD_LINE_BYTES];
    tree_head h;
    teal_diag why = { 0 };
    if (tree_head_read((teal_bytes){ data, size }, &h, &why) != TEAL_OK) {
        if (why.rule == NULL || why.at > size)
            abort();
        return 0;
    }
    tree_head_write(&h, line);
    if (!teal_bytes_equal(teal_text(line), (teal_bytes){ data, size }) ||
        tree_head_verify(&h, pk, NULL) != TEAL_FORGED)
        abort();
    return 0;
}
