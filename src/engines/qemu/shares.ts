/**
 * Directories of the host in a machine: a virtiofsd for each, alone with its directory (libexec/share-room), as root of a user
 * namespace in which the guest's ids are all that there are. It sees of the files, their owners and its rights what a container
 * with this directory would. It ends with its QEMU, and is in the guest's control group.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { GuestSpec } from '../../core/ports/engine.ts';
import { type IdRange, mapOf } from '../../core/ports/id-range.ts';
import type { MachinePart } from '../../core/ports/machine-parts.ts';
import { joinGroups } from '../../host/join-groups.ts';
import { libexec } from '../../host/libexec.ts';
import { attach, unmount } from '../../host/mount.ts';
import { beingRoot } from '../../host/own-namespaces.ts';
import { spawnProgram } from '../../host/spawn.ts';
import { openUnixListener } from '../../host/unix-listener.ts';
import { openUserNamespace } from '../../host/userns.ts';
import { HostError } from '../../lib/host-error.ts';
import { firstLine } from '../first-line.ts';
import { openMountSource } from '../mount-source.ts';
import type { Layout } from './layout.ts';

type Share = Extract<MachinePart, { share: unknown }>;

const readyMs = 30_000;

/** Debian 12 has the one in C, of QEMU; later there is one in Rust. Both get a socket that listens as descriptor 3. */
const programs: readonly { path: string; words: readonly string[] }[] = [
  {
    path: '/usr/lib/qemu/virtiofsd',
    words: ['--fd=3', '-f', '--rlimit-nofile=0', '-o', 'source=/share,sandbox=chroot,cache=auto,xattr,log_level=warn'],
  },
  {
    path: '/usr/libexec/virtiofsd',
    words: ['--fd=3', '--shared-dir=/share', '--sandbox=chroot', '--cache=auto', '--xattr', '--rlimit-nofile=0'],
  },
];

const isolated = ['unshare', '--net', '--ipc', '--uts', '--pid', '--', 'sh', '-c', '"$@"; exit $?', 'sh'];
const withOwnRoot = ['unshare', '--mount', '--propagation', 'private', '--'];

/** What the machine is to have; an optional one that is not there is left out. All listen when this resolves. */
export async function openShares(
  layout: Layout,
  spec: GuestSpec,
  groups: () => readonly string[],
  signal?: AbortSignal,
): Promise<GuestSpec> {
  const machine = spec.machine;
  const parts: MachinePart[] = [];
  for (const part of machine?.parts ?? [])
    if (!('share' in part) || (await openShare(layout, spec, part, groups(), signal))) parts.push(part);
  return machine ? { ...spec, machine: { ...machine, parts } } : spec;
}

/** False for an optional one that is not there. */
async function openShare(
  layout: Layout,
  { id, range }: Pick<GuestSpec, 'id' | 'range'>,
  part: Share,
  groups: readonly string[],
  signal?: AbortSignal,
): Promise<boolean> {
  const program = programs.find(({ path }) => existsSync(path));
  if (!program)
    throw new HostError('directories of the host in machines need virtiofsd, which is missing', {
      help: 'on Debian 12 it is part of qemu-system-common, later: apt install virtiofsd',
    });
  using source = await openMountSource(part.share.mount, range);
  if (!source) return false;
  if (source.kind === 'file')
    throw new HostError(`${part.share.mount.source} is a file: a machine is given directories only`, {
      errno: 'ENOTDIR',
      help: 'give the directory that it is in, or push it: gast file push',
    });
  const room = layout.shareRoom(id, part.id);
  const stage = `${room}.d`;
  mkdirSync(room, { recursive: true, mode: 0o700 });
  mkdirSync(stage, { recursive: true, mode: 0o700 });
  attach(source.mount, stage);
  try {
    await serve(layout, { id, range, part, room, stage }, [program.path, ...program.words], groups, signal);
  } finally {
    unmount(stage);
    rmdirSync(stage);
  }
  return true;
}

type Place = { id: string; range: IdRange; part: Share; room: string; stage: string };

async function serve(
  layout: Layout,
  { id, range, part, room, stage }: Place,
  command: readonly string[],
  groups: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  using opened = new DisposableStack();
  const hold = (fd: number) => opened.adopt(fd, closeSync);
  const listener = hold(openUnixListener(layout.share(id, part.id)));
  const ids = hold(await openUserNamespace(mapOf(range)));
  const log = hold(openSync(layout.engineLog(id), 'a', 0o600));
  const words = [...beingRoot(), ...isolated, ...withOwnRoot, libexec('share-room'), room, stage, ...command];
  const joined = joinGroups(groups, words);
  const [file = '', ...args] = joined.words;
  const spawned = spawnProgram(file, args, {
    stdio: ['ignore', log, log, listener, 'pipe', ids],
    env: joined.env,
    detached: true,
    freshKeyring: true,
  });
  if ((await firstLine(spawned.pipes.get(4), readyMs, signal)).trim() !== 'ready')
    throw new HostError(`the directory of the device ${part.id} could not be made ready for the machine`, {
      help: `see ${layout.engineLog(id)}`,
    });
}

/** What is left of the rooms when nobody is in them any more. */
export function clearShares(layout: Layout, id: string): void {
  const room = layout.room(id);
  const rooms = dirname(room);
  if (!existsSync(rooms)) return;
  for (const name of readdirSync(rooms).filter((one) => one.startsWith(`${basename(room)}.`))) {
    const path = join(rooms, name);
    if (name.endsWith('.d')) unmount(path);
    rmdirSync(path);
  }
}
