/**
 * Runs test files that need root, each in a laboratory of its own, two side by side. What they leave outside their
 * laboratory (cgroups, loop devices, files, namespaces) fails the files that ran while it appeared.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { difference, machineState, type State } from './host-state.ts';
import { runTests } from './process.ts';
import { failure, type Result } from './results.ts';

const fileTimeoutMs = 10 * 60_000;
const sideBySide = 2;
const patienceMs = 3000;

type Watch = { directory: string; before: State; running: Set<string>; suspects: Map<string, Set<string>> };

/** `as`: whom the tests run as; their results say so. */
export async function runInLaboratories(
  root: string,
  files: readonly string[],
  as: 'root' | 'user',
  onFile: (file: string, results: readonly Result[], durationMs: number) => void,
): Promise<Result[]> {
  // /var/tmp is on a disk: overlay and idmapped mounts need more than the tmpfs that /tmp may be. Short, for socket paths.
  const directory = mkdtempSync('/var/tmp/gt-');
  chmodSync(directory, 0o711);
  const watch: Watch = { directory, before: machineState(directory), running: new Set(), suspects: new Map() };
  const results: Result[] = [];
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const ended = await runFile(root, { file, as }, watch, files.indexOf(file));
      results.push(...ended.results);
      onFile(labelOf({ file, as }), ended.results, ended.durationMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: sideBySide }, worker));
    results.push(...(await leaks(watch)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return results;
}

type Run = { file: string; as: 'root' | 'user' };
export const labelOf = ({ file, as }: Run) => (as === 'user' ? `${file} as an ordinary user` : file);

async function runFile(root: string, run: Run, watch: Watch, index: number) {
  const file = labelOf(run);
  const temporary = join(watch.directory, String(index));
  mkdirSync(temporary, { mode: 0o711 });
  watch.running.add(file);
  const argv = [
    join(root, 'tools', 'lab'),
    process.execPath,
    join(root, 'tools', 'test', 'in-laboratory.ts'),
    run.file,
  ];
  const ended = await runTests(file, argv, {
    cwd: root,
    timeoutMs: fileTimeoutMs,
    env: { ...process.env, TMPDIR: temporary, GASTHOF_TEST_AS: run.as },
  });
  for (const result of ended.results) result.file = file;
  const left = difference(new Set(), machineState(temporary)).filter((text) => text.includes(`file ${temporary}/`));
  if (left.length > 0) ended.results.push(failure(file, 'leaves no file behind', left.join('\n')));
  rmSync(temporary, { recursive: true, force: true });
  suspect(watch);
  watch.running.delete(file);
  return ended;
}

/** Remembers for everything new which files ran when it was first seen. */
function suspect(watch: Watch): void {
  for (const item of changes(watch)) if (!watch.suspects.has(item)) watch.suspects.set(item, new Set(watch.running));
}

/** A cgroup or file that went may have been another run's; a mount or link that went was the machine's. */
function changes(watch: Watch): string[] {
  const found = difference(watch.before, machineState(watch.directory));
  return found.filter((item) => !/^taken away: (cgroup|file|loop)/.test(item));
}

async function leaks(watch: Watch): Promise<Result[]> {
  const deadline = Date.now() + patienceMs;
  let found = changes(watch);
  while (found.length > 0 && Date.now() < deadline) {
    await sleep(100);
    found = changes(watch);
  }
  const byFiles = new Map<string, string[]>();
  for (const item of found) {
    const files = [...(watch.suspects.get(item) ?? ['(unknown)'])].join(' or ');
    byFiles.set(files, [...(byFiles.get(files) ?? []), item]);
  }
  return [...byFiles].map(([files, items]) => failure(files, 'leaves the machine as it was', items.join('\n')));
}
