/** Taking disk images of strangers: what is good arrives byte for byte, what is hostile reaches nothing, also past our own look. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { importDisk } from '../../src/disks/import-disk.ts';
import { runDiskTool } from '../../src/host/disk-tool.ts';
import { createScratch, qemuImg, skip } from './disk-images.ts';
import { hostileDisks, makeRaw } from './hostile-disks.ts';

const maxSizeBytes = 2 ** 30;
const mib = 1024 * 1024;

const kinds: Record<string, string[]> = {
  qcow2: ['-O', 'qcow2'],
  'qcow2 version 2': ['-O', 'qcow2', '-o', 'compat=0.10,cluster_size=4k'],
  'qcow2 compressed with zstd': ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd,extended_l2=on,cluster_size=128k'],
  vmdk: ['-O', 'vmdk'],
  'vmdk for streams': ['-O', 'vmdk', '-o', 'subformat=streamOptimized'],
  vdi: ['-O', 'vdi'],
  vhdx: ['-O', 'vhdx'],
  'vhd of fixed size': ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'],
  vhd: ['-O', 'vpc', '-o', 'force_size=on'],
  raw: ['-O', 'raw'],
};

test('every format arrives byte for byte, as a qcow2 file that stands alone', { skip }, async () => {
  using scratch = createScratch();
  makeRaw(scratch.file('raw'));
  for (const [name, options] of Object.entries(kinds)) {
    const [source, target] = [scratch.file('source'), scratch.file('target')];
    qemuImg('convert', '-f', 'raw', ...options, scratch.file('raw'), source);
    const found = await importDisk({ source, target, maxSizeBytes });
    assert.equal(found.virtualSizeBytes, 20 * mib, name);
    qemuImg('compare', '-f', 'raw', '-F', 'qcow2', scratch.file('raw'), target);
    const info = JSON.parse(qemuImg('info', '--output=json', target));
    assert.deepEqual([info.format, info['cluster-size'], info['backing-filename']], ['qcow2', 65_536, undefined], name);
    assert.equal(info['format-specific'].data.compat, '1.1');
    assert.equal(statSync(target).mode & 0o777, 0o600);
    execFileSync('rm', [source, target]);
  }
  assert.deepEqual(readdirSync(scratch.path), ['raw']);
});

test('what is hostile or broken is refused and leaves nothing', { skip }, async () => {
  for (const [name, { make, reason }] of Object.entries(hostileDisks)) {
    using scratch = createScratch();
    make(scratch.file('source'));
    const before = readdirSync(scratch.path);
    await assert.rejects(
      importDisk({ source: scratch.file('source'), target: scratch.file('target'), maxSizeBytes }),
      { name: 'HostError', message: reason },
      name,
    );
    assert.deepEqual(readdirSync(scratch.path), before, name);
  }
});

test('past our own look, a name in an image leads to no file and to no address', { skip }, async () => {
  using scratch = createScratch();
  const secret = scratch.file('secret');
  makeRaw(secret);
  const connections: unknown[] = [];
  await using server = createServer((socket) => connections.push(socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const nbd = `nbd://127.0.0.1:${port}/disk`;
  for (const backing of [secret, '/etc/shadow', '/old/etc/shadow', '../../../../etc/shadow', nbd]) {
    const [source, target] = [scratch.file('source'), scratch.file('target')];
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', backing, source, '1M');
    writeFileSync(target, '');
    const files = [
      { path: source, name: 'source', readOnly: true },
      { path: target, name: 'target', readOnly: false },
    ];
    const options = { scratchDirectory: scratch.path, files };
    const convert = runDiskTool(['convert', '-f', 'qcow2', '-O', 'raw', 'source', 'target'], options);
    const says = backing === nbd ? /Network is unreachable/ : /No such file or directory/;
    await assert.rejects(convert, says, backing);
    assert.equal(statSync(target).size, 0, backing);
  }
  assert.deepEqual(connections, []);
});

test('the cage has no file of the host but programs, and nothing can be written but the target', { skip }, async () => {
  using scratch = createScratch();
  makeRaw(scratch.file('source'));
  const files = [{ path: scratch.file('source'), name: 'source', readOnly: true }];
  const attempt = (...args: string[]) => runDiskTool(args, { scratchDirectory: scratch.path, files });
  for (const path of ['/etc/shadow', '/proc/self/environ', '/dev/zero', '/root', scratch.file('source')])
    await assert.rejects(attempt('info', '-f', 'raw', path), /No such file or directory/, path);
  await assert.rejects(attempt('create', '-f', 'qcow2', '/usr/other', '1M'), /Read-only file system/);
  await assert.rejects(attempt('resize', '-f', 'raw', 'source', '30M'), /Read-only file system/);
  assert.equal(statSync(scratch.file('source')).size, 20 * mib);
});

test('a file that would grow beyond its limit ends the program', { skip }, async () => {
  using scratch = createScratch();
  makeRaw(scratch.file('source'));
  copyFileSync(scratch.file('source'), scratch.file('target'));
  truncateSync(scratch.file('target'), 0);
  const files = [
    { path: scratch.file('source'), name: 'source', readOnly: true },
    { path: scratch.file('target'), name: 'target', readOnly: false },
  ];
  const options = { scratchDirectory: scratch.path, files, fileBytes: mib };
  await assert.rejects(runDiskTool(['convert', '-f', 'raw', '-O', 'qcow2', 'source', 'target'], options));
  assert.ok(statSync(scratch.file('target')).size <= mib);
});

test('an import that is called off leaves nothing', { skip }, async () => {
  using scratch = createScratch();
  makeRaw(scratch.file('source'));
  const aborting = new AbortController();
  const call = importDisk(
    { source: scratch.file('source'), target: scratch.file('target'), maxSizeBytes },
    aborting.signal,
  );
  const grows = () => readdirSync(scratch.path).some((name) => name.startsWith('.room-'));
  while (!grows()) await new Promise(setImmediate);
  aborting.abort(new Error('no more'));
  await assert.rejects(call, /no more/);
  assert.deepEqual(readdirSync(scratch.path), ['source']);
});

test('an image that a QEMU has open is refused with the reason', { skip }, async () => {
  using scratch = createScratch();
  const source = scratch.file('source');
  qemuImg('create', '-q', '-f', 'qcow2', source, '1M');
  // It says when it has the disk, and holds it until its input ends.
  const holder = spawn('qemu-io', ['-f', 'qcow2', source], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(holder.stdout, 'data');
  try {
    await assert.rejects(
      importDisk({ source, target: scratch.file('target'), maxSizeBytes }),
      /in use by a running QEMU/,
    );
  } finally {
    holder.stdin.end();
    await once(holder, 'exit');
  }
});
