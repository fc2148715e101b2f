/** Lifecycle events of volumes. */
import type { House } from '../house.ts';
import { type VolumePlace, volumeBackupUrl, volumeSnapshotUrl, volumeUrl } from './find.ts';

type Needs = Pick<House, 'events'>;

export function volumeTold(house: Needs, verb: string, place: VolumePlace, more = {}): void {
  tell(house, `storage-volume-${verb}`, volumeUrl(place), place, more);
}

export function volumeSnapshotTold(house: Needs, verb: string, place: VolumePlace, snapshot: string): void {
  tell(house, `storage-volume-snapshot-${verb}`, volumeSnapshotUrl(place, snapshot), place, {});
}

export function volumeBackupTold(house: Needs, verb: string, place: VolumePlace, backup: string): void {
  tell(house, `storage-volume-backup-${verb}`, volumeBackupUrl(place, backup), place, {});
}

function tell(house: Needs, action: string, source: string, place: VolumePlace, more: object): void {
  house.events.lifecycle(place.project, {
    action,
    source,
    name: place.name,
    context: { type: 'custom', ...more },
  });
}
