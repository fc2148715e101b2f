/**
 * Starting a program that works on one directory tree for a stranger: it sees this tree and the host's programs, nothing
 * else. It has a root directory, a network and process ids of its own, capabilities as listed, and no way to more of them.
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
};

/** The program may take so much address space; what a stranger sends decides how much it wants. */
const memoryKiB = 8 * 1024 * 1024;

/**
 * /usr/bin/umount reads /proc/self/mountinfo, so the old root's /proc is there until the old root is gone. No /proc stays:
 * uid 0 may write to much of it without any capability.
 */
const makeRoom = `set -e
room=$1 tree=$2 access=$3 frame=$4 place=$5 capabilities=$6
shift 6
ulimit -v ${memoryKiB}
mount -t tmpfs -o mode=755,size=1m,nosuid,nodev,noexec room "$room"
mkdir "$room/volume" "$room/usr" "$room/old"
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
if [ -n "$frame" ]; then
  mount --bind "$frame" "$room/volume"
  mount -o remount,bind,$access,nosuid,nodev,noexec "$room/volume"
fi
mount --bind "$tree" "$room/volume$place"
mount -o remount,bind,$access,nosuid,nodev,noexec "$room/volume$place"
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
  tree: ConfinedTree,
  command: readonly string[],
  options: PipedOptions,
): Piped {
  const { room, capabilities } = confinement;
  const place = tree.frame ? `/${tree.frame.place}` : '';
  const words = [room, tree.directory, tree.readOnly ? 'ro' : 'rw', tree.frame?.directory ?? '', place, capabilities];
  const unshare = ['unshare', ...namespaces, '--', 'sh', '-c', makeRoom, 'sh', ...words, ...command];
  return startPiped('setpriv', [...asRootInside, ...unshare], options);
}
