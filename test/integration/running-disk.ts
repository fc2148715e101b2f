/** A QEMU that has a disk open and writes to it, without a machine: qemu-storage-daemon, driven by QMP as an engine would. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { ChainFile, Frozen, Grown, Merged } from '../../src/core/ports/disks.ts';

const run = promisify(execFile);

type Answer = { return?: unknown; error?: { desc: string } };
type Ask = (command: string, args?: object) => Promise<unknown>;

export type RunningDisk = Required<Pick<Frozen, 'switchTo'> & Pick<Merged, 'stream'> & Pick<Grown, 'resize'>> & {
  write(pattern: number, at: string, length?: string): Promise<void>;
  stop(): Promise<void>;
} & AsyncDisposable;

export async function runDisk(scratch: string, chain: readonly ChainFile[]): Promise<RunningDisk> {
  const [monitor, disk, ready] = [join(scratch, 'monitor'), join(scratch, 'nbd'), join(scratch, 'pid')];
  /** Node of each file, the head's at the end. */
  const nodes = new Map<string, string>();
  for (const { path } of chain.toReversed()) nodes.set(path, `node${nodes.size}`);
  const files = chain.toReversed();
  const blockdevs = files.flatMap(({ path, readOnly }, index) => {
    const below = files[index - 1]?.path;
    return [
      '--blockdev',
      JSON.stringify({ ...nodeOf(path, nodes), 'read-only': readOnly, backing: nodes.get(below ?? '') ?? null }),
    ];
  });
  const head = [...nodes.values()].at(-1) as string;
  const words = [
    ...blockdevs,
    ...['--nbd-server', `addr.type=unix,addr.path=${disk}`],
    ...['--export', `type=nbd,id=disk,node-name=${head},writable=on,name=disk`],
    ...['--chardev', `socket,id=monitor,path=${monitor},server=on,wait=off`, '--monitor', 'chardev=monitor'],
    ...['--pidfile', ready],
  ];
  const program = spawn('qemu-storage-daemon', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(program, 'exit');
  await Promise.race([appears(ready), ended.then(() => assert.fail('it has not started'))]);
  const socket = connect(monitor);
  const ask = await openMonitor(socket);
  let current = head;

  async function stop(): Promise<void> {
    if (program.exitCode !== null || program.signalCode !== null) return;
    socket.destroy();
    program.kill('SIGTERM');
    await ended;
  }

  return {
    async write(pattern, at, length = '1M') {
      await run('qemu-io', [
        '-f',
        'raw',
        '-c',
        `write -P ${pattern} ${at} ${length}`,
        `nbd+unix:///disk?socket=${disk}`,
      ]);
    },
    async switchTo(path) {
      nodes.set(path, `node${nodes.size}`);
      const overlay = nodes.get(path) as string;
      await ask('blockdev-add', { ...nodeOf(path, nodes), backing: null });
      await ask('blockdev-snapshot', { node: current, overlay });
      current = overlay;
    },
    async stream({ into, base }) {
      const where = { device: nodes.get(into), ...(base === undefined ? {} : { 'base-node': nodes.get(base) }) };
      assert.ok(where.device, `${into} is not open`);
      await ask('block-stream', { 'job-id': 'stream', 'auto-dismiss': false, ...where });
      for (;;) {
        const [job] = (await ask('query-jobs')) as { status: string; error?: string }[];
        if (job?.error) throw new Error(job.error);
        if (job?.status === 'concluded') break;
      }
      await ask('job-dismiss', { id: 'stream' });
    },
    async resize(size) {
      // An export wants its size to stay, as a machine's disk does not.
      await ask('block-export-del', { id: 'disk', mode: 'hard' });
      while (((await ask('query-block-exports')) as unknown[]).length > 0);
      await ask('block_resize', { 'node-name': current, size });
      await ask('block-export-add', { type: 'nbd', id: 'disk', 'node-name': current, writable: true, name: 'disk' });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const nodeOf = (filename: string, nodes: ReadonlyMap<string, string>) => ({
  driver: 'qcow2',
  'node-name': nodes.get(filename),
  file: { driver: 'file', filename },
});

async function openMonitor(socket: Socket): Promise<Ask> {
  const waiting: PromiseWithResolvers<unknown>[] = [];
  createInterface(socket).on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    if (answer.error) waiting.shift()?.reject(new Error(answer.error.desc));
    else if ('return' in answer) waiting.shift()?.resolve(answer.return);
  });
  const ask: Ask = (execute, args = {}) => {
    const answer = Promise.withResolvers<unknown>();
    waiting.push(answer);
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    return answer.promise;
  };
  await ask('qmp_capabilities');
  return ask;
}

async function appears(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(dirname(path), (_, name) => {
    if (name === basename(path)) resolve();
  });
  if (!existsSync(path)) await promise;
  watcher.close();
}
