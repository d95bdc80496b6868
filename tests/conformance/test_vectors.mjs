#!/usr/bin/env node
// The published vectors against this implementation, which shares nothing with the codecs: it must
// come to the same octets at every step, and refuse what must be refused under the same rule.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { CONTENT, FALLBACK, decodeContent, decodeFallback, encodeContent, encodeFallback } from './content.mjs';
import { pad, padme, publicOf, sha256, sign } from './crypto.mjs';
import {
    MANIFEST, PREKEY, decodeManifest, decodePrekey, decodePrekeys, encodeManifest, encodePrekey,
    encodePrekeys, manifestHash, manifestTranscript, prekeyTranscript, signManifest, verifyManifest,
    verifyPrekey,
} from './directory.mjs';
import { applyMark, decide, tame, textOfSegments } from './downgrade.mjs';
import { decodeE2ee, encodeE2ee } from './e2ee.mjs';
import {
    ENVELOPE, contentKey, conversationOf, decodeEnvelope, encodeEnvelope, forwarded, gatewayKeyId,
    headerHash, headerOf, keyHash, openEnvelope, openFallback, sealEnvelope, sealFallback,
    signEnvelope, transcriptOf, verifyEnvelope, wrapAad,
} from './envelope.mjs';
import { canonicalize, checkHandle } from './handles.mjs';
import { signRequest, verifyRequest } from './http_signature.mjs';
import { hex, unhex, utf8 } from './octets.mjs';
import {
    consistencyOf, decodeEntry, encodeEntry, handleHash, headLine, inclusionOf, isHeadSigned, leafHash,
    rootOf, safetyNumber, schemaOf, signHead,
} from './key_log.mjs';
import {
    GRANT, decodeGrant, encodeGrant, grantTranscript, requestCode, requestTranscript, verifyGrant,
} from './forwarding.mjs';
import { RECEIPT, decodeReceipt, encodeReceipt, receiptTranscript, signReceipt, verifyReceipt } from './receipts.mjs';
import { close, test, testRefused } from './tally.mjs';
import { fromJson } from './wire.mjs';

const folder = new URL('../../proto/vectors/', import.meta.url);
const load = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

const same = (got, want, what) => assert.equal(typeof got === 'string' ? got : hex(got), want, what);

// --- envelope.json -------------------------------------------------------------------------------

const consentOf = (d) => ({ ...d, gateway_key: '00'.repeat(16), fallback_hash: '00'.repeat(32) });

// From the inputs alone, as a sender would.
function sealAgain({ envelope, signing_seed, content, message_key, to, fallback }) {
    const { downgrade, ...rest } = envelope;
    const e = fromJson(ENVELOPE, downgrade ? { ...rest, downgrade: consentOf(downgrade) } : rest);
    sealEnvelope(e, unhex(content), to.map((device) => ({
        device: unhex(device.device), prekey_id: device.prekey_id, prekey: unhex(device.prekey),
        ephemeral: unhex(device.ephemeral),
    })), unhex(message_key));
    if (fallback)
        sealFallback(e, unhex(fallback.gateway_public), unhex(fallback.content),
            unhex(fallback.ephemeral));
    signEnvelope(e, unhex(signing_seed));
    return e;
}

function checkSteps(e, input, steps) {
    same(headerOf(e), steps.header, 'header');
    same(headerHash(e), steps.header_hash, 'header_hash');
    same(contentKey(unhex(input.message_key)), steps.content_key, 'content_key');
    same(pad(unhex(input.content)), steps.padded, 'padded');
    same(e.ciphertext, steps.ciphertext, 'ciphertext');
    same(sha256(e.ciphertext), steps.ciphertext_hash, 'ciphertext_hash');
    same(e.key_commitment, steps.key_commitment, 'key_commitment');
    assert.equal(e.keys.length, steps.keys.length);
    e.keys.forEach((key, i) => {
        same(wrapAad(e, key), steps.keys[i].aad, 'aad');
        same(key.enc, steps.keys[i].enc, 'enc');
        same(key.wrapped, steps.keys[i].wrapped, 'wrapped');
        same(keyHash(key), steps.keys[i].key_hash, 'key_hash');
    });
    for (const [name, value] of Object.entries(steps.fallback ?? {}))
        same(e.downgrade[name], value, name);
    same(transcriptOf(e), steps.transcript, 'transcript');
    same(sha256(transcriptOf(e)), steps.transcript_hash, 'transcript_hash');
    same(e.signature, steps.signature, 'signature');
}

function checkOpening(encoded, input) {
    const e = decodeEnvelope(unhex(encoded));
    same(encodeEnvelope(e), encoded, 'encoded again');
    verifyEnvelope(e, unhex(input.signing_key));
    for (const device of input.to)
        same(openEnvelope(e, unhex(device.device), device.prekey_id, unhex(device.prekey_private)),
            input.content, 'opened');
    if (input.fallback)
        same(openFallback(e, unhex(input.fallback.gateway_private)), input.fallback.content,
            'fallback');
}

const envelopes = load('envelope.json');
for (const { name, input, steps, encoded } of envelopes.sealed) {
    test(`sealed: ${name}: keys`, () => {
        same(publicOf('Ed25519', unhex(input.signing_seed)), input.signing_key);
        for (const device of input.to)
            same(publicOf('X25519', unhex(device.prekey_private)), device.prekey);
        if (input.fallback) {
            same(publicOf('X25519', unhex(input.fallback.gateway_private)),
                input.fallback.gateway_public);
            same(gatewayKeyId(unhex(input.fallback.gateway_public)), steps.fallback.gateway_key);
        }
    });
    test(`sealed: ${name}`, () => {
        const e = sealAgain(input);
        checkSteps(e, input, steps);
        same(encodeEnvelope(e), encoded);
    });
    test(`opened: ${name}`, () => checkOpening(encoded, input));
}

for (const { name, of, kept, encoded } of envelopes.forwarded)
    test(`forwarded: ${name}`, () => {
        const { input, encoded: whole } = envelopes.sealed.find((vector) => vector.name === of);
        const e = forwarded(decodeEnvelope(unhex(whole)), (i) => kept.includes(i));
        same(encodeEnvelope(e), encoded);
        const received = decodeEnvelope(unhex(encoded));
        verifyEnvelope(received, unhex(input.signing_key));
        for (const i of kept)
            same(openEnvelope(received, unhex(input.to[i].device), input.to[i].prekey_id,
                unhex(input.to[i].prekey_private)), input.content);
    });

for (const { name, rule, encoded } of envelopes.refused)
    testRefused(`refused: ${name}`, rule, () => decodeEnvelope(unhex(encoded)));

for (const { name, rule, encoded, signing_key } of envelopes.forged)
    testRefused(`forged: ${name}`, rule, () =>
        verifyEnvelope(decodeEnvelope(unhex(encoded)), unhex(signing_key)));

for (const vector of envelopes.unopened) {
    const e = decodeEnvelope(unhex(vector.encoded));
    test(`signed: ${vector.name}`, () => verifyEnvelope(e, unhex(vector.signing_key)));
    testRefused(`unopened: ${vector.name}`, vector.rule, () =>
        openEnvelope(e, unhex(vector.device), vector.prekey_id, unhex(vector.prekey_private)));
}

for (const { content, ciphertext } of envelopes.padding)
    test(`padding of ${content}`, () => assert.equal(padme(content + 1) + 16, ciphertext));

for (const { participants, conversation_id } of envelopes.conversations)
    test(`conversation of ${participants}`, () => same(conversationOf(participants), conversation_id));

// --- cpim.json -----------------------------------------------------------------------------------

const messageOf = ({ head, head_hex, body }) =>
    Buffer.concat([head_hex === undefined ? utf8(head) : unhex(head_hex), unhex(body)]);

const hiddenIn = ({ hides_from, hides_to }) => ({ from: hides_from, to: hides_to });

const cpim = load('cpim.json');
for (const vector of cpim.canonical)
    test(`canonical CPIM: ${vector.name}`, () => {
        const e = decodeEnvelope(unhex(vector.envelope));
        const { from, to } = vector.anonymous;
        same(encodeE2ee(e, { hides_from: from, hides_to: to }), hex(messageOf(vector)));
    });

for (const vector of [...cpim.canonical, ...cpim.tolerated])
    test(`CPIM: ${vector.name}`, () => {
        const decoded = decodeE2ee(messageOf(vector), vector.routing);
        same(encodeEnvelope(decoded.envelope), vector.envelope);
        assert.deepEqual(hiddenIn(decoded), vector.anonymous);
    });

for (const vector of cpim.refused)
    testRefused(`refused CPIM: ${vector.name}`, vector.rule, () =>
        decodeE2ee(messageOf(vector), vector.routing));

// --- downgrade.json ------------------------------------------------------------------------------

const downgrade = load('downgrade.json');
for (const { name, encoded, gateway_private, fallback, text } of downgrade.fallbacks)
    test(`fallback: ${name}`, () => {
        const opened = openFallback(decodeEnvelope(unhex(encoded)), unhex(gateway_private));
        same(opened, fallback);
        assert.equal(decodeFallback(opened).text.toString(), text);
    });

for (const { name, rule, encoded, gateway_private } of downgrade.unopened)
    testRefused(`unopened fallback: ${name}`, rule, () =>
        openFallback(decodeEnvelope(unhex(encoded)), unhex(gateway_private)));

for (const { name, facts, verdict } of downgrade.decisions)
    test(`decision: ${name}`, () => assert.deepEqual(decide(facts), verdict));

for (const { name, mark, text, tame: want, shown, segments } of downgrade.marked)
    test(`marked: ${name}`, () => {
        assert.equal(tame(text), want);
        assert.equal(tame(want), want);
        assert.equal(applyMark(mark, want), shown);
        assert.equal(textOfSegments(segments.map((segment) =>
            ({ ...segment, octets: unhex(segment.octets) }))), shown);
    });

for (const { rule, mark } of downgrade.refused_marks)
    testRefused(`mark ${JSON.stringify(mark)}`, rule, () => applyMark(mark, 'text'));

// --- receipts.json -------------------------------------------------------------------------------

const receipts = load('receipts.json');
for (const { name, fields, signing_seed, signing_key, transcript, signature, encoded } of receipts.receipts)
    test(`receipt: ${name}`, () => {
        const r = fromJson(RECEIPT, fields);
        same(receiptTranscript(r), transcript);
        r.signature = signReceipt(r, unhex(signing_seed));
        same(r.signature, signature);
        same(encodeReceipt(r), encoded);
        const received = decodeReceipt(unhex(encoded));
        assert.deepEqual(received, r);
        verifyReceipt(received, unhex(signing_key));
    });

for (const { name, rule, encoded } of receipts.refused)
    testRefused(`refused receipt: ${name}`, rule, () => decodeReceipt(unhex(encoded)));

for (const { name, rule, encoded, signing_key } of receipts.forged)
    testRefused(`forged receipt: ${name}`, rule, () =>
        verifyReceipt(decodeReceipt(unhex(encoded)), unhex(signing_key)));

// --- manifest.json -------------------------------------------------------------------------------

const manifests = load('manifest.json');
manifests.chain.forEach(({ fields, account_seed, transcript, hash, signature, encoded }, i) =>
    test(`manifest ${fields.version}`, () => {
        const m = fromJson(MANIFEST, fields);
        same(m.previous, i === 0 ? '' : manifests.chain[i - 1].hash, 'previous');
        same(manifestTranscript(m), transcript);
        same(manifestHash(m), hash);
        m.signature = signManifest(m, unhex(account_seed));
        same(m.signature, signature);
        same(encodeManifest(m), encoded);
        const received = decodeManifest(unhex(encoded));
        assert.deepEqual(received, m);
        verifyManifest(received);
    }));

for (const { name, rule, encoded } of manifests.refused)
    testRefused(`refused manifest: ${name}`, rule, () => decodeManifest(unhex(encoded)));

for (const { name, rule, encoded } of manifests.forged)
    testRefused(`forged manifest: ${name}`, rule, () => verifyManifest(decodeManifest(unhex(encoded))));

for (const { device, signing_seed, signing_key, fields, signature, encoded } of manifests.prekeys)
    test(`prekey ${fields.id}`, () => {
        const prekey = fromJson(PREKEY, fields);
        prekey.signature = sign(unhex(signing_seed), prekeyTranscript(prekey, unhex(device)));
        same(prekey.signature, signature);
        same(encodePrekey(prekey), encoded);
        verifyPrekey(decodePrekey(unhex(encoded)), unhex(device), unhex(signing_key));
    });

for (const { name, rule, device, signing_key, encoded } of manifests.forged_prekeys)
    testRefused(`forged prekey: ${name}`, rule, () =>
        verifyPrekey(decodePrekey(unhex(encoded)), unhex(device), unhex(signing_key)));

for (const { name, device, prekeys, encoded } of manifests.uploads)
    test(`upload: ${name}`, () => {
        const upload = { device: unhex(device), prekeys: prekeys.map((p) => decodePrekey(unhex(p))) };
        same(encodePrekeys(upload), encoded);
        assert.deepEqual(decodePrekeys(unhex(encoded)), upload);
    });

for (const { name, rule, encoded } of manifests.refused_uploads)
    testRefused(`refused upload: ${name}`, rule, () => decodePrekeys(unhex(encoded)));

// --- key_log.json --------------------------------------------------------------------------------

const keyLog = load('key_log.json');
for (const { handle, hash } of keyLog.handles)
    test(`log handle ${handle}`, () => same(handleHash(handle), hash));

for (const { fields, encoded, leaf_hash } of keyLog.entries)
    test(`log entry of kind ${fields.kind}`, () => {
        const entry = fromJson(schemaOf(fields.kind), fields);
        same(encodeEntry(entry), encoded);
        same(leafHash(unhex(encoded)), leaf_hash);
        assert.deepEqual(decodeEntry(unhex(encoded)), entry);
    });

for (const { name, rule, encoded } of keyLog.refused)
    testRefused(`refused log entry: ${name}`, rule, () => decodeEntry(unhex(encoded)));

test('a log', () => {
    const { entries, roots, inclusions, consistencies, head } = keyLog.log;
    const leaves = entries.map((entry) => leafHash(unhex(entry)));
    roots.forEach((root, size) => same(rootOf(leaves.slice(0, size)), root, `root of ${size}`));
    for (const { index, size, inclusion } of inclusions)
        assert.deepEqual(inclusionOf(index, leaves.slice(0, size)).map(hex), inclusion);
    for (const { from, to, consistency } of consistencies)
        assert.deepEqual(consistencyOf(from, leaves.slice(0, to)).map(hex), consistency);
    const h = { ...head, root: unhex(head.root), device: unhex(head.device) };
    h.signature = signHead(h, unhex(head.signing_seed));
    same(h.signature, head.signature);
    assert.ok(isHeadSigned(h, unhex(head.signing_key), h.signature));
    assert.equal(headLine(h), head.line);
});

for (const { parties, number } of keyLog.safety_numbers)
    test('a safety number', () => assert.equal(safetyNumber(parties.map(
        ({ account_key, handle }) => ({ account_key: unhex(account_key), handle }))), number));

// --- forwarding.json -----------------------------------------------------------------------------

const forwarding = load('forwarding.json');
for (const { fields, account_seed, account_key, transcript, signed_hash, signature, encoded } of forwarding.grants)
    test(`grant ${fields.sequence}`, () => {
        const grant = fromJson(GRANT, fields);
        same(grantTranscript(grant), transcript);
        same(sha256(grantTranscript(grant)), signed_hash);
        grant.signature = sign(unhex(account_seed), grantTranscript(grant));
        same(grant.signature, signature);
        same(encodeGrant(grant), encoded);
        assert.deepEqual(decodeGrant(unhex(encoded)), grant);
        verifyGrant(grant, unhex(account_key));
    });

for (const { name, rule, encoded } of forwarding.refused)
    testRefused(`refused grant: ${name}`, rule, () => decodeGrant(unhex(encoded)));

for (const { name, rule, account_key, encoded } of forwarding.forged)
    testRefused(`forged grant: ${name}`, rule,
        () => verifyGrant(decodeGrant(unhex(encoded)), unhex(account_key)));

for (const { handle, signing_seed, signature, code, ...octets } of forwarding.requests)
    test(`forwarding code ${code}`, () => {
        const request = { handle };
        for (const [name, value] of Object.entries(octets))
            request[name] = unhex(value);
        same(sign(unhex(signing_seed), requestTranscript(request)), signature);
        assert.equal(requestCode(request), code);
    });

// --- http_signature.json -------------------------------------------------------------------------

const signatures = load('http_signature.json');
for (const vector of signatures.requests)
    test(`request: ${vector.name}`, () => {
        const made = signRequest({ ...vector, seed: unhex(vector.seed) });
        same(made.base, vector.base, 'base');
        assert.deepEqual(made.signed, vector.signed);
        verifyRequest({ ...vector, key: unhex(vector.key) });
    });

test('the example of section 9.0', () => {
    const protocol = readFileSync(new URL('../PROTOCOL.md', folder), 'utf8');
    const { base, signed, body } = signatures.requests[1];
    const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}\n`).join('');
    assert.ok(protocol.includes(`\`\`\`\n${base}\n\`\`\``));
    assert.ok(protocol.includes(`\n${lines}\n${body}\n`));
});

for (const vector of signatures.refused)
    testRefused(`request: ${vector.name}`, vector.rule,
        () => verifyRequest({ ...vector, key: unhex(vector.key) }));

// --- handles.json --------------------------------------------------------------------------------

const handles = load('handles.json');
for (const handle of handles.canonical)
    test(`handle ${handle}`, () => {
        checkHandle(handle);
        assert.equal(canonicalize(handle), handle);
    });

for (const { handle, rule } of handles.not_canonical)
    testRefused(`handle ${handle}`, rule, () => checkHandle(handle));

for (const { written, canonical, rule } of handles.written)
    if (rule === undefined)
        test(`written ${written}`, () => assert.equal(canonicalize(written), canonical));
    else
        testRefused(`written ${written}`, rule, () => canonicalize(written));

// --- content.json --------------------------------------------------------------------------------

const contents = load('content.json');
function checkContent({ name, fields, encoded, canonical }, schema, decode, encode) {
    test(`content: ${name}`, () => {
        const value = fromJson(schema, fields);
        assert.deepEqual(decode(unhex(encoded)), value);
        if (canonical)
            same(encode(value), encoded);
    });
}

for (const vector of contents.contents)
    checkContent(vector, CONTENT, decodeContent, encodeContent);
for (const vector of contents.fallbacks)
    checkContent(vector, FALLBACK, decodeFallback, encodeFallback);

for (const { name, rule, message, encoded } of contents.refused)
    testRefused(`refused content: ${name}`, rule, () =>
        (message === 'Fallback' ? decodeFallback : decodeContent)(unhex(encoded)));

close();
