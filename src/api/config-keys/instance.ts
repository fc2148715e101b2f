/** Config keys of instances (and of profiles, which carry the same keys). */
import type { KeyTable } from './key.ts';

export const instanceKeys: KeyTable = [
  {
    key: 'boot.autostart',
    type: 'bool',
    doc: 'Start the guest when the daemon starts after a boot of the host. Unset: the guest gets back the state it had.',
    live: true,
  },
  {
    key: 'boot.autostart.priority',
    type: 'integer',
    doc: 'Guests with a higher number start first.',
    default: '0',
    live: true,
  },
  {
    key: 'boot.autostart.delay',
    type: 'integer',
    doc: 'Seconds to wait after the start of this guest before the next one starts.',
    default: '0',
    min: 0,
    max: 86_400,
    live: true,
  },
  {
    key: 'boot.host_shutdown_timeout',
    type: 'integer',
    doc: 'Seconds that a stop waits for the guest to halt by itself, when the call names none.',
    default: '30',
    min: 0,
    max: 86_400,
    live: true,
  },
  {
    key: 'environment.*',
    type: 'string',
    doc: 'Environment variable of the init and of every command executed inside.',
    live: true,
  },
  {
    key: 'limits.cpu',
    type: 'cpus',
    doc: 'Number of CPUs, or the list of host CPUs, that the guest may use.',
    live: true,
  },
  {
    key: 'limits.cpu.allowance',
    type: 'allowance',
    doc: 'CPU time: a share under contention (50%), or a hard limit (25ms/100ms).',
    default: '100%',
    live: true,
  },
  {
    key: 'limits.cpu.priority',
    type: 'integer',
    doc: 'Weight among guests that compete for CPU time, 0 to 10.',
    default: '10',
    live: true,
    values: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10'],
  },
  {
    key: 'limits.memory',
    type: 'bytes-or-percent',
    doc: 'Memory that the guest may use. Unset: all but a reserve of the host.',
    live: true,
  },
  {
    key: 'limits.memory.swap',
    type: 'bool',
    doc: 'Whether memory of the guest may be swapped out.',
    default: 'true',
    live: true,
  },
  {
    key: 'limits.processes',
    type: 'integer',
    doc: 'Processes and threads that the guest may have.',
    default: '8192',
    min: 1,
    max: 4_194_304,
    live: true,
  },
  {
    key: 'security.privileged',
    type: 'bool',
    doc: 'Only false: guests never share the ids of the host.',
    default: 'false',
    values: ['false', '0', 'no', 'off'],
  },
  {
    key: 'security.protection.delete',
    type: 'bool',
    doc: 'Refuse to delete the instance.',
    default: 'false',
    live: true,
  },
  {
    key: 'security.syscalls.allow',
    type: 'list',
    doc: 'System calls, separated by spaces or lines, that the filter gives back to this guest.',
  },
  { key: 'security.caps.drop', type: 'list', doc: 'Further capabilities that the guest does without, like net_raw.' },
  {
    key: 'snapshots.expiry',
    type: 'expiry',
    doc: 'Age at which new snapshots are deleted by themselves, like 1w.',
    live: true,
  },
  {
    key: 'snapshots.pattern',
    type: 'string',
    doc: 'Name of snapshots made without a name; %d counts up.',
    default: 'snap%d',
    live: true,
  },
  { key: 'image.*', type: 'string', doc: 'Property of the image that the instance was made from.', live: true },
  { key: 'user.*', type: 'string', doc: 'Free text for the user.', live: true },
  {
    key: 'volatile.*',
    type: 'string',
    doc: 'Kept by the server: addresses, ids, last state.',
    live: true,
    internal: true,
  },
];

/** Environment of exec when neither the caller nor the instance says otherwise. */
export const execEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
} as const;
