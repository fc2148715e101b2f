/** What an ordinary user finds on this host, as far as running guests depends on it: tried where that is possible. */
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nobody } from '../core/ports/id-range.ts';
import { libexec } from './libexec.ts';
import { hostNetworkSetting } from './outside.ts';
import { ownNamespaces } from './own-namespaces.ts';
import { userName } from './peer-credentials.ts';
import { baseEnvironment, run } from './run.ts';

export type UserFacts = {
  name: string;
  uid: number;
  gid: number;
  /** Ids that subuid and subgid grant, or what is wrong with them. */
  granted: number | { wrong: string };
  /** Ids that the daemon uses; undefined outside of its namespaces. */
  used: number | undefined;
  /** Why this user cannot make a user namespace with rights in it; undefined when it can. */
  namespaces: string | undefined;
  /** Of each program, whether it is there. */
  programs: Record<string, boolean>;
  /** Of each device, the errno of opening it; undefined when that works. */
  devices: Record<string, string | undefined>;
  /** Settings of the kernel by name; those of the network are the host's. */
  settings: Record<string, string | undefined>;
  /** Whether pasta runs, for a daemon inside; otherwise the last that it said. */
  pasta: { running: boolean; said: string } | undefined;
};

const programs = ['newuidmap', 'newgidmap', 'pasta', 'crun', 'conmon', 'nft', 'dnsmasq', 'perl'];
const devices = ['/dev/net/tun', '/dev/fuse'];
const settings = [
  'kernel.unprivileged_userns_clone',
  'kernel.apparmor_restrict_unprivileged_userns',
  'user.max_user_namespaces',
  'fs.inotify.max_user_instances',
  'kernel.keys.maxkeys',
];
const networkSettings = ['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'];

/** `runDirectory` of the daemon that asks; without one, what a daemon would find is told. */
export async function userFacts(runDirectory?: string): Promise<UserFacts> {
  const own = ownNamespaces();
  const uid = own?.uid ?? process.getuid?.() ?? 0;
  const name = userName(uid) ?? String(uid);
  return {
    name,
    uid,
    gid: own?.gid ?? process.getgid?.() ?? 0,
    granted: await grantedIds(name, uid),
    // Few come with one more, for nobody.
    used: own && (own.ids < nobody ? own.ids + 1 : own.ids),
    namespaces: own ? undefined : await whyNoNamespaces(),
    programs: Object.fromEntries(programs.map((program) => [program, isProgram(program)])),
    devices: Object.fromEntries(devices.map((path) => [path, opening(path)])),
    settings: Object.fromEntries([
      ...settings.map((key) => [key, setting(key)]),
      ...networkSettings.map((key) => [key, hostNetworkSetting(key)]),
    ]),
    pasta: own && runDirectory !== undefined ? pastaIn(runDirectory) : undefined,
  };
}

async function grantedIds(name: string, uid: number): Promise<UserFacts['granted']> {
  const { exitCode, stdout, stderr } = await run(libexec('subordinate-ids'), [name, String(uid)], { accept: [0, 1] });
  if (exitCode !== 0) return { wrong: stderr.trim() };
  const counts = stdout.trim().split('\n').map(countIn);
  return Math.min(...counts);
}

/** Every third word is a count. */
const countIn = (line: string): number =>
  line
    .trim()
    .split(/\s+/)
    .reduce((total, word, i) => (i % 3 === 2 ? total + Number(word) : total), 0);

/** A namespace alone says little: where AppArmor restricts them, they come without rights. */
async function whyNoNamespaces(): Promise<string | undefined> {
  const words = ['--user', '--map-root-user', '--mount', '--net', 'true'];
  const { exitCode, stderr } = await run('unshare', words, { accept: [0, 1] });
  return exitCode === 0 ? undefined : stderr.trim();
}

function isProgram(name: string): boolean {
  return baseEnvironment.PATH.split(':').some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function opening(path: string): string | undefined {
  try {
    closeSync(openSync(path, constants.O_RDWR));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO';
  }
}

function setting(name: string): string | undefined {
  return textOf(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim();
}

function pastaIn(runDirectory: string): UserFacts['pasta'] {
  const pidFile = join(runDirectory, 'pasta.pid');
  const pid = textOf(pidFile)?.trim();
  const running = pid !== undefined && textOf(`/proc/${pid}/cmdline`)?.includes(pidFile) === true;
  return { running, said: textOf(join(runDirectory, 'pasta.log'))?.trim().split('\n').at(-1) ?? '' };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
