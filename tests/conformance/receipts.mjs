// What a gateway states about a message and a recipient: section 8.
import { isSignedBy, sign } from './crypto.mjs';
import { isVisible } from './envelope.mjs';
import { isCanonical } from './handles.mjs';
import { int, lp, must, textOf } from './octets.mjs';
import { decode, encode, enumeration, fixed, text, u32, u63 } from './wire.mjs';

export const RECEIPT = [text(1, 'message_id'), text(2, 'sender'), text(3, 'recipient'),
    enumeration(4, 'status', 4), enumeration(5, 'level', 3), text(6, 'path'), text(7, 'reason'), u63(8, 'at_ms'),
    u32(9, 'segments'), text(10, 'mark'), text(11, 'gateway'), fixed(12, 'device', 16),
    fixed(13, 'signature', 64), fixed(14, 'transcript_hash', 32)];

const UNDELIVERABLE = 3;
const LEVEL_OF = { native: 3, rcs: 3, plain: 2, sms: 1 };

export function decodeReceipt(octets) {
    const r = decode(RECEIPT, octets);
    must(isVisible(r.message_id, 64), 'REQ-RCPT-6', 'message_id');
    for (const handle of [r.sender, r.recipient, r.gateway])
        must(isCanonical(handle.toString('latin1')), 'REQ-RCPT-6', 'a handle');
    must(r.status >= 1 && r.status <= 4, 'REQ-RCPT-7', 'status');
    const path = r.path.toString('latin1');
    if (path === '')
        must(r.level === 0 && r.status === UNDELIVERABLE, 'REQ-RCPT-8', 'nothing left');
    else
        must(Object.hasOwn(LEVEL_OF, path) && LEVEL_OF[path] === r.level, 'REQ-RCPT-8', 'path');
    must(r.reason.length === 0 || isVisible(r.reason, 64), 'REQ-RCPT-9', 'reason');
    must(r.segments <= 255, 'REQ-RCPT-10', 'segments');
    must(r.mark.length <= 128 && textOf(r.mark) !== null, 'REQ-RCPT-10', 'mark');
    must(r.mark.length > 0 || r.level === 0 || r.level === 3, 'REQ-RCPT-2', 'mark is missing');
    return r;
}

export const encodeReceipt = (r) => encode(RECEIPT, r);

export const receiptTranscript = (r) => Buffer.concat([lp('teal receipt v1'), lp(r.message_id),
    lp(r.sender), lp(r.recipient), int(r.status), int(r.level), lp(r.path), lp(r.reason),
    int(r.at_ms), int(r.segments), lp(r.mark), lp(r.gateway), lp(r.device),
    lp(r.transcript_hash)]);

export const signReceipt = (r, seed) => sign(seed, receiptTranscript(r));

export function verifyReceipt(r, key) {
    must(isSignedBy(key, receiptTranscript(r), r.signature), 'REQ-RCPT-1', 'signature');
}
