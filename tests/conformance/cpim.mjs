// The container: message/cpim (RFC 3862) as section 5.1 has it, and date-times (5.2). Works on
// octets as latin1 strings; what is text is decoded where it is used.
import { Refused, must, textOf } from './octets.mjs';

export const NS = {
    cpim: 'urn:ietf:params:cpim-headers:',
    imdn: 'urn:ietf:params:imdn',
    e2ee: 'urn:teal:ns:e2ee:1',
    mls: 'http://www.gsma.com/rcs/mls',
};
const CPIM_NAMES = ['from', 'to', 'cc', 'datetime', 'subject', 'ns', 'require'];

const latin1 = (octets) => Buffer.from(octets).toString('latin1');
export const trim = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '');

// --- lines ---------------------------------------------------------------------------------------

// The header lines up to the blank one, each with what continues it (REQ-CPIM-14), and where the
// blank one ends.
function takeHead(input, from, maxLines) {
    const lines = [];
    let count = 0;
    for (let at = from; ;) {
        const end = input.indexOf('\n', at);
        must((end < 0 ? input.length : end) - at <= 32 << 10, 'REQ-CPIM-2', 'a line is too long');
        must(end >= 0, 'REQ-CPIM-1', 'ends within the headers');
        const line = input.slice(at, end).replace(/\r$/, '');
        at = end + 1;
        if (line === '')
            return { lines, at, count };
        must(count++ < maxLines, 'REQ-CPIM-2', 'too many headers');
        if (/^[ \t]/.test(line) && lines.length > 0) {
            must(trim(line) !== '', 'REQ-CPIM-14', 'a continuation that holds nothing');
            lines[lines.length - 1] += ` ${trim(line)}`;
        } else {
            lines.push(line);
        }
    }
}

function splitHeader(line) {
    const colon = line.indexOf(':');
    must(colon >= 0, 'REQ-CPIM-6', 'a line without a colon');
    const [name, rest] = [line.slice(0, colon), line.slice(colon + 1)];
    must(!/[\0-\x1f\x7f]/.test(name + trim(rest)), 'REQ-CPIM-3', 'a control character');
    must(textOf(Buffer.from(line, 'latin1')) !== null, 'REQ-CPIM-4', 'not UTF-8');
    return { name, rest, value: trim(rest) };
}

// `;lang=fr` right behind the colon, up to a blank (RFC 3862 section 2).
function splitParameters(rest) {
    const parameters = rest.startsWith(';') ? /^(?:"(?:[^"\\]|\\.)*"|[^ \t"])*/.exec(rest)[0] : '';
    return { parameters, raw: trim(rest.slice(parameters.length)) };
}

const ESCAPED = { b: '\b', t: '\t', n: '\n', r: '\r', '"': '"', "'": "'", '\\': '\\' };

// RFC 3862 section 2.3; REQ-CPIM-5. Answers latin1 again.
function unescape(raw) {
    return raw.replace(/\\(u[0-9A-Fa-f]{4}|.|$)/gs, (_, escape) => {
        if (escape.length === 5) {
            const point = parseInt(escape.slice(1), 16);
            must(point !== 0 && (point < 0xd800 || point > 0xdfff), 'REQ-CPIM-5', 'escaped');
            return Buffer.from(String.fromCodePoint(point)).toString('latin1');
        }
        must(Object.hasOwn(ESCAPED, escape), 'REQ-CPIM-5', 'an unknown escape');
        return ESCAPED[escape];
    });
}

// --- headers with their namespaces ---------------------------------------------------------------

function bindNamespaces(headers) {
    const bound = new Map([['', NS.cpim]]);
    for (const { rest } of headers) {
        const value = unescape(splitParameters(rest).raw);
        const parts = /^([!#-'*+\-A-Za-z0-9^_`|~]*)[ \t]*<([^<>]+)>$/.exec(value);
        must(parts !== null, 'REQ-CPIM-7', 'not prefix <uri>');
        const [prefix, uri] = [parts[1].toLowerCase(), parts[2]];
        must(prefix !== '' || uri === NS.cpim, 'REQ-CPIM-8', 'another default namespace');
        must(!bound.has(prefix) || bound.get(prefix) === uri, 'REQ-CPIM-8', 'two meanings');
        bound.set(prefix, uri);
        must(bound.size <= 17, 'REQ-CPIM-2', 'more than 16 namespaces');
    }
    return bound;
}

function resolve(name, bound) {
    const dot = name.indexOf('.');
    const [prefix, local] = dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
    return { ns: bound.get(prefix.toLowerCase()) ?? '', local: local.toLowerCase() };
}

const ONCE = [[NS.cpim, 'from'], [NS.cpim, 'datetime'], [NS.imdn, 'message-id'],
    [NS.imdn, 'disposition-notification']];
// What a wrapper may only repeat (REQ-CPIM-16).
const WRAPPED = [...ONCE, [NS.cpim, 'to'], [NS.cpim, 'cc']];
const CPIM = 'message/cpim';
const IDENTITY = ['', 'binary', '8bit', '7bit'];
const MIME_ONCE = ['content-type', 'content-length', 'content-transfer-encoding'];

function checkRequired(headers, bound) {
    for (const header of headers.filter((h) => h.ns === NS.cpim && h.local === 'require'))
        for (const name of header.value.split(',').map(trim)) {
            const { ns, local } = resolve(name, bound);
            must(ns === NS.cpim ? CPIM_NAMES.includes(local) : Object.values(NS).includes(ns),
                'REQ-CPIM-10', 'a required header is not known');
        }
}

// What the MIME headers of the message itself leave of it, where they stand in front (REQ-CPIM-15).
function unwrap(input) {
    if (!/^content-/i.test(input))
        return input;
    try {
        const head = takeHead(input, 0, 32);
        const part = readPart(head.lines, input.slice(head.at));
        return part.type === CPIM ? part.body : input;
    } catch (error) {
        if (error instanceof Refused)
            return input; // headers of CPIM, whatever they are called
        throw error;
    }
}

// { headers: [{ ns, local, parameters, raw, value }], type, body }, all of them latin1.
export function parseCpim(octets) {
    const outer = parseMessage(unwrap(latin1(octets)), 2560);
    if (outer.type !== CPIM)
        return outer;
    must(IDENTITY.includes(outer.encoding), 'REQ-CPIM-16', 'wrapped under a transfer encoding');
    const inner = parseMessage(outer.body, 2560 - outer.count);
    must(inner.type !== CPIM, 'REQ-CPIM-16', 'wrapped twice');
    must(outer.headers.every(({ ns }) => ns !== NS.e2ee && ns !== NS.mls), 'REQ-CPIM-16', 'e2ee');
    for (const [ns, local] of WRAPPED) {
        const [around, inside] = [outer, inner].map(({ headers }) =>
            headers.filter((h) => h.ns === ns && h.local === local).map((h) => h.raw));
        must(around.length === 0 || JSON.stringify(around) === JSON.stringify(inside),
            'REQ-CPIM-16', `${local} of the wrapper is another`);
    }
    return inner;
}

function parseMessage(input, maxLines) {
    const head = takeHead(input, 0, maxLines);
    const part = takeHead(input, head.at, 32);
    const lines = head.lines.map((line) => {
        const { name, rest } = splitHeader(line);
        must(/^([!#-'*+\-A-Za-z0-9^_`|~]+\.)?[!#-'*+\-A-Za-z0-9^_`|~]+$/.test(name), 'REQ-CPIM-6',
            'name of a header');
        return { name, rest };
    });
    const isNs = ({ name }) => name.toLowerCase() === 'ns';
    const bound = bindNamespaces(lines.filter(isNs));
    const headers = lines.filter((line) => !isNs(line)).map(({ name, rest }) => {
        const { parameters, raw } = splitParameters(rest);
        return { ...resolve(name, bound), parameters, raw, value: unescape(raw) };
    });
    for (const [ns, local] of ONCE)
        must(headers.filter((h) => h.ns === ns && h.local === local).length <= 1, 'REQ-CPIM-9',
            `a second ${local}`);
    checkRequired(headers, bound);
    return { headers, count: head.count, ...readPart(part.lines, input.slice(part.at)) };
}

function readPart(lines, rest) {
    const mime = lines.map(splitHeader);
    for (const { name } of mime)
        must(/^[!#-'*+\-A-Za-z0-9^_`|~]+$/.test(name), 'REQ-CPIM-6', 'name of a MIME header');
    const find = (name) => mime.filter((h) => h.name.toLowerCase() === name);
    for (const name of MIME_ONCE)
        must(find(name).length <= 1, 'REQ-CPIM-9', `a second ${name}`);
    const length = find('content-length')[0]?.value;
    must(length === undefined || /^[0-9]+$/.test(length), 'REQ-CPIM-11', 'Content-Length');
    const trimmed = length !== undefined && BigInt(length) < BigInt(rest.length);
    return {
        type: trim((find('content-type')[0]?.value ?? '').split(';', 1)[0]).toLowerCase(),
        encoding: find('content-transfer-encoding')[0]?.value.toLowerCase() ?? '',
        body: trimmed ? rest.slice(0, Number(length)) : rest,
    };
}

// --- addresses -----------------------------------------------------------------------------------

const URI = /^[!#-;=?-\[\]-~]*:[!#-;=?-\[\]-~]*$/;
const TWO_URIS = /[;,].*:/;

// `Name <uri>; <uri>` or one bare URI; as written (REQ-CPIM-30).
export function addressesIn(raw) {
    if (raw === '')
        return [];
    if (!raw.includes('<')) {
        must(URI.test(raw) && !TWO_URIS.test(raw), 'REQ-CPIM-30', 'no URI');
        return [raw];
    }
    const out = [];
    const one = /^[ \t]*(?:"(?:[^"\\]|\\.)*"|(?!"))[^<]*<([^>]*)>[ \t]*([;,]|$)/s;
    for (let rest = raw; rest !== '';) {
        const parts = one.exec(rest);
        must(parts !== null && URI.test(parts[1]), 'REQ-CPIM-30', 'no address');
        out.push(parts[1]);
        rest = rest.slice(parts[0].length);
    }
    return out;
}

// --- date-times ----------------------------------------------------------------------------------

// A blank for T, a comma, and offsets in short are what peers write too (REQ-CPIM-20).
const DATE_TIME = new RegExp(
    /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/.source +
    /(?:[Zz]|([+-])(?:(\d\d?)(?::(\d\d))?|(\d\d)(\d\d)))$/.source);

function utcMs(year, month, day, hour, minute, second) {
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
        return NaN;
    date.setUTCHours(hour, minute, second);
    return date.getTime();
}

export function parseDateTime(text) {
    const parts = DATE_TIME.exec(text);
    must(parts !== null, 'REQ-CPIM-20', 'no date-time');
    const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
    const [offsetHour, offsetMinute] = [9, 10].map((i) => Number(parts[i] ?? parts[i + 2] ?? 0));
    const fraction = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3));
    let ms = utcMs(year, month, day, hour, minute, second);
    must(hour <= 23 && minute <= 59 && second <= 60 && offsetHour <= 23 && offsetMinute <= 59 &&
        !Number.isNaN(ms), 'REQ-CPIM-20', 'no such time');
    ms += second === 60 ? 0 : fraction;
    ms -= (parts[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute) * 60000;
    must(ms >= -62167219200000 && ms <= 253402300799999, 'REQ-CPIM-21', 'outside of the years');
    return ms;
}

export const writeDateTime = (ms) => new Date(Number(ms)).toISOString();

// --- writing -------------------------------------------------------------------------------------

export function writeHeader(name, value) {
    if (/[\0-\x1f\x7f]|^ | $/.test(value))
        throw new Refused('REQ-CPIM-13', 'a value that cannot be written');
    return `${name}: ${value.replaceAll('\\', '\\\\')}\r\n`;
}
