/** Names of guests in the DNS of a network: projects share networks, so that a name has to be free on each network, not only in its project. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { networkCards } from '../instances/devices.ts';
import { expand } from '../instances/expand.ts';
import { allInstances } from '../instances/find.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';

type Needs = Pick<House, 'documents' | 'devices'>;

/** The caller holds the `allocate` queue until the name is committed. */
export function checkHostName(house: Needs, doc: InstanceDoc): void {
  const wanted = doc.name.toLowerCase();
  const namesakes = allInstances(house).filter((other) => other.id !== doc.id && other.name.toLowerCase() === wanted);
  if (namesakes.length === 0) return;
  const own = networksOf(house, expand(house, doc).devices);
  for (const other of namesakes)
    for (const network of networksOf(house, expand(house, other).devices))
      if (own.has(network)) fail('network.name-taken', { name: wanted, project: other.project });
}

const networksOf = (house: Needs, devices: DevicesMap): Set<string> =>
  new Set(networkCards(house, devices).map((card) => card.network));
