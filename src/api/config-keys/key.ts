/** Key tables: one row per config key. Validation, documentation, completion and forms are made from the rows. */
import { parseBytes, parsePercent } from '../../lib/units.ts';

export type KeyType =
  | 'string'
  | 'bool'
  | 'integer'
  | 'bytes'
  | 'bytes-or-percent'
  | 'cpus'
  | 'allowance'
  | 'list'
  | 'expiry'
  | 'address'
  | 'mac';

export type KeyRow = {
  /** Ends in `*` for a family of keys (`user.*`). */
  key: string;
  type: KeyType;
  doc: string;
  default?: string;
  /** True: a change takes effect at once in a running guest. */
  live?: boolean;
  /** Allowed values. */
  values?: readonly string[];
  /** Kept by the server; a user may send it back but not invent it. */
  internal?: boolean;
};

export type KeyTable = readonly KeyRow[];

export function findKey(table: KeyTable, key: string): KeyRow | undefined {
  return table.find((row) =>
    row.key.endsWith('*') ? key.startsWith(row.key.slice(0, -1)) && key.length > row.key.length - 1 : row.key === key,
  );
}

/** Why `value` is not a value for this row, or undefined. */
export function valueError(row: KeyRow, value: string): string | undefined {
  if (row.values && !row.values.includes(value)) return `"${value}" is not one of: ${row.values.join(', ')}`;
  const reason = checks[row.type](value);
  return reason && `"${value}" is not ${reason}`;
}

const integer = (value: string) => (/^-?\d{1,15}$/.test(value) ? undefined : 'a whole number');

const checks: Record<KeyType, (value: string) => string | undefined> = {
  string: (value) => (value.includes('\0') ? 'text without NUL' : undefined),
  list: () => undefined,
  bool: (value) => (/^(true|false|1|0|yes|no|on|off)$/i.test(value) ? undefined : 'true or false'),
  integer,
  bytes: (value) => (parseBytes(value) === undefined ? 'a size like 512MiB or 2GB' : undefined),
  'bytes-or-percent': (value) =>
    parseBytes(value) === undefined && parsePercent(value) === undefined
      ? 'a size like 512MiB or a share like 10%'
      : undefined,
  cpus: (value) =>
    /^[1-9]\d{0,3}$|^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(value) ? undefined : 'a number of CPUs or a list like 0-1,3',
  allowance: (value) =>
    /^([1-9]\d{0,2})%$|^[1-9]\d*ms\/[1-9]\d*ms$/.test(value) ? undefined : 'a share like 50% or a time like 25ms/100ms',
  expiry: (value) => (/^(\d+[smHMdwy] ?)+$/.test(value) ? undefined : 'a duration like 3d or 1w 12H'),
  address: (value) => (/^[0-9a-fA-F.:]+$/.test(value) || value === 'none' ? undefined : 'an address'),
  mac: (value) => (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value) ? undefined : 'a MAC address like 10:66:6a:01:02:03'),
};

export const isTrue = (value: string | undefined): boolean => /^(true|1|yes|on)$/i.test(value ?? '');
