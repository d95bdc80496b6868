// Counts what passes, says what fails, and closes as tests/run-all expects.
import assert from 'node:assert/strict';

import { Refused } from './octets.mjs';

let passed = 0, failed = 0;

export function test(name, run) {
    try {
        run();
        passed++;
    } catch (error) {
        failed++;
        console.log(`FAILED ${name}\n${error.stack}`);
    }
}

// Passes where `run` refuses under that rule alone.
export function testRefused(name, rule, run) {
    test(`${name}: ${rule}`, () => {
        assert.throws(run, (error) => {
            if (!(error instanceof Refused))
                throw error;
            assert.equal(error.rule, rule, error.message);
            return true;
        });
    });
}

export function close() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed > 0 ? 1 : 0;
}
