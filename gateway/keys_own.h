/* Inside the keys: what making, loading and rotating them share. */
#ifndef TEAL_GATEWAY_KEYS_OWN_H
#define TEAL_GATEWAY_KEYS_OWN_H

#include "codecs/arena.h"
#include "gateway/keys.h"

enum { KEYS_ARENA_BYTES = 64 << 10 };

/* Locked memory, zeroed; aborts where there is none. */
void *keys_take_secret(size_t size);
void keys_public(const uint8_t seed[static KEY_SEED_BYTES], uint8_t pk[static TEAL_KEY_BYTES]);

/* ---- keys_manifest.c */

/* The newest one. False: a line on errors. buf: TEAL_MAX_MANIFEST_BYTES. */
bool keys_read_manifest(const config *c, uint8_t *buf, size_t *len, teal_arena *arena,
                        teal_manifest *m, FILE *errors);
/* Version 1, with these devices. Must not be there. */
bool keys_make_manifest(const config *c, const key_parts parts[static KEY_OWNERS], FILE *errors);
/* The next version, in which one device has taken another's place; the old one is kept. */
bool keys_follow_manifest(const config *c, key_owner owner, const key_parts *account,
                          const key_parts *before, const key_parts *after, FILE *errors);
bool keys_manifest_exists(const config *c);
/* The devices that the room was in earlier versions. */
void keys_fill_former(const config *c, keys_room *k);
/* Whether the manifest has that device with that key. */
bool keys_stand_in(const teal_manifest *m, const key_parts *parts);

/* ---- keys_downgrade.c: of k->device, whatever k held before */
void keys_fill_downgrades(keys_room *k, const key_parts *parts);

/* ---- keys.c */

/* Of KEY_EDGE or KEY_ROOM: those that the manifest has, after a rotation was brought to its end. */
bool keys_read_parts(const config *c, key_owner owner, const sealed_key *key, key_parts *out,
                     FILE *errors);
/* "edge.key.next", in static text: what is to take the file's place. */
const char *keys_next_name(key_owner owner);

#endif
