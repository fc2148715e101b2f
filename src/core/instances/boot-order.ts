/** What the firmware of a machine tries first: devices by their `boot.priority`, higher first; the root disk has 1 of its own. */
import type { House } from '../house.ts';
import type { DevicesMap } from '../model.ts';
import { typeOf } from './devices.ts';
import { rootDiskId } from './roots.ts';

type Row = { id: string; priority: number };

/** Numbers by the names that engines know (ports/machine.ts). Devices without a priority are not started from. */
export function bootIndexes(house: Pick<House, 'devices'>, devices: DevicesMap): Record<string, number> {
  const rows = Object.entries(devices).flatMap(([device, config]): Row[] => {
    const type = typeOf(house, device, config);
    const text = config['boot.priority'];
    if (type.isRoot?.(config)) return [{ id: rootDiskId, priority: Number(text ?? 1) }];
    if (text === undefined) return [];
    if (type.network?.(config) !== undefined) return [{ id: `card/${config.name ?? device}`, priority: Number(text) }];
    return [{ id: `part/${device}`, priority: Number(text) }];
  });
  const order = rows.sort((a, b) => b.priority - a.priority || rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
  return Object.fromEntries(order.map(({ id }, index) => [id, index + 1]));
}

/** Of equals, the root disk. */
const rank = ({ id }: Row) => (id === rootDiskId ? 0 : 1);
