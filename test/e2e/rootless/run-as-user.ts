/** Programs beside this file, run by an ordinary user who is made for them and removed afterwards (tools/as-user). */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const asUser = join(import.meta.dirname, '../../../tools/as-user');

/** The place of the user's home and daemon; others may pass it, as ids of guests have to. */
function makeScratch(): Disposable & { readonly path: string } {
  const path = mkdtempSync('/var/tmp/gu-');
  chmodSync(path, 0o711);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const commandOf = (program: string, words: readonly string[]) => [
  process.execPath,
  join(import.meta.dirname, program),
  ...words,
];

type Options = { words?: readonly string[]; env?: NodeJS.ProcessEnv };

/** What the program has seen: it says so as JSON when it ends. */
export function seenAsUser<T>(
  program: string,
  { words = [], env = {}, timeoutMs = 160_000 }: Options & { timeoutMs?: number } = {},
): T {
  using scratch = makeScratch();
  const user = spawnSync(asUser, commandOf(program, words), {
    encoding: 'utf8',
    env: { ...process.env, ...env, TMPDIR: scratch.path },
    timeout: timeoutMs,
  });
  assert.equal(user.status, 0, user.stderr);
  return JSON.parse(user.stdout) as T;
}

/** The running program. Dispose of it when it has ended. `before`: what starts it, such as prlimit. */
export function startAsUser(
  program: string,
  { words = [], env = {}, before = [] }: Options & { before?: readonly string[] } = {},
): Disposable & { readonly child: ChildProcessByStdio<Writable, Readable, null> } {
  const scratch = makeScratch();
  const child = spawn(asUser, [...before, ...commandOf(program, words)], {
    env: { ...process.env, ...env, TMPDIR: scratch.path },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, [Symbol.dispose]: () => scratch[Symbol.dispose]() };
}
