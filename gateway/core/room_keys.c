/* The downgrade keys as the room has said them, and asking it for another one. The edge can ask;
 * whatever it is told counts only under the signature of the room's device (REQ-KEY-3). */
#include "codecs/native/seal.h"
#include "gateway/clock.h"
#include "gateway/core/room_state.h"
#include "gateway/core/state.h"

enum { ROTATION_MAX_MS = 10 * 1000 };

bool room_keys_check(const core *c, const room_keys_said *said, room_keys *out, teal_diag *why)
{
    *out = (room_keys){ 0 };
    if (said->key.len > ROOM_KEY_BYTES || said->n_retired > KEY_MAX_DOWNGRADES ||
        teal_prekey_decode(core_view(said->key.data, said->key.len), &out->prekey, why) !=
            TEAL_OK ||
        out->prekey.id != 0 ||
        teal_prekey_verify(&out->prekey, c->room_id, c->room_key, why) != TEAL_OK)
        return false;
    memcpy(out->encoded, said->key.data, said->key.len);
    out->len = said->key.len;
    teal_gateway_key_id(out->prekey.key, out->id);
    for (size_t i = 0; i < said->n_retired; i++) {
        const Teal__V1__RetiredKey *r = said->retired[i];
        if (r->id.len != TEAL_GATEWAY_KEY_BYTES || r->until_ms > INT64_MAX)
            return false;
        memcpy(out->retired[i].id, r->id.data, r->id.len);
        out->retired[i].until_ms = (int64_t)r->until_ms;
        out->n_retired++;
    }
    return true;
}

void room_take_rotated(room_client *rc, const Teal__V1__Rotated *f)
{
    const room_keys_said said = { f->downgrade_key, f->retired, f->n_retired };
    room_keys keys;
    teal_diag why = { "REQ-KEY-3 a key that the room's device has not signed", 0 };
    bool good = room_keys_check(rc->c, &said, &keys, &why);
    if (!good)
        log_event(LOG_ERROR, "room.rotated_refused", "rule", why.rule, NULL);
    pthread_mutex_lock(&rc->lock);
    if (good)
        rc->keys = keys;
    if (f->ref == rc->rotation.ref && f->ref != 0) {
        rc->rotation.answered = true;
        snprintf(rc->rotation.reason, sizeof rc->rotation.reason, "%s",
                 good ? f->reason : "rotation-failed");
        pthread_cond_broadcast(&rc->rotation.changed);
    }
    pthread_mutex_unlock(&rc->lock);
}

bool room_client_key(room_client *rc, uint8_t *buf, size_t cap, size_t *len)
{
    pthread_mutex_lock(&rc->lock);
    bool known = rc->greeted && rc->keys.len <= cap;
    if (known)
        memcpy(buf, rc->keys.encoded, rc->keys.len);
    *len = known ? rc->keys.len : 0;
    pthread_mutex_unlock(&rc->lock);
    return known;
}

bool room_client_key_id(room_client *rc, const uint8_t *wanted, int64_t now_ms,
                        uint8_t id[static TEAL_GATEWAY_KEY_BYTES])
{
    pthread_mutex_lock(&rc->lock);
    bool known = rc->greeted;
    if (known)
        memcpy(id, rc->keys.id, TEAL_GATEWAY_KEY_BYTES);
    for (size_t i = 0; known && wanted != NULL && i < rc->keys.n_retired; i++) {
        const room_retired *r = &rc->keys.retired[i];
        if (now_ms < r->until_ms && memcmp(r->id, wanted, sizeof r->id) == 0)
            memcpy(id, r->id, TEAL_GATEWAY_KEY_BYTES);
    }
    pthread_mutex_unlock(&rc->lock);
    return known;
}

static bool ask(room_client *rc, uint64_t ref)
{
    Teal__V1__RotateDowngrade rotate = TEAL__V1__ROTATE_DOWNGRADE__INIT;
    Teal__V1__RoomFrame frame = TEAL__V1__ROOM_FRAME__INIT;
    rotate.ref = ref;
    frame.frame_case = TEAL__V1__ROOM_FRAME__FRAME_ROTATE_DOWNGRADE;
    frame.rotate_downgrade = &rotate;
    return room_say(rc, &frame);
}

static core_rotation await(room_client *rc)
{
    int64_t end_ms = clock_unix_ms() + ROTATION_MAX_MS;
    const struct timespec end = { end_ms / 1000, end_ms % 1000 * 1000000 };
    while (!rc->rotation.answered && !rc->gone && !rc->draining)
        if (pthread_cond_timedwait(&rc->rotation.changed, &rc->lock, &end) != 0)
            break;
    if (!rc->rotation.answered)
        return CORE_ROTATION_UNKNOWN;
    if (rc->rotation.reason[0] == '\0')
        return CORE_ROTATED;
    return strcmp(rc->rotation.reason, "rotation-too-soon") == 0 ? CORE_ROTATION_TOO_SOON
                                                                 : CORE_ROTATION_FAILED;
}

core_rotation room_client_rotate(room_client *rc)
{
    core_rotation result = CORE_ROTATION_NO_ROOM;
    pthread_mutex_lock(&rc->lock);
    bool free_now = rc->greeted && !rc->rotation.running && !rc->draining;
    if (free_now) {
        rc->rotation.running = true;
        rc->rotation.answered = false;
        rc->rotation.ref++;
    }
    uint64_t ref = rc->rotation.ref;
    pthread_mutex_unlock(&rc->lock);
    if (!free_now)
        return result;
    bool said = ask(rc, ref);
    pthread_mutex_lock(&rc->lock);
    if (said)
        result = await(rc);
    rc->rotation.running = false;
    pthread_mutex_unlock(&rc->lock);
    return result;
}
