#!/usr/bin/env node
/**
 * tools/incus-suites/run.ts [SOURCE] [--only A,B] [--kept] [--write]   Runs the test suites of the Incus project against Gasthof,
 * each in a laboratory and a work folder of its own. SOURCE (or INCUS_SOURCE) is a checkout of Incus; what is written about
 * lines holds for the version in suites.ts. --kept runs nothing and judges what ran last. --write renews the table in docs/incus-suites.md.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSuite, runSuite } from './one-suite.ts';
import { countText, judge, markdownTable, type Outcome, type Ran } from './outcome.ts';
import { expectation, notApplicable } from './suites.ts';

const root = join(import.meta.dirname, '..', '..');
const work = join(root, '.cache', 'incus-suites');
const page = join(root, 'docs', 'incus-suites.md');
const atOnce = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    kept: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const source = positionals[0] ?? process.env.INCUS_SOURCE ?? '';
if (!existsSync(join(source, 'test', 'main.sh'))) {
  console.error(
    'usage: run.ts SOURCE [--only SUITE,...] [--kept] [--write]   SOURCE is a checkout of the Incus project',
  );
  process.exit(64);
}

/** In the order of the project's own list, each once. */
const named = [...readFileSync(join(source, 'test', 'main.sh'), 'utf8').matchAll(/^\s+run_test (test_\w+)/gm)];
const all = [...new Set(named.map((match) => match[1] ?? ''))];
const only = values.only?.split(',').map((name) => (name.startsWith('test_') ? name : `test_${name}`));
const chosen = all
  .filter((suite) => only?.includes(suite) ?? true)
  .filter((suite) => !values.kept || reasonAgainst(suite) !== undefined || existsSync(join(work, suite, 'log')));
const outcomes = new Map<string, Outcome>();
const waiting = chosen.filter((suite) => reasonAgainst(suite) === undefined);

mkdirSync(work, { recursive: true });
for (const suite of chosen) {
  const reason = reasonAgainst(suite);
  if (reason !== undefined) outcomes.set(suite, { suite, result: 'not applicable', reason });
}
await Promise.all(Array.from({ length: atOnce }, worker));
const ordered = chosen.flatMap((suite) => outcomes.get(suite) ?? []);
console.log(`\n${countText(ordered)}`);
if (values.write) writePage(ordered);

async function worker(): Promise<void> {
  for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
    const folder = join(work, suite);
    const ran = values.kept ? readSuite(folder, suite) : await runSuite(source, folder, suite);
    const outcome = judge(ran, expectation);
    outcomes.set(suite, outcome);
    console.log(`${suite}: ${outcome.result}: ${outcome.reason}`);
    if (outcome.result === 'fails' || outcome.result === 'runs too long') showLines(ran);
  }
}

function reasonAgainst(suite: string): string | undefined {
  return notApplicable.find(({ suites }) => suites.some((name) => name.test(suite)))?.why;
}

function showLines({ failed }: Ran): void {
  for (const { file, line } of failed.slice(0, 20)) {
    const text = readFileSync(join(source, 'test', 'suites', file), 'utf8').split('\n')[line - 1] ?? '';
    console.log(`  ${file}:${line}: ${text.trim()}`);
  }
}

function writePage(ordered: readonly Outcome[]): void {
  const text = readFileSync(page, 'utf8');
  const table = `${countText(ordered)}.\n\n${markdownTable(ordered)}\n`;
  writeFileSync(page, text.replace(/(<!-- table -->\n)[\s\S]*/, `$1${table}`));
}
