/** Where bare crun runs: on the host, or for an ordinary user in namespaces that the subordinate ids of that user allow. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { asUser } from '../test/own-namespaces.ts';

export type Ground = Disposable & {
  /** Words before a command that is to run there. */
  words: readonly string[];
  /** Ids that guests get there. */
  firstId: number;
  ids: number;
  cgroupManager: 'cgroupfs' | 'disabled';
};

export async function createGround(): Promise<Ground> {
  if (!asUser) return { words: [], firstId: 1_000_000, ids: 65_536, cgroupManager: 'cgroupfs', [Symbol.dispose]() {} };
  const namespaces = ['--user', '--map-root-user', '--map-auto', '--mount', '--net'];
  const holder = spawn('unshare', [...namespaces, 'sh', '-c', 'echo; exec sleep infinity'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return {
    words: ['nsenter', `--target=${holder.pid}`, '--user', '--mount', '--net', '--'],
    // Root inside is the user; the subordinate ids follow.
    firstId: 1,
    ids: 65_535,
    cgroupManager: 'disabled',
    [Symbol.dispose]: () => void holder.kill('SIGKILL'),
  };
}
