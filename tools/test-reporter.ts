/**
 * Reporter for node:test: one JSON line per finished test, written at once, so that a process that crashes or hangs later
 * has still told what it did. Suites are not counted, only a suite whose own hook failed.
 */
import { writeSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import type { ReportLine } from './test/results.ts';

const descriptor = Number(process.env.GASTHOF_TEST_RESULTS_FD ?? 1);
const write = (line: ReportLine) => writeSync(descriptor, `${JSON.stringify(line)}\n`);

export async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const event of source) {
    if (event.type === 'test:start') {
      names.splice(event.data.nesting, Number.POSITIVE_INFINITY, event.data.name);
      write({ kind: 'started', name: names.join(' > ') });
    }
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      const line = resultOf(event, [...names.slice(0, event.data.nesting), event.data.name].join(' > '));
      if (line) write(line);
    }
    if (event.type === 'test:summary' && event.data.file === undefined) write({ kind: 'summary' });
    if (event.type === 'test:stdout' || event.type === 'test:stderr') yield event.data.message;
  }
}

type Finished = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>;

function resultOf(event: Finished, name: string): ReportLine | undefined {
  const { data } = event;
  const file = relative(process.cwd(), data.file ?? '');
  const seen = { kind: 'result', file, name, durationMs: data.details.duration_ms } as const;
  // With --test-isolation=none a file without any test appears as a passed test that bears the file's name.
  if (data.name === file && data.line === 1) return { ...seen, outcome: 'failed', text: 'this file ran no test' };
  if (event.type === 'test:fail') {
    const error = event.data.details.error as Error & { failureType?: string };
    if (error.failureType === 'subtestsFailed') return undefined;
    return { ...seen, outcome: 'failed', text: textOf(error) };
  }
  if (event.data.details.type === 'suite') return undefined;
  const reason = data.skip ?? data.todo;
  if (reason !== undefined && reason !== false)
    return { ...seen, outcome: 'skipped', text: reason === true ? '(no reason given)' : String(reason) };
  return { ...seen, outcome: 'passed', text: '' };
}

/** The error that the test threw; node:test wraps it. */
function textOf(error: Error): string {
  const thrown = error.cause ?? error;
  const text = thrown instanceof Error ? inspect(thrown, { depth: 4 }) : String(thrown);
  const lines = text.split('\n').filter((line) => !/^\s+at .*node:internal\//.test(line));
  return lines.slice(0, 60).join('\n');
}

// node:test asks for a default export; a reporter is the one thing that may have one.
// biome-ignore lint/style/noDefaultExport: demanded by --test-reporter
export default reporter;
