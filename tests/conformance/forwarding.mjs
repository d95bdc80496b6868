// Text forwarding: section 10.1.
import { isSignedBy, sha256 } from './crypto.mjs';
import { isCanonical } from './handles.mjs';
import { int, lp, must } from './octets.mjs';
import { bool, decode, encode, fixed, text, u63 } from './wire.mjs';

export const GRANT = [text(1, 'handle'), fixed(2, 'device', 16), fixed(3, 'signing_key', 32),
    u63(4, 'granted_at_ms'), u63(5, 'expires_at_ms'), bool(6, 'revoked'), u63(7, 'sequence'),
    fixed(8, 'signature', 64)];

const YEAR_MS = 365n * 24n * 60n * 60n * 1000n;

export function decodeGrant(octets) {
    must(octets.length <= 1 << 10, 'REQ-FWD-2', 'over 1 KiB');
    const g = decode(GRANT, octets), handle = g.handle.toString('latin1');
    must(isCanonical(handle) && handle.startsWith('tel:'), 'REQ-FWD-2', 'handle');
    must(g.sequence > 0n, 'REQ-FWD-2', 'sequence');
    must(g.expires_at_ms > g.granted_at_ms && g.expires_at_ms - g.granted_at_ms <= YEAR_MS,
        'REQ-FWD-2', 'expiry');
    return g;
}

export const encodeGrant = (g) => encode(GRANT, g);

export const grantTranscript = (g) => Buffer.concat([lp('teal forwarding grant v1'), lp(g.handle),
    lp(g.device), lp(g.signing_key), int(g.granted_at_ms), int(g.expires_at_ms),
    int(g.revoked ? 1 : 0), int(g.sequence)]);

export function verifyGrant(g, accountKey) {
    must(isSignedBy(accountKey, grantTranscript(g), g.signature), 'REQ-FWD-3', 'signature');
}

const about = (what, r) => Buffer.concat([lp(what), lp(r.handle), lp(r.device), lp(r.signing_key),
    lp(r.account_key), lp(r.nonce)]);

export const requestTranscript = (r) => about('teal forwarding request v1', r);

export function requestCode(r) {
    const number = sha256(about('teal forwarding', r)).readBigUInt64BE(0);
    return String(number % 1000000n).padStart(6, '0');
}
