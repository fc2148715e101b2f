/** One file of the daemon under test: it is started a hundred times, and from sources each start costs a second. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
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
  const parts = {
    'daemon.mjs': join(import.meta.dirname, 'daemon.ts'),
    // The daemon looks for it beside itself.
    'gasthof-relay.mjs': join(root, 'src/proxy/relay-main.ts'),
  };
  for (const [entryFileNames, input] of Object.entries(parts))
    await build({
      platform: 'node',
      cwd: root,
      logLevel: 'warn',
      input,
      external: ['koffi', '@lydell/node-pty'],
      output: { dir: directory, format: 'esm', entryFileNames, chunkFileNames: '[name]-[hash].mjs' },
    });
  return {
    path: join(directory, 'daemon.mjs'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
