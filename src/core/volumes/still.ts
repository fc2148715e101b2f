/** Guests that have a volume, while it is read or replaced. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { standingStill } from '../instances/still.ts';
import type { VolumePlace } from './find.ts';
import { instancesWith, isUp } from './users.ts';

/** Freezes the guests that write to the volume for the time of `work`, so that what is copied belongs together. */
export function volumeStandingStill<T>(
  house: Pick<House, 'documents' | 'engines'>,
  place: VolumePlace,
  work: () => Promise<T>,
): Promise<T> {
  return instancesWith(house, place).reduceRight<() => Promise<T>>(
    (inner, instance) => () => standingStill(house, instance, inner),
    work,
  )();
}

/** Refuses with `error` while a guest that is up has the volume. */
export function checkNobodyUp(
  house: Pick<House, 'documents'>,
  place: VolumePlace,
  error: 'volume.running' | 'volume.restore-running',
): void {
  const up = instancesWith(house, place).filter(isUp);
  if (up.length > 0) fail(error, { users: up.map((instance) => instance.name).join(', ') });
}
