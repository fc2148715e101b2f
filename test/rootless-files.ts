/** Which end-to-end tests run a second time with the daemon and its clients as an ordinary user (tools/as-user). */
export const rootlessFiles: readonly string[] = ['test/e2e/first-guest.test.ts'];
