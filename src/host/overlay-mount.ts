/**
 * Mounting overlayfs by descriptors, over layers whose ids may be mapped. Nothing of the host's paths shows in the mount
 * table that a guest reads.
 */
import { readSync } from 'node:fs';
import { HostError } from '../lib/host-error.ts';
import { syscall } from './libc.ts';
import {
  attach,
  attributeBits,
  type DetachedMount,
  detachedMount,
  type MountAttributes,
  naming,
  openTree,
  setAttributes,
  unmount,
} from './mount.ts';
import { ownNamespaces } from './own-namespaces.ts';

const closeOnExec = 1;
const setFlag = 0;
const setString = 1;
const createContext = 6;

const fsopen = syscall<[string, number]>('fsopen', ['str', 'uint']);
const fsconfig = syscall<[number, number, string | null, string | null, number]>('fsconfig', [
  'int',
  'uint',
  'str',
  'str',
  'int',
]);
const fsmount = syscall<[number, number, number]>('fsmount', ['int', 'uint', 'uint']);

export type OverlayLayers = {
  /** Read-only directories, topmost first. */
  lower: readonly string[];
  /** A directory that holds the directories `upper` and `work`. Absent: the mount is read-only. */
  writable?: string;
  /** Descriptor of the user namespace that maps the ids of all layers. */
  idMap?: number | undefined;
  attributes?: MountAttributes;
  /** Attaches the layers while the overlay is made, as Linux before 6.15 needs. @default when the kernel refuses otherwise */
  attachLayers?: boolean;
};

/** A memory file system, attached nowhere yet. */
export function createTmpfs(
  options: Readonly<Record<string, string>>,
  attributes: MountAttributes = {},
): DetachedMount {
  using context = detachedMount(fsopen('tmpfs', closeOnExec));
  for (const [key, value] of Object.entries(options)) fsconfig(context.descriptor, setString, key, value, 0);
  fsconfig(context.descriptor, createContext, null, null, 0);
  return detachedMount(fsmount(context.descriptor, closeOnExec, attributeBits(attributes)));
}

/** Throws when this kernel has no overlayfs (the call loads its module). */
export function probeOverlay(): void {
  using _context = detachedMount(fsopen('overlay', closeOnExec));
}

export function mountOverlay(layers: OverlayLayers, target: string): void {
  using stack = new DisposableStack();
  const open = (directory: string) => {
    const layer = stack.use(openTree(directory));
    naming(directory, () => setAttributes(layer, {}, layers.idMap));
    return layer;
  };
  const lower = layers.lower.map(open);
  const writable = layers.writable === undefined ? undefined : open(layers.writable);
  const options = overlayOptions(lower, writable);
  const bits = attributeBits(layers.attributes ?? {});
  const create = () => createOverlay(options, bits);
  const createAttached = () => withAttached(writable ? [...lower, writable] : lower, target, create);
  using overlay = layers.attachLayers || detachedRefused ? createAttached() : createOrElse(create, createAttached);
  attach(overlay, target);
}

/** A fact about the running kernel, kept because each refusal also writes a line to the kernel's log. */
let detachedRefused = false;

function createOrElse(create: () => DetachedMount, otherwise: () => DetachedMount): DetachedMount {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof HostError && error.errno === 'EINVAL')) throw error;
    const overlay = otherwise();
    detachedRefused = true;
    return overlay;
  }
}

/** Runs `work` while the layers are attached, stacked on `target`. */
function withAttached<T>(layers: readonly DetachedMount[], target: string, work: () => T): T {
  using stack = new DisposableStack();
  for (const layer of layers) {
    attach(layer, target);
    stack.defer(() => unmount(target));
  }
  return work();
}

/** Values stay below the 256 bytes that fsconfig takes, however long the paths are. */
function overlayOptions(lower: readonly DetachedMount[], writable: DetachedMount | undefined): [string, string][] {
  const path = ({ descriptor }: DetachedMount) => `/proc/self/fd/${descriptor}`;
  const options: [string, string][] = [
    ['source', 'gasthof'],
    ['lowerdir', lower.map(path).join(':')],
    // Said and not left to the kernel's build: an index or metadata-only copies would tie the upper layer to one place.
    ['index', 'off'],
    ['metacopy', 'off'],
    ...marks(writable !== undefined),
  ];
  if (!writable) return options;
  // Without `uuid`, Linux 6.6 and later mark the upper layer with an identity, which a copy of the layer would share.
  return [...options, ['uuid', 'off'], ['upperdir', `${path(writable)}/upper`], ['workdir', `${path(writable)}/work`]];
}

/** How overlayfs notes what is gone or moved. In a user namespace it may only write attributes that users may write, too. */
function marks(writable: boolean): [string, string][] {
  // `userxattr` is a flag; to rename a directory of the image, programs then copy it (EXDEV), as between file systems.
  if (ownNamespaces()) return [['userxattr', '']];
  // Lets a guest rename directories that come from its image.
  return [['redirect_dir', writable ? 'on' : 'follow']];
}

function createOverlay(options: readonly [string, string][], attributes: number): DetachedMount {
  using context = detachedMount(fsopen('overlay', closeOnExec));
  try {
    for (const [key, value] of options) setOption(context.descriptor, key, value);
    fsconfig(context.descriptor, createContext, null, null, 0);
    return detachedMount(fsmount(context.descriptor, closeOnExec, attributes));
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause;
    const reason = kernelMessages(context.descriptor) || cause.message;
    throw new HostError(`overlay: ${reason}`, { cause, ...(cause.errno ? { errno: cause.errno } : {}) });
  }
}

function setOption(context: number, key: string, value: string): void {
  if (value === '') fsconfig(context, setFlag, key, null, 0);
  else fsconfig(context, setString, key, value, 0);
}

/** The kernel explains a refusal in lines that are read from the context itself. */
function kernelMessages(context: number): string {
  const lines: string[] = [];
  const buffer = Buffer.alloc(1024);
  try {
    for (;;) lines.push(buffer.toString('utf8', 0, readSync(context, buffer)).trim());
  } catch {
    // ENODATA: no more lines.
  }
  return lines.join('; ');
}
