/** What mmdebstrap is told, and what is taken over from the host's apt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { downloadOptions, findMirrors } from './apt-sources.ts';
import { containerShape, customizeScript } from './guest-files.ts';
import { machineShape } from './machine-files.ts';
import { mmdebstrapArguments, mmdebstrapProgress } from './mmdebstrap.ts';
import { debianRecipes, findRecipe } from './recipes.ts';

const mirrors = { main: 'http://mirror.example/debian', security: 'http://mirror.example/security' };

test('findRecipe: by number, by name, and not on machines that Debian does not know', () => {
  assert.equal(findRecipe('debian/12', 'x86_64')?.suite, 'bookworm');
  assert.equal(findRecipe('trixie', 'aarch64')?.alias, 'debian/13');
  assert.equal(findRecipe('debian/bookworm', 'x86_64')?.alias, 'debian/12');
  assert.equal(findRecipe('alpine', 'x86_64'), undefined);
  assert.deepEqual(debianRecipes('sparc64'), []);
});

test('findMirrors: reads both formats of the host, ignores other distributions, and says when there is none', () => {
  const deb822 = `Types: deb deb-src
# a comment
URIs: http://one.example/debian/
Suites: bookworm
 bookworm-updates
Components: main contrib

Types: deb
URIs: http://two.example/sec
Suites: bookworm-security
Components: main
`;
  assert.deepEqual(findMirrors([deb822]), { main: 'http://one.example/debian', security: 'http://two.example/sec' });
  const lines = `deb https://packages.example/node nodistro main
#deb http://no.example/debian trixie main
deb [arch=amd64 signed-by=/k.gpg] http://three.example/debian trixie main # why
deb http://four.example/s trixie-security main`;
  assert.deepEqual(findMirrors([lines]), { main: 'http://three.example/debian', security: 'http://four.example/s' });
  assert.equal(findMirrors(['Types: deb\nURIs: http://u.example\nSuites: noble\nComponents: main\n']), undefined);
  assert.deepEqual(findMirrors(['deb http://m.example/debian trixie main']), { main: 'http://m.example/debian' });
  const disabled = 'Enabled: no\nTypes: deb\nURIs: http://x.example\nSuites: bookworm\nComponents: main\n';
  assert.equal(findMirrors([disabled, 'deb file:/media/cdrom bookworm main']), undefined);
});

test('downloadOptions: proxies and checks only, nothing that runs programs', () => {
  const dump = `Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::repo.example::CaInfo "/etc/ssl/own.pem";
Acquire::Check-Valid-Until "false";
Acquire::http::Proxy-Auto-Detect "/usr/bin/thing";
Acquire::http::Proxy "";
DPkg::Post-Invoke:: "rm -rf /";`;
  assert.deepEqual(downloadOptions(dump), dump.split('\n').slice(0, 3));
});

test('mmdebstrapArguments: a minimal system of one suite with its updates and security, as tar', () => {
  const recipe = findRecipe('debian/13', 'x86_64');
  assert.ok(recipe);
  const input = {
    recipe,
    packages: recipe.packages,
    mirrors,
    architecture: 'amd64',
    aptOptions: ['X "y";'],
    customizePath: '/c',
    mode: 'root' as const,
  };
  const args = mmdebstrapArguments(input);
  const at = args.indexOf('trixie');
  assert.equal(args[at + 1], '-');
  assert.deepEqual(
    args.slice(at + 2).map((line) => line.split(' ').slice(2).join(' ')),
    [
      'http://mirror.example/debian trixie main',
      'http://mirror.example/debian trixie-updates main',
      'http://mirror.example/security trixie-security main',
    ],
  );
  assert.ok(args.includes('--aptopt=X "y";') && args.includes('--customize-hook=/c') && args.includes('--mode=root'));
  assert.match(args.find((arg) => arg.startsWith('--include=')) ?? '', /systemd-sysv,dbus,.*iproute2/);
});

test('guest files: no identity of the builder, resolver file that is known as ours', () => {
  const recipe = findRecipe('debian/12', 'x86_64');
  assert.ok(recipe);
  const shape = containerShape(recipe, mirrors);
  const { files } = shape;
  assert.equal(files['etc/machine-id'], '');
  assert.equal(files['etc/resolv.conf']?.split('\n')[0], '# managed by Gasthof');
  assert.match(
    files['etc/apt/sources.list.d/debian.sources'] ?? '',
    /Suites: bookworm bookworm-updates[\s\S]*bookworm-security/,
  );
  assert.match(customizeScript('/files', shape), /rm -f "\$root\/etc\/hostname"/);
});

test('machine files: kernel, agent and resolver come along, scripts are scripts, and no identity (P12)', () => {
  const recipe = findRecipe('debian/12', 'x86_64');
  assert.ok(recipe);
  const { files, packages, finish } = machineShape(recipe, mirrors);
  for (const name of ['linux-image-cloud-amd64', 'qemu-guest-agent', 'systemd-resolved', 'systemd-sysv'])
    assert.ok(packages.includes(name), name);
  assert.equal(files['etc/machine-id'], '');
  assert.match(files['etc/fstab'] ?? '', /^LABEL=root \/ ext4/);
  assert.match(files['usr/local/sbin/grow-root'] ?? '', /^#!\/bin\/sh\n/);
  assert.match(files['etc/systemd/network/ethernet.network'] ?? '', /Name=eth\*/);
  assert.match(finish, /stub-resolv\.conf/);
  assert.deepEqual(findRecipe('debian/12', 'aarch64')?.machinePackages, []);
});

test('mmdebstrapProgress: the stages, not the noise', () => {
  assert.equal(mmdebstrapProgress('I: running apt-get update...'), 'fetching package lists');
  assert.equal(mmdebstrapProgress('I: downloading packages with apt...'), 'downloading packages');
  assert.equal(mmdebstrapProgress('done'), undefined);
  assert.equal(mmdebstrapProgress('I: automatically chosen format: tar'), undefined);
});
