// What the ciphertext and a fallback hold: section 4.1.
import { must } from './octets.mjs';
import {
    bool, bytes, decodeOpen, double, encode, many, message, oneof, text, u32, u64,
} from './wire.mjs';

const THUMBNAIL = [text(1, 'url'), text(2, 'content_type'), u64(3, 'size_bytes'),
    u64(4, 'expires_at_ms')];
const MEDIA = [text(1, 'url'), text(2, 'content_type'), u64(3, 'size_bytes'), bytes(4, 'key'),
    bytes(5, 'digest'), text(6, 'name'), message(7, 'thumbnail', THUMBNAIL),
    u64(8, 'expires_at_ms'), u32(9, 'playing_length_s'), bool(10, 'plays_at_once')];
const LOCATION = [double(1, 'latitude'), double(2, 'longitude'), text(3, 'label'),
    double(4, 'radius_m'), u64(5, 'expires_at_ms')];
const CONTACT = [text(1, 'name'), many(text(2, 'handles'))];
const PART = [text(1, 'text'), message(2, 'media', MEDIA), message(3, 'location', LOCATION),
    message(4, 'contact', CONTACT)].map(oneof);
const REACTION = [text(1, 'message_id'), text(2, 'emoji'), bool(3, 'removed')];
const RECEIPT = [text(1, 'message_id'), u32(2, 'disposition'), u64(3, 'at_ms')];
const TYPING = [bool(1, 'active'), u32(2, 'refresh_s')];

export const CONTENT = [many(message(1, 'parts', PART)), text(2, 'reply_to'),
    message(3, 'reaction', REACTION), text(4, 'edit_of'), text(5, 'revoke_of'),
    message(6, 'receipt', RECEIPT), text(7, 'claimed_sender'),
    message(8, 'typing', TYPING)];
export const FALLBACK = [text(1, 'text'), many(text(2, 'media_links'))];

export function decodeContent(octets) {
    const c = decodeOpen(CONTENT, octets);
    must(c.receipt === null || [1, 2, 3].includes(c.receipt.disposition), 'REQ-CNT-4',
        'disposition');
    return c;
}

export function decodeFallback(octets) {
    const f = decodeOpen(FALLBACK, octets);
    must(f.text.length > 0 || f.media_links.length > 0, 'REQ-CNT-5', 'neither text nor link');
    return f;
}

export const encodeContent = (c) => encode(CONTENT, c);
export const encodeFallback = (f) => encode(FALLBACK, f);
