/**
 * Starting a program that works on one directory tree, or on some files, for a stranger: it sees these and the host's
 * programs, nothing else. It has a root directory, a network and process ids of its own, capabilities as listed, and no way
 * to more of them.
 */
import { asRootInside } from './own-namespaces.ts';
import { type Piped, type PipedOptions, startPiped } from './piped.ts';

export type ConfinedTree = {
  /** A mounted directory of the host. */
  directory: string;
  readOnly: boolean;
  /** It is seen below this directory of the host, under `place`; alone when absent. */
  frame?: { directory: string; place: string } | undefined;
};

export type Confinement = {
  /** An empty directory of the host; the new root is mounted there, in a mount namespace of the program's own. */
  room: string;
  /** As `setpriv --bounding-set` takes them. */
  capabilities: string;
  limits?: Limits;
};

/** What a stranger sends decides how much the program wants. */
export type Limits = {
  /** Address space. @default 8 GiB */
  memoryKiB?: number;
  /** @default no limit */
  processorSeconds?: number;
  /** Of each file that it writes. @default no limit */
  fileBytes?: number;
};

/** A file of the host, seen under a name, perhaps in a folder, in the program's working directory. */
export type ConfinedFile = { path: string; name: string; readOnly: boolean };

const defaultMemoryKiB = 8 * 1024 * 1024;
/** The unit of `ulimit -f`. */
const blockBytes = 512;

/**
 * /usr/bin/umount reads /proc/self/mountinfo, so the old root's /proc is there until the old root is gone. No /proc stays:
 * uid 0 may write to much of it without any capability.
 */
const makeRoom = `set -e
room=$1 capabilities=$2
ulimit -v "$3"
ulimit -t "$4"
ulimit -f "$5"
shift 5
mount -t tmpfs -o mode=755,size=1m,nosuid,nodev,noexec room "$room"
mkdir "$room/volume" "$room/usr" "$room/old" "$room/dev"
mount --rbind /usr "$room/usr"
mount -o remount,bind,ro,nosuid,nodev "$room/usr"
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then ln -s "$(readlink "/$name")" "$room/$name"
  elif [ -d "/$name" ]; then
    mkdir "$room/$name"
    mount --bind "/$name" "$room/$name"
    mount -o remount,bind,ro,nosuid,nodev "$room/$name"
  fi
done
while [ "$1" != -- ]; do
  [ -d "$room\${2%/*}" ] || mkdir "$room\${2%/*}"
  [ -d "$1" ] || : > "$room$2"
  mount --bind "$1" "$room$2"
  mount -o "remount,bind,$3,nosuid,noexec" "$room$2"
  shift 3
done
shift
ln -s old/proc "$room/proc"
cd "$room"
pivot_root . old
cd /
umount -l /old
rm /proc
rmdir /old
cd /volume
exec setpriv --bounding-set="$capabilities" --inh-caps=-all --no-new-privs -- "$@"`;

const namespaces = [
  '--mount',
  '--net',
  '--ipc',
  '--uts',
  '--pid',
  '--fork',
  '--kill-child',
  '--propagation',
  'private',
];

/** Its working directory is the tree, or the frame around it. */
export function startConfined(
  confinement: Confinement,
  { directory, readOnly, frame }: ConfinedTree,
  command: readonly string[],
  options: PipedOptions,
): Piped {
  const around = frame ? [frame.directory, '/volume', accessOf(readOnly)] : [];
  const place = frame ? `/volume/${frame.place}` : '/volume';
  return start(confinement, [...around, directory, place, accessOf(readOnly)], command, options);
}

/** Its working directory has these files and no others, and none can be made. */
export function startConfinedToFiles(
  confinement: Confinement,
  files: readonly ConfinedFile[],
  command: readonly string[],
  options: PipedOptions,
): Piped {
  const places = files.flatMap(({ path, name, readOnly }) => [path, `/volume/${name}`, accessOf(readOnly)]);
  return start(confinement, [...nowhere, ...places], command, options);
}

/** QEMU tries out there whether the kernel knows the locks that it keeps disks with. */
const nowhere = ['/dev/null', '/dev/null', 'rw'];

const accessOf = (readOnly: boolean) => `${readOnly ? 'ro' : 'rw'},nodev`;

/** `places`: what is mounted, where in the new root, and how. */
function start(
  { room, capabilities, limits = {} }: Confinement,
  places: readonly string[],
  command: readonly string[],
  options: PipedOptions,
): Piped {
  const { memoryKiB = defaultMemoryKiB, processorSeconds, fileBytes } = limits;
  const blocks = fileBytes === undefined ? 'unlimited' : String(Math.ceil(fileBytes / blockBytes));
  const words = [room, capabilities, String(memoryKiB), String(processorSeconds ?? 'unlimited'), blocks, ...places];
  const unshare = ['unshare', ...namespaces, '--', 'sh', '-c', makeRoom, 'sh', ...words, '--', ...command];
  // What outlived its daemon would write on in what the next one believes to be at rest.
  return startPiped('setpriv', [...asRootInside, '--pdeathsig=KILL', ...unshare], options);
}
