/** What bench/machines.ts does with a machine, and the machine of a daemon. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDaemon } from '../test/daemon.ts';
import { freePort } from '../test/e2e/foreign/joined.ts';
import { tinyMachine } from '../test/machines/tiny-machine.ts';

export type MachineSide = {
  /** Makes it. Resolves when QEMU answers. */
  start(): Promise<void>;
  /** Nothing is left of it. */
  stop(): Promise<void>;
  consoleText(): string;
  /** How much it has written so far, wherever it runs. */
  consoleBytes(): number;
  /** Of QEMU. */
  pid(): number;
  /** To another server, or another QEMU, while it runs. */
  move(): Promise<void>;
  snapshot(): Promise<void>;
  /** With memory. */
  state(): Promise<void>;
  exec(command: readonly string[]): Promise<void>;
};

const name = 'vm';
const params = { name };
type Daemon = Pick<TestDaemon, 'client' | 'directory'>;

/** It is at the first daemon until it moves to the second. */
export async function gastMachine(first: Daemon, second: Daemon, memoryBytes: number): Promise<MachineSide> {
  const { kernel, initrd, append } = tinyMachine;
  const body = {
    name,
    type: 'virtual-machine' as const,
    source: { type: 'none' },
    config: {
      'limits.memory': String(memoryBytes),
      'machine.kernel': kernel,
      'machine.initrd': initrd,
      'machine.cmdline': append,
    },
    devices: { root: { type: 'disk', path: '/', pool: 'default', size: '64MiB' } },
  };
  const address = `127.0.0.1:${await freePort()}`;
  await first.client.call('PATCH /1.0', { body: { config: { 'core.https_address': address } } as never });
  const make = () => first.client.operation('POST /1.0/instances', { body });
  const remove = ({ client }: Daemon) => client.operation('DELETE /1.0/instances/{name}', { params });
  const change = ({ client }: Daemon, action: string) =>
    client.operation('PUT /1.0/instances/{name}/state', { params, body: { action, force: true } });
  let at = first;
  let pid = 0;
  let snapshots = 0;
  const snapshot = (stateful: boolean) =>
    at.client.operation('POST /1.0/instances/{name}/snapshots', {
      params,
      body: { name: `s${snapshots++}`, stateful },
    });
  return {
    async start() {
      await make();
      await change(first, 'start');
      pid = (await first.client.call('GET /1.0/instances/{name}/state', { params })).pid;
    },
    async stop() {
      await change(at, 'stop');
      for (const daemon of new Set([first, at])) await remove(daemon);
      at = first;
      snapshots = 0;
    },
    consoleText: () =>
      consoles(first)
        .map((path) => readFileSync(path, 'latin1'))
        .join(''),
    consoleBytes: () => [first, second].flatMap(consoles).reduce((sum, path) => sum + statSync(path).size, 0),
    pid: () => pid,
    async move() {
      const given = await first.client.start('POST /1.0/instances/{name}', {
        params,
        body: { name, migration: true, live: true } as never,
      });
      const { environment } = await first.client.call('GET /1.0');
      const operation = `https://${address}/1.0/operations/${given.id}`;
      const { certificate } = environment ?? {};
      const source = { type: 'migration', mode: 'pull', live: true, operation, certificate, secrets: given.metadata };
      const { config, devices, profiles } = await first.client.call('GET /1.0/instances/{name}', { params });
      await second.client.operation('POST /1.0/instances', {
        body: { ...body, config, devices, profiles, source } as never,
      });
      await first.client.finish(given);
      at = second;
    },
    snapshot: async () => void (await snapshot(false)),
    state: async () => void (await snapshot(true)),
    async exec(command) {
      const ended = await at.client.operation('POST /1.0/instances/{name}/exec', {
        params,
        body: { command: [...command] },
      });
      if (ended.metadata?.return !== 0) throw new Error(`exec ended with ${ended.metadata?.return}`);
    },
  };
}

/** Each machine has a folder named by its stable id. */
function consoles({ directory }: Daemon): string[] {
  const logs = join(directory, 'logs');
  if (!existsSync(logs)) return [];
  return readdirSync(logs)
    .map((entry) => join(logs, entry, 'console.log'))
    .filter((path) => existsSync(path));
}
