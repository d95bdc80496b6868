// The envelope in CPIM: sections 5.3 and 5.4.
import { NS, addressesIn, parseCpim, parseDateTime, trim, writeDateTime, writeHeader } from './cpim.mjs';
import { ENVELOPE, checkEnvelope, isVisible } from './envelope.mjs';
import { ANONYMOUS, canonicalize, isCanonical } from './handles.mjs';
import { Refused, b64u, must, unb64u, unbase64, utf8 } from './octets.mjs';
import { empty } from './wire.mjs';

const TYPE = 'application/vnd.teal.sealed';
const KINDS = ['', 'message', 'receipt', 'typing', 'control'];
const LEVELS = ['', 'plaintext', 'transport', 'e2ee'];
const WHENS = ['', 'no-better-path', 'or-failed'];
const BOOLEANS = ['false', 'true'];

// --- values, REQ-CPIM-42 -------------------------------------------------------------------------

function attempt(read) {
    try {
        return read();
    } catch (error) {
        throw error instanceof Refused ? new Refused('REQ-CPIM-42', error.message) : error;
    }
}

function decimal(text, max) {
    must(/^(0|[1-9][0-9]*)$/.test(text) && BigInt(text) <= max, 'REQ-CPIM-42', 'a number');
    return BigInt(text);
}

const u64 = (text) => decimal(text, 0xffffffffffffffffn);
const u32 = (text) => Number(decimal(text, 0xffffffffn));

function word(text, words) {
    const value = text === '' ? -1 : words.indexOf(text);
    must(value >= 0, 'REQ-CPIM-42', 'a word');
    return value;
}

function octets(text, length) {
    const value = attempt(() => unb64u(text));
    must(length === undefined ? value.length > 0 : value.length === length, 'REQ-CPIM-42',
        'a length');
    return value;
}

function fields(value, ...counts) {
    const out = value.split(';').map(trim);
    must(counts.includes(out.length), 'REQ-CPIM-42', 'a number of fields');
    return out;
}

function readKey(value) {
    const [device, prekey, enc, wrapped] = fields(value, 4);
    return { device: octets(device, 16), prekey_id: u32(prekey), enc: octets(enc, 32),
        wrapped: octets(wrapped, 48) };
}

function readDowngrade(value) {
    const f = fields(value, 7, 9);
    return {
        floor: word(f[0], LEVELS), when: word(f[1], WHENS), failed_after_ms: u64(f[2]),
        expires_at_ms: u64(f[3]), accepts_e2ee_loss: word(f[4], BOOLEANS) === 1,
        gateway_key: octets(f[5], 16), fallback_hash: octets(f[6], 32),
        enc: f.length === 9 ? octets(f[7], 32) : Buffer.alloc(0),
        sealed: f.length === 9 ? octets(f[8]) : Buffer.alloc(0),
    };
}

function readOrigin(value) {
    const [level, network, gateway] = fields(value, 3);
    return { level: word(level, LEVELS), network: Buffer.from(network, 'latin1'),
        gateway: Buffer.from(gateway, 'latin1') };
}

function readExpires(value) {
    const expires = u64(value);
    must(expires > 0n, 'REQ-CPIM-42', 'Expires is not 0');
    return expires;
}

// --- what all messages have, section 5.3 ---------------------------------------------------------

const find = (message, ns, local) =>
    message.headers.filter((h) => h.ns === ns && h.local === local);

function handleOf(address, outside, hidden) {
    if (address !== ANONYMOUS) {
        try {
            return utf8(canonicalize(address));
        } catch (error) {
            throw error instanceof Refused ? new Refused('REQ-CPIM-30', error.message) : error;
        }
    }
    must(outside !== undefined && isCanonical(outside), 'REQ-CPIM-31', 'who is it?');
    hidden();
    return utf8(outside);
}

// routing: { from, to } of the request; hides_from and hides_to are set in what it answers.
function readHead(message, routing, e) {
    const hides = { hides_from: false, hides_to: false };
    const from = find(message, NS.cpim, 'from');
    const to = [...find(message, NS.cpim, 'to'), ...find(message, NS.cpim, 'cc')];
    const id = find(message, NS.imdn, 'message-id');
    const when = find(message, NS.cpim, 'datetime');
    must(from.length === 1 && to.length > 0 && id.length === 1, 'REQ-CPIM-32', 'a header is missing');
    const sender = addressesIn(from[0].raw);
    must(sender.length === 1, 'REQ-CPIM-30', 'From is one address');
    e.sender = handleOf(sender[0], routing.from, () => { hides.hides_from = true; });
    const recipients = to.flatMap((header) => addressesIn(header.raw));
    must(recipients.length > 0, 'REQ-CPIM-32', 'nobody to send it to');
    must(recipients.length <= 256, 'REQ-CPIM-33', 'too many recipients');
    e.recipients = recipients.map((address) =>
        handleOf(address, routing.to, () => { hides.hides_to = true; }));
    must(!hides.hides_to || recipients.length === 1, 'REQ-CPIM-31', 'an anonymous one is alone');
    must(when.length === 1, 'REQ-CPIM-32', 'DateTime is missing');
    const ms = parseDateTime(when[0].value);
    must(ms >= 0, 'REQ-CPIM-34', 'before 1970');
    e.sent_at_ms = BigInt(ms);
    e.message_id = Buffer.from(id[0].value, 'latin1');
    must(isVisible(e.message_id, 64), 'REQ-CPIM-35', 'imdn.Message-ID');
    const tokens = (find(message, NS.imdn, 'disposition-notification')[0]?.value ?? '').split(',')
        .map((token) => trim(token).toLowerCase());
    e.wants = (tokens.includes('positive-delivery') ? 1 : 0) | (tokens.includes('display') ? 2 : 0);
    return hides;
}

function contentOf(message) {
    if (message.encoding !== 'base64') {
        must(['', 'binary', '8bit', '7bit'].includes(message.encoding), 'REQ-CPIM-53', 'encoding');
        return Buffer.from(message.body, 'latin1');
    }
    return attempt(() => unbase64(message.body.replace(/[ \t\r\n]/g, ''), 'base64'));
}

// --- the envelope, section 5.4 -------------------------------------------------------------------

const ONE = ['conversation-id', 'suite', 'kind', 'sender-device', 'key-commitment', 'signature'];
const AT_MOST_ONE = ['expires', 'downgrade', 'origin'];
const MANY = ['key', 'key-hash'];

function readExtension(message, e) {
    const all = message.headers.filter((h) => h.ns === NS.e2ee);
    const values = (local) => all.filter((h) => h.local === local).map((h) => h.value);
    must(all.every((h) => [...ONE, ...AT_MOST_ONE, ...MANY].includes(h.local)), 'REQ-CPIM-41',
        'an unknown e2ee header');
    must([...ONE, ...AT_MOST_ONE].every((local) => values(local).length <= 1), 'REQ-CPIM-41',
        'a second e2ee header');
    must(ONE.every((local) => values(local).length === 1), 'REQ-CPIM-41', 'an e2ee header is missing');
    must(all.every((h) => h.parameters === ''), 'REQ-CPIM-42', 'parameters');
    const [one, optional] = [(local) => values(local)[0],
        (local, read, none) => values(local).map(read)[0] ?? none];
    e.conversation_id = octets(one('conversation-id'));
    e.suite = u32(one('suite'));
    e.kind = word(one('kind'), KINDS);
    e.sender_device = octets(one('sender-device'), 16);
    e.key_commitment = octets(one('key-commitment'), 32);
    e.signature = octets(one('signature'), 64);
    e.expires_at_ms = optional('expires', readExpires, 0n);
    e.downgrade = optional('downgrade', readDowngrade, null);
    e.origin = optional('origin', readOrigin, null);
    e.keys = values('key').map(readKey);
    e.key_hashes = values('key-hash').map((value) => octets(value, 32));
}

// { envelope, hides_from, hides_to }
export function decodeE2ee(input, routing = {}) {
    const message = parseCpim(input);
    const e = empty(ENVELOPE);
    must(message.headers.some((h) => h.ns === NS.e2ee) && message.type === TYPE, 'REQ-CPIM-40',
        'not a sealed message');
    const hides = readHead(message, routing, e);
    readExtension(message, e);
    e.ciphertext = contentOf(message);
    return { envelope: checkEnvelope(e), ...hides };
}

const writeDowngrade = (d) => [LEVELS[d.floor], WHENS[d.when], d.failed_after_ms, d.expires_at_ms,
    d.accepts_e2ee_loss, b64u(d.gateway_key), b64u(d.fallback_hash),
    ...(d.sealed.length > 0 ? [b64u(d.enc), b64u(d.sealed)] : [])].join('; ');

// The canonical form, REQ-CPIM-43.
export function encodeE2ee(e, { hides_from = false, hides_to = false } = {}) {
    must(!hides_to || e.recipients.length === 1, 'REQ-CPIM-31', 'an anonymous one is alone');
    const wants = [...(e.wants & 1 ? ['positive-delivery', 'negative-delivery'] : []),
        ...(e.wants & 2 ? ['display'] : [])];
    const headers = [
        ['From', `<${hides_from ? ANONYMOUS : e.sender}>`],
        ...e.recipients.map((to) => ['To', `<${hides_to ? ANONYMOUS : to}>`]),
        ['DateTime', writeDateTime(e.sent_at_ms)],
        ['NS', `imdn <${NS.imdn}>`],
        ['imdn.Message-ID', e.message_id.toString('latin1')],
        ...(wants.length > 0 ? [['imdn.Disposition-Notification', wants.join(', ')]] : []),
        ['NS', `e2ee <${NS.e2ee}>`],
        ['e2ee.Conversation-ID', b64u(e.conversation_id)],
        ['e2ee.Suite', `${e.suite}`],
        ['e2ee.Kind', KINDS[e.kind]],
        ...(e.expires_at_ms > 0n ? [['e2ee.Expires', `${e.expires_at_ms}`]] : []),
        ['e2ee.Sender-Device', b64u(e.sender_device)],
        ['e2ee.Key-Commitment', b64u(e.key_commitment)],
        ...e.keys.map((k) => ['e2ee.Key',
            [b64u(k.device), k.prekey_id, b64u(k.enc), b64u(k.wrapped)].join('; ')]),
        ...e.key_hashes.map((hash) => ['e2ee.Key-Hash', b64u(hash)]),
        ...(e.downgrade ? [['e2ee.Downgrade', writeDowngrade(e.downgrade)]] : []),
        ...(e.origin ? [['e2ee.Origin',
            [LEVELS[e.origin.level], e.origin.network, e.origin.gateway].join('; ')]] : []),
        ['e2ee.Signature', b64u(e.signature)],
    ];
    const head = headers.map(([name, value]) => writeHeader(name, value)).join('');
    return Buffer.concat([utf8(`${head}\r\nContent-Type: ${TYPE}\r\n\r\n`), e.ciphertext]);
}
