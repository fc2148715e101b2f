/** What tests of disks share: a scratch folder, qemu-img run by hand, and why they cannot run here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const missing = () =>
  spawnSync('qemu-img', ['--version']).status === 0
    ? false
    : 'qemu-img is missing: install qemu-utils (tools/vm-packages)';

/** For node:test's `skip`. */
export const skip = process.env.LAB_INSIDE === '1' ? missing() : 'mounts file systems: run it by tools/lab';

export function createScratch(): { path: string; file(name: string): string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'gasthof-disks-test-'));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]() {
      // What a pool deletes in the background goes on, and rmSync of Node 26 takes a file that somebody else has just deleted
      // for the end of its work.
      for (let attempt = 0; attempt < 100 && existsSync(path); attempt += 1)
        rmSync(path, { recursive: true, force: true });
    },
  };
}

/** By hand, without a cage: only for files of the test's own. */
export const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });

/** Writes a pattern into a disk, as a guest would. */
export function writeDisk(path: string, pattern: number, at: string, length: string, format = 'qcow2'): void {
  execFileSync('qemu-io', ['-f', format, '-c', `write -P ${pattern} ${at} ${length}`, path]);
}
