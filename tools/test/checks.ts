/** The type check, the linter and the build, each counted as one test. */
import { spawnSync } from 'node:child_process';
import { failure, type Result } from './results.ts';

export function checkTypes(root: string): Result[] {
  return [program(root, 'types', ['node_modules/.bin/tsc', '-p', '.'])];
}

export function checkStyle(root: string): Result[] {
  return [program(root, 'lint', ['node_modules/.bin/biome', 'ci', '--colors=off', '--max-diagnostics=50'])];
}

/** Of what the tests in laboratories run. */
export function checkBuild(root: string): Result[] {
  return [program(root, 'build', [process.execPath, 'tools/build.mjs'])];
}

function program(root: string, name: string, [file = '', ...args]: string[]): Result {
  const startedAt = Date.now();
  const done = spawnSync(file, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const durationMs = Date.now() - startedAt;
  const shown = `${file} ${args.join(' ')}`;
  if (done.status === 0) return { file: shown, name, outcome: 'passed', text: '', durationMs };
  return failure(shown, name, done.error?.message ?? `${done.stdout}${done.stderr}`.trim().slice(-8000), durationMs);
}
