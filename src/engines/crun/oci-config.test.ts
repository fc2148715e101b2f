import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuestSpec } from '../../core/ports/engine.ts';
import { renderConfig } from './oci-config.ts';
import { renderSeccomp } from './seccomp.ts';

const spec: GuestSpec = {
  id: '0123456789ab',
  hostname: 'web',
  range: { base: 1_000_000, size: 65_536 },
  rootfs: '/root-of-guest',
  limits: {},
  parts: [],
  nics: [],
  environment: { A: '1', PATH: '/own' },
  allowedSyscalls: [],
  droppedCapabilities: ['NET_RAW', 'cap_mknod'],
};
const inputs = { userNamespace: '/proc/1/fd/9', cgroupPath: '/gasthof-x/0123456789ab', lastCapability: 40 };

test('a guest has every namespace of its own and the default init', () => {
  const config = renderConfig(spec, inputs);
  const types = config.linux.namespaces.map(({ type }) => type).sort();
  assert.deepEqual(types, ['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts']);
  assert.deepEqual(config.process.args, ['/sbin/init']);
  assert.ok(config.process.env.includes('PATH=/own') && config.process.env.includes('container=lxc'));
});

test('dropped and never given capabilities are in no set', () => {
  const { bounding, effective } = renderConfig(spec, inputs).process.capabilities;
  for (const name of ['CAP_NET_RAW', 'CAP_MKNOD', 'CAP_SYS_MODULE', 'CAP_SYS_TIME'])
    assert.ok(!bounding.includes(name));
  assert.ok(bounding.includes('CAP_SYS_ADMIN') && bounding.includes('CAP_CHECKPOINT_RESTORE'));
  assert.deepEqual(bounding, effective);
  // A kernel that does not know the newest is not asked for them.
  const old = renderConfig(spec, { ...inputs, lastCapability: 37 }).process.capabilities.bounding;
  assert.ok(!old.includes('CAP_BPF'));
});

test('lxcfs is bound only where it is mounted', () => {
  const targets = (lxcfs?: string) =>
    renderConfig(spec, { ...inputs, ...(lxcfs ? { lxcfs } : {}) }).mounts.map(({ destination }) => destination);
  assert.ok(!targets().includes('/proc/meminfo'));
  assert.ok(targets('/run/x/lxcfs').includes('/proc/meminfo'));
});

test('the filter denies by default what reaches past namespaces, and gives back single calls', () => {
  const names = (allowed: string[]) => renderSeccomp(allowed).syscalls.flatMap((rule) => rule.names);
  for (const name of ['bpf', 'kexec_load', 'io_uring_setup', 'socketcall', 'socket'])
    assert.ok(names([]).includes(name));
  assert.ok(!names(['bpf']).includes('bpf') && names(['bpf']).includes('kexec_load'));
  assert.ok(!names(['socket']).includes('socket'));
});
