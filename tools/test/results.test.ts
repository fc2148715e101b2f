import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { nodeTestArguments } from './node-test.ts';
import { runTests } from './process.ts';
import { closingLine, failure, type Result, skip, unusedSkips } from './results.ts';

const root = dirname(dirname(import.meta.dirname));

/** Runs one test file with this text as the runner would. */
async function outcomes(text: string, timeoutMs = 30_000): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gasthof-runner-'));
  try {
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    writeFileSync(join(directory, 'x.test.ts'), text);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    return (await runTests('x', nodeTestArguments(root, ['x.test.ts']), { cwd: directory, timeoutMs, env })).results;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('the closing line counts passed, failed and, if any, skipped tests', () => {
  const passed: Result = { file: 'a', name: 'b', outcome: 'passed', text: '', durationMs: 1 };
  assert.equal(closingLine([passed, passed]), '2 passed, 0 failed');
  assert.equal(closingLine([passed, failure('a', 'b', 'c'), skip('a', 'no kvm')]), '1 passed, 1 failed, 1 skipped');
});

test('an entry of the list of skips that no test bears out is a failure', () => {
  const entry = { file: 'a', test: 'inner', reason: 'no kvm' };
  const passed: Result = { file: 'a as a user', name: 'b', outcome: 'passed', text: '', durationMs: 1 };
  const skipped: Result = { ...passed, name: 'outer > inner', outcome: 'skipped', text: 'no kvm' };
  assert.deepEqual(unusedSkips([entry], [passed, skipped]), []);
  assert.equal(unusedSkips([entry], [passed])[0]?.outcome, 'failed');
  assert.deepEqual(unusedSkips([entry], [{ ...passed, file: 'another' }]), []);
  const whole = { file: 'a', reason: 'no kvm' };
  assert.deepEqual(unusedSkips([whole], [skip('a as a user', 'no kvm')]), []);
  assert.equal(unusedSkips([whole], [passed])[0]?.outcome, 'failed');
});

test('tests are counted once, with the error of a failure and the reason of a skip', async () => {
  const results = await outcomes(`import { describe, it } from 'node:test';
    describe('all', () => {
      it('works', () => {});
      it('cannot', (t) => t.skip('no kvm'));
      it('breaks', () => { throw new Error('boom'); });
    });`);
  assert.deepEqual(
    results.map(({ name, outcome }) => `${outcome} ${name}`),
    ['passed all > works', 'skipped all > cannot', 'failed all > breaks'],
  );
  assert.equal(results[1]?.text, 'no kvm');
  assert.match(results[2]?.text ?? '', /Error: boom[\s\S]*x\.test\.ts/);
});

test('a file that ran no test has failed', async () => {
  const results = await outcomes('export const nothing = 1;');
  assert.deepEqual(
    results.map(({ outcome, text }) => [outcome, text]),
    [['failed', 'this file ran no test']],
  );
});

test('a process that ends in the middle has failed, and the running test is named', async () => {
  const results = await outcomes(`import { test } from 'node:test';
    test('first', () => {});
    test('second', async () => { await new Promise((r) => setTimeout(r, 50)); process.exit(0); });`);
  assert.equal(results.at(-1)?.outcome, 'failed');
  assert.match(results.at(-1)?.text ?? '', /crashed \(exit code 0\)/);
});

test('a process that does not end is killed and has failed', async () => {
  const results = await outcomes(
    `import { test } from 'node:test';
    test('quick', () => {});
    setInterval(() => {}, 1000);`,
    3000,
  );
  assert.equal(results.filter(({ outcome }) => outcome === 'failed').length, 1);
});
