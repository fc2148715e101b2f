/** When images have to be looked after next, and which: pure, for the schedule. */
import type { ImageDoc } from '../model.ts';
import type { ImageSettings } from './settings.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export type PlanInput = {
  images: readonly ImageDoc[];
  settingsOf(project: string): Pick<ImageSettings, 'updateEveryHours' | 'cacheDays'>;
  /** The last comparison with the sources, 0 before the first. */
  checkedAtMs: number;
  isInUse(fingerprint: string): boolean;
};

/** Follows its source. */
export const isUpdated = (doc: ImageDoc): boolean =>
  doc.autoUpdate && doc.updateSource !== undefined && doc.supersededBy === undefined;

/** When the images are to be compared with their sources; undefined when none is. */
export function updateDueMs({ images, settingsOf, checkedAtMs }: PlanInput): number | undefined {
  const hours = images
    .filter(isUpdated)
    .map((doc) => settingsOf(doc.project).updateEveryHours)
    .filter((every) => every > 0);
  return hours.length > 0 ? checkedAtMs + Math.min(...hours) * hourMs : undefined;
}

/** When a cached image is old enough to go; undefined for one that stays. */
export function cacheEndMs(doc: ImageDoc, { settingsOf, isInUse }: PlanInput): number | undefined {
  const { cacheDays } = settingsOf(doc.project);
  if (!doc.cached || cacheDays <= 0 || isInUse(doc.fingerprint)) return undefined;
  return Date.parse(doc.lastUsedAt || doc.uploadedAt) + cacheDays * dayMs;
}

export function nextDueMs(plan: PlanInput): number | undefined {
  const times = [updateDueMs(plan), ...plan.images.map((doc) => cacheEndMs(doc, plan))];
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
