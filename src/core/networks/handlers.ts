/** Network routes. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Network, NetworkState, networkRoutes } from '../../api/resources/networks.ts';
import { networkNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { patchedConfig, plainConfig } from '../instances/config.ts';
import { networkCards } from '../instances/devices.ts';
import { expand } from '../instances/expand.ts';
import { allInstances, instanceUrl } from '../instances/find.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import { type ConfigMap, keys, type NetworkDoc, type ProfileDoc } from '../model.ts';
import type { BridgeState, LinkState } from '../ports/network.ts';
import { profileUrl } from '../profiles/find.ts';
import { allowNetwork, maySeeNetwork } from '../projects/rules.ts';
import { allocations } from './allocations.ts';
import { checkFixedAddresses, completeNetworkConfig } from './config.ts';
import { findNetwork, inNetwork, networkUrl } from './find.ts';
import { forwardsOf } from './forwards.ts';
import { addressViews, trafficView } from './link-view.ts';
import { fullNetworkSpec } from './spec.ts';

export function networkHandlers(house: House): Handlers<typeof networkRoutes> {
  const usedBy = (name: string): string[] => [
    ...allInstances(house)
      .filter((doc) => networkCards(house, expand(house, doc).devices).some((card) => card.network === name))
      .map((doc) => instanceUrl(doc)),
    ...house.documents
      .list<ProfileDoc>('profiles/')
      .filter((doc) => networkCards(house, doc.devices).some((card) => card.network === name))
      .map((doc) => profileUrl(doc.name, doc.project)),
  ];
  const view = (doc: NetworkDoc): Network => ({
    name: doc.name,
    description: doc.description,
    type: doc.type,
    config: doc.config,
    used_by: usedBy(doc.name),
    managed: true,
    status: 'Created',
    locations: ['none'],
    project: 'default',
  });
  const foreign = (link: LinkState): Network => ({
    name: link.name,
    description: '',
    type: link.type === 'other' ? 'unknown' : link.type,
    config: {},
    used_by: [],
    managed: false,
    status: '',
    locations: null,
    project: 'default',
  });
  const everything = async () => {
    const managed = house.documents.list<NetworkDoc>('networks/');
    const own = new Set(managed.map((doc) => doc.name));
    const links = (await house.networks.links()).filter(
      (link) => !own.has(link.name) && !link.name.startsWith(house.facts.linkTag),
    );
    return [...managed.map(view), ...links.map(foreign)];
  };
  const told = (verb: string, name: string) =>
    house.events.lifecycle('default', { action: `network-${verb}`, source: networkUrl(name), name });
  const change = (
    name: string,
    checkMatch: (current: unknown) => void,
    next: (doc: NetworkDoc) => { description: string; config: ConfigMap },
  ) =>
    inNetwork(house, name, async () => {
      const doc = findNetwork(house, name);
      checkMatch(view(doc));
      const { description, config: wanted } = next(doc);
      // A subnet stays what it is unless another is named.
      const kept = Object.fromEntries(['ipv4.address', 'ipv6.address'].map((key) => [key, doc.config[key] ?? 'none']));
      const config = { ...kept, ...wanted };
      const changed: NetworkDoc = { ...doc, description, config: await completeNetworkConfig(house, name, config) };
      for (const key of ['ipv4.address', 'ipv6.address'])
        if (
          changed.config[key] !== doc.config[key] &&
          allInstances(house).some((user) => house.runtime.get(user.id)?.nics.some((nic) => nic.network === name))
        )
          fail('network.config', { reason: `${key} cannot change while guests run on the network; stop them first` });
      checkFixedAddresses(house, changed);
      await house.networks.ensure(fullNetworkSpec(house, changed));
      await house.documents.put(keys.network(name), changed);
      told('updated', name);
      return {};
    });
  return {
    async 'GET /1.0/networks'({ query, project }) {
      const all = wantsAllProjects(query);
      const seen = (await everything()).filter(({ name }) => all || maySeeNetwork(house, project, name));
      return listing(
        seen.map((network) => ({ url: networkUrl(network.name), object: () => network })),
        query,
      );
    },
    'POST /1.0/networks': ({ body }) =>
      inNetwork(house, body.name, async () => {
        if (body.type && body.type !== 'bridge') fail('network.type', { type: body.type });
        const reason = networkNameError(body.name);
        if (reason) fail('network.name', { reason });
        if ((await everything()).some((network) => network.name === body.name)) fail('network.exists');
        allowNetwork(house);
        const doc: NetworkDoc = {
          name: body.name,
          description: body.description ?? '',
          type: 'bridge',
          config: await completeNetworkConfig(house, body.name, plainConfig(body.config)),
        };
        await createNetwork(house, doc);
        told('created', doc.name);
        return { location: networkUrl(doc.name) };
      }),
    async 'GET /1.0/networks/{name}'({ params, project }) {
      if (!maySeeNetwork(house, project, params.name)) return fail('network.not-found', { name: params.name });
      return (
        (await everything()).find((network) => network.name === params.name) ??
        fail('network.not-found', { name: params.name })
      );
    },
    'PUT /1.0/networks/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, () => ({
        description: body.description ?? '',
        config: plainConfig(body.config),
      })),
    'PATCH /1.0/networks/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, (doc) => ({
        description: body.description ?? doc.description,
        config: patchedConfig(doc.config, body.config),
      })),
    'GET /1.0/network-allocations': ({ query, project }) =>
      allocations(house, wantsAllProjects(query) ? undefined : project),
    'POST /1.0/networks/{name}': ({ params, body }) =>
      inNetwork(house, params.name, async () => {
        const doc = findNetwork(house, params.name);
        if (usedBy(doc.name).length > 0) fail('network.in-use');
        const reason = networkNameError(body.name);
        if (reason) fail('network.name', { reason });
        if ((await everything()).some((network) => network.name === body.name)) fail('network.exists');
        const forwards = forwardsOf(house, doc.name);
        await house.documents.commit([
          { delete: keys.network(doc.name) },
          { put: keys.network(body.name), value: { ...doc, name: body.name } },
          ...forwards.flatMap((forward) => [
            { delete: keys.forward(doc.name, forward.address) },
            { put: keys.forward(body.name, forward.address), value: { ...forward, network: body.name } },
          ]),
        ]);
        // The link has the network's name: a daemon that is killed here makes the new one and takes the old one away.
        await house.networks.remove({ name: doc.name, link: doc.name });
        await house.networks.ensure(fullNetworkSpec(house, findNetwork(house, body.name)));
        told('renamed', body.name);
        return { location: networkUrl(body.name) };
      }),
    'DELETE /1.0/networks/{name}': ({ params }) =>
      inNetwork(house, params.name, async () => {
        const doc = findNetwork(house, params.name);
        if (usedBy(doc.name).length > 0) fail('network.in-use');
        // The document first: a link without a document is what repair takes away.
        await house.documents.commit([
          { delete: keys.network(doc.name) },
          ...forwardsOf(house, doc.name).map(({ address }) => ({ delete: keys.forward(doc.name, address) })),
        ]);
        await house.networks.remove({ name: doc.name, link: doc.name });
        told('deleted', doc.name);
        return {};
      }),
    async 'GET /1.0/networks/{name}/state'({ params }) {
      const link = (await house.networks.links()).find((candidate) => candidate.name === params.name);
      return link ? stateView(link) : fail('network.not-found', { name: params.name });
    },
    async 'GET /1.0/networks/{name}/leases'({ params }) {
      const leases = await house.networks.leases(findNetwork(house, params.name).name);
      return leases.map((lease) =>
        lease.type === 'gateway' ? { ...lease, hwaddr: '', location: '' } : { ...lease, location: 'none' },
      );
    },
  };
}

/** Makes the bridge and stores the network; a bridge that cannot be stored is taken away again. */
export async function createNetwork(house: Pick<House, 'networks' | 'documents'>, doc: NetworkDoc): Promise<void> {
  try {
    await house.networks.ensure(fullNetworkSpec(house, doc));
    await house.documents.commit([{ put: keys.network(doc.name), value: doc, expect: 0 }]);
  } catch (error) {
    await house.networks.remove({ name: doc.name, link: doc.name });
    throw error;
  }
}

const bridgeView = (bridge: BridgeState) => ({
  id: bridge.id,
  stp: bridge.stp,
  forward_delay: bridge.forwardDelay,
  vlan_default: bridge.vlanDefault,
  vlan_filtering: bridge.vlanFiltering,
  upper_devices: bridge.upperDevices,
});

function stateView(link: LinkState): NetworkState {
  return {
    addresses: addressViews(link.addresses),
    counters: trafficView(link.counters),
    hwaddr: link.hwaddr,
    mtu: link.mtu,
    state: link.up ? 'up' : 'down',
    type: link.type === 'loopback' ? 'loopback' : 'broadcast',
    bond: null,
    bridge: link.bridge ? bridgeView(link.bridge) : null,
    vlan: null,
    ovn: null,
  };
}
