/** A real network port in the laboratory, with processes in network namespaces of their own as guests. */
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readlink, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Networks } from '../../src/core/ports/network.ts';
import { createBridgeNetworks } from '../../src/network/bridge/bridge-networks.ts';

const execute = promisify(execFile);

/** Why tests of this kind cannot run here; they change links and must never see the host's. */
export const whyNot = process.env.LAB_INSIDE === '1' ? false : 'runs only inside tools/lab';

export const tag = '7e57';

export type RealNetworks = AsyncDisposable & {
  networks: Networks & AsyncDisposable;
  stateDirectory: string;
  problems: string[];
  guest(): Promise<number>;
};

export async function openRealNetworks(): Promise<RealNetworks> {
  const turn = await takeTurn();
  const stateDirectory = await mkdtemp(join(tmpdir(), 'gasthof-network-'));
  await chmod(stateDirectory, 0o711);
  const problems: string[] = [];
  const networks = await createBridgeNetworks({ stateDirectory, tag, report: (problem) => problems.push(problem) });
  const guests = new AsyncDisposableStack();
  return {
    networks,
    stateDirectory,
    problems,
    guest: async () => guests.use(await openNamespace()).pid,
    async [Symbol.asyncDispose]() {
      const { networks: present, nics } = await networks.observe();
      for (const nic of nics) await networks.detach({ ...nic, network: present[0]?.name ?? '' });
      for (const network of present) await networks.remove(network);
      await networks[Symbol.asyncDispose]();
      await guests.disposeAsync();
      await rm(stateDirectory, { recursive: true, force: true });
      await turn[Symbol.asyncDispose]();
    },
  };
}

/** Test files run side by side and want the same bridge: an abstract socket exists once per network namespace. */
export async function takeTurn(): Promise<AsyncDisposable> {
  const server = createServer();
  const listens = () =>
    new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen('\0gasthof-test-networks', () => resolve(true));
    });
  await until('it is our turn', listens, 300_000);
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** A process that does nothing in a network namespace of its own. */
export async function openNamespace(): Promise<AsyncDisposable & { pid: number }> {
  const child = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const own = await readlink('/proc/self/ns/net');
  await until('the namespace exists', async () => (await readlink(`/proc/${pid}/ns/net`)) !== own);
  return {
    pid,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a program in the network namespace of a guest; gives its output, throws when it fails. */
export async function inside(pid: number, ...command: string[]): Promise<string> {
  const { stdout } = await execute('nsenter', ['--target', String(pid), '--net', ...command], { timeout: 20_000 });
  return stdout;
}

export async function works(pid: number, ...command: string[]): Promise<boolean> {
  return inside(pid, ...command).then(
    () => true,
    () => false,
  );
}

export function ping(pid: number, address: string): Promise<boolean> {
  return works(pid, 'ping', '-n', '-c', '1', '-W', '1', address);
}

export async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
