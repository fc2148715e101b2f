/**
 * Bundles a program that is the daemon, with the relay, which it looks for beside itself. CommonJS, as the command line: importing
 * node:http from an ES module loads all of undici, a tenth of a second of Node 26. Not minified, for readable stacks.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'rolldown';

/**
 * Compiling it costs another tenth: what V8 makes of it is kept beside it, written by the first run that ends by itself. A daemon
 * that may not write there goes without. Relative names, so that the directory can be moved.
 */
const stub = `require('node:module').enableCompileCache({ directory: __dirname + '/gasthofd-cache', portable: true });
require('./gasthofd-parts/main.cjs');
`;

/** `entry`: the source of the program. Gives the path that is to be run. */
export async function bundleDaemon(entry: string, directory: string): Promise<string> {
  const root = dirname(import.meta.dirname);
  await build({
    platform: 'node',
    cwd: root,
    logLevel: 'warn',
    input: { 'gasthofd-parts/main': entry, 'gasthof-relay': 'src/proxy/relay-main.ts' },
    // Native addons: they look for their binary beside themselves in node_modules.
    external: ['koffi', '@lydell/node-pty'],
    output: {
      dir: directory,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: 'gasthofd-parts/[name]-[hash].cjs',
    },
  });
  const path = join(directory, 'gasthofd.cjs');
  writeFileSync(path, stub);
  return path;
}
