/** A real Incus server in a directory of its own, with a pool of plain directories: the other side of migrations. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { peerSurroundings } from '../../../bench/peer-surroundings.ts';
import { installedPeers } from '../../../bench/peers.ts';

export const lackingIncusServer = (): string | false =>
  incus() ? false : 'needs a real incusd (Debian: incus-base from backports)';
const incus = () => installedPeers().find(({ name }) => name === 'incus');

export type IncusServer = AsyncDisposable & { directory: string; socket: string };

/** It has to run in the laboratory: Incus touches mounts, cgroups and links wherever it is. */
export async function startIncusServer(driver = 'dir'): Promise<IncusServer> {
  const peer = incus();
  if (!peer) throw new Error('incusd is not installed');
  await using parts = new AsyncDisposableStack();
  const top = mkdtempSync(join(tmpdir(), 'gast-incus-'));
  // Its guests' ids have to pass.
  chmodSync(top, 0o711);
  parts.defer(() => rmSync(top, { recursive: true, force: true }));
  parts.use(await peerSurroundings(top));
  const directory = join(top, 'incus');
  mkdirSync(directory);
  const env = { ...process.env, INCUS_DIR: directory, INCUS_CONF: join(top, 'conf') };
  delete (env as Record<string, string | undefined>).INCUS_SOCKET;
  const log = openSync(join(top, 'log'), 'w');
  const child = spawn(peer.daemon, ['--group', 'root'], { env, stdio: ['ignore', log, log] });
  closeSync(log);
  parts.defer(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([gone, setTimeout(20_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
    endOthers(directory);
    unmountBelow(directory);
  });
  const run = (program: string, words: string[], input = '') => {
    const { status, stderr } = spawnSync(program, words, { env, input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}\n${readFileSync(join(top, 'log'), 'utf8')}`);
  };
  run(peer.daemon, ['waitready', '--timeout=60']);
  const root = { type: 'disk', path: '/', pool: 'default' };
  const preseed = {
    storage_pools: [{ name: 'default', driver }],
    profiles: [{ name: 'default', devices: { root } }],
  };
  run(peer.tool, ['admin', 'init', '--preseed'], JSON.stringify(preseed));
  const whole = parts.move();
  return {
    directory,
    socket: join(directory, 'unix.socket'),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Monitors and helpers that name our directory. */
function endOthers(directory: string): void {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid))
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      if (words.includes(directory)) process.kill(Number(name), 'SIGKILL');
    } catch {
      // It ended while we looked.
    }
}

function unmountBelow(directory: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const paths = mounts.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${directory}/`));
  for (const path of paths.reverse()) spawnSync('umount', ['--lazy', path]);
}
