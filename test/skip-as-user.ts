/**
 * Loaded before a test file that runs as an ordinary user: tests that test/rootless-skips.ts names are skipped with its
 * reason. So the files themselves do not have to know of it.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { relative, resolve } from 'node:path';
import type { TestContext, TestFn, TestOptions } from 'node:test';
import { reasonToSkip } from './rootless-skips.ts';

type MakeTest = (name: string, options: TestOptions, body: TestFn | undefined) => Promise<void>;

const named = process.argv.find((word) => word.endsWith('.test.ts')) ?? '';
const file = relative(resolve(import.meta.dirname, '..'), resolve(named));

/** The same `test`, for tests inside those called `parents`. */
function withSkips(make: MakeTest, parents: readonly string[]) {
  return (name: string, ...rest: (TestOptions | TestFn)[]) => {
    const path = [...parents, name];
    const body = rest.find((one) => typeof one === 'function');
    const options = rest.find((one) => typeof one === 'object') ?? {};
    const reason = reasonToSkip(file, path.join(' > '));
    return make(name, reason === undefined ? options : { ...options, skip: reason }, body && inside(body, path));
  };
}

function inside(body: TestFn, path: readonly string[]): TestFn {
  return (context: TestContext) => {
    const make = context.test.bind(context) as MakeTest;
    Object.assign(context, { test: withSkips(make, path) });
    return (body as (context: TestContext) => Promise<void>)(context);
  };
}

const nodeTest = createRequire(import.meta.url)('node:test') as { test: MakeTest };
Object.assign(nodeTest, { test: withSkips(nodeTest.test, []) });
syncBuiltinESMExports();
