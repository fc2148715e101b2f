/** Whether the files of the other server have shifted owners, as Incus keeps them where its kernel cannot map ids in mounts. */
import { type MigrationKind, MigrationRefused } from '../core/ports/migration.ts';
import type { IdMapMessage } from './messages.ts';

/** The owner that stands for 0; 0 when nothing is shifted. */
export function shiftOf(kind: MigrationKind, header: readonly IdMapMessage[], index: Record<string, unknown>): number {
  const maps = kind === 'instance' ? header : volumeMaps(index);
  if (maps.length === 0) return 0;
  const bases = ['isuid' as const, 'isgid' as const].map((which) => {
    const [map, ...more] = maps.filter((one) => one[which]);
    // Two ranges come from raw.idmap and the like: which id is whose nobody can tell here.
    if (!map || more.length > 0 || map.nsid !== 0) throw refused();
    return map.hostid;
  });
  const [base = 0, other] = bases;
  if (base !== other || base < 0) throw refused();
  return base;
}

const refused = () =>
  new MigrationRefused('the files have an id map of their own over there, which cannot be received here');

/** `[{"Isuid":true,"Isgid":false,"Hostid":1000000,"Nsid":0,"Maprange":1000000000}, ...]` in the volume's config. */
function volumeMaps(index: Record<string, unknown>): IdMapMessage[] {
  const config = (index.Volume as { config?: Record<string, unknown> } | null | undefined)?.config ?? {};
  const text = config['volatile.idmap.last'];
  if (typeof text !== 'string' || text === '') return [];
  try {
    return (JSON.parse(text) as Record<string, unknown>[]).map((map) => ({
      isuid: map.Isuid === true,
      isgid: map.Isgid === true,
      hostid: Number(map.Hostid),
      nsid: Number(map.Nsid),
      maprange: Number(map.Maprange),
    }));
  } catch (error) {
    throw new MigrationRefused('the id map of the volume cannot be read', error);
  }
}
