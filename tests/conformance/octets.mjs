// Octets as the transcripts, base64url and the vectors write them, and the one way to refuse.

// A rule of PROTOCOL.md that an input breaks: `rule` is its number.
export class Refused extends Error {
    constructor(rule, what) {
        super(`${rule} ${what}`);
        this.rule = rule;
    }
}

export function must(holds, rule, what) {
    if (!holds)
        throw new Refused(rule, what);
}

export const hex = (octets) => Buffer.from(octets).toString('hex');
export const unhex = (text) => Buffer.from(text, 'hex');
export const utf8 = (text) => Buffer.from(text, 'utf8');
export const equal = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;

export function bigEndian(value, octets) {
    const out = Buffer.alloc(octets);
    let rest = BigInt(value);
    for (let i = octets - 1; i >= 0; i--, rest >>= 8n)
        out[i] = Number(rest & 0xffn);
    return out;
}

// Section 1, notation.
export const int = (value) => bigEndian(value, 8);

export function lp(value) {
    const octets = typeof value === 'string' ? utf8(value) : value;
    return Buffer.concat([bigEndian(octets.length, 4), octets]);
}

export const list = (items, write = lp) => Buffer.concat([int(items.length), ...items.map(write)]);

export function textOf(octets) {
    try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
    } catch {
        return null;
    }
}

const ALPHABET = {
    base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
    base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
};

export const b64u = (octets) => Buffer.from(octets).toString('base64url');

// REQ-B64-1, -2: exactly the text that an encoder would have written.
export function unbase64(text, kind) {
    let digits = text;
    if (kind === 'base64') {
        must(text.length % 4 === 0, 'REQ-B64-1', 'padding');
        digits = text.replace(/={1,2}$/, '');
    }
    for (const digit of digits)
        must(ALPHABET[kind].includes(digit), 'REQ-B64-1', 'a foreign character');
    must(digits.length % 4 !== 1, 'REQ-B64-2', 'no value has this length');
    const value = Buffer.from(digits, kind);
    must(value.toString(kind) === text, 'REQ-B64-2', 'trailing bits');
    return value;
}

export const unb64u = (text) => unbase64(text, 'base64url');
