/** Files of machines move while they run: laws of src/core/ports/machine-relocation.ts (M12). */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MachineDisk } from '../../src/core/ports/machine.ts';
import { createQemuEngine } from '../../src/engines/qemu/engine.ts';
import { uefiRefusal } from '../../src/engines/qemu/firmware.ts';
import { command, outcome } from '../contract/engine.suite.ts';
import { eventually } from './engine-lab.ts';
import { lacking, openQemuLab, type QemuLab, qemuOptions } from './qemu-lab.ts';

const one = '0000000000a1';

type Room = QemuLab & {
  relocation: NonNullable<QemuLab['engine']['relocation']>;
  pid: number;
  place(name: string): string;
  empty(name: string): string;
  /** Writes a word at a megabyte of the disk, flushed. */
  write(word: string, at: number): Promise<void>;
  /** What the file says when nobody has it open. */
  read(name: string, at: number): string;
};

const law = (title: string, body: (room: Room) => Promise<void>) =>
  test(title, { skip: lacking(), timeout: 240_000 }, async () => {
    await using lab = await openQemuLab();
    const { engine } = lab;
    assert.ok(engine.relocation);
    const place = (name: string) => join(lab.directory, name);
    const create = (name: string, ...words: string[]) =>
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...words, place(name), '64M']);
    create('base');
    create('old', '-b', place('base'), '-F', 'qcow2');
    const plain = lab.spec(one);
    const chain: MachineDisk['chain'] = [
      { path: place('old'), format: 'qcow2', readOnly: false },
      { path: place('base'), format: 'qcow2', readOnly: true },
    ];
    assert.ok(plain.machine);
    const { pid } = await engine.create({ ...plain, machine: { ...plain.machine, disks: [{ id: 'root', chain }] } });
    await engine.start(one);
    await lab.ready?.(one);
    const write = async (word: string, at: number) => {
      const line = `printf %-16s ${word} | dd of=/dev/vda bs=1M seek=${at} conv=fsync,notrunc 2>/dev/null`;
      await eventually('the agent', async () => (await shell(lab, 'true')) === 0, 60_000);
      assert.equal(await shell(lab, line), 0);
    };
    const read = (name: string, at: number) => {
      execFileSync('qemu-img', ['convert', '-O', 'raw', place(name), place('raw')]);
      return execFileSync('dd', [`if=${place('raw')}`, 'bs=16', `skip=${at * 65_536}`, 'count=1'], { stdio: 'pipe' })
        .toString()
        .replace(/\0/g, '')
        .trim();
    };
    const empty = (name: string) => {
      create(name);
      return place(name);
    };
    await body({ ...lab, relocation: engine.relocation, pid, place, empty, write, read });
  });

const shell = async ({ engine }: QemuLab, words: string) =>
  outcome(await engine.exec(one, command('sh', '-c', words))).then(
    ([, code]) => code,
    () => -1,
  );

/** Files that QEMU has open. */
const openFiles = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });

law('a disk moves while it is written, and nothing stays of the old one', async (room) => {
  const { engine, relocation, pid, place, empty, write, read } = room;
  await write('before', 1);
  const writing = write('during', 2);
  let notes = 0;
  const begun = performance.now();
  let held = 0;
  await relocation.move(one, {
    files: [
      { disk: 'root', to: empty('new') },
      { from: place('none'), to: place('none') },
    ],
    async note() {
      notes += 1;
      held = performance.now();
      assert.ok(openFiles(pid).includes(place('old')) && openFiles(pid).includes(place('new')));
    },
  });
  const ended = performance.now();
  process.stdout.write(`# moved in ${(ended - begun).toFixed(0)} ms, writes held ${(ended - held).toFixed(0)} ms\n`);
  await writing;
  await write('after', 3);
  assert.equal(notes, 1);
  await eventually('old files let go', async () => !openFiles(pid).some((file) => /\/(old|base)$/.test(file)), 10_000);
  // And on to the next place.
  await relocation.move(one, { files: [{ disk: 'root', to: empty('next') }], note: async () => {} });
  await write('last', 4);
  await engine.remove(one);
  assert.deepEqual(
    [1, 2, 3, 4].map((at) => read('next', at)),
    ['before', 'during', 'after', 'last'],
  );
  assert.deepEqual(
    [1, 3].map((at) => read('old', at)),
    ['before', ''],
  );
  assert.equal(read('new', 4), '');
});

law('a note that fails, and a caller that gives up, leave the disk where it is', async (room) => {
  const { engine, relocation, pid, place, empty, write, read } = room;
  const note = async () => {
    throw new Error('no note');
  };
  await assert.rejects(relocation.move(one, { files: [{ disk: 'root', to: empty('new') }], note }), /no note/);
  const signal = AbortSignal.abort();
  const files = [{ disk: 'root', to: empty('second') }];
  await assert.rejects(relocation.move(one, { files, note }, signal), { name: 'AbortError' });
  await eventually(
    'new files let go',
    async () => !openFiles(pid).some((file) => /\/(new|second)$/.test(file)),
    10_000,
  );
  await relocation.settle(one, 'root', [place('old')]);
  await write('here', 1);
  await engine.remove(one);
  assert.equal(read('old', 1), 'here');
  assert.equal(read('new', 1), '');
});

for (const noted of [false, true])
  law(
    `a daemon that is killed ${noted ? 'after' : 'before'} the note: the machine goes on with what was noted`,
    async (room) => {
      const { engine, directory, pid, place, empty, write, read } = room;
      await write('before', 1);
      const program = join(import.meta.dirname, 'qemu-mover.ts');
      const mover = spawn(process.execPath, [program, directory, one, empty('new')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      assert.match(String((await once(mover.stdout, 'data'))[0]), /at the note/);
      mover.kill('SIGKILL');
      await once(mover, 'exit');
      const next = await createQemuEngine(qemuOptions(directory));
      assert.equal((await next.observe())[0]?.state, 'running');
      await next.relocation?.settle(one, 'root', [place(noted ? 'new' : 'old')]);
      await write('after', 2);
      const other = noted ? /\/(old|base)$/ : /\/new$/;
      await eventually('the others let go', async () => !openFiles(pid).some((file) => other.test(file)), 10_000);
      await engine.remove(one);
      assert.deepEqual(
        [1, 2].map((at) => read(noted ? 'new' : 'old', at)),
        ['before', 'after'],
      );
    },
  );

law('a machine that is killed at the note has all on both places', async (room) => {
  const { engine, relocation, empty, write, read } = room;
  await write('before', 1);
  await assert.rejects(
    relocation.move(one, { files: [{ disk: 'root', to: empty('new') }], note: () => engine.kill(one) }),
  );
  await engine.remove(one);
  assert.deepEqual(
    ['old', 'new'].map((name) => read(name, 1)),
    ['before', 'before'],
  );
});

test('the variables of the firmware move along', {
  skip: lacking() || (uefiRefusal(false) ?? false),
  timeout: 240_000,
}, async () => {
  await using lab = await openQemuLab();
  const { engine, directory } = lab;
  const plain = lab.spec(one);
  const folders = [join(directory, 'old'), join(directory, 'new')] as const;
  for (const folder of folders) mkdirSync(folder);
  const boot = { kind: 'firmware', uefi: { directory: folders[0], secureBoot: false } } as const;
  const { pid } = await engine.create({ ...plain, machine: { disks: [], boot } });
  await engine.start(one);
  const [name = ''] = readdirSync(folders[0]);
  const [from, to] = folders.map((folder) => join(folder, name)) as [string, string];
  copyFileSync(from, to);
  assert.ok(openFiles(pid).includes(from));
  await engine.relocation?.move(one, { files: [{ from, to }], note: async () => {} });
  const open = openFiles(pid);
  assert.deepEqual([open.includes(from), open.includes(to)], [false, true]);
  assert.equal((await engine.observe())[0]?.state, 'running');
});
