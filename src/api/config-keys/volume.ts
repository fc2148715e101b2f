/** Keys of custom volumes. */
import type { KeyTable } from './key.ts';

const everywhere = [
  {
    key: 'size',
    type: 'bytes',
    doc: 'Size. Of a disk: its length, which may grow. Of a tree of files: kept, and enforced where the pool can.',
  },
  { key: 'snapshots.expiry', type: 'expiry', doc: 'Age at which snapshots are deleted, like 3d or 1w.' },
  {
    key: 'snapshots.pattern',
    type: 'string',
    doc: 'Name of snapshots made without a name; %d counts up, {{ creation_date }} is the time.',
    default: 'snap%d',
  },
  {
    key: 'snapshots.schedule',
    type: 'schedule',
    doc: 'When snapshots are taken by themselves: cron expressions or @hourly, @daily, @weekly, @monthly, @yearly, @never.',
  },
  { key: 'user.*', type: 'string', doc: 'Anything; for programs and people.' },
  { key: 'volatile.*', type: 'string', doc: 'Kept by the server.', internal: true },
] as const satisfies KeyTable;

/** Highest id inside a guest. */
const lastId = 65_535;

export const volumeKeys = {
  filesystem: [
    ...everywhere,
    {
      key: 'security.shifted',
      type: 'bool',
      doc: 'Several guests may share it. Ids are shifted for each guest in any case here.',
      default: 'false',
    },
    {
      key: 'security.unmapped',
      type: 'bool',
      doc: 'Ids are not shifted: guests see the ids on disk.',
      default: 'false',
    },
    { key: 'initial.uid', type: 'integer', doc: 'Owner of the top directory.', default: '0', min: 0, max: lastId },
    { key: 'initial.gid', type: 'integer', doc: 'Group of the top directory.', default: '0', min: 0, max: lastId },
    { key: 'initial.mode', type: 'string', doc: 'Mode of the top directory, octal.', default: '0711' },
  ],
  block: [
    ...everywhere,
    { key: 'security.shared', type: 'bool', doc: 'Several guests may have it at once.', default: 'false' },
  ],
  iso: everywhere,
} as const satisfies Record<string, KeyTable>;
