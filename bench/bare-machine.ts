/** The floor of bench/machines.ts: QEMU started by hand, with the words that Gasthof gives it and nothing around it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostAccelerator } from '../src/engines/qemu/accelerator.ts';
import { type Agent, withAgent } from '../src/engines/qemu/agent.ts';
import { createAgentLines } from '../src/engines/qemu/agent-lines.ts';
import { bootPaths } from '../src/engines/qemu/machine/boot.ts';
import { renderMachine } from '../src/engines/qemu/machine/render.ts';
import { untilArrived } from '../src/engines/qemu/migrating.ts';
import { withMonitor } from '../src/engines/qemu/qmp.ts';
import { openUnixListener } from '../src/host/unix-listener.ts';
import { tinyMachine } from '../test/machines/tiny-machine.ts';
import type { MachineSide } from './machine-sides.ts';
import { runQuietly } from './sample.ts';

/** A card like the one of a guest, on a network with nobody else. */
const card = ['-netdev', 'hubport,id=n0,hubid=0', '-device', 'virtio-net-pci,netdev=n0,bus=rp1'];
const firstDescriptor = 3;

export async function bareMachine(memoryBytes: number): Promise<MachineSide & AsyncDisposable> {
  const directory = mkdtempSync(join(tmpdir(), 'bare-'));
  /** Those that it ran in, the newest last: it moves from one QEMU to the next. */
  const homes: { child: ChildProcess; at: (name: string) => string }[] = [];
  const at = (name: string) => homes.at(-1)?.at(name) ?? join(directory, name);
  const disk = at('disk.qcow2');
  const create = (path: string, ...words: string[]) =>
    runQuietly('qemu-img', ['create', '-q', '-f', 'qcow2', ...words, path, '64M']);
  const agentLines = createAgentLines(() => at('agent'));
  let snapshots = 0;

  async function open(waits: boolean): Promise<void> {
    const home = join(directory, `home${homes.length}`);
    const at = (name: string) => join(home, name);
    mkdirSync(home, { recursive: true });
    const { words, handed } = renderMachine(
      {
        id: 'bare',
        limits: { memoryBytes },
        nics: [],
        machine: {
          disks: [{ id: 'root', chain: [{ path: disk, format: 'qcow2', readOnly: false }], bootIndex: 1 }],
          boot: { kind: 'kernel', ...tinyMachine },
        },
      },
      { accelerator: hostAccelerator().accelerator, firstDescriptor, consoleLog: at('console.log'), spice: false },
    );
    const files: number[] = [];
    for (const one of handed) {
      if ('share' in one) throw new Error('this machine has no directories of the host');
      files.push('socket' in one ? openUnixListener(at(one.socket)) : opened(one, at('console.log')));
    }
    const own = words.map((word) =>
      word === bootPaths.kernel ? tinyMachine.kernel : word === bootPaths.initrd ? tinyMachine.initrd : word,
    );
    const all = [...own, ...card, ...(waits ? ['-incoming', `unix:${at('memory')}`] : [])];
    const child = spawn('qemu-system-x86_64', all, { stdio: ['ignore', 'ignore', 'inherit', ...files] });
    for (const file of files) closeSync(file);
    await withMonitor(at('monitor'), (qmp) => qmp.ask('query-status'), 30_000);
    homes.push({ child, at });
  }

  async function stop(): Promise<void> {
    agentLines.forget('bare');
    for (const { child } of homes.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    for (const name of ['home0', 'home1']) rmSync(join(directory, name), { recursive: true, force: true });
  }

  return {
    async start() {
      await create(disk);
      await open(false);
    },
    stop,
    consoleText: () => readFileSync(at('console.log'), 'latin1'),
    consoleBytes: () =>
      homes
        .map(({ at }) => at('console.log'))
        .reduce((sum, path) => sum + (existsSync(path) ? statSync(path).size : 0), 0),
    pid: () => homes.at(-1)?.child.pid ?? 0,
    /** To another QEMU at the same disk. */
    async move() {
      const from = at('monitor');
      agentLines.forget('bare');
      await open(true);
      await withMonitor(from, async (qmp) => {
        await qmp.ask('migrate-set-parameters', { 'max-bandwidth': 2 ** 40, 'downtime-limit': 300 });
        await qmp.ask('migrate', { uri: `unix:${at('memory')}` });
        await untilArrived(qmp);
      });
    },
    /** A new layer for what is written from now on. */
    async snapshot() {
      const overlay = at(`overlay${snapshots++}.qcow2`);
      await create(overlay, '-b', disk, '-F', 'qcow2', '-u');
      await withMonitor(at('monitor'), async (qmp) => {
        const nodes = (await qmp.ask('query-named-block-nodes')) as { 'node-name': string; drv: string }[];
        const head = nodes.findLast(({ drv }) => drv === 'qcow2')?.['node-name'] ?? '';
        const node = `o${snapshots}`;
        const file = openSync(overlay, 'r+');
        const set = await qmp.handSet(file);
        closeSync(file);
        await qmp.ask('blockdev-add', {
          ...{ driver: 'qcow2', 'node-name': node, backing: null },
          file: { driver: 'file', filename: `/dev/fdset/${set}` },
        });
        await qmp.ask('blockdev-snapshot', { node: head, overlay: node });
      });
    },
    /** Stopped, its memory into a file, on again. */
    async state() {
      const file = openSync(at('saved'), 'w+');
      await withMonitor(
        at('monitor'),
        async (qmp) => {
          await qmp.ask('stop');
          await qmp.hand('memory', file);
          await qmp.ask('migrate', { uri: 'fd:memory' });
          await untilArrived(qmp);
          await qmp.ask('cont');
        },
        60_000,
      );
      closeSync(file);
    },
    async exec(command) {
      const work = async (agent: Agent) => {
        const { pid } = (await agent.ask('guest-exec', {
          ...{ path: command[0], arg: command.slice(1), 'capture-output': true },
        })) as { pid: number };
        for (;;) {
          const { exited } = (await agent.ask('guest-exec-status', { pid })) as { exited: boolean };
          if (exited) return;
        }
      };
      await agentLines.use('bare', (line) => withAgent(line, work));
    },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const opened = ({ file, write }: { file: string; write: boolean }, log: string) =>
  openSync(file, file === log ? 'a' : write ? 'r+' : 'r');
