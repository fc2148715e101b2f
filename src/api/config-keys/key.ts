/** Key tables: one row per config key. Validation, documentation, completion and forms are made from the rows. */
import { parseSchedule } from '../../lib/cron.ts';
import { expiryDate } from '../../lib/duration.ts';
import { parseIp } from '../../lib/ip.ts';
import { parseListenAddress } from '../../lib/listen-address.ts';
import { normaliseMac } from '../../lib/mac.ts';
import { parseScreenSize, screenSizeRule } from '../../lib/screen-size.ts';
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
  | 'schedule'
  | 'address'
  | 'listen-address'
  | 'mac'
  | 'owner'
  | 'screen-size';

export type KeyRow = {
  /** Ends in `*` for a family of keys (`user.*`). */
  key: string;
  type: KeyType;
  doc: string;
  default?: string;
  /** True: a change takes effect at once in a running guest. */
  live?: boolean;
  /** Smallest and largest number of an integer. */
  min?: number;
  max?: number;
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
  const reason = checks[row.type](value) ?? rangeError(row, value);
  return reason && `"${value}" is not ${reason}`;
}

function rangeError({ type, min, max }: KeyRow, value: string): string | undefined {
  if (type !== 'integer' || (Number(value) >= (min ?? -Infinity) && Number(value) <= (max ?? Infinity)))
    return undefined;
  return max === undefined ? `a number from ${min} on` : `a number from ${min} to ${max}`;
}

const integer = (value: string) => (/^-?\d{1,15}$/.test(value) ? undefined : 'a whole number');

const checks: Record<KeyType, (value: string) => string | undefined> = {
  string: (value) => (value.includes('\0') ? 'text without NUL' : undefined),
  list: () => undefined,
  bool: (value) => (/^(true|false|1|0|yes|no|on|off)$/i.test(value) ? undefined : 'true or false'),
  integer,
  bytes: (value) => (parseBytes(value) ? undefined : 'a size like 512MiB or 2GB'),
  'bytes-or-percent': (value) =>
    parseBytes(value) || parsePercent(value) ? undefined : 'a size like 512MiB or a share like 10%',
  cpus: (value) => (isCpus(value) ? undefined : 'a number of CPUs or a list like 0-1,3 (0-0 for CPU 0 alone)'),
  allowance: (value) => (isAllowance(value) ? undefined : 'a share from 1% to 100% or a time like 25ms/100ms'),
  schedule: (value) =>
    parseSchedule(value) ? undefined : 'a schedule like "0 6 * * *" or @daily, several with commas between them',
  expiry: (value) => (expiryDate(value, new Date()) ? undefined : 'a duration like 3d or 1w 12H (units M H d w m y)'),
  address: (value) => (value === 'none' || parseIp(value) ? undefined : 'an address or none'),
  'listen-address': (value) =>
    parseListenAddress(value) ? undefined : 'an address to listen on, like :8443 or [::]:8443',
  owner: (value) =>
    /^(?!:?$)[A-Za-z0-9_.-]*\$?(:[A-Za-z0-9_.-]+\$?)?$/.test(value) ? undefined : 'USER, USER:GROUP or :GROUP',
  mac: (value) =>
    value.includes(':') && normaliseMac(value) ? undefined : 'a MAC address of one card, like 10:66:6a:01:02:03',
  'screen-size': (value) => (parseScreenSize(value) ? undefined : screenSizeRule(value)),
};

function isCpus(value: string): boolean {
  if (/^[1-9]\d{0,3}$/.test(value)) return true;
  if (!/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(value) || value === '0') return false;
  return value.split(',').every((part) => {
    const [first, last] = part.split('-').map(Number);
    return last === undefined || (first ?? 0) <= last;
  });
}

/** The kernel takes periods from 1 ms to 1 s (cpu.cfs_period_us), and no quota below 1 ms. */
function isAllowance(value: string): boolean {
  const share = /^([1-9]\d{0,2})%$/.exec(value);
  if (share) return Number(share[1]) <= 100;
  const time = /^([1-9]\d{0,5})ms\/([1-9]\d{0,3})ms$/.exec(value);
  return time !== null && Number(time[2]) <= 1000;
}

export const isTrue = (value: string | undefined): boolean => /^(true|1|yes|on)$/i.test(value ?? '');
