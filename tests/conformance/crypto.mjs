// The primitives of suite 1 over node:crypto: HKDF, HPKE base mode (RFC 9180), Ed25519, padding.
import {
    createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey,
    diffieHellman, sign as edSign, verify as edVerify,
} from 'node:crypto';

import { Refused, bigEndian, hex, unhex, utf8 } from './octets.mjs';

export const sha256 = (octets) => createHash('sha256').update(octets).digest();
const hmac = (key, octets) => createHmac('sha256', key).update(octets).digest();

// --- keys: raw octets in and out, DER around them for node ---------------------------------------

const OID = { X25519: '2b656e', Ed25519: '2b6570' };

const privateKey = (curve, raw) => createPrivateKey({
    key: Buffer.concat([unhex(`302e02010030050603${OID[curve]}04220420`), raw]),
    format: 'der', type: 'pkcs8',
});

const publicKey = (curve, raw) => createPublicKey({
    key: Buffer.concat([unhex(`302a30050603${OID[curve]}032100`), raw]),
    format: 'der', type: 'spki',
});

export const publicOf = (curve, raw) =>
    createPublicKey(privateKey(curve, raw)).export({ format: 'der', type: 'spki' }).subarray(-32);

export const sign = (seed, octets) => edSign(null, octets, privateKey('Ed25519', seed));

// REQ-TRN-1: node takes keys of small order, under which anybody can sign. Their y, of any sign:
const P = 2n ** 255n - 19n;
const yOf = (point) => BigInt('0x' + hex(Buffer.from(point).reverse())) & 2n ** 255n - 1n;
const SMALL_ORDER = [0n, 1n, P - 1n,
    yOf(unhex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
    yOf(unhex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'))];
const isGoodPoint = (point) => yOf(point) < P && !SMALL_ORDER.includes(yOf(point));

export function isSignedBy(key, octets, signature) {
    if (!isGoodPoint(key) || !isGoodPoint(signature.subarray(0, 32)))
        return false;
    try {
        return edVerify(null, octets, publicKey('Ed25519', key), signature);
    } catch {
        return false; // no point of the curve
    }
}

// REQ-SEAL-1: a shared secret of all zeros is refused, by node too.
function sharedSecret(secret, peer) {
    let shared = null;
    try {
        shared = diffieHellman({
            privateKey: privateKey('X25519', secret), publicKey: publicKey('X25519', peer),
        });
    } catch {
        // said below
    }
    if (shared === null || shared.every((octet) => octet === 0))
        throw new Refused('REQ-SEAL-1', 'the shared secret is all zeros');
    return shared;
}

// --- HKDF-SHA256 (RFC 5869), of one block at most ------------------------------------------------

const extract = (salt, ikm) => hmac(salt, ikm);
const expand = (prk, info, length) =>
    hmac(prk, Buffer.concat([info, Buffer.from([1])])).subarray(0, length);

export const hkdf = (ikm, info) => expand(extract(Buffer.alloc(32), ikm), utf8(info), 32);

// --- ChaCha20-Poly1305 ---------------------------------------------------------------------------

const AEAD = 'chacha20-poly1305', TAG = { authTagLength: 16 };

export function aeadSeal(key, nonce, aad, plain) {
    const cipher = createCipheriv(AEAD, key, nonce, TAG);
    cipher.setAAD(aad, { plaintextLength: plain.length });
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

// null where the tag does not hold.
export function aeadOpen(key, nonce, aad, sealed) {
    if (sealed.length < 16)
        return null;
    const decipher = createDecipheriv(AEAD, key, nonce, TAG);
    decipher.setAAD(aad, { plaintextLength: sealed.length - 16 });
    decipher.setAuthTag(sealed.subarray(-16));
    try {
        return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    } catch {
        return null;
    }
}

// --- HPKE, RFC 9180 sections 4.1, 5.1 and 6.1 ----------------------------------------------------

const KEM = Buffer.concat([utf8('KEM'), bigEndian(0x0020, 2)]);
const SUITE = Buffer.concat([utf8('HPKE'), bigEndian(0x0020, 2), bigEndian(0x0001, 2),
    bigEndian(0x0003, 2)]);

const labeledExtract = (suite, salt, label, ikm) =>
    extract(salt, Buffer.concat([utf8('HPKE-v1'), suite, utf8(label), ikm]));

const labeledExpand = (suite, prk, label, info, length) =>
    expand(prk, Buffer.concat([bigEndian(length, 2), utf8('HPKE-v1'), suite, utf8(label), info]),
        length);

function kemSecret(shared, enc, recipient) {
    const prk = labeledExtract(KEM, Buffer.alloc(0), 'eae_prk', shared);
    return labeledExpand(KEM, prk, 'shared_secret', Buffer.concat([enc, recipient]), 32);
}

function schedule(secret, info) {
    const none = Buffer.alloc(0);
    const context = Buffer.concat([Buffer.from([0]),
        labeledExtract(SUITE, none, 'psk_id_hash', none),
        labeledExtract(SUITE, none, 'info_hash', utf8(info))]);
    const prk = labeledExtract(SUITE, secret, 'secret', none);
    return {
        key: labeledExpand(SUITE, prk, 'key', context, 32),
        nonce: labeledExpand(SUITE, prk, 'base_nonce', context, 12),
    };
}

export function hpkeSeal(recipient, ephemeral, info, aad, plain) {
    const enc = publicOf('X25519', ephemeral);
    const { key, nonce } = schedule(kemSecret(sharedSecret(ephemeral, recipient), enc, recipient),
        info);
    return { enc, sealed: aeadSeal(key, nonce, aad, plain) };
}

// null where it does not open.
export function hpkeOpen(secret, enc, info, aad, sealed) {
    const recipient = publicOf('X25519', secret);
    const { key, nonce } = schedule(kemSecret(sharedSecret(secret, enc), enc, recipient), info);
    return aeadOpen(key, nonce, aad, sealed);
}

// --- padding, section 4 --------------------------------------------------------------------------

const log2 = (n) => 31 - Math.clz32(n);

export function padme(length) {
    if (length < 2)
        return length;
    const e = log2(length), s = log2(e) + 1;
    const step = 2 ** (e - s);
    return Math.ceil(length / step) * step;
}

export function pad(content) {
    const out = Buffer.alloc(padme(content.length + 1));
    content.copy(out);
    out[content.length] = 0x80;
    return out;
}

export function unpad(padded) {
    let mark = padded.length - 1;
    while (mark >= 0 && padded[mark] === 0)
        mark--;
    if (mark < 0 || padded[mark] !== 0x80 || padme(mark + 1) !== padded.length)
        throw new Refused('REQ-SEAL-4', 'padding');
    return padded.subarray(0, mark);
}
