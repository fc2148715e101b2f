/** Routes of forwards. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { NetworkForward, networkForwardRoutes } from '../../api/resources/network-forwards.ts';
import { HostError } from '../../lib/host-error.ts';
import { formatIp, parseIp } from '../../lib/ip.ts';
import type { House } from '../house.ts';
import { patchedConfig, plainConfig } from '../instances/config.ts';
import { listing } from '../listing.ts';
import { type ForwardDoc, keys } from '../model.ts';
import { findNetwork, inNetwork, networkUrl } from './find.ts';
import { checkForward, forwardsOf, listenAddress, plainPorts } from './forwards.ts';
import { fullNetworkSpec } from './spec.ts';

const forwardUrl = (network: string, address: string) => `${networkUrl(network)}/forwards/${address}`;

const listenErrors = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTSUP']);

export function forwardHandlers(house: House): Handlers<typeof networkForwardRoutes> {
  const find = (network: string, address: string): ForwardDoc => {
    const ip = parseIp(address);
    const doc = ip && house.documents.get<ForwardDoc>(keys.forward(network, formatIp(ip)));
    return doc ?? fail('network.forward-not-found');
  };
  const told = (verb: string, { network, address }: ForwardDoc) =>
    house.events.lifecycle('default', { action: `network-forward-${verb}`, source: forwardUrl(network, address) });
  /** The document first; a firewall that refuses it takes it back. */
  const put = async (doc: ForwardDoc, before: ForwardDoc | undefined) => {
    const network = findNetwork(house, doc.network);
    checkForward(network, doc);
    const key = keys.forward(doc.network, doc.address);
    await house.documents.put(key, doc);
    try {
      await house.networks.ensure(fullNetworkSpec(house, network));
    } catch (error) {
      await (before ? house.documents.put(key, before) : house.documents.delete(key));
      // The address or a port of it is not to be had: where forwards are carried, the host says so.
      if (error instanceof HostError && listenErrors.has(error.errno ?? ''))
        fail('network.forward', { reason: `${doc.address}: ${error.message}` }, error);
      throw error;
    }
  };
  const change = (
    name: string,
    address: string,
    checkMatch: (current: unknown) => void,
    next: (doc: ForwardDoc) => ForwardDoc,
  ) =>
    inNetwork(house, name, async () => {
      const doc = find(name, address);
      checkMatch(forwardView(doc));
      await put(next(doc), doc);
      told('updated', doc);
      return {};
    });
  return {
    'GET /1.0/networks/{name}/forwards'({ params, query }) {
      const docs = forwardsOf(house, findNetwork(house, params.name).name);
      return listing(
        docs.map((doc) => ({ url: forwardUrl(doc.network, doc.address), object: () => forwardView(doc) })),
        query,
      );
    },
    'POST /1.0/networks/{name}/forwards': ({ params, body }) =>
      inNetwork(house, params.name, async () => {
        const network = findNetwork(house, params.name);
        const doc: ForwardDoc = {
          network: network.name,
          address: listenAddress(network, body.listen_address),
          description: body.description ?? '',
          config: plainConfig(body.config),
          ports: plainPorts(body.ports),
        };
        const all = house.documents.list<ForwardDoc>('forwards/');
        if (all.some((other) => other.address === doc.address)) fail('network.forward-exists');
        await put(doc, undefined);
        told('created', doc);
        return { location: forwardUrl(doc.network, doc.address) };
      }),
    'GET /1.0/networks/{name}/forwards/{address}': ({ params }) => forwardView(find(params.name, params.address)),
    'PUT /1.0/networks/{name}/forwards/{address}': ({ params, body, checkMatch }) =>
      change(params.name, params.address, checkMatch, (doc) => ({
        ...doc,
        description: body.description ?? '',
        config: plainConfig(body.config),
        ports: plainPorts(body.ports),
      })),
    'PATCH /1.0/networks/{name}/forwards/{address}': ({ params, body, checkMatch }) =>
      change(params.name, params.address, checkMatch, (doc) => ({
        ...doc,
        description: body.description ?? doc.description,
        config: patchedConfig(doc.config, body.config),
        ports: body.ports ? plainPorts(body.ports) : doc.ports,
      })),
    'DELETE /1.0/networks/{name}/forwards/{address}': ({ params }) =>
      inNetwork(house, params.name, async () => {
        const doc = find(params.name, params.address);
        await house.documents.delete(keys.forward(doc.network, doc.address));
        await house.networks.ensure(fullNetworkSpec(house, findNetwork(house, doc.network)));
        told('deleted', doc);
        return {};
      }),
  };
}

const forwardView = ({ description, config, ports, address }: ForwardDoc): NetworkForward => ({
  description,
  config,
  ports,
  listen_address: address,
  location: 'none',
});
