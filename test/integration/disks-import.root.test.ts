/** Taking disk images of strangers: what is good arrives byte for byte, what is hostile reaches nothing, also past our own look. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import { importDisk } from '../../src/disks/import-disk.ts';
import { runDiskTool } from '../../src/host/disk-tool.ts';
import { createScratch, qemuImg, skip, writeDisk } from './disk-images.ts';

const maxSizeBytes = 2 ** 30;
const mib = 1024 * 1024;

/** A disk of 20 MiB with a boot sector and some random data. */
function makeRaw(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, 20 * mib);
  const content =
    'printf "\\125\\252" | dd of="$0" bs=1 seek=510 conv=notrunc; dd if=/dev/urandom of="$0" bs=1M seek=3 count=2 conv=notrunc';
  execFileSync('sh', ['-c', content, path], { stdio: 'ignore' });
}

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

/** Changes the table of the first clusters; `place` is its own. */
function changeTable(path: string, change: (second: Buffer, place: bigint) => void): void {
  const image = readFileSync(path);
  const first = Number(image.readBigUInt64BE(40));
  const place = image.readBigUInt64BE(first) & (2n ** 56n - 512n);
  change(image.subarray(Number(place), Number(place) + 65_536), place);
  writeFileSync(path, image);
}

const hostile: Record<string, (path: string) => void> = {
  'a backing file': (path) =>
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/shadow', path, '1M'),
  'a backing address': (path) => {
    const name = 'json:{"driver":"nbd","host":"127.0.0.1","port":"10809"}';
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', name, path, '1M');
  },
  'a backing file that is itself': (path) =>
    qemuImg(
      'create',
      '-q',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      `../${basename(dirname(path))}/source`,
      path,
      '1M',
    ),
  'a data file': (path) => qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${path}.data`, path, '1M'),
  'a key': (path) => {
    const key = [
      '--object',
      'secret,id=s,data=geheim',
      '-o',
      'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10',
    ];
    qemuImg('create', '-q', '-f', 'qcow2', ...key, path, '1M');
  },
  'a vmdk of two files': (path) => qemuImg('create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicFlat', path, '1M'),
  'more than is allowed': (path) => qemuImg('create', '-q', '-f', 'qcow2', path, '1025M'),
  'less than was sent': (path) => {
    qemuImg('create', '-q', '-f', 'qcow2', path, '100M');
    writeDisk(path, 7, '0', '8M');
    truncateSync(path, statSync(path).size - 4 * mib);
  },
  'a vmdk that broke off': (path) => {
    makeRaw(`${path}.raw`);
    qemuImg('convert', '-f', 'raw', '-O', 'vmdk', `${path}.raw`, path);
    truncateSync(path, statSync(path).size - mib);
  },
  'one compressed cluster in the place of thousands': (path) => {
    qemuImg('create', '-q', '-f', 'qcow2', path, '512M');
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -c -P 7 0 64k', path]);
    changeTable(path, (second) => {
      for (let at = 8; at < second.length; at += 8) second.copy(second, at, 0, 8);
    });
  },
  'a table that leads to itself': (path) => {
    qemuImg('create', '-q', '-f', 'qcow2', path, '512M');
    writeDisk(path, 7, '0', '1M');
    changeTable(path, (second, place) => second.writeBigUInt64BE(2n ** 63n + place, 0));
  },
  'a size that would fill the memory': (path) => {
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', path, '1M');
    truncateSync(path, 8 * 2 ** 40);
  },
  'no content': (path) => writeFileSync(path, ''),
  'three bytes': (path) => writeFileSync(path, 'QFI'),
  'a link': (path) => execFileSync('ln', ['-s', '/etc/shadow', path]),
  'a pipe': (path) => execFileSync('mkfifo', [path]),
};

/** In the words of which each is refused. */
const reasons: Record<keyof typeof hostile, RegExp> = {
  'a backing file': /differs from the file "\/etc\/shadow"/,
  'a backing address': /differs from the file "json:/,
  'a backing file that is itself': /differs from the file/,
  'a data file': /data lie in another file/,
  'a key': /is encrypted/,
  'a vmdk of two files': /names its data instead of holding them: "source-flat.vmdk"|names its data/,
  'more than is allowed': /more than the 1073741824 that are allowed/,
  'less than was sent': /data are missing or wrong/,
  'a vmdk that broke off': /data are missing or wrong/,
  'one compressed cluster in the place of thousands': /data are missing or wrong/,
  'a table that leads to itself': /data are missing or wrong/,
  'a size that would fill the memory': /data are missing or wrong/,
  'no content': /file is empty/,
  'three bytes': /nothing tells its format/,
  'a link': /symbolic link/,
  'a pipe': /not a regular file/,
};

test('what is hostile or broken is refused and leaves nothing', { skip }, async () => {
  for (const [name, make] of Object.entries(hostile)) {
    using scratch = createScratch();
    make(scratch.file('source'));
    const before = readdirSync(scratch.path);
    await assert.rejects(
      importDisk({ source: scratch.file('source'), target: scratch.file('target'), maxSizeBytes }),
      { name: 'HostError', message: reasons[name] as RegExp },
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
