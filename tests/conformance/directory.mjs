// Manifests and prekeys: section 6.
import { isSignedBy, sha256, sign } from './crypto.mjs';
import { isCanonical } from './handles.mjs';
import { hex, int, list, lp, must, textOf } from './octets.mjs';
import { bytes, decode, encode, fixed, many, message, text, u32, u63 } from './wire.mjs';

const DEVICE = [fixed(1, 'id', 16), fixed(2, 'signing_key', 32), text(3, 'name'),
    u63(4, 'added_at_ms')];

export const MANIFEST = [u63(1, 'version'), fixed(2, 'account_key', 32), many(text(3, 'handles'), 16),
    many(message(4, 'devices', DEVICE)), u63(5, 'created_at_ms'), bytes(6, 'previous'),
    fixed(7, 'signature', 64)];

export const PREKEY = [u32(1, 'id'), fixed(2, 'key', 32), fixed(3, 'signature', 64)];
export const PREKEYS = [fixed(1, 'device', 16), many(message(2, 'prekeys', PREKEY))];

const areDistinct = (items) => new Set(items).size === items.length;

function isName(octets) {
    const name = textOf(octets);
    return octets.length <= 64 && name !== null && !/[\u0000-\u001f\u007f-\u009f]/.test(name);
}

export function decodeManifest(octets) {
    must(octets.length <= 16 << 10, 'REQ-DIR-5', 'over 16 KiB');
    const m = decode(MANIFEST, octets);
    const handles = m.handles.map((handle) => handle.toString('latin1'));
    must(m.version >= 1n, 'REQ-DIR-1', 'version');
    must(m.previous.length === (m.version === 1n ? 0 : 32), 'REQ-DIR-1', 'previous');
    must(handles.length >= 1 && handles.length <= 16, 'REQ-DIR-2', 'number of handles');
    must(handles.every(isCanonical) && areDistinct(handles), 'REQ-DIR-2', 'handles');
    must(m.devices.length >= 1 && m.devices.length <= 32, 'REQ-DIR-3', 'number of devices');
    must(areDistinct(m.devices.map((device) => hex(device.id))), 'REQ-DIR-3', 'ids of devices');
    must(m.devices.every((device) => isName(device.name)), 'REQ-DIR-4', 'name of a device');
    return m;
}

export const encodeManifest = (m) => encode(MANIFEST, m);

export const manifestTranscript = (m) => Buffer.concat([lp('teal manifest v1'), int(m.version),
    lp(m.account_key), list(m.handles),
    list(m.devices, (device) => Buffer.concat([lp(device.id), lp(device.signing_key),
        lp(device.name), int(device.added_at_ms)])),
    int(m.created_at_ms), lp(m.previous)]);

export const manifestHash = (m) => sha256(manifestTranscript(m));
export const signManifest = (m, seed) => sign(seed, manifestTranscript(m));

export function verifyManifest(m) {
    must(isSignedBy(m.account_key, manifestTranscript(m), m.signature), 'REQ-DIR-6', 'signature');
}

export const prekeyTranscript = (prekey, device) =>
    Buffer.concat([lp('teal prekey v1'), lp(device), int(prekey.id), lp(prekey.key)]);

export function verifyPrekey(prekey, device, signingKey) {
    must(isSignedBy(signingKey, prekeyTranscript(prekey, device), prekey.signature), 'REQ-DIR-7',
        'signature');
}

export const decodePrekey = (octets) => decode(PREKEY, octets);
export const encodePrekey = (prekey) => encode(PREKEY, prekey);

export function decodePrekeys(octets) {
    const upload = decode(PREKEYS, octets);
    must(upload.prekeys.length <= 256, 'REQ-DIR-8', 'too many prekeys');
    must(areDistinct(upload.prekeys.map((prekey) => prekey.id)), 'REQ-DIR-8', 'ids of prekeys');
    return upload;
}

export const encodePrekeys = (upload) => encode(PREKEYS, upload);
