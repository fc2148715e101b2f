/**
 * `npm test [-- WORDS]`: brings what the tests need, then runs them (tools/test/run.ts). Words choose: a group (types, lint,
 * unit, integration, e2e, rootless, check), a group and a part of a path (integration/engine), or a path.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBundles } from './setup/bundles.mjs';
import { ensureDebianPackages } from './setup/debian-packages.mjs';
import { ensureDependencies } from './setup/dependencies.mjs';
import { ensureForeignClients } from './setup/foreign-clients.mjs';
import { node, root } from './setup/places.mjs';
import { main } from './setup/progress.mjs';
import { ensureVmPackages } from './setup/vm-packages.mjs';

const words = process.argv.slice(2);
const withoutRoot = words.length > 0 && words.every((word) => /^(types|lint|unit|check)(\/|$)/.test(word));

await main(async () => {
  if (process.getuid() === 0) await ensureDebianPackages();
  if (process.getuid() === 0 && process.env.CI) await ensureVmPackages();
  if (process.getuid() === 0 && process.env.CI) await ensureForeignClients();
  await ensureDependencies();
  if (!withoutRoot) await ensureBundles();
  const child = spawn(node, [join(root, 'tools', 'test', 'run.ts'), ...words], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
});
