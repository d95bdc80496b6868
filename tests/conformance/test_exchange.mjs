#!/usr/bin/env node
// This implementation and the codecs, each reading what the other made, with fresh randomness; then
// thousands of spoilt inputs, on which both must agree: taken and meaning the same, or refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ask, askAll } from './codecs.mjs';
import { decodeContent, decodeFallback } from './content.mjs';
import { publicOf } from './crypto.mjs';
import {
    decodeManifest, decodePrekeys, encodeManifest, encodePrekeys,
} from './directory.mjs';
import { decodeE2ee, encodeE2ee } from './e2ee.mjs';
import {
    decodeEnvelope, encodeEnvelope, forwarded, openEnvelope, openFallback, verifyEnvelope,
} from './envelope.mjs';
import { canonicalize } from './handles.mjs';
import { someHandle, someMessage } from './messages.mjs';
import { Refused, hex, unhex, utf8 } from './octets.mjs';
import { below, chance, mutated, pick } from './random.mjs';
import { decodeReceipt, encodeReceipt } from './receipts.mjs';
import { close } from './tally.mjs';

const MESSAGES = 150, SPOILT = 1500;
const NONE = Buffer.alloc(0);

const load = (name) =>
    JSON.parse(readFileSync(new URL(`../../proto/vectors/${name}`, import.meta.url), 'utf8'));

// --- each opens what the other sealed ------------------------------------------------------------

function exchange(message) {
    const { envelope, seed, content, to, gatewayPrivate, fallback } = message;
    const signingKey = publicOf('Ed25519', seed), gatewayPublic = publicOf('X25519', gatewayPrivate);
    const encoded = encodeEnvelope(envelope);
    for (const { device, prekey_id, prekeyPrivate } of to)
        ask('they open ours', ['open', encoded, signingKey, device, prekey_id, prekeyPrivate],
            ([opened]) => assert.equal(hex(opened), hex(content)));
    if (envelope.downgrade?.sealed.length > 0)
        ask('they open our fallback', ['fallback', encoded, gatewayPrivate],
            ([opened]) => assert.equal(hex(opened), hex(fallback)));
    ask('we open theirs', ['seal', encoded, seed, content, gatewayPublic, fallback,
        ...to.flatMap(({ device, prekey_id, prekey }) => [device, prekey_id, prekey])],
    ([octets]) => {
        const theirs = decodeEnvelope(octets);
        assert.notEqual(hex(theirs.key_commitment), hex(envelope.key_commitment));
        verifyEnvelope(theirs, signingKey);
        for (const { device, prekey_id, prekeyPrivate } of to)
            assert.equal(hex(openEnvelope(theirs, device, prekey_id, prekeyPrivate)), hex(content));
        if (theirs.downgrade !== null)
            assert.equal(hex(openFallback(theirs, gatewayPrivate)), hex(fallback));
    });
}

// --- both write the same CPIM, and the same envelope from it -------------------------------------

function translate({ envelope }) {
    const e = chance(2) ? forwarded(envelope, () => chance(2)) : envelope;
    const hides = { hides_from: chance(4), hides_to: e.recipients.length === 1 && chance(4) };
    const encoded = encodeEnvelope(e), cpim = encodeE2ee(e, hides);
    const number = String((hides.hides_from ? 1 : 0) + (hides.hides_to ? 2 : 0));
    ask('the same CPIM', ['to-cpim', encoded, number],
        ([written]) => assert.equal(hex(written), hex(cpim)));
    ask('the same envelope', ['to-native', cpim, e.sender, e.recipients[0]],
        ([read, theirHides]) => assert.deepEqual([hex(read), theirHides], [hex(encoded), number]));
    return { cpim, encoded };
}

// --- both take, or both refuse -------------------------------------------------------------------

// What we make of it: octets and more, or the rule that it breaks.
function ours(run) {
    try {
        return run();
    } catch (error) {
        if (error instanceof Refused)
            return error;
        throw error;
    }
}

function agree(name, order, run) {
    const mine = ours(run);
    ask(name, order, (theirs) => {
        const taken = Array.isArray(theirs);
        if (mine instanceof Refused)
            assert.ok(!taken, `only we refuse: ${mine.message}`);
        else {
            assert.ok(taken, 'only they refuse');
            assert.deepEqual([hex(theirs[0]), ...theirs.slice(1)], [hex(mine[0]), ...mine.slice(1)]);
        }
    });
}

const FIELDS = ['\x08\x01', '\x12\x00', '\x80', '\x00', '\x0a\x03abc', '\x88\x01\x01', '\xff\x01'];

function agreeOnFields(what, samples, run) {
    for (let i = 0; i < SPOILT; i++) {
        const spoilt = mutated(pick(samples), FIELDS.map((field) => Buffer.from(field, 'latin1')));
        agree(`a spoilt ${what}`, ['decode', what, spoilt], () => [run(spoilt)]);
    }
}

const SEPARATORS = ['\r\n', '\n', '\r', ' ', '\t', ':', ';', ',', '.', '<', '>', '"', '\\', '\r\n ',
    '\\u0041', '\\n', '\\u0000', '\\ud800', '\r\n\r\n', '0', '-', '\u00fc', '\xff'];
const LINES = ['NS: e2ee <urn:teal:ns:e2ee:1>\r\n', 'NS: x <urn:teal:ns:e2ee:1>\r\n', 'NS: imdn <x>\r\n',
    'e2ee.Expires: 5\r\n', 'e2ee.Level: transport\r\n', 'To: <im:a@b.example>, C <tel:+12345>\r\n',
    'cc: im:x@y.example\r\n', 'Content-Length: 30\r\n', 'Content-Transfer-Encoding: base64\r\n',
    'Content-Type: message/cpim\r\n\r\n', 'Require: To, e2ee.Key\r\n', 'Subject:;a=b x\r\n',
    'From: "a\\"b" <sip:+12345@h.example;user=phone>\r\n',
    'To: <sip:anonymous@anonymous.invalid>\r\n', 'DateTime: 2026-02-28T23:59:60+00:30\r\n',
    'imdn.Disposition-Notification: display\r\n', 'e2ee.Key-Hash: AAAA\r\n'];

// Half of the time a whole line goes, comes twice, comes elsewhere, or another one comes in.
function spoiltLines(message) {
    const text = message.toString('latin1');
    const end = text.indexOf('\r\n\r\n') + 4;
    const lines = text.slice(0, end).split(/(?<=\n)/);
    const at = below(lines.length), [line] = lines.splice(at, 1);
    const put = pick([[], [line, line], [pick(LINES)], [pick(LINES), line], [line, pick(LINES)]]);
    lines.splice(chance(2) ? at : below(lines.length + 1), 0, ...put);
    return Buffer.from(lines.join('') + text.slice(end), 'latin1');
}

function agreeOnCpim(samples) {
    const from = utf8('im:alice@native.example'), to = utf8('tel:+14155550100');
    for (let i = 0; i < SPOILT * 2; i++) {
        const sample = pick(samples);
        const spoilt = chance(2) ? spoiltLines(sample)
            : mutated(sample, SEPARATORS.map((token) => Buffer.from(token, 'latin1')));
        const routed = chance(2);
        agree('a spoilt CPIM', ['to-native', spoilt, routed ? from : NONE, routed ? to : NONE], () => {
            const routing = routed ? { from: from.toString(), to: to.toString() } : {};
            const { envelope, hides_from, hides_to } = decodeE2ee(spoilt, routing);
            return [encodeEnvelope(envelope), String((hides_from ? 1 : 0) + (hides_to ? 2 : 0))];
        });
    }
}

function agreeOnHandles() {
    const { canonical, written } = load('handles.json');
    const samples = [...canonical, ...written.map((row) => row.written), someHandle(), someHandle()];
    const tokens = ['%41', '%2b', '%', ';user=phone', '?x', '@', '.', '+', ' ', '<', '>', 'sip:', 'TEL:',
        '-', '(', '\t'];
    for (let i = 0; i < SPOILT; i++) {
        const spoilt = mutated(utf8(pick(samples)), tokens.map(utf8));
        agree('a spoilt handle', ['decode', 'handle', spoilt],
            () => [utf8(canonicalize(spoilt.toString('latin1')))]);
    }
}

const messages = Array.from({ length: MESSAGES }, someMessage);
messages.forEach(exchange);
const translated = messages.map(translate);
askAll();

const encodings = (list) => list.map(({ encoded }) => unhex(encoded));
const { receipts } = load('receipts.json'), { chain, uploads } = load('manifest.json');
const { contents, fallbacks } = load('content.json');
agreeOnFields('envelope', translated.map(({ encoded }) => encoded),
    (octets) => encodeEnvelope(decodeEnvelope(octets)));
agreeOnFields('manifest', encodings(chain), (octets) => encodeManifest(decodeManifest(octets)));
agreeOnFields('prekeys', encodings(uploads), (octets) => encodePrekeys(decodePrekeys(octets)));
agreeOnFields('receipt', encodings(receipts), (octets) => encodeReceipt(decodeReceipt(octets)));
agreeOnFields('content', encodings(contents), (octets) => decodeContent(octets) && octets);
agreeOnFields('fallback', encodings(fallbacks), (octets) => decodeFallback(octets) && octets);
agreeOnCpim(translated.map(({ cpim }) => cpim));
agreeOnHandles();
askAll();

close();
