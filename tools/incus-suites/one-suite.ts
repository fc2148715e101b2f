/** Runs one suite in a laboratory and reads what it left in its work folder. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hostNames } from '../../src/host/paths.ts';
import { type Place, type Ran, readPlaces } from './outcome.ts';
import { atTerminal, leftOut, timeLimitSeconds } from './suites.ts';

const root = join(import.meta.dirname, '..', '..');

export async function runSuite(source: string, folder: string, suite: string): Promise<Ran> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, 'log'), 'w');
  const words = [join(import.meta.dirname, 'one-suite.sh'), source, folder, suite, ...(leftOut[suite] ?? [])];
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const command = atTerminal.includes(suite) ? ['script', '-qefc', quoted, '/dev/null'] : words;
  const child = spawn(join(root, 'tools', 'lab'), command, { stdio: ['ignore', log, log] });
  // The laboratory ends with its first process, and everything in it.
  const timer = setTimeout(() => child.kill('SIGKILL'), timeLimitSeconds * 1000);
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  closeSync(log);
  removeControlGroups(join(folder, 't'));
  return readSuite(folder, suite);
}

/** What the last run of a suite left. */
export function readSuite(folder: string, suite: string): Ran {
  const read = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  // `! command` never ends a suite, yet bash calls the trap for what fails inside.
  const counts = ({ file, line }: Place) =>
    !/^\s*! [^|]*$/.test(read(`source/suites/${file}`)?.split('\n')[line - 1] ?? '');
  const done = read('done');
  // A suite that lacks something on this machine says so as its last word, and has shown nothing.
  const skipped = (read('log') ?? '').trimEnd().split('\n').at(-1)?.startsWith('==> SKIP') === true;
  const failed = readPlaces(read('failed') ?? '').filter(counts);
  return {
    suite,
    failed,
    finished: done !== undefined,
    unmet:
      done?.trim() || (skipped && failed.length === 0) ? 'says itself that this machine lacks something for it' : '',
  };
}

/** Control groups are the only thing that outlives a laboratory: those of every daemon below the work folder. */
function removeControlGroups(folder: string): void {
  const top = '/sys/fs/cgroup';
  if (!existsSync(folder)) return;
  const parents = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => hostNames(join(folder, entry.name)).cgroupParent);
  for (const hierarchy of [top, ...readdirSync(top).map((name) => join(top, name))])
    for (const parent of parents) removeTree(join(hierarchy, parent));
}

function removeTree(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  try {
    rmdirSync(path);
  } catch {
    // Somebody ends in there at this moment; the next run of the suite takes it.
  }
}
