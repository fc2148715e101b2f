/** Installs the Debian packages of tools/debian-packages that are missing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged, runQuick } from './child.mjs';
import { isRoot, root } from './places.mjs';
import { SetupError, step } from './progress.mjs';

/** The names of a list in tools/; the rest of each line is the reason. */
export function neededPackages(list = 'debian-packages') {
  const lines = readFileSync(join(root, 'tools', list), 'utf8').split('\n');
  return lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split(/\s+/)[0]);
}

/** Those of `names` that dpkg does not call installed. */
export function missingPackages(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the format of dpkg-query
  const { status, stdout } = runQuick('dpkg-query', ['-W', '-f', '${db:Status-Abbrev} ${Package}\n', ...names]);
  if (status === 127)
    throw new SetupError('dpkg-query is missing: this is not a Debian system', { help: 'use Debian 12 or 13' });
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('ii'))
      .map((line) => line.split(/\s+/)[1]),
  );
  return names.filter((name) => !installed.has(name));
}

export async function ensureDebianPackages() {
  const missing = missingPackages(neededPackages());
  if (missing.length === 0) return;
  if (!isRoot) {
    throw new SetupError(`These Debian packages are missing, and only root can install them: ${missing.join(' ')}`, {
      help: `ask for this line, as root: apt-get install --no-install-recommends ${missing.join(' ')}`,
    });
  }
  await installPackages('Debian packages', missing);
}

export async function installPackages(what, missing) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // apt-get update succeeds although a mirror did not answer; only the installation tells whether that mattered.
  const help =
    'see the log and apt-update.log beside it; check the network and /etc/apt, then run the same command again';
  process.stderr.write(`${what} to install: ${missing.join(' ')}\n`);
  await step(`${what} (${missing.length})`, async (report) => {
    await runLogged('apt-update', 'apt-get', ['update'], { env, report, help });
    const args = ['install', '--yes', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', ...missing];
    await runLogged('apt-install', 'apt-get', args, { env, report, help });
  });
}
