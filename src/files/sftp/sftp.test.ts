/** The codec of SFTP and its sessions, on a directory of our own: well-meaning, hasty, broken and hostile clients. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair, Readable } from 'node:stream';
import { test } from 'node:test';
import {
  dataOf,
  handleOf,
  noAttributes,
  type SftpClient,
  sftpClient,
  string,
  packetTypes as type,
  uint32,
  uint64,
} from '../../../test/integration/sftp-wire.ts';
import { readAttributes } from './attributes.ts';
import { longestPacketBytes, packetsOf } from './packet-reader.ts';
import { readRequest } from './requests.ts';
import { serveSftp } from './serve.ts';
import { openFlags, packet, readFields, statusCodes } from './wire.ts';

const openHandles = () => readdirSync('/proc/self/fd').length;

async function session(
  work: (client: SftpClient, root: string, abort: AbortController) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'gast-sftp-'));
  const [ours, theirs] = duplexPair();
  theirs.once('close', () => ours.destroy());
  ours.once('close', () => theirs.push(null));
  const abort = new AbortController();
  const range = { base: process.getuid?.() ?? 0, size: 65_536 };
  const served = serveSftp({ path: root, range }, ours, { signal: abort.signal });
  try {
    await work(await sftpClient(theirs), root, abort);
  } finally {
    theirs.destroy();
    await served;
    rmSync(root, { recursive: true, force: true });
  }
}

const open = (client: SftpClient, path: string, flags: number) =>
  client.ask(type.open, string(path), uint32(flags), noAttributes);

test('packets are found in whatever pieces they come', async () => {
  const bytes = Buffer.concat([
    packet(type.close, 1, string('a')),
    packet(type.stat, 2, string('/x')),
    Buffer.from([0, 0]),
  ]);
  for (const size of [1, 2, 3, 7, 100]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const found: number[] = [];
    for await (const one of packetsOf(Readable.from(pieces))) found.push(one[0] ?? 0);
    assert.deepEqual(found, [type.close, type.stat]);
  }
});

test('absurd lengths end the reading before anything is kept', async () => {
  for (const length of [0, longestPacketBytes + 1, 0xffffffff])
    await assert.rejects(async () => {
      for await (const _ of packetsOf(Readable.from([uint32(length), Buffer.alloc(10)])));
    }, /a packet of/);
});

test('requests: fields beyond the end, NUL in paths, absurd numbers are broken', () => {
  const body = (...parts: Buffer[]) => Buffer.concat(parts);
  const head = (kind: number) => body(Buffer.from([kind]), uint32(7));
  assert.throws(() => readRequest(body(head(type.stat), uint32(100), Buffer.from('x'))), /shorter/);
  assert.throws(() => readRequest(body(head(type.stat), string('a\0b'))), /NUL/);
  assert.throws(
    () => readRequest(body(head(type.read), string('1'), Buffer.alloc(8, 0xff), uint32(1))),
    /beyond any file/,
  );
  assert.throws(() => readAttributes(readFields(body(uint32(0x80000000), uint32(0xffffffff)), 0)), /more attributes/);
  assert.deepEqual(readRequest(body(head(99))), { id: 7, ask: 'unknown' });
  assert.deepEqual(readRequest(body(head(type.extended), string('toString'))), { id: 7, ask: 'unknown' });
});

test('files: written, read, appended, truncated, looked at', () =>
  session(async (client, root) => {
    const made = handleOf(await open(client, '/f', openFlags.write | openFlags.create | openFlags.truncate));
    assert.equal(await client.status(type.write, made, uint64(0), string('hello')), 0);
    assert.equal(await client.status(type.write, made, uint64(8), string('end')), 0);
    assert.equal(await client.status(type.close, made), 0);
    assert.equal(readFileSync(join(root, 'f'), 'latin1'), 'hello\0\0\0end');
    const added = handleOf(await open(client, '/f', openFlags.write | openFlags.append));
    for (const letter of ['1', '2', '3']) client.send(type.write, added, uint64(0), string(letter));
    for (let at = 0; at < 3; at++) await client.next();
    assert.equal(readFileSync(join(root, 'f'), 'latin1'), 'hello\0\0\0end123');
    const read = handleOf(await open(client, '/f', openFlags.read));
    assert.equal(String(dataOf(await client.ask(type.read, read, uint64(8), uint32(100)))), 'end123');
    assert.equal(await client.status(type.read, read, uint64(100), uint32(10)), statusCodes.endOfFile);
    assert.equal(await client.status(type.write, read, uint64(0), string('x')), statusCodes.failure);
    assert.equal(await client.status(type.setstat, string('/f'), uint32(1 | 4), uint64(2), uint32(0o600)), 0);
    assert.equal(statSync(join(root, 'f')).size, 2);
    assert.equal(statSync(join(root, 'f')).mode & 0o777, 0o600);
    assert.equal(
      await client.status(
        type.open,
        string('/f'),
        uint32(openFlags.write | openFlags.create | openFlags.exclusive),
        noAttributes,
      ),
      4,
    );
    assert.equal(
      await client.status(type.open, string('/none'), uint32(openFlags.read), noAttributes),
      statusCodes.noSuchFile,
    );
  }));

test('directories, links and names', () =>
  session(async (client, root) => {
    assert.equal(await client.status(type.mkdir, string('/d'), noAttributes), 0);
    assert.equal(await client.status(type.mkdir, string('/d'), noAttributes), statusCodes.failure);
    assert.equal(await client.status(type.symlink, string('d'), string('/l')), 0);
    for (let at = 0; at < 150; at++) writeFileSync(join(root, 'd', `f${at}`), '');
    const folder = handleOf(await client.ask(type.opendir, string('/l')));
    let count = 0;
    for (;;) {
      const reply = await client.ask(type.readdir, folder);
      if (reply.type === type.status) break;
      count += reply.packet.readUInt32BE(5);
    }
    assert.equal(count, 150);
    assert.equal(await client.status(type.rmdir, string('/d')), statusCodes.failure);
    assert.equal(await client.status(type.remove, string('/d')), statusCodes.failure);
    assert.equal(
      await client.status(type.rename, string('/d/f0'), string('/d/f1')),
      statusCodes.failure,
      'no silent loss',
    );
    assert.equal(
      await client.status(type.extended, string('posix-rename@openssh.com'), string('/d/f0'), string('/d/f1')),
      0,
    );
    assert.equal(
      await client.status(type.extended, string('hardlink@openssh.com'), string('/d/f1'), string('/hard')),
      0,
    );
    assert.equal(statSync(join(root, 'hard')).nlink, 2);
    assert.equal(await client.status(type.remove, string('/l')), 0);
    const plain = await client.ask(type.realpath, string('/a/../b/.//c'));
    assert.equal(String(readFields(plain.packet, 9).bytes()), '/b/c');
    assert.equal(
      (await client.ask(type.extended, string('statvfs@openssh.com'), string('/'))).type,
      type.extendedReply,
    );
  }));

test('names that are no text survive', () =>
  session(async (client, root) => {
    const name = Buffer.from([0x2f, 0xff, 0xfe, 0x41]);
    const made = await client.ask(type.open, string(name), uint32(openFlags.write | openFlags.create), noAttributes);
    assert.equal(made.type, type.handle);
    const [entry] = readdirSync(root, { encoding: 'buffer' });
    assert.deepEqual(entry, name.subarray(1));
    const folder = handleOf(await client.ask(type.opendir, string('/')));
    assert.ok((await client.ask(type.readdir, folder)).packet.includes(name.subarray(1)));
  }));

test('nothing leads out of the root', () =>
  session(async (client, root) => {
    const outside = mkdtempSync(join(tmpdir(), 'gast-outside-'));
    writeFileSync(join(outside, 'secret'), 'host');
    symlinkSync(outside, join(root, 'out'));
    symlinkSync(`../../../../../..${outside}/secret`, join(root, 'file'));
    symlinkSync('/proc/self/root', join(root, 'magic'));
    for (const path of ['/out/secret', '/file', `/../../../..${outside}/secret`, `/magic${outside}/secret`]) {
      assert.equal(await client.status(type.open, string(path), uint32(openFlags.read), noAttributes), 2, path);
      assert.notEqual(await client.status(type.setstat, string(path), uint32(4), uint32(0o777)), 0, path);
      assert.notEqual(await client.status(type.remove, string(`${path}/x`)), 0, path);
    }
    assert.notEqual(
      await client.status(type.open, string('/out/new'), uint32(openFlags.write | openFlags.create), noAttributes),
      0,
    );
    assert.notEqual(await client.status(type.rename, string('/file'), string('/out/moved')), 0);
    assert.notEqual(
      await client.status(type.extended, string('hardlink@openssh.com'), string('/file'), string('/stolen')),
      0,
    );
    for (const path of ['/', '.', '..', '/d/..', `/${'/'.repeat(5000)}x`, `a${'/'.repeat(60)}b`])
      assert.notEqual(await client.status(type.rmdir, string(path)), 0, path.slice(0, 20));
    assert.deepEqual(readdirSync(outside), ['secret']);
    assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'host');
    rmSync(outside, { recursive: true });
  }));

test('handles: unknown, closed, too many; all are closed at the end', async () => {
  const before = openHandles();
  await session(async (client, root) => {
    writeFileSync(join(root, 'f'), '');
    for (const bad of ['', '0', '999', 'constructor', '__proto__', 'x'.repeat(10_000)])
      for (const kind of [type.close, type.fstat, type.readdir])
        assert.equal(await client.status(kind, string(bad)), statusCodes.failure);
    const handle = handleOf(await open(client, '/f', openFlags.read));
    assert.equal(await client.status(type.close, handle), 0);
    assert.equal(await client.status(type.close, handle), statusCodes.failure);
    let refused = 0;
    for (let at = 0; at < 300; at++) if ((await open(client, '/f', openFlags.read)).type === type.status) refused += 1;
    assert.equal(refused, 300 - 256);
  });
  assert.ok(openHandles() <= before);
});

test('a broken request gets a status and the session goes on; what is no SFTP ends it', () =>
  session(async (client) => {
    assert.equal(await client.status(type.stat, uint32(1000)), statusCodes.badMessage);
    assert.equal(await client.status(77), statusCodes.unsupported);
    assert.equal(await client.status(type.mkdir, string('/d'), noAttributes), 0);
    client.raw(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    assert.equal(await client.next(), undefined);
  }));

test('a flood of requests is answered in order of its kind and bounded in memory', () =>
  session(async (client, root) => {
    writeFileSync(join(root, 'f'), Buffer.alloc(1024 * 1024, 'x'));
    const handle = handleOf(await open(client, '/f', openFlags.read));
    const before = process.memoryUsage().rss;
    for (let at = 0; at < 20_000; at++) client.send(type.read, handle, uint64(0), uint32(0xffffffff));
    await new Promise((resolve) => setImmediate(resolve));
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 200 * 1024 * 1024, `${grown} bytes`);
    for (let at = 0; at < 50; at++) assert.equal((await client.next())?.type, type.data);
  }));

test('owners and modes outside the guest are refused; an abort ends everything', () =>
  session(async (client, root, abort) => {
    mkdirSync(join(root, 'd'));
    for (const id of [65_536, 0xffffffff])
      assert.equal(
        await client.status(type.setstat, string('/d'), uint32(2), uint32(id), uint32(0)),
        statusCodes.failure,
      );
    await open(client, '/f', openFlags.write | openFlags.create);
    abort.abort();
    assert.equal(await client.next(), undefined);
  }));
