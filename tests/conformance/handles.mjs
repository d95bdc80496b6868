// Handles: section 2.
import { Refused, must, utf8 } from './octets.mjs';

// Canonical, but nobody's (REQ-CPIM-31, REQ-ENV-10).
export const ANONYMOUS = 'sip:anonymous@anonymous.invalid';

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function isHost(host) {
    const labels = host.split('.');
    return host.length <= 253 && /^[a-z]/.test(labels.at(-1)) && labels.every((label) => LABEL.test(label));
}

function isLocal(local) {
    if (!/^([A-Za-z0-9\-._~]|%[0-9A-F]{2})+$/.test(local))
        return false;
    return (local.match(/%../g) ?? []).every((escape) => {
        const octet = parseInt(escape.slice(1), 16);
        return octet > 0x1f && octet !== 0x7f && !UNRESERVED.test(String.fromCharCode(octet));
    });
}

// handle: a string whose characters are octets or Unicode; anything beyond ASCII is refused.
export function checkHandle(handle) {
    must(utf8(handle).length <= 256, 'REQ-HDL-2', 'longer than 256 octets');
    if (/^tel:\+[1-9][0-9]{4,14}$/.test(handle))
        return;
    const parts = /^(?:im|sip):([^@]*)@([^@]*)$/.exec(handle);
    must(parts !== null && isLocal(parts[1]) && isHost(parts[2]), 'REQ-HDL-1', 'not canonical');
}

export function isCanonical(handle) {
    try {
        checkHandle(handle);
        return true;
    } catch (error) {
        if (error instanceof Refused)
            return false;
        throw error;
    }
}

// Escapes what needs it, and only that, with upper-case digits.
function canonicalLocal(local) {
    let out = '';
    for (let i = 0; i < local.length; i++) {
        let octet = local.charCodeAt(i);
        if (local[i] === '%') {
            must(/^[0-9A-Fa-f]{2}$/.test(local.slice(i + 1, i + 3)), 'REQ-HDL-1', 'a bad escape');
            octet = parseInt(local.slice(i + 1, i + 3), 16);
            i += 2;
        } else
            must(/^[A-Za-z0-9\-_.!~*'()&=+$,?/]$/.test(local[i]), 'REQ-HDL-1',
                'not of a user part (RFC 3261)');
        const character = String.fromCharCode(octet);
        out += UNRESERVED.test(character) ? character
            : '%' + octet.toString(16).toUpperCase().padStart(2, '0');
    }
    return out;
}

const trim = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '');
const number = (written) => `tel:${trim(written.split(';', 1)[0]).replace(/(?<!^)[-.() ]/g, '')}`;

function canonicalAddress(scheme, rest) {
    const at = rest.indexOf('@');
    must(at >= 0, 'REQ-HDL-1', 'no host');
    const local = rest.slice(0, at);
    const [host, ...parameters] = rest.slice(at + 1).split('?', 1)[0].split(';');
    if (scheme === 'sip' && parameters.some((parameter) => /^user=phone$/i.test(parameter))) {
        must(host !== '', 'REQ-HDL-1', 'no host');
        return number(local);
    }
    return `${scheme}:${canonicalLocal(local)}@${host.toLowerCase()}`;
}

// What people and peers write, in canonical form.
export function canonicalize(written) {
    let handle = trim(written);
    if (handle.startsWith('<') && handle.endsWith('>'))
        handle = trim(handle.slice(1, -1));
    const parts = /^([A-Za-z]+):(.*)$/s.exec(handle);
    const scheme = parts?.[1].toLowerCase();
    let out;
    if (handle.startsWith('+'))
        out = number(handle);
    else if (scheme === 'tel')
        out = number(parts[2]);
    else if (scheme === 'im' || scheme === 'sip')
        out = canonicalAddress(scheme, parts[2]);
    else
        throw new Refused('REQ-HDL-1', 'neither tel: nor im: nor sip:');
    checkHandle(out);
    return out;
}
