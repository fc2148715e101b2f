/**
 * Whether a file or directory of the host can be shown under the ids of guests. Those of an ordinary user have on disk the
 * ids that they have inside; who else owns files is nobody to them, and only root may map the ids of a file system.
 */
import { type Stats, statSync } from 'node:fs';
import { nobody } from '../core/ports/id-range.ts';
import { outsideId, ownIdInside, ownNamespaces } from './own-namespaces.ts';

/** Why not, and what to do; undefined when it can, and where there is nothing. */
export function shiftRefusal(source: string): string | undefined {
  const own = ownNamespaces();
  const status = own && look(source);
  if (!own || !status || (status.uid < own.ids && status.uid !== nobody)) return undefined;
  const guest = outsideId(own, 0);
  const rights = status.isDirectory() ? `-R -m u:${guest}:rwX,d:u:${guest}:rwX,d:u:${own.uid}:rwX` : `-m u:${guest}:rw`;
  const owner = status.uid === ownIdInside ? 'you' : 'a user of the host';
  return (
    `shift: ${source} belongs to ${owner}, an id that guests do not have, and only root can map ids of files; leave ` +
    `shift out, and to let root of your guests write there: setfacl ${rights} ${source}`
  );
}

/** What the daemon may not look at it cannot mount either, and that tells its own reason. */
function look(source: string): Stats | undefined {
  try {
    return statSync(source);
  } catch {
    return undefined;
  }
}
