// Random inputs that can be had again: everything follows from one printed seed (TEAL_SEED=N).
import { sha256 } from './crypto.mjs';
import { bigEndian, lp } from './octets.mjs';

export const seed = BigInt(process.env.TEAL_SEED ?? Date.now());
console.log(`TEAL_SEED=${seed}`);

let counter = 0n, pool = Buffer.alloc(0);

export function randomOctets(length) {
    const parts = [];
    for (let left = length; left > 0;) {
        if (pool.length === 0)
            pool = sha256(Buffer.concat([lp(bigEndian(seed, 8)), bigEndian(counter++, 8)]));
        parts.push(pool.subarray(0, left));
        left -= parts.at(-1).length;
        pool = pool.subarray(parts.at(-1).length);
    }
    return Buffer.concat(parts);
}

// 0 .. n - 1
export const below = (n) => Number(BigInt(`0x${randomOctets(7).toString('hex')}`) % BigInt(n));
export const between = (low, high) => low + below(high - low + 1);
export const chance = (n) => below(n) === 0;
export const pick = (list) => list[below(list.length)];
export const textOf = (alphabet, low, high) =>
    Array.from({ length: between(low, high) }, () => pick(alphabet)).join('');

const ODD_OCTETS = [0, 1, 2, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x2e, 0x30, 0x3a, 0x3b, 0x3c, 0x3e,
    0x40, 0x5c, 0x7f, 0x80, 0xc0, 0xff];

function changeOnce(octets, tokens) {
    const at = below(octets.length + 1);
    const end = Math.min(octets.length, at + (chance(8) ? below(64) : between(1, 4)));
    const [before, part, after] = [octets.subarray(0, at), octets.subarray(at, end),
        octets.subarray(end)];
    switch (below(7)) {
    case 0: {
        const copy = Buffer.from(octets);
        if (at < copy.length)
            copy[at] ^= 1 << below(8);
        return copy;
    }
    case 1:
        return Buffer.concat([before, Buffer.from([pick(ODD_OCTETS)]), part.subarray(1), after]);
    case 2:
        return Buffer.concat([before, after]);
    case 3:
        return Buffer.concat([before, part, part, after]);
    case 4:
        return Buffer.concat([before, randomOctets(between(1, 3)), part, after]);
    case 5:
        return chance(4) ? before : Buffer.concat([before, after, part]);
    default:
        return Buffer.concat([before, Buffer.from(pick(tokens)), part, after]);
    }
}

// A good input, changed in a few places; tokens: what its grammar is made of.
export function mutated(octets, tokens) {
    let out = octets;
    for (let times = between(1, 3); times > 0; times--)
        out = changeOnce(out, tokens);
    return out;
}
