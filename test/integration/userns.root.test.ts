/** User namespaces made by the nursery: maps, owner, bounded cost, nothing left behind. */
import assert from 'node:assert/strict';
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { run } from '../../src/host/run.ts';
import { openUserNamespace } from '../../src/host/userns.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const map = [{ inside: 0, outside: 1_000_000, count: 65_536 }];

function openNamespaces(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('user:');
    } catch {
      return false;
    }
  }).length;
}

/** Runs a program inside the namespace; the descriptor is reached through our own /proc entry. */
function inside(fd: number, ...command: string[]) {
  return run('nsenter', [`--user=/proc/${process.pid}/fd/${fd}`, '--setuid=0', '--setgid=0', ...command]);
}

test('a namespace carries the map that was asked for', { skip }, async () => {
  const fd = await openUserNamespace(map);
  const { stdout } = await inside(fd, 'cat', '/proc/self/uid_map', '/proc/self/gid_map');
  closeSync(fd);
  const row = ['0', '1000000', '65536'];
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/)),
    [row, row],
  );
});

test('I5: a namespace belongs to its creator, so kernel counters are charged to the guest', { skip }, async () => {
  const fd = await openUserNamespace(map, { creator: 1_000_000 });
  const { stdout } = await run('perl', [
    '-e',
    // NS_GET_OWNER_UID
    'open(F,"<",shift) or die; my $b=pack("L",0); ioctl(F,0xb704,$b) or die "$!"; print unpack("L",$b)',
    `/proc/${process.pid}/fd/${fd}`,
  ]);
  closeSync(fd);
  assert.equal(stdout, '1000000');
});

test('twenty at once are twenty different namespaces and leave no process or descriptor', { skip }, async () => {
  const before = openNamespaces();
  const fds = await Promise.all(Array.from({ length: 20 }, () => openUserNamespace(map, { creator: 1_000_000 })));
  assert.equal(new Set(fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`))).size, 20);
  for (const fd of fds) closeSync(fd);
  assert.equal(openNamespaces(), before);
  // The nursery reaps its makers by itself; wait until they are gone.
  const makers = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && /^Uid:\t1000000\t/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false;
      }
    }).length;
  while (makers() > 0) await new Promise(setImmediate);
});

test('a map that the kernel refuses is an error that shows it', { skip }, async () => {
  const bad = [...map, { inside: 5, outside: 5, count: 1 }];
  await assert.rejects(openUserNamespace(bad), /0 1000000 65536, 5 5 1/);
});
