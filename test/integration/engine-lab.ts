/** What the engine's tests stand on: root file systems owned by a guest's id range, an engine in a directory of its own. */
import {
  accessSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GuestSpec } from '../../src/core/ports/engine.ts';
import { createCrunEngine } from '../../src/engines/crun/engine.ts';
import { spawnProgram } from '../../src/host/spawn.ts';
import { openUserNamespace } from '../../src/host/userns.ts';
import type { EngineLab } from '../contract/engine.suite.ts';

export const range = { base: 1_000_000, size: 65_536 };

const applets =
  'sh echo cat ls sleep mount umount stty id kill poweroff reboot halt true false tail head ps env pwd tty test readlink dd touch chmod mkdir stat nproc grep wc seq dmesg chown rm killall yes sync tr cut printf hostname free uptime'.split(
    ' ',
  );

/** Why the tests cannot run here, false when they can. */
export function lacking(): string | false {
  if (process.env.LAB_INSIDE !== '1') return 'needs the laboratory: tools/lab node --test ...';
  for (const path of ['/bin/busybox', '/usr/bin/crun', '/usr/bin/conmon']) {
    try {
      accessSync(path);
    } catch {
      return `needs ${path}`;
    }
  }
  return false;
}

export type CrunLab = EngineLab & { directory: string; rootfs: string; cgroupParent: string };

/** An engine with an empty busybox root. `init` is busybox init with a shell on the console. */
export async function openCrunLab(options: { lxcfsDirectory?: string } = {}): Promise<CrunLab> {
  const directory = mkdtempSync(join(tmpdir(), 'gast-'));
  const rootfs = busyboxRoot(join(directory, 'root'));
  const cgroupParent = `gasthof-${directory.slice(-6)}`;
  const engine = await createCrunEngine({ ...engineOptions(directory), ...options });
  return {
    engine,
    directory,
    rootfs,
    cgroupParent,
    spec: (id, overrides = {}) => guestSpec(rootfs, id, overrides),
    async [Symbol.asyncDispose]() {
      for (const { id } of await engine.observe()) await engine.remove(id);
      await engine[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function engineOptions(directory: string) {
  return {
    stateDirectory: join(directory, 's'),
    logDirectory: join(directory, 'l'),
    cgroupParent: `gasthof-${directory.slice(-6)}`,
  };
}

export function guestSpec(rootfs: string, id: string, overrides: Partial<GuestSpec> = {}): GuestSpec {
  return {
    id,
    hostname: 'web',
    range,
    rootfs,
    limits: {},
    parts: [],
    nics: [],
    environment: {},
    allowedSyscalls: [],
    droppedCapabilities: [],
    ...overrides,
  };
}

export function busyboxRoot(root: string): string {
  for (const name of ['bin', 'sbin', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'root', 'mnt'])
    mkdirSync(join(root, name), { recursive: true });
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of applets) symlinkSync('busybox', join(root, 'bin', applet));
  symlinkSync('../bin/busybox', join(root, 'sbin/init'));
  writeFileSync(join(root, 'etc/inittab'), '::sysinit:/bin/echo booted\nconsole::respawn:-/bin/sh\n');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n');
  chownTree(root, range.base);
  return root;
}

function chownTree(root: string, owner: number) {
  chownSync(root, owner, owner);
  for (const name of readdirSync(root, { recursive: true }) as string[]) lchownSync(join(root, name), owner, owner);
}

export const debianTarball = join(import.meta.dirname, '../../.cache/test-images/debian12.tar');

/** Unpacks the Debian image as the mapped root, ids, set-uid bits and capabilities as a guest's storage would have them. */
export async function debianRoot(root: string): Promise<string> {
  mkdirSync(root);
  chownSync(root, range.base, range.base);
  const namespace = await openUserNamespace([{ inside: 0, outside: range.base, count: range.size }]);
  // By its working directory: the mapped root could not pass the 0700 directories above it.
  const tar = ['tar', '--numeric-owner', '--exclude=./dev/*', '-xpf', '-'];
  const args = [`--user=/proc/${process.pid}/fd/${namespace}`, '-S0', '-G0', ...tar];
  // tar reads the file itself: it is 200 MB.
  const tarball = openSync(debianTarball, 'r');
  const { exited } = await spawnProgram('nsenter', args, { stdio: [tarball, 'ignore', 'ignore'], cwd: root });
  closeSync(tarball);
  const { exitCode } = await exited;
  if (exitCode !== 0) throw new Error(`tar ended with ${exitCode}`);
  rmSync(join(root, 'etc/hostname'), { force: true });
  return root;
}

/** Waits for a condition, for things that nobody announces. `found` tells what is there instead when it does not come. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
  found: () => string = () => '',
) {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}\n${found()}`.trim());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Mounts, control groups below the parent and processes that name the directory: what a test must leave as it was. */
export function traces(directory: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory));
  const parent = `gasthof-${directory.slice(-6)}`;
  const groups = readdirSync('/sys/fs/cgroup')
    .map((name) => join('/sys/fs/cgroup', name, parent))
    .flatMap((path) => (existsSync(path) ? readdirSync(path, { withFileTypes: true }) : []))
    .flatMap((entry) => (entry.isDirectory() ? [`cgroup ${join(entry.parentPath, entry.name)}`] : []));
  const processes = readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return text.includes(`${directory}/`) ? [text] : [];
    } catch {
      return [];
    }
  });
  return [...mounts, ...groups, ...processes];
}
