/** What an ordinary user's daemon is not asked for when the tests run a second time, each with the kernel's reason. */

/** `test` is a part of the test's name, behind those of the tests around it: "outer > inner". Without it, the whole file. */
export type Skip = { file: string; test?: string; reason: string };

const hostLinks = 'links of the host are changed with CAP_NET_ADMIN in its network namespace';
const noNodes = 'mknod(2) needs CAP_MKNOD of the host; only nodes that the host has can be shown';
const noOwner = 'a node of the host is shown as it is: chown(2) needs CAP_CHOWN of the host';
const sameIds =
  'idmapped mounts need CAP_SYS_ADMIN over the file system: ids on disk are the ids in guests, with and without mapping';
const realIncus =
  'incusd needs uid 0 of the host (CAP_SYS_ADMIN for mounts and id maps); both meet in rootless-incus.test.ts';

export const rootlessSkips: readonly Skip[] = [
  { file: 'test/e2e/foreign/backups-exchange.test.ts', reason: realIncus },
  { file: 'test/e2e/foreign/device-cards.test.ts', test: 'macvlan: packets reach', reason: hostLinks },
  { file: 'test/e2e/foreign/device-cards.test.ts', test: 'routed: packets reach', reason: hostLinks },
  { file: 'test/e2e/foreign/device-cards.test.ts', test: 'physical: a link of the host', reason: hostLinks },
  {
    file: 'test/e2e/foreign/device-proxies.test.ts',
    test: 'a Unix socket on the host, with owner and permissions',
    reason: 'chown(2) to another user needs CAP_CHOWN of the host',
  },
  {
    file: 'test/e2e/foreign/device-proxies.test.ts',
    test: 'nat: the kernel translates',
    reason: 'the address of the bridge is in the network namespace of the daemon, not on the host',
  },
  { file: 'test/e2e/foreign/devices.test.ts', test: 'a node has the owner that was asked for', reason: noOwner },
  { file: 'test/e2e/foreign/devices.test.ts', test: 'a block device is there', reason: noNodes },
  { file: 'test/e2e/foreign/disks.test.ts', test: 'security.unmapped shows the ids on disk', reason: sameIds },
  { file: 'test/e2e/foreign/images-incus.test.ts', reason: realIncus },
  { file: 'test/e2e/foreign/migration-incus.test.ts', reason: realIncus },
];

export const reasonToSkip = (file: string, test: string): string | undefined =>
  rootlessSkips.find((skip) => skip.file === file && test.includes(skip.test ?? ''))?.reason;

/** Such a file is not even started. */
export const reasonToSkipFile = (file: string): string | undefined =>
  rootlessSkips.find((skip) => skip.file === file && skip.test === undefined)?.reason;
