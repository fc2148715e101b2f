/** A known difference from the recorded answers. */
import type { Kind } from './compare.ts';

export type Deviation = {
  /** Route (`METHOD /path/{param}`), `*` for any number of characters. */
  where: string;
  /** Path inside the answer, `*` for any number of characters. */
  path: string;
  kind?: Kind;
  /** Only in these recordings, with spaces between them; absent: in any. */
  recordings?: string;
  /** Another host may give the recorded answer. */
  ofHost?: true;
  reason: string;
};
