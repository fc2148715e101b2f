/**
 * Where Gasthof answers otherwise than Incus 6.0.4, each with its reason. docs/compatibility.md is made from it
 * (tools/generate-reference.ts); the replay fails on what is not here, and on what is here without need.
 */
import type { Found } from './replay.ts';

export type Deviation = {
  /** Route (`METHOD /path/{param}`), `*` for any number of characters. */
  where: string;
  /** Path inside the answer, `*` for any number of characters. */
  path: string;
  kind?: Found['kind'];
  /** Only in these recordings; absent: in any. */
  recordings?: string;
  reason: string;
};

export const deviations: readonly Deviation[] = [];

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
    (deviation.recordings === undefined || wild(deviation.recordings).test(found.recording))
  );
}
