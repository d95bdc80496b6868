/* Account keys of other networks' handles, by which they were first seen: only an operator has one
 * forgotten, and it must never go unnoticed. REQ-LKP-30. */
#include "gateway/directory/directory_own.h"

typedef struct drop_pin {
    teal_bytes handle;
    uint8_t *key;
} drop_pin;

static store_result drop(store *s, void *arg)
{
    drop_pin *d = arg;
    store_result result = s->ops->get_pin(s, d->handle, d->key);
    if (result == STORE_OK)
        result = s->ops->drop_pin(s, d->handle);
    return result == STORE_OK ? s->ops->drop_remote(s, d->handle) : result;
}

store_result directory_drop_pin(directory *d, teal_bytes handle, teal_bytes operator_name,
                                uint8_t key[static TEAL_KEY_BYTES])
{
    char whose[32], who[64];
    drop_pin arg = { handle, key };
    store_result result = writer_do(d->writer, drop, &arg);
    if (result == STORE_OK) {
        snprintf(who, sizeof who, "%.*s", (int)operator_name.len, (const char *)operator_name.at);
        log_event(LOG_WARN, "pins.dropped", "handle", log_handle(whose, handle), "operator", who,
                  NULL);
    } else if (result != STORE_NONE) {
        directory_broken(result);
    }
    return result;
}
