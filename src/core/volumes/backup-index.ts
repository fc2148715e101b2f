/** The index of the backup of a volume, in the words of Incus; one that comes is not taken at its word. */
import { fail } from '../../api/errors.ts';
import { zeroTime } from '../../api/schema.ts';
import { volumeNameError } from '../../lib/names.ts';
import { plainText } from '../../lib/plain-text.ts';
import { list, record, texts, time } from '../backups/imported-index.ts';
import type { ConfigMap, VolumeDoc, VolumeSnapshotDoc } from '../model.ts';
import { volumeView } from './view.ts';

export function exportedVolume(doc: VolumeDoc, snapshots: readonly VolumeSnapshotDoc[]) {
  return {
    name: doc.name,
    // The archive holds plain trees, which is what the driver of this name has.
    backend: 'dir',
    pool: doc.pool,
    snapshots: snapshots.map(({ name }) => name),
    optimized: false,
    optimized_header: false,
    type: 'custom',
    config: {
      volume: volumeView(doc, []),
      volume_snapshots: snapshots.map((snapshot) => ({
        name: snapshot.name,
        description: snapshot.description,
        config: snapshot.config,
        content_type: doc.contentType,
        created_at: snapshot.createdAt,
        expires_at: snapshot.expiresAt || zeroTime,
      })),
    },
  };
}

export type ImportedVolume = {
  name: string;
  description: string;
  config: ConfigMap;
  createdAt: string;
  /** Ids of the files begin here: Incus shifts volumes on the disk. */
  idBase: number;
  snapshots: Pick<VolumeSnapshotDoc, 'name' | 'description' | 'config' | 'createdAt' | 'expiresAt'>[];
};

export function importedVolume(index: unknown): ImportedVolume {
  const top = record(index, 'the index');
  const invalid = (reason: string) => fail('backup.invalid', { reason });
  if (top.type !== 'custom') return invalid('it is not a backup of a custom volume');
  if (top.optimized === true)
    invalid('it is in the optimized format of a storage driver; export it without --optimized-storage');
  const config = record(top.config ?? {}, 'config');
  const volume = record(config.volume ?? {}, 'config.volume');
  if ((volume.content_type ?? 'filesystem') !== 'filesystem')
    invalid(`the content type ${JSON.stringify(volume.content_type)} cannot be imported`);
  const described = list(config.volume_snapshots, 'config.volume_snapshots').map(readSnapshot);
  const own = texts(volume.config, 'config.volume.config');
  return {
    name: plainText(top.name ?? volume.name),
    description: plainText(volume.description),
    config: own,
    createdAt: time(volume.created_at, new Date().toISOString()),
    idBase: idBaseOf(own['volatile.idmap.last']),
    snapshots: list(top.snapshots, 'snapshots').map((name) => {
      const found = described.find((one) => one.name === plainText(name));
      return (
        found ?? {
          name: checkedName(plainText(name)),
          description: '',
          config: own,
          createdAt: time('', new Date().toISOString()),
          expiresAt: '',
        }
      );
    }),
  };
}

function readSnapshot(entry: unknown): ImportedVolume['snapshots'][number] {
  const snapshot = record(entry, 'config.volume_snapshots');
  // Some versions of Incus write `volume/snapshot`.
  return {
    name: checkedName(plainText(snapshot.name).split('/').at(-1) ?? ''),
    description: plainText(snapshot.description),
    config: texts(snapshot.config, 'config.volume_snapshots.config'),
    createdAt: time(snapshot.created_at, new Date().toISOString()),
    expiresAt: time(snapshot.expires_at, ''),
  };
}

function checkedName(name: string): string {
  const reason = volumeNameError(name);
  return reason ? fail('snapshot.name', { reason }) : name;
}

/** `[{"Isuid":true,"Hostid":1000000,"Nsid":0,...}]`; anything else means that ids are as inside. */
function idBaseOf(idmap: string | undefined): number {
  try {
    const [first] = JSON.parse(idmap ?? '[]') as { Hostid?: unknown; Nsid?: unknown }[];
    const base = first?.Nsid === 0 ? Number(first.Hostid) : 0;
    return Number.isSafeInteger(base) && base > 0 ? base : 0;
  } catch {
    return 0;
  }
}
