/**
 * The built-in Debian as a virtual machine: built once, outside of laboratories, which have no uplink, and lent to each daemon
 * as what it has built itself.
 */
import { chmodSync, cpSync, existsSync, globSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensureBuilt } from '../../src/images/debian/build.ts';
import { hostArchitecture } from '../../src/images/metadata.ts';

const cache = join(import.meta.dirname, '../../.cache/test-images');
const builds = join(cache, 'builds');

/** Needs Debian's mirrors the first time, and some minutes. */
export async function ensureBuiltMachine(say: (text: string) => void): Promise<void> {
  mkdirSync(builds, { recursive: true });
  const known = globSync(`${builds}/machine-*/rootfs`).length;
  if (known === 0) say('building the Debian virtual machine (once) ...');
  const place = { cacheDirectory: builds, scratchDirectory: join(cache, 'scratch'), architecture: hostArchitecture };
  const built = await ensureBuilt(place, 'debian/12', 'virtual-machine', {});
  // Tests as an ordinary user read it, too.
  for (const path of [builds, built]) chmodSync(path, 0o755);
  for (const file of ['metadata', 'rootfs']) chmodSync(join(built, file), 0o644);
}

const found = () => globSync(`${builds}/machine-bookworm-*`)[0];

export const lackingBuild = (): string | false =>
  found() === undefined ? 'needs the Debian machine: node tools/test/run.ts builds it' : false;

/** As if this daemon had built it. */
export function lendBuild(daemon: { directory: string }): void {
  const built = found();
  if (built === undefined) throw new Error('the Debian machine is not built');
  const target = join(daemon.directory, 'cache', basename(built));
  if (!existsSync(target)) cpSync(built, target, { recursive: true });
}
