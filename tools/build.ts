/**
 * Bundles the programs into dist/. The command line becomes CommonJS: importing node:http from an ES module costs
 * some 48 ms more (Node 26), which is more than the rest of a call. The daemon stays an ES module, unminified for readable stacks.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type InputOptions } from 'rolldown';

const root = dirname(import.meta.dirname);
const fresh = join(root, `dist.new-${process.pid}`);

const common = { platform: 'node', cwd: root, logLevel: 'warn' } as const satisfies InputOptions;

try {
  await build({
    ...common,
    input: 'src/cli/main.ts',
    output: {
      dir: fresh,
      format: 'cjs',
      entryFileNames: 'gast.cjs',
      chunkFileNames: 'gast-parts/[name]-[hash].cjs',
      minify: true,
    },
  });
  await build({
    ...common,
    input: { gasthofd: 'src/daemon/main.ts', 'gasthof-relay': 'src/proxy/relay-main.ts' },
    // Native addons: they look for their binary beside themselves in node_modules.
    external: ['koffi'],
    output: {
      dir: fresh,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: 'gasthofd-parts/[name]-[hash].mjs',
    },
  });
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
