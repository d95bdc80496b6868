// Asks the codecs, by tests/tools/exchange: collects orders, sends them at once, hands the answers
// out in the order of the orders.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { hex, unhex } from './octets.mjs';
import { test } from './tally.mjs';

const build = process.env.TEAL_BUILD ?? 'build/asan';
const tool = fileURLToPath(new URL(`../../${build}/tests/tools/exchange`, import.meta.url));

const written = (field) => Buffer.isBuffer(field) ? hex(field) || '-' : String(field);

let orders = [];

// check gets what they answered: octets, numbers as text; or a string, the rule that was broken.
export function ask(name, order, check) {
    orders.push({ name, line: order.map(written).join('\t'), check });
}

function answerOf(line) {
    if (!line.startsWith('ok\t'))
        return line;
    const [, octets, ...rest] = line.split('\t');
    return [octets === '-' ? Buffer.alloc(0) : unhex(octets), ...rest];
}

function check(order, line) {
    try {
        order.check(answerOf(line));
    } catch (error) {
        throw new Error(`${error.message}\nasked: ${order.line}\nanswer: ${line}`);
    }
}

// One test for each name.
export function askAll() {
    const done = spawnSync(tool, { input: orders.map(({ line }) => `${line}\n`).join(''),
        maxBuffer: 1 << 30 });
    const lines = done.error ? [] : done.stdout.toString().split('\n').slice(0, -1);
    test('the codecs answer', () => {
        if (done.error)
            throw done.error;
        if (done.status !== 0 || lines.length !== orders.length)
            throw new Error(`${orders[lines.length]?.line}\n${done.stderr}`);
    });
    const checks = new Map();
    lines.forEach((line, i) => {
        const order = orders[i];
        checks.set(order.name, checks.get(order.name) ?? []);
        checks.get(order.name).push(() => check(order, line));
    });
    for (const [name, all] of checks)
        test(`${name}, ${all.length} times`, () => all.forEach((one) => one()));
    orders = [];
}
