// The key log: section 13. Trees follow the definitions of RFC 9162 section 2.1 over all leaves.
import { createHash } from 'node:crypto';

import { isSignedBy, sha256, sign } from './crypto.mjs';
import { b64u, bigEndian, hex, int, lp, must } from './octets.mjs';
import { decode, encode, enumeration, fixed, many, text, u63 } from './wire.mjs';

const KIND = enumeration(1, 'kind', 3), TIME = u63(2, 'time_ms');
const CHANGE = enumeration(9, 'change', 2);
const OF_ACCOUNT = [KIND, TIME, many(fixed(3, 'handle_hashes', 32), 16), fixed(4, 'account_key', 32),
    u63(5, 'version'), fixed(6, 'signed_hash', 32), CHANGE];
const OF_PEER = [KIND, TIME, text(7, 'peer'), fixed(8, 'peer_key', 32), CHANGE];

const MANIFEST = 1, PEER_KEY = 2;
export const schemaOf = (kind) => kind === PEER_KEY ? OF_PEER : OF_ACCOUNT;

// The kind is the first field: its tag, then one octet, where there is one.
const kindOf = (octets) => octets[0] === 8 ? octets[1] : 0;

export function decodeEntry(octets) {
    must(octets.length <= 1 << 10, 'REQ-LOG-1', 'over 1 KiB');
    must(kindOf(octets) !== 0, 'REQ-LOG-2', 'kind');
    const e = decode(schemaOf(kindOf(octets)), octets);
    if (e.kind === PEER_KEY) {
        must(/^[A-Za-z0-9._-]{1,64}$/.test(e.peer.toString('latin1')), 'REQ-LOG-5', 'peer');
        must(e.change !== 0, 'REQ-LOG-4', 'change');
        return e;
    }
    const hashes = e.handle_hashes.map(hex), isManifest = e.kind === MANIFEST;
    must(hashes.length >= 1 && (isManifest || hashes.length === 1) &&
        new Set(hashes).size === hashes.length, 'REQ-LOG-3', 'handle hashes');
    must((e.version > 0n) === isManifest && (e.change === 0) === isManifest, 'REQ-LOG-4',
        'version or change');
    return e;
}

export const encodeEntry = (e) => encode(schemaOf(e.kind), e);
export const handleHash = (handle) => sha256(Buffer.concat([lp('teal log handle'), lp(handle)]));

export const leafHash = (entry) => sha256(Buffer.concat([Buffer.from([0]), entry]));
const join = (left, right) => sha256(Buffer.concat([Buffer.from([1]), left, right]));

function split(n) {
    let k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

export function rootOf(leaves) {
    if (leaves.length === 0)
        return sha256(Buffer.alloc(0));
    if (leaves.length === 1)
        return leaves[0];
    const k = split(leaves.length);
    return join(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

export function inclusionOf(index, leaves) {
    if (leaves.length === 1)
        return [];
    const k = split(leaves.length), left = leaves.slice(0, k), right = leaves.slice(k);
    return index < k ? [...inclusionOf(index, left), rootOf(right)]
        : [...inclusionOf(index - k, right), rootOf(left)];
}

function subproof(m, leaves, whole) {
    if (m === leaves.length)
        return whole ? [] : [rootOf(leaves)];
    const k = split(leaves.length), left = leaves.slice(0, k), right = leaves.slice(k);
    return m <= k ? [...subproof(m, left, whole), rootOf(right)]
        : [...subproof(m - k, right, false), rootOf(left)];
}

export const consistencyOf = (from, leaves) => from === 0 ? [] : subproof(from, leaves, true);

const headOctets = (h) => Buffer.concat([lp('teal tree head v1'), lp(h.log), int(h.size),
    int(h.time_ms), lp(h.root)]);

export const signHead = (h, seed) => sign(seed, headOctets(h));
export const isHeadSigned = (h, key, signature) => isSignedBy(key, headOctets(h), signature);
export const headLine = (h) => ['teal-head', h.log, h.size, h.time_ms, b64u(h.root), b64u(h.device),
    b64u(h.signature)].join('.');

function halfOf({ account_key, handle }) {
    let hash = Buffer.concat([bigEndian(0, 2), account_key, Buffer.from(handle)]);
    for (let round = 0; round < 5200; round++)
        hash = createHash('sha512').update(hash).update(account_key).digest();
    let digits = '';
    for (let at = 0; at < 30; at += 5)
        digits += String(hash.readUIntBE(at, 5) % 100000).padStart(5, '0');
    return digits;
}

export const safetyNumber = (parties) =>
    parties.map(halfOf).sort().join('').match(/.{5}/g).join(' ');

