// Random messages, with everything that their sender, their recipients and the gateway know.
import { publicOf } from './crypto.mjs';
import { ENVELOPE, sealEnvelope, sealFallback, signEnvelope } from './envelope.mjs';
import { utf8 } from './octets.mjs';
import { below, between, chance, pick, randomOctets, textOf } from './random.mjs';
import { empty } from './wire.mjs';

const DIGITS = '0123456789', LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const VISIBLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
const MAX_TIME_MS = 253402300799999;

export function someHandle() {
    if (chance(3))
        return `tel:+1${textOf(DIGITS, 6, 14)}`;
    const local = textOf([...LETTERS, ...DIGITS, '-', '.', '_', '~', '%2B', '%C3%BC'], 1, 20);
    return `${pick(['im', 'sip'])}:${local}@${textOf(LETTERS, 1, 20)}.example`;
}

export function somePrekey() {
    const prekeyPrivate = randomOctets(32);
    return {
        device: randomOctets(16), prekey_id: below(2) * below(2 ** 32), prekeyPrivate,
        prekey: publicOf('X25519', prekeyPrivate), ephemeral: randomOctets(32),
    };
}

const someTime = () => BigInt(chance(8) ? 0 : between(1, MAX_TIME_MS));

function someHeader() {
    const handles = [...new Set(Array.from({ length: between(1, 4) }, someHandle))];
    return {
        ...empty(ENVELOPE),
        suite: 1,
        message_id: utf8(textOf(VISIBLE, 1, 64)),
        conversation_id: randomOctets(between(1, 64)),
        sender: utf8(someHandle()),
        sender_device: randomOctets(16),
        recipients: handles.map(utf8),
        sent_at_ms: someTime(),
        kind: between(1, 4),
        wants: below(4),
        expires_at_ms: someTime(),
    };
}

const someConsent = () => ({
    floor: between(1, 2), when: between(1, 2), failed_after_ms: BigInt(below(86400000)),
    expires_at_ms: BigInt(between(1, MAX_TIME_MS)), accepts_e2ee_loss: chance(2),
    gateway_key: randomOctets(16), fallback_hash: randomOctets(32), enc: Buffer.alloc(0),
    sealed: Buffer.alloc(0),
});

// { envelope, seed, content, to, gatewayPrivate, fallback }: sealed and signed.
export function someMessage() {
    const envelope = someHeader();
    const message = {
        envelope, seed: randomOctets(32), content: randomOctets(below(chance(8) ? 20000 : 600)),
        to: Array.from({ length: below(6) }, somePrekey), gatewayPrivate: randomOctets(32),
        fallback: randomOctets(between(1, 400)),
    };
    if (chance(2)) {
        envelope.downgrade = someConsent();
        if (!chance(4))
            sealFallback(envelope, publicOf('X25519', message.gatewayPrivate), message.fallback,
                randomOctets(32));
    } else if (chance(3))
        envelope.origin = { level: between(1, 2), network: utf8(textOf(LETTERS, 1, 64)),
            gateway: envelope.sender };
    sealEnvelope(envelope, message.content, message.to, randomOctets(32));
    signEnvelope(envelope, message.seed);
    return message;
}
