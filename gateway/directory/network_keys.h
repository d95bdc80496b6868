/* Keys of networks that the configuration has come to name since the last start, or names no more,
 * go into the key log, as those do that change while the gateway runs. REQ-LOG-23. */
#ifndef TEAL_GATEWAY_DIRECTORY_NETWORK_KEYS_H
#define TEAL_GATEWAY_DIRECTORY_NETWORK_KEYS_H

#include "gateway/directory/networks.h"

/* At start, after the store's networks were loaded; in a transaction of its own. */
store_result network_keys_start(networks *n, store *s, int64_t now_ms);

#endif
