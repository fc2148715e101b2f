/**
 * Where Gasthof answers otherwise than Incus 6.0.4, each with its reason. docs/compatibility.md is made from it
 * (tools/generate-reference.ts); the replay fails on what is not here, and on what is here without need.
 */

import type { Deviation } from './deviation.ts';
import { instanceDeviations } from './deviations/instances.ts';
import { objectDeviations } from './deviations/objects.ts';
import { serverDeviations } from './deviations/server.ts';
import type { Found } from './replay.ts';

export const deviations: readonly Deviation[] = [...serverDeviations, ...instanceDeviations, ...objectDeviations];

const wild = (pattern: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\/]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );

export function fits(deviation: Deviation, found: Found): boolean {
  return (
    wild(deviation.where).test(found.where) &&
    wild(deviation.path).test(found.path) &&
    (deviation.kind === undefined || deviation.kind === found.kind) &&
    (deviation.recordings === undefined ||
      deviation.recordings.split(' ').some((one) => wild(one).test(found.recording)))
  );
}
