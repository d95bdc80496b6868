/* A fixed number of equal blocks of guarded memory: the only place where message text lies in the
 * room between one turn of its loop and the next. Locked where the system allows it, never in a
 * core file, wiped when given back. */
#ifndef TEAL_GATEWAY_PLAINTEXT_VAULT_H
#define TEAL_GATEWAY_PLAINTEXT_VAULT_H

#include <stddef.h>

typedef struct vault vault;

vault *vault_open(size_t blocks, size_t block_bytes);
void vault_close(vault **v); /* wipes all; NULL-safe */

void *vault_take(vault *v);                  /* zeroed, aligned for any type; NULL: none is free */
void vault_give_back(vault *v, void *block); /* wipes; NULL is no block */
size_t vault_left(const vault *v);

#endif
