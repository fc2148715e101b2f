/** Builds dist/ when a source is newer than it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged } from './child.mjs';
import { needOwnCheckout } from './own-checkout.mjs';
import { node, root } from './places.mjs';
import { step } from './progress.mjs';

const outputs = ['dist/gast.cjs', 'dist/gasthofd.cjs', 'dist/gasthof-relay.cjs'].map((name) => join(root, name));
const builders = ['tools/build.ts', 'tools/bundle-daemon.ts'];
const inputs = ['src', ...builders, 'package.json', 'node_modules/.gasthof-stamp'].map((name) => join(root, name));

export async function ensureBundles() {
  const built = outputs.every((path) => existsSync(path))
    ? Math.min(...outputs.map((path) => statSync(path).mtimeMs))
    : 0;
  if (inputs.some((path) => newest(path) > built)) await buildBundles();
}

export async function buildBundles() {
  needOwnCheckout('gast and gasthofd have to be built');
  await step('Building gast and gasthofd', (report) =>
    runLogged('build', node, [join(root, 'tools', 'build.ts')], {
      report,
      help: 'see the log: a source file does not parse',
    }),
  );
}

/** The latest change below a path; directories count too, so that a deleted file is noticed. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), own.mtimeMs);
}
