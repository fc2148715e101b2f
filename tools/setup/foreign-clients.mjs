/** Installs the clients of others that tools/foreign-packages names. Nothing of them is started, and no source of apt stays. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLogged, runQuick } from './child.mjs';
import { missingPackages } from './debian-packages.mjs';
import { root } from './places.mjs';
import { SetupError, step } from './progress.mjs';

const release = 'bookworm';
const backports = `${release}-backports`;
const policy = '/usr/sbin/policy-rc.d';

/** `[name, release or undefined]` of each line. */
function wantedPackages() {
  const lines = readFileSync(join(root, 'tools', 'foreign-packages'), 'utf8').split('\n');
  return lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split(/\s+/)[0].split('/'));
}

/** Tests skip what is not there, and say so. */
export async function ensureForeignClients() {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (codename !== release) {
    process.stderr.write(`clients of others are not installed: their packages are those of Debian ${release}\n`);
    return;
  }
  const wanted = wantedPackages();
  const missing = missingPackages(wanted.map(([name]) => name));
  if (missing.length === 0) return;
  const names = wanted.filter(([name]) => missing.includes(name)).map((parts) => parts.join('/'));
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const help = 'see the log; check the network and /etc/apt, then run the same command again';
  const parts = mkdtempSync(join(tmpdir(), 'gasthof-apt-'));
  const hadPolicy = existsSync(policy);
  try {
    if (existsSync('/etc/apt/sources.list.d')) cpSync('/etc/apt/sources.list.d', parts, { recursive: true });
    writeFileSync(join(parts, 'gasthof-backports.list'), `deb ${mirror()} ${backports} main\n`);
    if (!hadPolicy) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const options = ['-o', `Dir::Etc::SourceParts=${parts}`, '-o', 'Dpkg::Use-Pty=0'];
    await step(`clients of others (${names.length})`, async (report) => {
      await runLogged('apt-update-foreign', 'apt-get', [...options, 'update'], { env, report, help });
      // What the client from backports needs is taken from there, too.
      const install = [
        'install',
        '--yes',
        '--no-install-recommends',
        '-t',
        backports,
        ...missing.filter((name) => name.startsWith('incus')),
      ];
      if (install.length > 5)
        await runLogged('apt-install-incus', 'apt-get', [...options, ...install], { env, report, help });
      const rest = names.filter((name) => !name.includes('/'));
      const plain = ['install', '--yes', '--no-install-recommends', ...rest];
      if (rest.length > 0)
        await runLogged('apt-install-foreign', 'apt-get', [...options, ...plain], { env, report, help });
    });
  } finally {
    if (!hadPolicy) rmSync(policy, { force: true });
    rmSync(parts, { recursive: true, force: true });
  }
}

/** Where this host takes Debian from. */
function mirror() {
  const format = ['--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'];
  const { stdout } = runQuick('apt-get', ['indextargets', ...format]);
  const uri = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .find(([address, suite]) => suite === release && /^https?:/.test(address))?.[0];
  if (!uri)
    throw new SetupError(`apt knows no mirror of Debian ${release}`, { help: 'check /etc/apt, then run it again' });
  return uri.replace(/\/$/, '');
}
