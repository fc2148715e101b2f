/**
 * `npm run test:fresh [-- [--keep] [--release trixie] [--reuse TREE] [-- COMMAND...]]`: makes a fresh Debian tree that has Node 20 and npm and
 * nothing else, clones this repository into it, and runs both commands of the README there, so that a step missing in the
 * set-up shows. All of it happens in a laboratory; packages come through a proxy on a unix socket.
 * Settings of the machine (apt mirrors, npm settings, certificates) are copied into the tree, never into the repository.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { downloadOptions, findMirrors } from '../src/images/debian/apt-sources.ts';
import { proxy } from './fresh/proxy.ts';

const root = dirname(import.meta.dirname);
const cache = join(root, '.cache', 'fresh');
const proxyPort = 3128;
const inTree = '/srv/gasthof';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keep: { type: 'boolean', default: false },
    release: { type: 'string', default: 'bookworm' },
    reuse: { type: 'string' },
  },
});
if (process.getuid?.() !== 0) throw new Error('tools/fresh-tree.ts: needs root');
mkdirSync(cache, { recursive: true });
const work = values.reuse ? dirname(values.reuse) : mkdtempSync(join(cache, 'run-'));
const tree = join(work, 'tree');
const clone = join(tree, inTree);
// Short: the path of a unix socket has at most 107 bytes.
const sockets = mkdtempSync('/var/tmp/gt-fresh-');
const socketPath = join(sockets, 'proxy');
const way = await proxy(socketPath);
try {
  if (values.reuse) renewClone();
  else makeTree();
  process.exitCode = await enter(positionals.length > 0 ? positionals : [`${inTree}/tools/fresh/job`]);
} finally {
  way.close();
  rmSync(sockets, { recursive: true });
  if (values.keep) console.log(`kept: ${tree}`);
  else rmSync(work, { recursive: true, force: true });
}

function makeTree(): void {
  console.log(`a fresh ${values.release} tree: ${tree}`);
  command('cp', ['-a', '--reflink=auto', baseTree(values.release), tree]);
  bringNode();
  bringSettings();
  command('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
}

function renewClone(): void {
  command('git', ['-C', clone, 'fetch', '--quiet', root, 'HEAD']);
  command('git', ['-C', clone, 'reset', '--quiet', '--hard', 'FETCH_HEAD']);
  command('git', ['-C', clone, 'clean', '-fdq']);
}

/** Debian's smallest tree with apt, made once. */
function baseTree(release: string): string {
  const path = join(cache, `base-${release}`);
  if (existsSync(path)) return path;
  console.log(`making ${path} (once) ...`);
  const sources = globSync('/etc/apt/{sources.list,sources.list.d/*.{list,sources}}');
  const mirrors = findMirrors(sources.map((file) => readFileSync(file, 'utf8')));
  const options = downloadOptions(spawnSync('apt-config', ['dump'], { encoding: 'utf8' }).stdout ?? '');
  const part = `${path}.part-${process.pid}`;
  command('mmdebstrap', [
    '--variant=minbase',
    ...options.map((one) => `--aptopt=${one}`),
    release,
    part,
    ...(mirrors ? [mirrors.main] : []),
  ]);
  renameSync(part, path);
  return path;
}

/** The machine's own Node and npm, which the README asks for. Inside an npm script `node` is the project's: not that one. */
function bringNode(): void {
  const node = realpathSync(process.env.npm_node_execpath ?? '/usr/bin/node');
  const npm = dirname(dirname(realpathSync(process.env.npm_execpath ?? '/usr/bin/npm')));
  cpSync(node, join(tree, 'usr/bin/node'));
  cpSync(npm, join(tree, 'usr/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(tree, 'usr/bin/npm'));
}

function bringSettings(): void {
  const at = `http://127.0.0.1:${proxyPort}`;
  for (const path of [
    '/etc/ssl/certs',
    '/usr/share/ca-certificates',
    '/usr/local/share/ca-certificates',
    '/usr/etc/npmrc',
  ])
    if (existsSync(path)) cpSync(path, join(tree, path), { recursive: true, verbatimSymlinks: true, force: true });
  const own = join(process.env.HOME ?? '/root', '.npmrc');
  if (existsSync(own)) cpSync(own, join(tree, 'root/.npmrc'));
  appendFileSync(join(tree, 'root/.npmrc'), `\nproxy=${at}\nhttps-proxy=${at}\n`);
  writeFileSync(
    join(tree, 'etc/apt/apt.conf.d/90proxy'),
    `Acquire::http::Proxy "${at}";\nAcquire::https::Proxy "${at}";\n`,
  );
}

function enter(inside: string[]): Promise<number> {
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: process.env.TERM ?? 'dumb',
    FRESH_DIRECTORY: inTree,
    ...(values.reuse ? { FRESH_REUSED: '1' } : {}),
    // The daemon's launcher has to hide the cgroup v2 mount by itself, as on a real host.
    LAB_UNIFIED: '1',
    ...(certificates ? { NODE_EXTRA_CA_CERTS: certificates } : {}),
  };
  const script = join(root, 'tools', 'fresh', 'inside.ts');
  const args = [process.execPath, script, String(proxyPort), socketPath, tree, ...inside];
  const child = spawn(join(root, 'tools', 'lab'), args, { cwd: '/', env, stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function command(file: string, args: readonly string[]): void {
  const done = spawnSync(file, args, { cwd: '/', stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8' });
  if (done.status !== 0)
    throw new Error(`${file} ${args.join(' ')}: ${done.error?.message ?? done.stderr.slice(-2000)}`);
}
