// Protobuf by hand: section 3.1, "one encoding each", and the ordinary encoding that contents have.
// A schema is a list of fields, in the order of their numbers.
import { Refused, must, textOf, utf8, hex, unhex } from './octets.mjs';

const VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5;
const MAX_U32 = 0xffffffffn, MAX_U63 = 0x7fffffffffffffffn, MAX_U64 = 0xffffffffffffffffn;

// Fields. uint64 are BigInt, uint32 and enumerations numbers, bytes and strings Buffers.
const uint = (no, name, bits, highest) => ({ no, name, type: 'uint', bits, highest });
export const u32 = (no, name) => uint(no, name, 32, MAX_U32);
export const enumeration = (no, name, highest) => uint(no, name, 32, BigInt(highest));
export const u63 = (no, name) => uint(no, name, 64, MAX_U63);
export const u64 = (no, name) => uint(no, name, 64, MAX_U64);
export const bool = (no, name) => ({ no, name, type: 'bool' });
export const bytes = (no, name) => ({ no, name, type: 'bytes' });
export const fixed = (no, name, length) => ({ no, name, type: 'fixed', length });
export const text = (no, name) => ({ no, name, type: 'text' });
export const double = (no, name) => ({ no, name, type: 'double' });
export const message = (no, name, schema) => ({ no, name, type: 'message', schema });
export const many = (field, max = Infinity) => ({ ...field, repeated: true, max });
export const oneof = (field) => ({ ...field, oneof: true }); // a schema has one oneof at most

const wireType = (field) =>
    ({ uint: VARINT, bool: VARINT, double: FIXED64 })[field.type] ?? LENGTH;

// --- writing -------------------------------------------------------------------------------------

function varint(value) {
    const out = [];
    let rest = BigInt(value);
    for (; rest > 0x7fn; rest >>= 7n)
        out.push(Number(rest & 0x7fn) | 0x80);
    return Buffer.from([...out, Number(rest)]);
}

const tag = (field) => varint(BigInt(field.no) << 3n | BigInt(wireType(field)));

function encodeOne(field, value) {
    switch (field.type) {
    case 'uint':
        return Buffer.concat([tag(field), varint(value)]);
    case 'bool':
        return Buffer.concat([tag(field), varint(value ? 1 : 0)]);
    case 'double': {
        const octets = Buffer.alloc(8);
        octets.writeDoubleLE(value);
        return Buffer.concat([tag(field), octets]);
    }
    case 'message': {
        const octets = encode(field.schema, value);
        return Buffer.concat([tag(field), varint(octets.length), octets]);
    }
    default:
        return Buffer.concat([tag(field), varint(value.length), value]);
    }
}

function isDefault(field, value) {
    switch (field.type) {
    case 'uint':
        return BigInt(value) === 0n;
    case 'bool':
        return !value;
    case 'double':
        return Object.is(value, 0);
    case 'message':
        return value === null;
    default:
        return value.length === 0;
    }
}

export function encode(schema, value) {
    const out = [];
    for (const field of schema)
        if (field.repeated)
            out.push(...value[field.name].map((element) => encodeOne(field, element)));
        else if (field.oneof ? value[field.name] !== null : !isDefault(field, value[field.name]))
            out.push(encodeOne(field, value[field.name]));
    return Buffer.concat(out);
}

// --- reading -------------------------------------------------------------------------------------

class Reader {
    constructor(octets) {
        this.octets = octets;
        this.at = 0;
    }

    get left() {
        return this.octets.length - this.at;
    }

    take(length) {
        must(length <= this.left, 'REQ-WIRE-4', 'a field crosses the end of its message');
        const part = this.octets.subarray(this.at, this.at + Number(length));
        this.at += Number(length);
        return part;
    }

    varint(shortest) {
        let value = 0n, octet = 0x80;
        for (let i = 0n; octet & 0x80; i++) {
            must(i < 10n, 'REQ-WIRE-3', 'a varint of more than 10 octets');
            octet = this.take(1)[0];
            value |= BigInt(octet & 0x7f) << 7n * i;
            must(!shortest || octet !== 0 || i === 0n, 'REQ-WIRE-3', 'not of the shortest form');
        }
        must(!shortest || value <= MAX_U64, 'REQ-WIRE-3', 'a varint of more than 64 bits');
        return value & MAX_U64;
    }

    skip(type) {
        if (type === VARINT)
            this.varint(false);
        else if (type === FIXED64 || type === FIXED32)
            this.take(type === FIXED64 ? 8 : 4);
        else if (type === LENGTH)
            this.take(this.varint(false));
        else
            throw new Refused('REQ-WIRE-1', 'a wire type that does not exist');
    }
}

function decodeOne(field, reader, strict, read) {
    switch (field.type) {
    case 'uint': {
        const value = strict ? reader.varint(true) : BigInt.asUintN(field.bits, reader.varint(false));
        must(value <= field.highest, 'REQ-WIRE-3', `${field.name} is out of range`);
        return field.bits === 64 ? value : Number(value);
    }
    case 'bool': {
        const value = reader.varint(strict);
        must(!strict || value <= 1n, 'REQ-WIRE-3', 'a bool that is there is 1');
        return value !== 0n;
    }
    case 'double':
        return reader.take(8).readDoubleLE();
    case 'message':
        return read(field.schema, reader.take(reader.varint(strict)));
    default:
        return reader.take(reader.varint(strict));
    }
}

function absent(field) {
    if (field.repeated)
        return [];
    if (field.oneof || field.type === 'message')
        return null;
    if (field.type === 'uint')
        return field.bits === 64 ? 0n : 0;
    if (field.type === 'bool')
        return false;
    return field.type === 'double' ? 0 : Buffer.alloc(0);
}

export function empty(schema) {
    return Object.fromEntries(schema.map((field) => [field.name, absent(field)]));
}

// The canonical form alone: REQ-WIRE-1 to -5.
export function decode(schema, octets) {
    const reader = new Reader(octets);
    const out = empty(schema);
    let last = 0;
    while (reader.left > 0) {
        const key = reader.varint(true);
        const field = schema.find((f) => BigInt(f.no) === key >> 3n);
        must(field !== undefined, 'REQ-WIRE-1', 'an unknown field');
        must(Number(key & 7n) === wireType(field), 'REQ-WIRE-1', 'another wire type');
        must(field.no > last || (field.no === last && field.repeated), 'REQ-WIRE-1',
            'fields stand in the order of their numbers, each once');
        last = field.no;
        const value = decodeOne(field, reader, true, decode);
        must(field.repeated || field.type === 'message' || !isDefault(field, value), 'REQ-WIRE-2',
            'a default value is left out');
        if (field.repeated)
            out[field.name].push(value);
        else
            out[field.name] = value;
        must(!field.repeated || out[field.name].length <= field.max, 'REQ-WIRE-6', field.name);
    }
    for (const field of schema.filter((f) => f.type === 'fixed'))
        for (const value of field.repeated ? out[field.name] : [out[field.name]])
            must(value.length === field.length, 'REQ-WIRE-5', `${field.name} has a fixed length`);
    return out;
}

// What contents are in: REQ-CNT-1 to -3.
export function decodeOpen(schema, octets) {
    const reader = new Reader(octets);
    const out = empty(schema);
    let last = 0;
    try {
        while (reader.left > 0) {
            const key = reader.varint(false);
            must(key >> 3n > 0n && key <= MAX_U32, 'REQ-CNT-1', 'a field number out of range');
            const field = schema.find((f) => BigInt(f.no) === key >> 3n);
            if (field === undefined) {
                reader.skip(Number(key & 7n));
                continue;
            }
            must(Number(key & 7n) === wireType(field), 'REQ-CNT-1', 'a field of another type');
            must(field.no > last || (field.no === last && field.repeated), 'REQ-CNT-2',
                'known fields stand in order, each once unless repeated');
            last = field.no;
            const value = decodeOne(field, reader, false, decodeOpen);
            if (field.type === 'text') {
                const string = textOf(value);
                must(string !== null && !string.includes('\0'), 'REQ-CNT-3', 'a string is UTF-8');
            }
            if (field.oneof)
                for (const other of schema.filter((f) => f.oneof))
                    out[other.name] = null;
            if (field.repeated)
                out[field.name].push(value);
            else
                out[field.name] = value;
        }
    } catch (error) {
        throw error.rule?.startsWith('REQ-WIRE') ? new Refused('REQ-CNT-1', error.message) : error;
    }
    return out;
}

// --- JSON ----------------------------------------------------------------------------------------

function oneFromJson(field, value) {
    switch (field.type) {
    case 'uint':
        return field.bits === 64 ? BigInt(value) : value;
    case 'text':
        return utf8(value);
    case 'bytes':
    case 'fixed':
        return unhex(value);
    case 'message':
        return fromJson(field.schema, value);
    default:
        return value;
    }
}

// Octets in hexadecimal, strings as they are, a field that is not there has its default.
export function fromJson(schema, json) {
    const out = empty(schema);
    for (const [name, value] of Object.entries(json)) {
        const field = schema.find((f) => f.name === name);
        if (field === undefined)
            throw new Error(`no field ${name}`);
        out[name] = field.repeated ? value.map((element) => oneFromJson(field, element))
            : oneFromJson(field, value);
    }
    return out;
}

// For messages of failing tests.
export function show(value) {
    return JSON.stringify(value, (_, v) => typeof v === 'bigint' ? v.toString()
        : v?.type === 'Buffer' ? hex(Buffer.from(v.data)) : v, 1);
}
