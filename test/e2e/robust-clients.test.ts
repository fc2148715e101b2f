/** Clients that are killed in the middle, and connections that break: nothing of them stays, and the daemon goes on. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { Operation } from '../../src/api/resources/operations.ts';
import { importImage, launch, startDaemon, type TestDaemon } from '../daemon.ts';
import { assertSameCensus, type Census, settledCensus } from '../leaks.ts';
import { type ForeignClients, foreignClients, lackingClients } from './foreign/clients.ts';
import { dial, dialWebSocket, isRunning, openFiles, until } from './robust/wire.ts';

const skip = lackingClients('incus', 'lxc');
let daemon: TestDaemon;
let clients: ForeignClients;
let was: { census: Census; files: number };

before(async () => {
  if (skip) return;
  daemon = await startDaemon();
  clients = foreignClients(daemon);
  await importImage(daemon, 'busybox', 'bb');
  await launch(daemon, 'c1', 'bb');
  await launch(daemon, 'off', 'bb', { start: false });
  // The first calls make what then stays: the configuration of the clients, helpers of the daemon.
  await clients.incus.run(['exec', 'c1', '--', 'true']);
  await clients.incus.run(['file', 'push', '-', 'off/root/first'], { stdin: 'x' });
  was = { census: await settledCensus(daemon), files: openFiles(daemon.pid) };
});
after(async () => {
  clients?.[Symbol.dispose]();
  await daemon?.[Symbol.asyncDispose]();
});

const running = async (): Promise<Operation[]> => {
  const all = (await daemon.client.call('GET /1.0/operations', {
    query: { recursion: '1', 'all-projects': '1' },
  })) as unknown as Record<string, Operation[]>;
  return (all.running ?? []).filter(({ class: kind }) => kind !== 'token');
};

async function nothingStays(): Promise<void> {
  await until(async () => (await running()).length === 0, 'no operation runs');
  await assertSameCensus(was.census, daemon, 'after the client was killed');
  await until(() => openFiles(daemon.pid) <= was.files, `not more than ${was.files} open files`);
  const began = performance.now();
  await daemon.client.call('GET /1.0/instances', { query: { recursion: '2' } });
  assert.ok(performance.now() - began < 5000, 'the daemon answers');
}

/** Starts the program and kills it without a word as soon as `seen` holds. */
async function killed(
  program: string,
  words: readonly string[],
  seen: (child: ChildProcess) => boolean | Promise<boolean>,
  feed?: (child: ChildProcess) => void,
): Promise<void> {
  const child = spawn(program, words, { env: clients.env, stdio: 'pipe', cwd: clients.directory });
  child.stdin?.on('error', () => {});
  const gone = new Promise((resolve) => child.once('close', resolve));
  feed?.(child);
  await until(() => seen(child), `${program} ${words.join(' ')} is in the middle`);
  child.kill('SIGKILL');
  await gone;
}

const anOperation = async () => (await running()).length > 0;
const endless = (child: ChildProcess) => {
  const more = () => {
    while (child.stdin?.writable && child.stdin.write(Buffer.alloc(65_536, 'x')));
  };
  child.stdin?.on('drain', more);
  more();
};

for (const name of ['incus', 'lxc'] as const)
  test(`${name} exec is killed: the command in the guest ends`, { skip, timeout: 120_000 }, async () => {
    const command = `sleep 77${name.length}77`;
    await killed(name, ['exec', 'c1', '--', ...command.split(' ')], () => isRunning(`${command} `));
    await until(() => !isRunning(`${command} `), 'the command has ended');
    await nothingStays();
  });

test('a command that floods its output ends with its client', { skip, timeout: 120_000 }, async () => {
  await killed('incus', ['exec', 'c1', '--', 'yes', 'flood'], () => isRunning('yes flood '));
  await until(() => !isRunning('yes flood '), 'the command has ended');
  await nothingStays();
});

test('incus file push over SFTP is killed, running and stopped guest', { skip, timeout: 120_000 }, async () => {
  for (const guest of ['c1', 'off']) {
    const files = { params: { name: guest }, query: { path: '/root' } };
    // A file that still grows would be read for ever; its directory says enough.
    const isThere = async () =>
      (await text(await daemon.client.raw('GET /1.0/instances/{name}/files', files))).includes('"big"');
    await killed('incus', ['file', 'push', '-', `${guest}/root/big`], isThere, endless);
    await clients.incus.run(['file', 'delete', `${guest}/root/big`]);
  }
  await nothingStays();
});

test('incus monitor and console are killed; the console is free again', { skip, timeout: 120_000 }, async () => {
  for (const name of ['incus', 'lxc']) {
    let heard = '';
    const listen = (child: ChildProcess) => {
      child.stdout?.on('data', (part: Buffer) => {
        heard += part;
      });
    };
    const hears = async () => {
      await daemon.client.call('PATCH /1.0/profiles/{name}', {
        params: { name: 'default' },
        body: { description: name },
      });
      return heard.includes('profile-updated');
    };
    await killed(name, ['monitor'], hears, listen);
  }
  await nothingStays();
  await killed('script', ['-qec', 'exec incus console c1', '/dev/null'], anOperation);
  await until(async () => (await running()).length === 0, 'the console is free');
  await nothingStays();
});

test('an export that is killed, while it is packed and while it is downloaded', {
  skip,
  timeout: 120_000,
}, async () => {
  await killed('incus', ['export', 'c1', 'x.tar.gz'], anOperation);
  await until(async () => (await running()).length === 0, 'the backup is made');
  // Incus leaves the backup for a day as well: whoever asked for it does not come back.
  const made = (await daemon.client.call('GET /1.0/instances/{name}/backups', { params: { name: 'c1' } })) as string[];
  for (const url of made) {
    const one = { params: { name: 'c1', backup: url.split('/').at(-1) ?? '' } };
    const socket = await dial(daemon);
    socket.write(`GET ${url}/export HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await daemon.client.operation('DELETE /1.0/instances/{name}/backups/{backup}', one);
  }
  await nothingStays();
});

/** Begins to upload and breaks off. */
async function halfUpload(path: string, headers: string[], start: Buffer): Promise<void> {
  const socket = await dial(daemon);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n${headers.join('\r\n')}\r\n\r\n`);
  socket.write(start);
  for (let n = 0; n < 32; n++)
    if (!socket.write(Buffer.alloc(65_536, n)))
      await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
  socket.destroy();
}

const tar = () => {
  const header = Buffer.alloc(512);
  header.write('rootfs/big', 0);
  header.write('0000644\x000000000\x000000000\x0000500000000\x0014524770400\x00        0', 100);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return header;
};
const raw = 'Content-Type: application/octet-stream';
const split = Buffer.concat([
  Buffer.from('--b\r\nContent-Disposition: form-data; name="metadata"; filename="m"\r\n\r\n'),
  tar(),
]);
const uploads: [what: string, path: string, headers: string[], start: Buffer][] = [
  ['an image', '/1.0/images', [raw], tar()],
  ['an image in two parts', '/1.0/images', ['Content-Type: multipart/form-data; boundary=b'], split],
  ['a backup', '/1.0/instances', [raw, 'X-Incus-name: x'], tar()],
  ['a volume', '/1.0/storage-pools/default/volumes/custom', [raw, 'X-Incus-type: backup', 'X-Incus-name: x'], tar()],
  ['a disk image', '/1.0/storage-pools/default/volumes/custom', [raw, 'X-Incus-type: iso', 'X-Incus-name: x'], tar()],
  ['a file', '/1.0/instances/c1/files?path=/root/half', [raw, 'X-Incus-type: file'], tar()],
  ['a file of a stopped guest', '/1.0/instances/off/files?path=/root/half', [raw, 'X-Incus-type: file'], tar()],
];
for (const [what, path, headers, start] of uploads)
  test(`the upload of ${what} breaks off`, { skip, timeout: 120_000 }, async () => {
    await halfUpload(path, headers, start);
    await nothingStays();
  });

const startExec = () =>
  daemon.client.start('POST /1.0/instances/{name}/exec', {
    params: { name: 'c1' },
    body: { command: ['sleep', '7799'], 'wait-for-websocket': true },
  });
const websocketOf = (operation: Operation, name: string) => {
  const secrets = operation.metadata?.fds as Record<string, string>;
  return dialWebSocket(daemon, `/1.0/operations/${operation.id}/websocket?secret=${secrets[name]}`);
};

test('websockets that never come are named when the time is over', { skip, timeout: 120_000 }, async () => {
  const operation = await startExec();
  const half = await websocketOf(operation, '0');
  await assert.rejects(daemon.client.finish(operation), /No client connected to the websocket "\w+" within 10 s/);
  half.destroy();
  assert.ok(!isRunning('sleep 7799 '));
  await nothingStays();
});

for (const way of ['reset', 'half-closed', 'broken frames'] as const)
  test(`websockets of a command: ${way}`, { skip, timeout: 120_000 }, async () => {
    const operation = await startExec();
    const sockets = await Promise.all(['0', '1', '2', 'control'].map((name) => websocketOf(operation, name)));
    await until(() => isRunning('sleep 7799 '), 'the command runs');
    for (const socket of sockets) {
      if (way === 'half-closed') socket.resume().end();
      else if (way === 'reset') socket.destroy();
      else socket.resume().write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    }
    await until(() => !isRunning('sleep 7799 '), 'the command has ended');
    await nothingStays();
    for (const socket of sockets) socket.destroy();
  });
