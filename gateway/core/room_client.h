/* The edge's end of the channel to the plaintext room: hands over what leaves below end-to-end
 * encryption, makes durable what the room says of it, and takes in what the room has sealed.
 * Believes nothing that the room's own device has not signed. PROTOCOL.md REQ-ROOM-*. */
#ifndef TEAL_GATEWAY_CORE_ROOM_CLIENT_H
#define TEAL_GATEWAY_CORE_ROOM_CLIENT_H

#include "gateway/core/core.h"

typedef struct room_client room_client;

room_client *room_client_open(core *c);   /* NULL: logged */
void room_client_close(room_client **rc); /* NULL-safe; stopped, or never started */
void room_client_start(room_client *rc);
/* Hands over nothing more, waits up to drain_ms for the ends of what is LEAVING; then takes no more
 * frames, waits for what was taken to be durable, says what can be said of it without waiting,
 * joins the threads; room_client_wake may still be called. NULL-safe. */
void room_client_stop(room_client *rc);

/* Something new waits: an SMS, something plain for those peers (bits). Any thread. */
void room_client_wake(room_client *rc, bool sms, uint64_t peers);

/* The downgrade key, encoded; false until the room has said it. Any thread. */
bool room_client_key(room_client *rc, uint8_t *buf, size_t cap, size_t *len);
/* Its id; or `wanted` (NULL: none), where that is one that consents may still be sealed to. */
bool room_client_key_id(room_client *rc, const uint8_t *wanted, int64_t now_ms,
                        uint8_t id[static TEAL_GATEWAY_KEY_BYTES]);
/* As core_rotate_downgrade. */
core_rotation room_client_rotate(room_client *rc);

#endif
