import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserFacts } from '../host/user-facts.ts';
import { userChecks } from './user-checks.ts';

const fine: UserFacts = {
  name: 'anna',
  uid: 1000,
  gid: 1000,
  granted: 65_536,
  used: 65_536,
  namespaces: undefined,
  programs: { newuidmap: true, newgidmap: true, pasta: true },
  devices: { '/dev/net/tun': undefined, '/dev/fuse': undefined },
  settings: {
    'net.ipv4.ping_group_range': '0\t2147483647',
    'net.ipv4.ip_unprivileged_port_start': '1024',
    'fs.inotify.max_user_instances': '8192',
    'kernel.keys.maxkeys': '200',
  },
  pasta: { running: true, said: '' },
};
const row = (name: string, facts: Partial<UserFacts>) => {
  const found = userChecks({ ...fine, ...facts }).find((check) => check.name === name);
  assert.ok(found, name);
  return found;
};
const set = (name: string, value: string) => ({ settings: { ...fine.settings, [name]: value } });

test('on a host where all is well nothing needs help', () => {
  for (const check of userChecks(fine)) assert.deepEqual([check.status, check.help], ['ok', ''], check.name);
});

test('ids: none, too few, and others than those in use', () => {
  const none = row('subordinate ids', {
    granted: { wrong: 'no ids for anna; as root: usermod --add-subuids 1-2 anna' },
  });
  assert.deepEqual(
    [none.status, none.found, none.help],
    ['failed', 'no ids for anna', 'as root: usermod --add-subuids 1-2 anna'],
  );
  assert.match(row('subordinate ids', { granted: 1000, used: 1000 }).found, /from 0 to 998, and nobody/);
  assert.match(row('subordinate ids', { granted: 131_072 }).found, /the daemon uses the 65536/);
});

test('missing programs are named with their packages, each once', () => {
  const programs = { newuidmap: false, newgidmap: false, pasta: false, crun: false };
  assert.equal(row('programs', { programs }).help, 'as root: apt-get install uidmap passt crun');
});

test('what forbids user namespaces is told from what the kernel says', () => {
  const forbidden = (name: string, value: string) =>
    row('user namespaces', { namespaces: 'unshare: refused', ...set(name, value) }).help;
  assert.match(forbidden('kernel.unprivileged_userns_clone', '0'), /echo 'kernel.unprivileged_userns_clone = 1'/);
  assert.match(forbidden('user.max_user_namespaces', '0'), /'user.max_user_namespaces = 100000'/);
  assert.match(forbidden('kernel.apparmor_restrict_unprivileged_userns', '1'), /userns = 0' >>/);
  assert.equal(row('user namespaces', { namespaces: 'unshare: refused' }).found, 'unshare: refused');
});

test('devices, pasta, ping, ports and inotify', () => {
  assert.equal(row('/dev/net/tun', { devices: { '/dev/net/tun': 'EACCES' } }).help, 'as root: chmod 666 /dev/net/tun');
  assert.equal(row('/dev/fuse', { devices: { '/dev/fuse': 'ENOENT' } }).help, 'as root: modprobe fuse');
  assert.match(row('way to the network', { pasta: { running: false, said: 'no route' } }).found, /no route$/);
  assert.equal(row('ping', set('net.ipv4.ping_group_range', '1 0')).status, 'warning');
  assert.match(row('ports of this computer', set('net.ipv4.ip_unprivileged_port_start', '80')).found, /from 80 on$/);
  assert.match(row('keys of the kernel', {}).found, /^200, for about 180 guests/);
  assert.match(row('inotify instances', set('fs.inotify.max_user_instances', '128')).found, /about 8 guests/);
});
