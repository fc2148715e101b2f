/**
 * Volumes of the overlay driver: `upper` (what the guest changed, with unshifted ids), `work` (overlayfs's own) and
 * `image` (fingerprint of the tree below). A volume without an image is its `upper` alone.
 */
import { closeSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyDirectoryAttributes, copyTree } from '../../host/copy-tree.ts';
import { mountFuseOverlay } from '../../host/fuse-overlay.ts';
import { bindMount, type MountAttributes, unmountAside } from '../../host/mount.ts';
import { mountOverlay } from '../../host/overlay-mount.ts';
import { ownNamespaces } from '../../host/own-namespaces.ts';
import { layerRootId, openLayerNamespace } from '../../host/userns.ts';
import { absentIs, exists } from '../pool-directory.ts';
import type { MountOptions, VolumeFormat } from '../volume-format.ts';

const standsOn = (directory: string): Promise<string | undefined> =>
  absentIs(undefined, () => readFile(join(directory, 'image'), 'utf8'));

/** Made as overlayfs will own it: by then the id map leaves root no right to any other id. */
async function makeWork(directory: string): Promise<void> {
  const work = join(directory, 'work');
  await mkdir(work, { mode: 0o700 });
  await chown(work, layerRootId, layerRootId);
}

/**
 * A volume of an isolated guest of an ordinary user. Once fuse-overlayfs has marked in an upper layer what is gone, the kernel
 * does not read that layer any more, so that it stays with the volume.
 */
const fuseMark = (directory: string) => join(directory, 'fuse');

async function mountMapped(directory: string, target: string, { range, readOnly, treeOf }: MountOptions) {
  const fingerprint = await standsOn(directory);
  const trees = fingerprint === undefined ? [] : [treeOf(fingerprint)];
  const upper = join(directory, 'upper');
  if (!readOnly) await writeFile(fuseMark(directory), '', { mode: 0o600 });
  // It wants at least one layer below.
  const below = trees.length > 0 ? trees : [join(directory, 'work')];
  await mountFuseOverlay(
    {
      ...(readOnly ? { lower: [upper, ...trees] } : { lower: below, writable: directory }),
      range: range ?? { base: 0, size: 65_536 },
      log: join(directory, 'fuse.log'),
    },
    target,
  );
}

async function mount(directory: string, target: string, options: MountOptions): Promise<void> {
  const isMapped = options.range !== undefined && options.range.base !== 0;
  if (ownNamespaces() && (isMapped || (await exists(fuseMark(directory)))))
    return mountMapped(directory, target, options);
  const fingerprint = await standsOn(directory);
  const idMap = options.range && (await openLayerNamespace(options.range));
  try {
    // A guest's own devices come from elsewhere; without a range only the host itself looks at the files.
    const attributes: MountAttributes = {
      readOnly: options.readOnly,
      nodev: true,
      ...(options.range ? {} : { nosuid: true, noexec: true }),
    };
    const upper = join(directory, 'upper');
    if (fingerprint === undefined) bindMount(upper, target, { attributes, idMap });
    else {
      const tree = options.treeOf(fingerprint);
      const layers = options.readOnly ? { lower: [upper, tree] } : { lower: [tree], writable: directory };
      mountOverlay({ ...layers, idMap, attributes }, target);
    }
  } finally {
    if (idMap !== undefined) closeSync(idMap);
  }
}

export const overlayFormat: VolumeFormat = {
  content: 'upper',
  standsOn,
  mount,
  unmount: unmountAside,

  async fill(directory, image) {
    const upper = join(directory, 'upper');
    await mkdir(upper);
    await makeWork(directory);
    // The guest's `/` shows the attributes of the upper layer.
    if (image) await copyDirectoryAttributes(image.directory, upper);
    else {
      await chown(upper, 0, 0);
      await chmod(upper, 0o755);
    }
    if (image) await writeFile(join(directory, 'image'), image.fingerprint, { mode: 0o600 });
  },

  async duplicate(from, to, work) {
    const fingerprint = await standsOn(from);
    if (fingerprint !== undefined) await writeFile(join(to, 'image'), fingerprint, { mode: 0o600 });
    if (await exists(fuseMark(from))) await writeFile(fuseMark(to), '', { mode: 0o600 });
    await makeWork(to);
    await copyTree(join(from, 'upper'), join(to, 'upper'), work);
  },
};
