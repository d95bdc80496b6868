// Signed requests (section 9.0): HTTP Message Signatures (RFC 9421), Content-Digest (RFC 9530), and as
// much of structured fields (RFC 8941) as they need, from the documents alone.
import { isSignedBy, sha256, sign } from './crypto.mjs';
import { must, utf8 } from './octets.mjs';

const ALWAYS = ['@method', '@authority', '@path', '@query'];
const IF_THERE = ['content-digest', 'content-type', 'rcs-from', 'rcs-to'];

const lowered = (fields) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value.trim()]));

// URL would write it anew; the request is signed as it is sent.
function partsOf(url) {
    const [, scheme, authority, path, query] = /^(https?):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/.exec(url);
    const port = scheme === 'https' ? ':443' : ':80';
    const name = authority.toLowerCase();
    return {
        '@authority': name.endsWith(port) ? name.slice(0, -port.length) : name,
        '@path': path || '/', '@query': query ?? '?',
    };
}

const digestOf = (body) => `sha-256=:${sha256(utf8(body)).toString('base64')}:`;

function valuesOf({ method, url, fields }) {
    return { ...lowered(fields), ...partsOf(url), '@method': method };
}

export function baseOf(values, components, described) {
    const lines = components.map((component) => {
        must(values[component] !== undefined, 'REQ-SIG-2', `${component} is not there`);
        return `"${component}": ${values[component]}\n`;
    });
    return `${lines.join('')}"@signature-params": ${described}`;
}

// All fields of the request, and its signature base.
export function signRequest({ method, url, body, fields, keyid, created, nonce, seed }) {
    const sent = body === '' ? { ...fields } : { ...fields, 'Content-Digest': digestOf(body) };
    const values = valuesOf({ method, url, fields: sent });
    const components = [...ALWAYS, ...IF_THERE.filter((name) => values[name] !== undefined)];
    const described = `(${components.map((c) => `"${c}"`).join(' ')});created=${created}` +
        `;nonce="${nonce}";keyid="${keyid}";alg="ed25519";tag="teal"`;
    const base = baseOf(values, components, described);
    const signature = Buffer.from(sign(seed, utf8(base))).toString('base64');
    return {
        base,
        signed: { ...sent, 'Signature-Input': `teal=${described}`, Signature: `teal=:${signature}:` },
    };
}

export function verifyRequest({ method, url, body, signed, key }) {
    const values = valuesOf({ method, url, fields: signed });
    const input = /^(\w+)=(\(([^)]*)\)(;.*;tag="teal".*))$/.exec(values['signature-input'] ?? '');
    must(input, 'REQ-SIG-1', 'no signature with the tag');
    const [, label, described, list, parameters] = input;
    const value = new RegExp(`^${label}=:([A-Za-z0-9+/]{86}==):$`).exec(values.signature ?? '');
    must(value, 'REQ-SIG-1', 'no value of 64 octets');
    const components = list.split(' ').map((item) => item.slice(1, -1));
    const needed = [...ALWAYS, ...IF_THERE.filter((name) => values[name] !== undefined)];
    if (body !== '')
        needed.push('content-digest');
    must(needed.every((name) => components.includes(name)), 'REQ-SIG-2', 'something is not covered');
    must(new Set(components).size === components.length, 'REQ-SIG-2', 'a component stands twice');
    must(/;created=\d+;nonce="[!-~]{16,64}";keyid="/.test(parameters), 'REQ-SIG-3', 'parameters');
    const base = baseOf(values, components, described);
    must(isSignedBy(key, utf8(base), Buffer.from(value[1], 'base64')), 'REQ-SIG-10',
        'the signature does not verify');
    must(body === '' || values['content-digest'] === digestOf(body), 'REQ-SIG-4', 'the digest');
}
