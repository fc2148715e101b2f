import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalName, signalNumber } from '../../host/signals.ts';
import { initSystemOf } from './init-systems.ts';

test('each init system is known by what runs as process 1', () => {
  const known: Record<string, string> = {
    '/usr/lib/systemd/systemd': 'systemd',
    '/usr/lib/systemd/systemd (deleted)': 'systemd',
    '/bin/busybox': 'busybox',
    '/bin/busybox.static': 'busybox',
    '/sbin/init': 'sysvinit',
    '/sbin/openrc-init': 'openrc',
    '/usr/sbin/runit': 'runit',
    '/usr/bin/python3': 'program',
  };
  for (const [path, name] of Object.entries(known)) assert.equal(initSystemOf(path).name, name, path);
});

test('signals that the init systems take have the numbers that Linux gives them', () => {
  const { halt, reboot } = initSystemOf('/lib/systemd/systemd');
  assert.deepEqual([halt, reboot].map(signalNumber), [38, 39]);
  assert.equal(signalName(37), 'SIGRTMIN+3');
  assert.equal(signalName(signalNumber('SIGPWR')), 'SIGPWR');
  assert.throws(() => signalNumber('SIGNOTHING'));
});
