/** Deviations in what every answer has, in errors, operations, events, and in what the server says of itself. */
import type { Deviation } from '../deviation.ts';

const ownMore =
  'An extension of Gasthof (`operation_steps`, `error_codes`, `events_sequence`); clients ignore fields that they do not know.';
const otherMachine = 'It describes the machine on which the recording was made.';
const otherEngine = 'The guests run with crun, not with liblxc; its features are not there.';
const everyEvent =
  'Every event names the object, its project and who asked for it; Incus leaves them out of some kinds.';

export const serverDeviations: readonly Deviation[] = [
  { where: '*', path: '*metadata.steps', kind: 'extra', reason: ownMore },
  { where: '*', path: '*metadata.err_code', kind: 'extra', reason: ownMore },
  { where: '*', path: '*metadata.err_params', kind: 'extra', reason: ownMore },
  { where: '*', path: '*metadata.err_help', kind: 'extra', reason: ownMore },
  { where: 'GET /1.0/events', path: 'event.sequence', kind: 'extra', reason: ownMore },
  {
    where: '*',
    path: 'metadata',
    kind: 'type',
    reason:
      'Errors carry their code, parameters and help in `metadata` (extension `error_codes`); Incus has null there.',
  },
  {
    where: '*',
    path: 'metadata.may_cancel',
    kind: 'value',
    reason: 'Long work can be cancelled, and what it began is undone; Incus can only wait for it.',
  },
  {
    where: 'GET /1.0',
    path: 'metadata.api_extensions[]',
    reason: 'Only extensions that work are named, and those of our own follow them.',
  },
  { where: 'GET /1.0', path: 'metadata.environment.*_features.*', kind: 'missing', reason: otherEngine },
  {
    where: 'GET /1.0',
    path: 'metadata.environment.kernel_features.cgroups',
    kind: 'extra',
    reason: 'The layout of the control groups, which decides about limits.',
  },
  { where: 'GET /1.0', path: 'metadata.environment.driver*', kind: 'value', reason: otherEngine },
  { where: 'GET /1.0', path: 'metadata.environment.server', kind: 'value', reason: 'It says what it is.' },
  { where: 'GET /1.0', path: 'metadata.environment.server_version', kind: 'value', reason: 'It says what it is.' },
  { where: 'GET /1.0', path: 'metadata.environment.server_name', kind: 'value', reason: otherMachine },
  { where: 'GET /1.0', path: 'metadata.environment.kernel_version', kind: 'value', reason: otherMachine },
  {
    where: 'GET /1.0',
    path: 'metadata.environment.architectures[]',
    kind: 'missing',
    reason: 'Guests of 32 bits are not offered.',
  },
  {
    where: 'GET /1.0',
    path: 'metadata.environment.storage_supported_drivers[]*',
    reason: 'The drivers are overlay and dir; LVM, Btrfs and ZFS are not there.',
  },
  {
    where: 'GET /1.0',
    path: 'metadata.auth_user_*',
    kind: 'value',
    recordings: 'lxc-remote-list-instances https-* image-list-remote-public',
    reason:
      'Recorded over HTTPS, replayed over the unix socket; test/e2e/foreign/https.test.ts looks at it over HTTPS.',
  },
  { where: 'GET /1.0/cluster', path: 'metadata.server_name', kind: 'value', reason: otherMachine },
  {
    where: 'GET /1.0/events',
    path: 'lifecycle *.requestor.*',
    kind: 'value',
    recordings: 'https-exec',
    reason:
      'Recorded over HTTPS, replayed over the unix socket; test/e2e/foreign/https.test.ts looks at it over HTTPS.',
  },
  { where: 'GET /1.0/resources', path: '*', reason: otherMachine },
  {
    where: 'GET /1.0/warnings',
    path: 'metadata[]',
    kind: 'length',
    ofHost: true,
    reason: 'The recorded warnings are about missing features of the recording machine.',
  },
  ...['type', 'last_message'].map((key) => ({
    where: 'GET /1.0/warnings',
    path: `metadata[].${key}`,
    kind: 'value' as const,
    reason: 'The recorded warnings are about missing features of the recording machine; ours about those of this one.',
  })),
  {
    where: 'GET /1.0/operations',
    path: 'metadata.*',
    reason:
      'Which operations run, or have just ended, is another at each moment; each is compared where it is asked for by its name.',
  },
  {
    where: 'GET /1.0/operations/{id}/wait',
    path: '*',
    recordings: 'query-async',
    reason:
      'After an operation that failed `wait` gives the operation with its error, as documented; Incus 6.0.4 answers 200 with an error inside.',
  },
  {
    where: 'GET /1.0/events',
    path: 'event.metadata.err',
    kind: 'value',
    reason: 'The text says more; the status code is the same.',
  },
  {
    where: 'GET /1.0/events',
    path: 'event.metadata.metadata',
    kind: 'type',
    reason: 'The last progress stays in the metadata of a finished operation; Incus does so in most kinds.',
  },
  { where: 'GET /1.0/events', path: 'lifecycle *.name', kind: 'extra', reason: everyEvent },
  { where: 'GET /1.0/events', path: 'lifecycle *.project', kind: 'extra', reason: everyEvent },
  { where: 'GET /1.0/events', path: 'lifecycle *.requestor', kind: 'extra', reason: everyEvent },
  { where: 'GET /1.0/events', path: 'lifecycle storage-volume-*.context', kind: 'extra', reason: everyEvent },
  {
    where: 'POST /1.0/instances',
    path: 'error',
    kind: 'value',
    recordings: 'query-badjson',
    reason: 'The recorded text names a type of the Go program.',
  },
  {
    where: 'GET /1.0/instances/{name}',
    path: 'error',
    kind: 'value',
    recordings: 'query-404',
    reason: 'The same text wherever an instance is not found; the status is the same.',
  },
  {
    where: 'GET /1.0/containers',
    path: 'status',
    recordings: 'lxc-query-containers',
    reason: 'The old paths of LXD answer, for pylxd 2.2 (Debian 12) and old scripts; Incus has dropped them.',
  },
];
