/** Which end-to-end tests run a second time with the daemon and its clients as an ordinary user (tools/as-user). */
export const rootlessFiles: readonly string[] = [
  'test/e2e/cli-guest.test.ts',
  'test/e2e/first-guest.test.ts',
  'test/e2e/foreign/guest-files.test.ts',
  'test/e2e/foreign/guest-snapshots.test.ts',
  'test/e2e/foreign/guest.test.ts',
  'test/e2e/foreign/images.test.ts',
  'test/e2e/foreign/instances.test.ts',
  'test/e2e/foreign/networks.test.ts',
  'test/e2e/foreign/volumes.test.ts',
  'test/e2e/gast-incus-facts.test.ts',
  'test/e2e/golden-replay.test.ts',
  'test/e2e/inits.test.ts',
];
