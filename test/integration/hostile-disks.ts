/** Disk images that somebody could send to do harm, and in which words each is refused. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { qemuImg, writeDisk } from './disk-images.ts';

const mib = 1024 * 1024;

/** A disk of 20 MiB with a boot sector and some random data. */
export function makeRaw(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, 20 * mib);
  const content =
    'printf "\\125\\252" | dd of="$0" bs=1 seek=510 conv=notrunc; dd if=/dev/urandom of="$0" bs=1M seek=3 count=2 conv=notrunc';
  execFileSync('sh', ['-c', content, path], { stdio: 'ignore' });
}

/** Changes the table of the first clusters; `place` is its own. */
function changeTable(path: string, change: (second: Buffer, place: bigint) => void): void {
  const image = readFileSync(path);
  const first = Number(image.readBigUInt64BE(40));
  const place = image.readBigUInt64BE(first) & (2n ** 56n - 512n);
  change(image.subarray(Number(place), Number(place) + 65_536), place);
  writeFileSync(path, image);
}

export const hostileDisks: Record<string, { make(path: string): void; reason: RegExp }> = {
  'a backing file': {
    make: (path) => qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/shadow', path, '1M'),
    reason: /differs from the file "\/etc\/shadow"/,
  },
  'a backing address': {
    make: (path) => {
      const name = 'json:{"driver":"nbd","host":"127.0.0.1","port":"10809"}';
      qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', name, path, '1M');
    },
    reason: /differs from the file "json:/,
  },
  'a backing file that is itself': {
    make: (path) =>
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
    reason: /differs from the file/,
  },
  'a data file': {
    make: (path) => qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${path}.data`, path, '1M'),
    reason: /data lie in another file/,
  },
  'a key': {
    make: (path) => {
      // Not luks: for that qemu-img measures its own speed in CPU time, and gives up where the kernel's ticks are coarse.
      const key = ['--object', 'secret,id=s,data=geheim', '-o', 'encrypt.format=aes,encrypt.key-secret=s'];
      qemuImg('create', '-q', '-f', 'qcow2', ...key, path, '1M');
    },
    reason: /is encrypted/,
  },
  'a vmdk of two files': {
    make: (path) => qemuImg('create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicFlat', path, '1M'),
    reason: /names its data instead of holding them: "source-flat.vmdk"|names its data/,
  },
  'more than is allowed': {
    make: (path) => qemuImg('create', '-q', '-f', 'qcow2', path, '1025M'),
    reason: /more than the 1073741824 that are allowed/,
  },
  'less than was sent': {
    make: (path) => {
      qemuImg('create', '-q', '-f', 'qcow2', path, '100M');
      writeDisk(path, 7, '0', '8M');
      truncateSync(path, statSync(path).size - 4 * mib);
    },
    reason: /data are missing or wrong/,
  },
  'a vmdk that broke off': {
    make: (path) => {
      makeRaw(`${path}.raw`);
      qemuImg('convert', '-f', 'raw', '-O', 'vmdk', `${path}.raw`, path);
      truncateSync(path, statSync(path).size - mib);
    },
    reason: /data are missing or wrong/,
  },
  'one compressed cluster in the place of thousands': {
    make: (path) => {
      qemuImg('create', '-q', '-f', 'qcow2', path, '512M');
      execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -c -P 7 0 64k', path]);
      changeTable(path, (second) => {
        for (let at = 8; at < second.length; at += 8) second.copy(second, at, 0, 8);
      });
    },
    reason: /data are missing or wrong/,
  },
  'a table that leads to itself': {
    make: (path) => {
      qemuImg('create', '-q', '-f', 'qcow2', path, '512M');
      writeDisk(path, 7, '0', '1M');
      changeTable(path, (second, place) => second.writeBigUInt64BE(2n ** 63n + place, 0));
    },
    reason: /data are missing or wrong/,
  },
  'a size that would fill the memory': {
    make: (path) => {
      qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', path, '1M');
      truncateSync(path, 8 * 2 ** 40);
    },
    reason: /data are missing or wrong/,
  },
  'no content': {
    make: (path) => writeFileSync(path, ''),
    reason: /file is empty/,
  },
  'three bytes': {
    make: (path) => writeFileSync(path, 'QFI'),
    reason: /nothing tells its format/,
  },
  'a link': {
    make: (path) => execFileSync('ln', ['-s', '/etc/shadow', path]),
    reason: /symbolic link/,
  },
  'a pipe': {
    make: (path) => execFileSync('mkfifo', [path]),
    reason: /not a regular file/,
  },
};
