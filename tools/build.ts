/**
 * Bundles the programs into dist/. The command line becomes CommonJS: importing node:http from an ES module costs
 * some 48 ms more (Node 26), which is more than the rest of a call. The daemon has its own room (bundle-daemon.ts).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'rolldown';
import { bundleDaemon } from './bundle-daemon.ts';

const root = dirname(import.meta.dirname);
const fresh = join(root, `dist.new-${process.pid}`);

try {
  await build({
    platform: 'node',
    cwd: root,
    logLevel: 'warn',
    input: 'src/cli/main.ts',
    output: {
      dir: fresh,
      format: 'cjs',
      entryFileNames: 'gast.cjs',
      chunkFileNames: 'gast-parts/[name]-[hash].cjs',
      minify: true,
    },
  });
  const gasthofd = await bundleDaemon('src/daemon/main.ts', fresh);
  // As it will be started: what V8 keeps depends on its flags.
  execFileSync(join(root, 'bin/gasthofd'), ['--version'], { env: { ...process.env, GASTHOF_ENTRY: gasthofd } });
  // It is private to begin with; the daemons of other users read it, too.
  execFileSync('chmod', ['-R', 'a+rX', join(fresh, 'gasthofd-cache')]);
  replaceDirectory(fresh, join(root, 'dist'));
} catch (error) {
  // The message quotes the source; the stack is rolldown's own.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** A call of gast at the same moment sees the old bundle or the new one, hardly ever none. */
function replaceDirectory(from: string, to: string): void {
  const old = `${to}.old-${process.pid}`;
  if (existsSync(to)) renameSync(to, old);
  renameSync(from, to);
  rmSync(old, { recursive: true, force: true });
}
