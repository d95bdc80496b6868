// Leaving end-to-end encryption: the decision (section 7), the mark and tame texts (section 11.5).
import { LEVEL } from './envelope.mjs';
import { must } from './octets.mjs';

const MESSAGE = 1, OR_FAILED = 2;

const E2EE_PATHS = ['native', 'rcs'];
const LOWER_PATHS = [['plain', LEVEL.TRANSPORT], ['sms', LEVEL.PLAINTEXT]];

// Whether the case that the consent was given for has come: REQ-DGR-9.
function hasCome(facts, better) {
    if (better === undefined)
        return true;
    const since = facts.failing_since_ms;
    return facts.consent.when === OR_FAILED && since > 0 &&
        facts.now_ms - since >= facts.consent.failed_after_ms;
}

// { path, level }, or what is refused and why.
export function decide(facts) {
    const { consent, paths } = facts;
    const better = E2EE_PATHS.find((path) => paths.includes(path));
    const refuse = (rule, code) => ({ rule, code });
    if (better !== undefined && facts.failing_since_ms === 0)
        return { path: better, level: LEVEL.E2EE };
    if (!LOWER_PATHS.some(([path]) => paths.includes(path)))
        return refuse('REQ-MSG-8', 'recipient-unroutable');
    if (facts.kind !== MESSAGE)
        return refuse('REQ-DGR-2', 'consent-kind');
    if (consent === null)
        return refuse('REQ-DGR-3', 'consent-missing');
    if (consent.expires_at_ms <= facts.now_ms)
        return refuse('REQ-DGR-4', 'consent-expired');
    const lower = LOWER_PATHS.find(([path, level]) =>
        paths.includes(path) && level >= consent.floor);
    if (lower === undefined)
        return refuse('REQ-DGR-5', 'consent-floor-too-high');
    if (!consent.has_fallback)
        return refuse('REQ-DGR-6', 'consent-fallback-missing');
    if (facts.e2ee_before && !consent.accepts_e2ee_loss)
        return refuse('REQ-DGR-7', 'consent-e2ee-loss');
    if (consent.gateway_key !== facts.gateway_key)
        return refuse('REQ-DGR-8', 'consent-gateway-key');
    if (!hasCome(facts, better))
        return refuse('REQ-DGR-9', 'consent-not-failed-yet');
    return { path: lower[0], level: lower[1] };
}

// REQ-SMS-51: what a display obeys and nobody sees. Tags after a flag are matched before.
const FLAG = /\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,6}\u{E007F}/u;
const REMOVED = new RegExp('[\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F\\u00AD\\u180E\\u200B' +
    '\\u202A-\\u202E\\u2060-\\u206F\\uFDD0-\\uFDEF\\uFEFF\\uFFF9-\\uFFFB\\u{1BCA0}-\\u{1BCA3}' +
    '\\u{1D173}-\\u{1D17A}\\u{E0000}-\\u{E00FF}\\u{E01F0}-\\u{E0FFF}' +
    Array.from({ length: 17 }, (_, plane) => `\\u{${plane.toString(16)}FFFE}\\u{${plane.toString(16)}FFFF}`)
        .join('') + ']', 'u');

export function tame(text) {
    const lines = text.replace(/\r\n?|[\u2028\u2029]/g, '\n');
    return lines.replace(new RegExp(`(${FLAG.source})|${REMOVED.source}`, 'gu'), '$1');
}

// REQ-SMS-50: what shows nothing marks nothing.
const INVISIBLE = /[\p{White_Space}\p{Default_Ignorable_Code_Point}]/gu;

export function applyMark(mark, text) {
    must(tame(mark).replace(INVISIBLE, '') !== '', 'REQ-SMS-50', 'the mark shows nothing');
    return `${mark} ${text}`;
}

// --- the short messages that carry a text (3GPP TS 23.038, 23.040), read back --------------------

const GSM7 = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRS' +
    'TUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const GSM7_ESCAPED = { 0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\', 0x3c: '[',
    0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€' };

function gsm7(octets) {
    let out = '';
    for (let i = 0; i < octets.length; i++)
        out += octets[i] === 0x1b ? GSM7_ESCAPED[octets[++i]] : GSM7[octets[i]];
    return out;
}

// segments: { data_coding, esm_class, octets }, in order, with the default alphabet.
export function textOfSegments(segments) {
    return segments.map(({ data_coding, esm_class, octets }, i) => {
        let body = octets;
        if (esm_class & 0x40) {
            const [length, element, size, , total, number] = octets;
            must(length === 5 && element === 0 && size === 3 && total === segments.length &&
                number === i + 1, 'REQ-SMS-14', 'user data header');
            body = octets.subarray(6);
        } else
            must(segments.length === 1, 'REQ-SMS-23', 'segments without a reference');
        if (data_coding === 0)
            return gsm7(body);
        must(data_coding === 8 && body.length % 2 === 0, 'REQ-SMS-6', 'UCS-2');
        return Buffer.from(body).swap16().toString('utf16le');
    }).join('');
}
