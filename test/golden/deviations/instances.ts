/** Deviations in instances: what they are, what happens to them. */
import type { Deviation } from '../deviation.ts';

const idmap =
  'Each guest has a range of 65,536 ids of its own, known from the beginning; recorded with one range for all guests.';
const addresses =
  'Addresses are given out in their order and known before the first start; Incus leaves them to the DHCP server.';
const lastEnd = 'An extension of Gasthof (`instance_last_end`): how the guest ended last.';
const moment =
  'A guest is frozen for a moment only while its files are copied; it stays Running, and no event is sent.';
const notKept =
  'What is true of the running guest at one moment only is not kept in a snapshot, and not brought back by it.';
const oneMove = 'An instance is moved in one piece; Incus makes a copy under another name first.';
const description = 'Restoring a snapshot keeps the description; Incus empties it.';

export const instanceDeviations: readonly Deviation[] = [
  { where: '*instances*', path: '*config.volatile.idmap.*', reason: idmap },
  { where: '*instances*', path: '*config.volatile.last_state.idmap', reason: idmap },
  { where: '*instances*', path: '*config.volatile.*.last_state.ip_addresses', kind: 'extra', reason: addresses },
  { where: '*instances*', path: '*network.eth0.addresses[]*', reason: addresses },
  { where: '*instances*', path: '*last_end', kind: 'extra', reason: lastEnd },
  {
    where: '*instances*',
    path: '*disk.root',
    kind: 'extra',
    reason: 'The space that an instance uses is known for every pool; Incus knows it only with quotas.',
  },
  { where: '*snapshots*', path: '*config.volatile.*', kind: 'missing', reason: notKept },
  { where: '*snapshots*', path: '*description', kind: 'extra', reason: 'Snapshots have a description here.' },
  { where: 'GET /1.0/instances*', path: '*description', kind: 'value', reason: description },
  {
    where: 'GET /1.0/instances/{name}',
    path: '*config.volatile.eth1.name',
    kind: 'missing',
    reason: 'The name of a card inside follows from its name in the configuration; nothing has to be remembered.',
  },
  {
    where: 'GET /1.0/instances',
    path: '*config.volatile.eth1.hwaddr',
    kind: 'extra',
    reason: 'A card that is plugged in again has the address that it had.',
  },
  {
    where: 'GET /1.0/instances/{name}',
    path: '*config.volatile.*',
    recordings: 'delete-force',
    reason: 'Refreshing a copy leaves the volatile keys of the copy as they are; Incus takes those of the source.',
  },
  {
    where: 'GET /1.0/instances/{name}',
    path: '*config.volatile.last_state.ready',
    kind: 'extra',
    recordings: 'lxc-*',
    reason: 'The restore of the running guest was a stop, which is told here.',
  },
  {
    where: 'GET /1.0/instances/{name}/metadata',
    path: 'metadata.properties.*',
    reason:
      'The properties are those that the image had when the instance was made, edited ones too; Incus shows those of the file.',
  },
  { where: 'GET /1.0/events', path: 'lifecycle instance-paused', kind: 'missing', reason: moment },
  { where: 'GET /1.0/events', path: 'lifecycle instance-resumed', kind: 'missing', reason: moment },
  {
    where: 'GET /1.0/events',
    path: 'lifecycle instance-created',
    kind: 'missing',
    recordings: 'move-pool',
    reason: oneMove,
  },
  {
    where: 'GET /1.0/events',
    path: 'lifecycle instance-s*.context',
    kind: 'extra',
    reason: 'It tells how the guest ended (halted, killed, out of memory).',
  },
  {
    where: 'GET /1.0/events',
    path: 'lifecycle instance-stopped',
    kind: 'extra',
    recordings: 'restart-force snapshot-restore lxc-restore',
    reason: 'A restart and a restore end the guest, and that is told; Incus is silent about it.',
  },
  {
    where: '*/backups/*',
    path: 'status',
    recordings: 'lxc-export',
    reason:
      'The `lxc` client names the backup by its whole path; that is understood here, and `lxc export` works. Incus answers 404.',
  },
  {
    where: 'GET /1.0/events',
    path: 'lifecycle instance-backup-*',
    recordings: 'lxc-export lxc-delete',
    reason: 'The export works (above), so that the backup is retrieved and deleted earlier.',
  },
];
