// The envelope: its encoding, rules, transcript and signature (section 3), and sealing (section 4).
import { randomBytes } from 'node:crypto';

import {
    aeadOpen, aeadSeal, hkdf, hpkeOpen, hpkeSeal, isSignedBy, pad, sha256, sign, unpad,
} from './crypto.mjs';
import { ANONYMOUS, isCanonical } from './handles.mjs';
import { bigEndian, equal, int, list, lp, must } from './octets.mjs';
import {
    bool, bytes, decode, encode, enumeration, fixed, many, message, text, u32, u64,
} from './wire.mjs';

const WRAPPED_KEY = [fixed(1, 'device', 16), u32(2, 'prekey_id'), fixed(3, 'enc', 32),
    fixed(4, 'wrapped', 48)];

const DOWNGRADE = [enumeration(1, 'floor', 3), enumeration(2, 'when', 2),
    u64(3, 'failed_after_ms'), u64(4, 'expires_at_ms'), bool(5, 'accepts_e2ee_loss'),
    fixed(6, 'gateway_key', 16), fixed(7, 'fallback_hash', 32), bytes(8, 'enc'),
    bytes(9, 'sealed')];

const ORIGIN = [enumeration(1, 'level', 3), text(2, 'network'), text(3, 'gateway')];

export const ENVELOPE = [u32(1, 'suite'), text(2, 'message_id'), bytes(3, 'conversation_id'),
    text(4, 'sender'), fixed(5, 'sender_device', 16), many(text(6, 'recipients'), 256),
    u64(7, 'sent_at_ms'), enumeration(8, 'kind', 4), u32(9, 'wants'), u64(10, 'expires_at_ms'),
    fixed(11, 'key_commitment', 32), bytes(12, 'ciphertext'),
    many(message(13, 'keys', WRAPPED_KEY)), message(14, 'downgrade', DOWNGRADE),
    fixed(15, 'signature', 64), message(16, 'origin', ORIGIN),
    many(fixed(18, 'key_hashes', 32))];

export const LEVEL = { PLAINTEXT: 1, TRANSPORT: 2, E2EE: 3 };
export const MAX_TIME_MS = 253402300799999n;
const MAX_KEYS = 1024;

// --- rules on values, section 3.2 ----------------------------------------------------------------

export const isVisible = (octets, max) =>
    octets.length >= 1 && octets.length <= max && octets.every((c) => c >= 0x21 && c <= 0x7e);

const within = (octets, low, high) => octets.length >= low && octets.length <= high;
const isTime = (ms) => ms <= MAX_TIME_MS;
const isBelowE2ee = (level) => level === LEVEL.PLAINTEXT || level === LEVEL.TRANSPORT;
const handleOf = (octets) => octets.toString('latin1');

function checkConsent(d) {
    must(isBelowE2ee(d.floor), 'REQ-ENV-13', 'floor');
    must(d.when === 1 || d.when === 2, 'REQ-ENV-13', 'when');
    must(isTime(d.failed_after_ms) && isTime(d.expires_at_ms), 'REQ-ENV-8', 'a time of the consent');
    must(d.expires_at_ms > 0n, 'REQ-ENV-14', 'a consent expires');
    if (d.enc.length === 0 && d.sealed.length === 0)
        return;
    must(d.enc.length === 32 && within(d.sealed, 17, 16 << 10), 'REQ-ENV-15', 'the fallback');
    must(equal(fallbackHash(d), d.fallback_hash), 'REQ-ENV-16', 'fallback_hash');
}

function checkKeyHashes(e) {
    if (e.key_hashes.length === 0)
        return;
    must(e.key_hashes.length <= MAX_KEYS, 'REQ-ENV-12', 'too many key hashes');
    let next = 0;
    for (const key of e.keys) {
        const hash = keyHash(key);
        while (next < e.key_hashes.length && !equal(e.key_hashes[next], hash))
            next++;
        must(next++ < e.key_hashes.length, 'REQ-ENV-12', 'a key without its hash');
    }
}

export function checkEnvelope(e) {
    must(e.suite === 1, 'REQ-ENV-1', 'suite');
    must(isVisible(e.message_id, 64), 'REQ-ENV-2', 'message_id');
    must(within(e.conversation_id, 1, 64), 'REQ-ENV-3', 'conversation_id');
    must(isCanonical(handleOf(e.sender)), 'REQ-ENV-4', 'sender');
    must(within(e.recipients, 1, 256), 'REQ-ENV-5', 'number of recipients');
    must(e.recipients.every((r) => isCanonical(handleOf(r))), 'REQ-ENV-5', 'recipient');
    must(new Set(e.recipients.map(handleOf)).size === e.recipients.length, 'REQ-ENV-5',
        'recipients are all different');
    must(![e.sender, ...e.recipients].some((h) => handleOf(h) === ANONYMOUS), 'REQ-ENV-10',
        'somebody is anonymous');
    must(e.kind >= 1 && e.kind <= 4, 'REQ-ENV-6', 'kind');
    must(e.wants <= 3, 'REQ-ENV-7', 'wants');
    must(isTime(e.sent_at_ms) && isTime(e.expires_at_ms), 'REQ-ENV-8', 'time');
    must(within(e.ciphertext, 17, 1 << 20), 'REQ-ENV-9', 'ciphertext');
    must(e.keys.length <= MAX_KEYS, 'REQ-ENV-11', 'too many wrapped keys');
    checkKeyHashes(e);
    if (e.downgrade !== null)
        checkConsent(e.downgrade);
    if (e.origin !== null) {
        must(isBelowE2ee(e.origin.level), 'REQ-ENV-17', 'level of origin');
        must(/^[A-Za-z0-9\-._]{1,64}$/.test(handleOf(e.origin.network)), 'REQ-ENV-17', 'network');
        must(equal(e.origin.gateway, e.sender), 'REQ-ENV-18', 'gateway');
    }
    return e;
}

export const decodeEnvelope = (octets) => checkEnvelope(decode(ENVELOPE, octets));
export const encodeEnvelope = (e) => encode(ENVELOPE, e);

// --- transcript and signature, section 3.3 -------------------------------------------------------

export const headerOf = (e) => Buffer.concat([lp('teal envelope v1'), int(e.suite),
    lp(e.message_id), lp(e.conversation_id), lp(e.sender), lp(e.sender_device), list(e.recipients),
    int(e.sent_at_ms), int(e.kind), int(e.wants), int(e.expires_at_ms)]);

export const headerHash = (e) => sha256(headerOf(e));

export const keyHash = (key) => sha256(Buffer.concat([lp(key.device), int(key.prekey_id),
    lp(key.enc), lp(key.wrapped)]));

export const fallbackHash = (d) => sha256(Buffer.concat([lp(d.enc), lp(d.sealed)]));

const optional = (part, write) =>
    part === null ? int(0) : Buffer.concat([int(1), ...write(part)]);

export function transcriptOf(e) {
    const hashes = e.key_hashes.length > 0 ? e.key_hashes : e.keys.map(keyHash);
    return Buffer.concat([headerOf(e), lp(e.key_commitment), lp(sha256(e.ciphertext)), list(hashes),
        optional(e.downgrade, (d) => [int(d.floor), int(d.when), int(d.failed_after_ms),
            int(d.expires_at_ms), int(d.accepts_e2ee_loss ? 1 : 0), lp(d.gateway_key),
            lp(d.fallback_hash)]),
        optional(e.origin, (o) => [int(o.level), lp(o.network), lp(o.gateway)]),
        int(0)]);
}

export function signEnvelope(e, seed) {
    e.signature = sign(seed, transcriptOf(e));
}

export function verifyEnvelope(e, key) {
    must(isSignedBy(key, transcriptOf(e), e.signature), 'REQ-TRN-1', 'signature');
}

// --- sealing, section 4 --------------------------------------------------------------------------

export const contentKey = (messageKey) => hkdf(messageKey, 'teal content');
export const commitmentOf = (messageKey) => hkdf(messageKey, 'teal commit');
const ZERO_NONCE = Buffer.alloc(12);

export const wrapAad = (e, key) =>
    Buffer.concat([headerHash(e), key.device, bigEndian(key.prekey_id, 8)]);

// to: { device, prekey_id, prekey } and, where it must come out the same again, ephemeral.
export function sealEnvelope(e, content, to, messageKey = randomBytes(32)) {
    e.ciphertext = aeadSeal(contentKey(messageKey), ZERO_NONCE, headerHash(e), pad(content));
    e.key_commitment = commitmentOf(messageKey);
    e.keys = to.map((device) => {
        const { enc, sealed } = hpkeSeal(device.prekey, device.ephemeral ?? randomBytes(32),
            'teal wrap v1', wrapAad(e, device), messageKey);
        return { device: device.device, prekey_id: device.prekey_id, enc, wrapped: sealed };
    });
}

export function openEnvelope(e, device, prekeyId, prekeyPrivate) {
    const key = e.keys.find((k) => equal(k.device, device) && k.prekey_id === prekeyId);
    must(key !== undefined, 'REQ-SEAL-1', 'no key for that device and prekey');
    const messageKey = hpkeOpen(prekeyPrivate, key.enc, 'teal wrap v1', wrapAad(e, key),
        key.wrapped);
    must(messageKey !== null, 'REQ-SEAL-1', 'the wrapped key does not open');
    must(equal(commitmentOf(messageKey), e.key_commitment), 'REQ-SEAL-2', 'commitment');
    const padded = aeadOpen(contentKey(messageKey), ZERO_NONCE, headerHash(e), e.ciphertext);
    must(padded !== null, 'REQ-SEAL-3', 'the ciphertext does not open');
    return unpad(padded);
}

// --- what a sender lets go below end-to-end encryption -------------------------------------------

export const gatewayKeyId = (publicKey) => sha256(publicKey).subarray(0, 16);

const fallbackAad = (e) => Buffer.concat([headerHash(e), bigEndian(e.downgrade.floor, 1),
    bigEndian(e.downgrade.expires_at_ms, 8)]);

export function sealFallback(e, gatewayPublic, fallback, ephemeral = randomBytes(32)) {
    e.downgrade.gateway_key = gatewayKeyId(gatewayPublic);
    Object.assign(e.downgrade, hpkeSeal(gatewayPublic, ephemeral, 'teal fallback v1',
        fallbackAad(e), fallback));
    e.downgrade.fallback_hash = fallbackHash(e.downgrade);
}

export function openFallback(e, gatewayPrivate) {
    must(e.downgrade !== null && e.downgrade.sealed.length > 0, 'REQ-SEAL-5', 'left out');
    const fallback = hpkeOpen(gatewayPrivate, e.downgrade.enc, 'teal fallback v1', fallbackAad(e),
        e.downgrade.sealed);
    must(fallback !== null, 'REQ-SEAL-6', 'the fallback does not open');
    return fallback;
}

// What a gateway forwards: the keys for which keep(index), all hashes, no fallback (REQ-MSG-14).
export function forwarded(e, keep) {
    return {
        ...e,
        keys: e.keys.filter((_, i) => keep(i)),
        key_hashes: e.keys.map(keyHash),
        downgrade: e.downgrade && { ...e.downgrade, enc: Buffer.alloc(0), sealed: Buffer.alloc(0) },
    };
}

// The id of a conversation that has none yet, end of section 3.2.
export function conversationOf(participants) {
    const once = [...new Set(participants)].sort((a, b) => Buffer.compare(Buffer.from(a),
        Buffer.from(b)));
    return sha256(Buffer.concat([lp('teal conversation v1'), list(once)]));
}
