/** Two connections become one: what each says the other hears, at the pace of its reader. Pure. */
import type { Duplex } from 'node:stream';

/** One that ends ends only its own direction; one that breaks or is gone takes the other along. */
export function joinStreams(one: Duplex, other: Duplex): void {
  const end = () => {
    one.destroy();
    other.destroy();
  };
  for (const stream of [one, other]) stream.on('error', end);
  // A side that is gone takes the other along, once what it said is delivered.
  one.on('close', () => (other.writableEnded ? undefined : end()));
  other.on('close', () => (one.writableEnded ? undefined : end()));
  if (one.destroyed || other.destroyed) end();
  else one.pipe(other).pipe(one);
}
