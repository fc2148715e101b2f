/** What the laws of disks are tried with: a pool under test, and a hand that writes and reads disks as a machine would. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Disks } from '../../src/core/ports/disks.ts';
import type { Pool, PoolConfig, StorageDriver, VolumeState } from '../../src/core/ports/storage.ts';

export type DisksUnderTest = {
  driver: StorageDriver;
  config: PoolConfig;
  /** Where the pool lies. */
  directory: string;
  scratch: string;
} & AsyncDisposable;

export type DisksLaw = (title: string, body: (room: DisksRoom) => Promise<void>) => void;
export type DisksRoom = ReturnType<typeof createDisksRoom>;

export const mib = 1024 * 1024;
const run = promisify(execFile);

export function createDisksRoom(under: DisksUnderTest, pool: Pool) {
  const { disks } = pool;
  return {
    under,
    pool,
    disks,
    path: (...names: string[]) => join(under.directory, 'disks', ...names),
    write: (id: string, pattern: number, at = '0', length = '1M') => writeHead(disks, id, pattern, at, length),
    /** Fails when the bytes there are others. */
    expect: (at: VolumeState, pattern: number, from = '0', length = '1M') =>
      expectBytes(disks, at, pattern, from, length),
  };
}

/** As a machine that was started and stopped. */
export async function writeHead(disks: Disks, id: string, pattern: number, at: string, length: string): Promise<void> {
  const [head] = await disks.chain({ id });
  assert.equal(head.readOnly, false);
  await run('qemu-io', ['-f', 'qcow2', '-c', `write -P ${pattern} ${at} ${length}`, head.path]);
}

export async function expectBytes(
  disks: Disks,
  at: VolumeState,
  pattern: number,
  from: string,
  length: string,
): Promise<void> {
  // Opened as QEMU has to open it: by the chain, not by the names in the headers.
  const image = graphOf((await disks.chain(at)).map(({ path }) => path));
  const { stdout } = await run('qemu-io', ['-r', '-U', '-c', `read -P ${pattern} ${from} ${length}`, `json:${image}`]);
  assert.doesNotMatch(stdout, /Pattern verification failed/, `${at.id} ${at.snapshot ?? ''} ${from}: not ${pattern}`);
}

export function graphOf(files: readonly string[]): string {
  const graph = files.reduceRight<object | null>(
    (backing, filename) => ({ driver: 'qcow2', file: { driver: 'file', filename }, backing }),
    null,
  );
  return JSON.stringify(graph);
}

/** Fills a new disk of 64 MiB, with 1 MiB of this pattern at its start. */
export const filled =
  (pattern: number) =>
  async (path: string): Promise<void> => {
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', path, '64M']);
    await run('qemu-io', ['-f', 'qcow2', '-c', `write -P ${pattern} 0 1M`, path]);
  };
