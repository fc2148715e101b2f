/** The daemon under test as a bundle: it is started a hundred times, and from sources each start costs a second. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleDaemon as buildDaemon } from '../../../tools/bundle-daemon.ts';
import { asUser } from '../../own-namespaces.ts';

const root = join(import.meta.dirname, '../../..');

/**
 * Inside the checkout, because native addons are found from there; an ordinary user, who may not write there, has a link to
 * them. Disposing removes it.
 */
export async function bundleDaemon(): Promise<{ path: string } & Disposable> {
  const parent = asUser ? tmpdir() : join(root, '.cache', 'tmp');
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, 'kill-'));
  if (asUser) for (const name of ['node_modules', 'libexec']) symlinkSync(join(root, name), join(directory, name));
  const path = await buildDaemon(join(import.meta.dirname, 'daemon.ts'), directory);
  return {
    path,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
