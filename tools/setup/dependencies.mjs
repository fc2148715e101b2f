/** Brings node_modules (Node 26 among them) to what package-lock.json says; a stamp file remembers for which lock it was done. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runLogged } from './child.mjs';
import { needOwnCheckout } from './own-checkout.mjs';
import { node, root } from './places.mjs';
import { step } from './progress.mjs';

const stampPath = join(root, 'node_modules', '.gasthof-stamp');

export async function ensureDependencies() {
  const wanted = stampOf();
  if (existsSync(node) && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) return;
  needOwnCheckout('Libraries have to be installed');
  await step('Node 26 and libraries (npm ci)', async (report) => {
    rmSync(stampPath, { force: true });
    const { file, args } = npmCommand();
    // Some libraries ask for a newer Node than npm itself runs on here; they run on the project's own.
    await runLogged('npm-ci', file, [...args, 'ci', '--no-audit', '--no-fund', '--engine-strict=false'], {
      env: outsideEnvironment(),
      report,
      help: 'see the log; check the network and the npm settings (npm config list), then run the same command again',
    });
    writeFileSync(stampPath, wanted);
  });
}

function stampOf() {
  const hash = createHash('sha256');
  for (const name of ['package-lock.json', 'package.json']) hash.update(readFileSync(join(root, name)));
  return `${hash.digest('hex')} ${process.platform} ${process.arch}\n`;
}

/**
 * npm as it was called from outside. Started by name from an npm script it would run under the project's Node 26, take
 * its global settings from that package's directory, and so lose the machine's registry, proxy and certificate settings.
 */
function npmCommand() {
  const { npm_execpath: cli, npm_node_execpath: runtime } = process.env;
  if (cli && runtime && !runtime.startsWith(root)) return { file: runtime, args: [cli] };
  return { file: 'npm', args: [] };
}

/** The environment without what npm adds for a script: its PATH entries and the facts of this package. */
function outsideEnvironment() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_|^npm_command$/.test(name));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) };
}
