import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstanceFull } from '../../api/resources/instances.ts';
import { createEscapeFilter } from '../terminal/escape-keys.ts';
import { de } from '../texts/de.ts';
import { en } from '../texts/en.ts';
import { textsFor } from '../texts/texts.ts';
import { splitTarget } from './config-target.ts';
import { eventLine } from './event-line.ts';
import { metaOf, parseGuestPath } from './guest-files.ts';
import { parseColumns } from './instance-columns.ts';
import { parseFilters } from './instance-filters.ts';
import { fieldOf, instanceReport } from './instance-report.ts';
import { splitSnapshot } from './instances.ts';
import { parseAssignments, parseDevices, parseKeyValues } from './key-values.ts';
import { loginCommand } from './login-shell.ts';

const counters = {
  bytes_received: 2048,
  bytes_sent: 0,
  packets_received: 3,
  packets_sent: 0,
  errors_received: 0,
  errors_sent: 0,
  packets_dropped_outbound: 0,
  packets_dropped_inbound: 0,
};
const address = (family: string, text: string, scope: string) => ({ family, address: text, netmask: '24', scope });
const nic = (...addresses: ReturnType<typeof address>[]) => ({
  addresses,
  counters,
  hwaddr: 'aa',
  host_name: 'h',
  mtu: 1500,
  state: 'up',
  type: 'broadcast',
});
const instance = (changes: Partial<InstanceFull> = {}): InstanceFull => ({
  name: 'web',
  description: '',
  status: 'Running',
  status_code: 103,
  created_at: '2026-11-22T00:13:09Z',
  last_used_at: '0001-01-01T00:00:00Z',
  location: 'none',
  type: 'container',
  project: 'default',
  architecture: 'x86_64',
  ephemeral: true,
  stateful: false,
  profiles: ['default', 'small'],
  config: { 'volatile.base_image': 'f00337031b5dcdb9' },
  devices: {},
  expanded_config: { 'limits.memory': '1GiB', 'user.tag': 'prod' },
  expanded_devices: { root: { type: 'disk', path: '/', pool: 'fast' } },
  backups: null,
  snapshots: null,
  state: {
    status: 'Running',
    status_code: 103,
    disk: { root: { usage: 1024, total: 0 } },
    memory: { usage: 2 ** 20, usage_peak: 0, total: 2 ** 22, swap_usage: 0, swap_usage_peak: 0 },
    network: {
      lo: nic(address('inet', '127.0.0.1', 'local')),
      eth0: nic(
        address('inet', '10.0.0.2', 'global'),
        address('inet6', 'fe80::1', 'link'),
        address('inet6', 'fd00::2', 'global'),
      ),
    },
    pid: 7,
    processes: 3,
    cpu: { usage: 2.4e9, allocated_time: 0 },
    started_at: '2026-11-22T00:14:00Z',
    os_info: null,
  },
  ...changes,
});

test('columns are letters, and keys with header and width', () => {
  const row = (spec: string) => parseColumns(spec).map((column) => [column.header, column.value(instance())]);
  assert.deepEqual(row('ns46tS'), [
    ['NAME', 'web'],
    ['STATE', 'RUNNING'],
    ['IPV4', '10.0.0.2 (eth0)'],
    ['IPV6', 'fd00::2 (eth0)'],
    ['TYPE', 'CONTAINER (EPHEMERAL)'],
    ['SNAPSHOTS', '0'],
  ]);
  assert.deepEqual(row('mMupbfD'), [
    ['MEMORY USAGE', '1.00MiB'],
    ['MEMORY USAGE%', '25.0%'],
    ['CPU USAGE', '2s'],
    ['PID', '7'],
    ['STORAGE POOL', 'fast'],
    ['BASE IMAGE', 'f00337031b5d'],
    ['DISK USAGE', '1.00KiB'],
  ]);
  assert.deepEqual(row('n,limits.memory:LIMIT,user.tag::3,devices:root.pool'), [
    ['NAME', 'web'],
    ['LIMIT', '1GiB'],
    ['USER.TAG', 'pr…'],
    ['ROOT.POOL', 'fast'],
  ]);
  assert.throws(() => parseColumns('nx'), /Unknown column "x"/);
  assert.throws(() => parseColumns('n,,s'), /Empty column/);
  assert.throws(() => parseColumns('a.b:C:wide'), /no width/);
});

test('filters are beginnings of names, patterns, and keys that all have to fit', () => {
  const fits = (...filters: string[]) => parseFilters(filters)(instance());
  assert.deepEqual([fits(), fits('we'), fits('eb'), fits('^.eb$'), fits('x', 'web')], [true, true, false, true, true]);
  assert.deepEqual(
    [fits('status=running'), fits('user.tag=prod,test'), fits('web', 'user.tag=old')],
    [true, true, false],
  );
  assert.deepEqual([fits('profile=small'), fits('ipv4=10.0.*'), fits('type=virtual-machine')], [true, true, false]);
  assert.throws(() => fits('(['), /no regular expression/);
});

test('key=value words, assignments and devices', () => {
  assert.deepEqual(parseKeyValues(['a=1', 'b=x=y', 'c=']), { a: '1', b: 'x=y', c: '' });
  assert.deepEqual(parseAssignments(['limits.cpu', '2']), { 'limits.cpu': '2' });
  assert.deepEqual(parseAssignments(['a=1', 'b=2']), { a: '1', b: '2' });
  assert.deepEqual(parseDevices(['eth0,hwaddr=a', 'root,size=1GiB', 'eth0,name=x']), {
    eth0: { hwaddr: 'a', name: 'x' },
    root: { size: '1GiB' },
  });
  for (const wrong of ['x', '=1']) assert.throws(() => parseKeyValues([wrong]), { exitCode: 2 });
  assert.throws(() => parseDevices(['size=1GiB']), /names no device/);
});

test('paths, snapshots and targets', () => {
  assert.deepEqual(parseGuestPath('web//etc/hosts'), { instance: 'web', path: '/etc/hosts' });
  assert.deepEqual(parseGuestPath('web/srv/'), { instance: 'web', path: '/srv/' });
  for (const wrong of ['web', '/etc/hosts', '']) assert.throws(() => parseGuestPath(wrong), { exitCode: 2 });
  assert.deepEqual(splitSnapshot('web/s1'), { instance: 'web', snapshot: 's1' });
  assert.throws(() => splitSnapshot('web/'), { exitCode: 2 });
  assert.equal(splitTarget(['web', 'limits.cpu=2']).target.label, 'web');
  assert.equal(splitTarget(['core.https_address=:8443']).target.label, 'server');
  assert.equal(splitTarget(['core.https_address', ':8443']).target.label, 'server');
  assert.deepEqual(splitTarget(['web', 'limits.cpu', '2']).words, ['limits.cpu', '2']);
  assert.deepEqual(metaOf({ 'x-incus-type': 'directory', 'x-incus-mode': '0755', 'x-incus-uid': '5' }), {
    kind: 'directory',
    uid: 5,
    gid: 0,
    mode: 0o755,
  });
  assert.throws(() => loginCommand('root; reboot'), /no user name/);
});

test('the report of a guest has all that there is, and one field can be asked for', () => {
  const report = instanceReport(instance({ snapshots: [] }), Date.parse('2026-11-22T01:14:00Z'));
  for (const line of [
    'Status: RUNNING',
    'Started: 2026/11/22 00:14 UTC (1h 0m ago)',
    '  Memory: 1.00MiB of 4.00MiB',
    '    Received: 2.00KiB in 3 packets',
    '    inet: 10.0.0.2/24 (global)',
  ]) {
    assert.ok(report.includes(`${line}\n`), `${line}\n---\n${report}`);
  }
  const stopped = instanceReport(instance({ status: 'Stopped', state: null }), 0);
  assert.ok(!stopped.includes('PID') && !stopped.includes('Resources'));
  assert.equal(fieldOf(instance(), 'state.pid'), 7);
  assert.equal(fieldOf(instance(), 'expanded_config.limits.memory'), '1GiB');
  assert.equal(fieldOf(instance(), 'state.nothing.there'), undefined);
});

test('an event is one readable line', () => {
  const event = { type: 'lifecycle', timestamp: '2026-11-22T00:13:09.123Z', location: 'none', sequence: 5 };
  const metadata = {
    action: 'instance-stopped',
    source: '/1.0/instances/web',
    requestor: { username: 'root', protocol: 'unix', address: '@' },
    context: { cause: 'oom' },
  };
  assert.equal(
    eventLine({ ...event, metadata }),
    '00:13:09.123 #5 lifecycle instance-stopped instances/web cause=oom by root',
  );
});

test('Ctrl-a q leaves a console, as two keystrokes or in one chunk; Ctrl-a Ctrl-a sends one (A18)', () => {
  let left = 0;
  const filter = createEscapeFilter(() => left++);
  const type = (text: string) => filter(Buffer.from(text)).toString();
  assert.equal(type('ls\x01'), 'ls');
  assert.equal(type('x\x01\x01y'), '\x01x\x01y');
  assert.equal(left, 0);
  assert.equal(type('\x01') + type('q'), '');
  assert.equal(type('end\x01qnot sent'), 'end');
  assert.equal(left, 2);
});

test('German has every message, with the same blanks to fill (U01)', () => {
  for (const [key, text] of Object.entries(en)) {
    const blanks = (one: string) => (one.match(/\{\w+\}/g) ?? []).sort();
    assert.deepEqual(blanks(de[key as keyof typeof en]), blanks(text), key);
  }
  assert.equal(textsFor({ LANG: 'de_DE.UTF-8' })('deleting', { name: 'web' }), 'web löschen');
  assert.equal(textsFor({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' })('error'), 'Error');
});
