/* The order is: on the disk, in memory, to the edge. Must never take a key from another process. */
#include "gateway/plaintext/rotation.h"

enum { RETRY_MS = 60 * 1000 }; /* after a disk that took nothing */

void rotation_tell(const room *r, rotation_news *out)
{
    teal_writer key = { out->key, sizeof out->key, 0 };
    if (teal_prekey_encode(&r->keys->published, &key) != TEAL_OK)
        bug("the downgrade key does not encode");
    out->key_len = key.len;
    out->n_retired = 0;
    for (size_t i = 1; i < r->keys->n_downgrades; i++) {
        keys_downgrade *d = &r->keys->downgrades[i];
        Teal__V1__RetiredKey *said = &out->retired[out->n_retired];
        *said = (Teal__V1__RetiredKey)TEAL__V1__RETIRED_KEY__INIT;
        said->id = (ProtobufCBinaryData){ sizeof d->id, d->id };
        said->until_ms = (uint64_t)d->until_ms;
        out->list[out->n_retired++] = said;
    }
}

/* ref 0: nobody asked. */
static void say(room *r, uint64_t ref, const char *reason)
{
    rotation_news news;
    Teal__V1__Rotated rotated = TEAL__V1__ROTATED__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    rotation_tell(r, &news);
    rotated.ref = ref;
    rotated.reason = (char *)reason;
    rotated.downgrade_key = (ProtobufCBinaryData){ news.key_len, news.key };
    rotated.retired = news.list;
    rotated.n_retired = news.n_retired;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_ROTATED;
    frame.rotated = &rotated;
    notices_tell(&r->notices, &frame);
}

static bool is_full(const room *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->keys->n_downgrades; i++)
        kept += r->keys->downgrades[i].until_ms > r->now_ms;
    return kept == KEY_MAX_DOWNGRADES;
}

void rotation_asked(room *r, uint64_t ref)
{
    const char *reason = "";
    if (is_full(r))
        reason = "rotation-too-soon";
    else if (!keys_rotate_downgrade(r->config, r->lock, r->keys, r->now_ms, stderr))
        reason = "rotation-failed";
    else
        log_event(LOG_INFO, "room.downgrade_key_rotated", NULL);
    say(r, ref, reason);
}

void rotation_run(room *r)
{
    size_t retired = 0;
    if (r->clock_ms < r->retire_again_ms)
        return;
    if (!keys_retire_downgrades(r->config, r->lock, r->keys, r->now_ms, &retired, stderr)) {
        r->retire_again_ms = r->clock_ms + RETRY_MS;
        return;
    }
    if (retired == 0)
        return;
    log_event(LOG_INFO, "room.downgrade_key_destroyed", NULL);
    say(r, 0, "");
}
