/** Which addresses of managed networks belong to whom. */
import type { NetworkAllocation } from '../../api/resources/networks.ts';
import { parseIp } from '../../lib/ip.ts';
import type { House } from '../house.ts';
import { allInstances, instanceUrl } from '../instances/find.ts';
import type { ForwardDoc, NetworkDoc } from '../model.ts';
import { networkUrl } from './find.ts';
import { nicSpecs } from './nics.ts';
import { networkSpec } from './spec.ts';

/** `project` undefined: the instances of all projects. */
export function allocations(house: House, project: string | undefined): NetworkAllocation[] {
  const networks = house.documents.list<NetworkDoc>('networks/');
  const nat = new Map(networks.map((doc) => [doc.name, networkSpec(doc)]));
  const ofNetworks = networks.flatMap((doc) => {
    const { ipv4, ipv6 } = networkSpec(doc);
    return [ipv4, ipv6].flatMap((own) =>
      own
        ? [
            {
              addresses: `${own.address}/${own.prefix}`,
              hwaddr: '',
              nat: own.nat,
              type: 'network',
              used_by: networkUrl(doc.name),
            },
          ]
        : [],
    );
  });
  const ofForwards = house.documents.list<ForwardDoc>('forwards/').map(({ address, network }) => ({
    addresses: `${address}/${parseIp(address)?.family === 'inet6' ? 128 : 32}`,
    hwaddr: '',
    nat: false,
    type: 'network-forward',
    used_by: `${networkUrl(network)}/forwards/${address}`,
  }));
  const ofInstances = allInstances(house, project).flatMap((doc) =>
    nicSpecs(house, doc, () => '').flatMap(({ network, hwaddr, ipv4, ipv6 }) =>
      [
        { own: ipv4, bits: 32, nat: nat.get(network)?.ipv4?.nat },
        { own: ipv6, bits: 128, nat: nat.get(network)?.ipv6?.nat },
      ].flatMap(({ own, bits, nat: isNat = false }) =>
        own
          ? [{ addresses: `${own.address}/${bits}`, hwaddr, nat: isNat, type: 'instance', used_by: instanceUrl(doc) }]
          : [],
      ),
    ),
  );
  return [...ofNetworks, ...ofForwards, ...ofInstances];
}
