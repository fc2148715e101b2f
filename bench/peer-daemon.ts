/** Incus or LXD with a directory of its own, one btrfs pool on a loop file (dir where that cannot be), one bridge with NAT. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createClient } from '../src/client/client.ts';
import type { PeerKind } from './peers.ts';
import { processesNaming } from './processes.ts';
import { runQuietly } from './sample.ts';
import type { Subject } from './subject.ts';

export type Peer = Subject & AsyncDisposable & { version: string; driver: 'btrfs' | 'dir' };
export type PeerImage = { alias: string; rootfs: string };

const readyWithinMs = 60_000;

export async function startPeer(kind: PeerKind, parent: string, images: PeerImage[]): Promise<Peer> {
  const directory = join(parent, kind.name);
  const logFile = `${directory}.log`;
  mkdirSync(directory);
  const env: Record<string, string> = {
    [kind.directoryVariable]: directory,
    [kind.configVariable]: join(parent, `${kind.name}-conf`),
  };
  // It would take the tool to another daemon.
  delete process.env.INCUS_SOCKET;
  const log = openSync(logFile, 'w');
  const child = spawn(kind.daemon, ['--group', 'root'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const client = createClient({ socketPath: join(directory, 'unix.socket') });
  const cli = (...words: string[]) => runQuietly(kind.tool, words, { env });
  const outside = () => [...new Set([...processesNaming(directory), String(child.pid)])];
  const dispose = async () => {
    await stopAll(client).catch(() => {});
    client[Symbol.dispose]();
    await end(child);
    for (const pid of processesNaming(directory)) endProcess(Number(pid));
    await unmountBelow(directory);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await runQuietly(kind.daemon, ['waitready', `--timeout=${readyWithinMs / 1000}`], { env });
    const driver = await preseed(kind, env);
    for (const image of images) await importSplit(cli, parent, image);
    const server = await client.call('GET /1.0');
    return {
      name: kind.name,
      version: spawnSync(kind.daemon, ['--version'], { encoding: 'utf8' }).stdout.trim(),
      driver,
      client,
      cli,
      startsOnCreate: server.api_extensions.includes('instance_create_start'),
      daemon: () => child.pid ?? 0,
      outside,
      diskBytes: () => diskBytes(join(directory, 'storage-pools', 'default'), driver),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    const told = readFileSync(logFile, 'utf8');
    await dispose();
    throw new Error(`${kind.name} does not run here: ${error}\n${told}`);
  }
}

async function preseed(kind: PeerKind, env: Record<string, string>): Promise<Peer['driver']> {
  const program = kind.preseed.program === 'daemon' ? kind.daemon : kind.tool;
  const apply = (driver: string, config: object) =>
    spawnSync(program, kind.preseed.words, {
      env: { ...process.env, ...env },
      // JSON is YAML.
      input: JSON.stringify(preseedOf(kind.network, driver, config)),
      encoding: 'utf8',
    });
  if (apply('btrfs', { size: '8GiB' }).status === 0) return 'btrfs';
  const { status, stderr } = apply('dir', {});
  if (status !== 0) throw new Error(`the preseed was refused: ${stderr}`);
  return 'dir';
}

const preseedOf = (network: string, driver: string, config: object) => ({
  storage_pools: [{ name: 'default', driver, config }],
  networks: [
    {
      name: network,
      type: 'bridge',
      config: { 'ipv4.address': 'auto', 'ipv4.nat': 'true', 'ipv6.address': 'none' },
    },
  ],
  profiles: [
    {
      name: 'default',
      devices: {
        root: { type: 'disk', path: '/', pool: 'default' },
        eth0: { type: 'nic', network, name: 'eth0' },
      },
    },
  ],
});

async function importSplit(cli: Subject['cli'], parent: string, { alias, rootfs }: PeerImage): Promise<void> {
  const directory = join(parent, `image-${alias}`);
  mkdirSync(directory, { recursive: true });
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const metadata = { architecture, creation_date: 1_700_000_000, properties: { description: alias } };
  writeFileSync(join(directory, 'metadata.yaml'), JSON.stringify(metadata));
  const archive = join(directory, 'metadata.tar');
  await runQuietly('tar', ['-C', directory, '-cf', archive, 'metadata.yaml']);
  await cli('image', 'import', archive, rootfs, '--alias', alias);
}

async function diskBytes(pool: string, driver: Peer['driver']): Promise<number> {
  if (driver === 'dir') return Number(spawnSync('du', ['-s', '-B1', pool], { encoding: 'utf8' }).stdout.split('\t')[0]);
  // Deleted subvolumes are taken away in the background: their blocks would come off the next count.
  await runQuietly('btrfs', ['subvolume', 'sync', pool]);
  await runQuietly('btrfs', ['filesystem', 'sync', pool]);
  const { stdout } = spawnSync('btrfs', ['filesystem', 'usage', '-b', pool], { encoding: 'utf8' });
  return Number(/Used:\s+(\d+)/.exec(stdout)?.[1]);
}

/** LXC's monitors outlive the daemon: guests have to end first. */
async function stopAll(client: Subject['client']): Promise<void> {
  const all = (await client.call('GET /1.0/instances', { query: { recursion: '1' } })) as {
    name: string;
    status: string;
  }[];
  for (const { name, status } of all)
    if (status !== 'Stopped')
      await client.operation('PUT /1.0/instances/{name}/state', {
        params: { name },
        body: { action: 'stop', force: true },
      });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([gone, setTimeout(15_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The deepest first; the loop device goes with the last mount of it. */
async function unmountBelow(directory: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`));
  for (const path of mounts.reverse()) await runQuietly('umount', ['--lazy', path]);
}
