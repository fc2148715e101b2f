/** The states of a virtual machine in a backup: its disk, and that of each snapshot, as they go out and come in. */
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import { openedPool } from '../instances/copy-volume.ts';
import { metadataOf } from '../instances/guest-metadata.ts';
import type { InstanceDoc, SnapshotDoc } from '../model.ts';
import type { BesideTree, PackedDisk, ReceivedBackup } from '../ports/backups.ts';
import type { VolumeState, Work } from '../ports/storage.ts';
import { type ExportedConfig, exportedFiles } from './exported-index.ts';

const stateName = 'virtual-machine';
const snapshotFolder = 'virtual-machine-snapshots/';

/** Snapshots first, the oldest first. `root`: where the machine's own disk lies, as it was at one moment. */
export async function packedDisks(
  house: Pick<House, 'pools' | 'documents' | 'images'>,
  doc: InstanceDoc,
  root: VolumeState,
  snapshots: readonly SnapshotDoc[],
  config: ExportedConfig,
  work: Work,
): Promise<PackedDisk[]> {
  const { disks, machineFiles } = openedPool(house, doc.pool);
  const packed = async (name: string, at: VolumeState, of: Parameters<typeof metadataOf>[1]): Promise<PackedDisk> => {
    const files = exportedFiles(await metadataOf(house, of), config);
    return { name, files: { ...files, ...(await machineFiles.read(at)) }, open: () => disks.content(at, work) };
  };
  return Promise.all([
    ...snapshots.map(({ id, name, state }) => packed(`${snapshotFolder}${name}`, { id: doc.id, snapshot: id }, state)),
    packed(stateName, root, doc),
  ]);
}

/** Fills the volume of `id`; gives what lay beside the disks, by `container` or `snapshots/NAME` as with containers. */
export async function unpackMachine(
  house: Pick<House, 'pools'>,
  { id, pool }: Pick<InstanceDoc, 'id' | 'pool'>,
  backup: ReceivedBackup,
  /** The id for a snapshot that is wanted. */
  idOf: (snapshot: string) => string | undefined,
  work: { signal: AbortSignal },
): Promise<Map<string, BesideTree>> {
  const { disks, machineFiles } = openedPool(house, pool);
  const places = new Map<string, VolumeState>();
  let whole = false;
  const beside = await backup.unpackDisks(async (state, disk) => {
    const snapshot = state.startsWith(snapshotFolder) ? idOf(state.slice(snapshotFolder.length)) : undefined;
    if (snapshot === undefined && state !== stateName) return;
    const place = snapshot === undefined ? { id } : { id, snapshot };
    places.set(state, place);
    await disks.receive(place, disk, work).catch(refuseDisk);
    whole ||= state === stateName;
  }, work);
  if (!whole) fail('backup.invalid', { reason: `it has no root disk (backup/${stateName}.img)` });
  for (const [state, place] of places) await machineFiles.write(place, beside.get(state)?.machine ?? {});
  return new Map(
    [...beside].map(([state, tree]) => [
      state === stateName ? 'container' : state.replace(snapshotFolder, 'snapshots/'),
      tree,
    ]),
  );
}

/** Of a size that no disk has, for example. */
function refuseDisk(error: unknown): never {
  if (!(error instanceof HostError) || error.errno !== 'EINVAL') throw error;
  return fail('backup.invalid', { reason: `${error.message} (${error.help ?? ''})` }, error);
}
