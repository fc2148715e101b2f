import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostError } from '../../lib/host-error.ts';
import { execOutcome } from './exec-outcome.ts';

const error = (msg: string) => `${JSON.stringify({ msg, level: 'error', time: '2026-01-01T00:00:00Z' })}\n`;

test('exit codes of the command itself pass through', () => {
  for (const code of [0, 1, 7, 143, 255]) assert.equal(execOutcome(code, ''), code);
});

test('what crun says becomes the exit codes that shells use', () => {
  assert.equal(execOutcome(255, error('executable file `foo` not found in $PATH: No such file or directory')), 127);
  assert.equal(execOutcome(1, error('open executable: Permission denied')), 126);
});

test('any other failure of crun is an error with its text, and a cut log line does no harm', () => {
  assert.throws(() => execOutcome(1, `{"msg": "cut\n${error('cannot join namespace')}`), /cannot join namespace/);
  assert.throws(() => execOutcome(1, error('x')), HostError);
});
