/** Snapshots of a volume that comes from another server. Their times of expiry are in the index, not in the offer. */
import type { House } from '../house.ts';
import type { VolumeDoc, VolumeSnapshotDoc } from '../model.ts';
import type { TravellingSnapshot } from '../ports/migration.ts';

export function arrivedVolumeSnapshot(
  house: Pick<House, 'clock'>,
  doc: VolumeDoc,
  from: TravellingSnapshot,
): VolumeSnapshotDoc {
  // The size in there is what it takes over there.
  const kept = Object.entries(from.config).filter(([key]) => !key.startsWith('volatile.') && key !== 'size');
  return {
    id: house.clock.randomHex(6),
    volume: doc.id,
    name: from.name,
    description: '',
    config: Object.fromEntries(kept),
    createdAt: from.createdAt.toISOString(),
    expiresAt: '',
  };
}

export function snapshotsWithDetails(
  snapshots: readonly VolumeSnapshotDoc[],
  index: Record<string, unknown>,
): VolumeSnapshotDoc[] {
  const rows = Array.isArray(index.VolumeSnapshots) ? (index.VolumeSnapshots as unknown[]) : [];
  return snapshots.map((snapshot) => {
    const row = rows.find((one) => (one as { name?: unknown } | null)?.name === snapshot.name) as
      | { description?: unknown; expires_at?: unknown }
      | undefined;
    const expires = new Date(typeof row?.expires_at === 'string' ? row.expires_at : Number.NaN);
    return {
      ...snapshot,
      ...(typeof row?.description === 'string' ? { description: row.description } : {}),
      ...(expires.getTime() > 0 ? { expiresAt: expires.toISOString() } : {}),
    };
  });
}
