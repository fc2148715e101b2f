/** Routes of access lists. Networks that use a list follow it at once. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { NetworkAcl, networkAclRoutes } from '../../api/resources/network-acls.ts';
import type { House } from '../house.ts';
import { patchedConfig, plainConfig } from '../instances/config.ts';
import { listing } from '../listing.ts';
import { type AclDoc, keys, type NetworkDoc } from '../model.ts';
import { checkRules, listsOf, plainRules, usersOf } from './acls.ts';
import { aclUrl, inNetwork, networkUrl } from './find.ts';
import { fullNetworkSpec } from './spec.ts';

export function aclHandlers(house: House): Handlers<typeof networkAclRoutes> {
  const lookUp = (name: string) => house.documents.get<AclDoc>(keys.acl(name));
  const find = (name: string) => lookUp(name) ?? fail('network.acl-not-found');
  const alone = <T>(work: () => Promise<T>) => house.queue('network-acls', work);
  const told = (verb: string, name: string) =>
    house.events.lifecycle('default', { action: `network-acl-${verb}`, source: aclUrl(name) });
  const view = (doc: AclDoc): NetworkAcl => ({
    ...doc,
    used_by: usersOf(house, doc.name).map(({ name }) => networkUrl(name)),
    project: 'default',
  });
  const follow = async (networks: readonly NetworkDoc[]) => {
    for (const { name } of networks)
      await inNetwork(house, name, async () => {
        const network = house.documents.get<NetworkDoc>(keys.network(name));
        if (network) await house.networks.ensure(fullNetworkSpec(house, network));
      });
  };
  const check = (doc: AclDoc) => {
    checkRules('ingress', doc.ingress);
    checkRules('egress', doc.egress);
    for (const key of Object.keys(doc.config))
      if (!key.startsWith('user.')) fail('network.acl', { reason: `Invalid config: Unknown key "${key}"` });
  };
  const checkName = (name: string) => {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,62}$/.test(name) || name.endsWith('-'))
      fail('network.acl', {
        reason: `Invalid name "${name}": letters, digits and hyphens are allowed, beginning with a letter`,
      });
    if (lookUp(name)) fail('network.acl-exists');
  };
  const change = (name: string, checkMatch: (current: unknown) => void, next: (doc: AclDoc) => AclDoc) =>
    alone(async () => {
      const doc = find(name);
      checkMatch(view(doc));
      const changed = next(doc);
      check(changed);
      await house.documents.put(keys.acl(name), changed);
      await follow(usersOf(house, name));
      told('updated', name);
      return {};
    });
  return {
    'GET /1.0/network-acls': ({ query }) =>
      listing(
        house.documents
          .list<AclDoc>('network-acls/')
          .map((doc) => ({ url: aclUrl(doc.name), object: () => view(doc) })),
        query,
      ),
    'POST /1.0/network-acls': ({ body }) =>
      alone(async () => {
        checkName(body.name);
        const doc: AclDoc = {
          name: body.name,
          description: body.description ?? '',
          ingress: plainRules(body.ingress),
          egress: plainRules(body.egress),
          config: plainConfig(body.config),
        };
        check(doc);
        await house.documents.put(keys.acl(doc.name), doc);
        told('created', doc.name);
        return { location: aclUrl(doc.name) };
      }),
    'GET /1.0/network-acls/{name}': ({ params }) => view(find(params.name)),
    'PUT /1.0/network-acls/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, (doc) => ({
        ...doc,
        description: body.description ?? '',
        ingress: plainRules(body.ingress),
        egress: plainRules(body.egress),
        config: plainConfig(body.config),
      })),
    'PATCH /1.0/network-acls/{name}': ({ params, body, checkMatch }) =>
      change(params.name, checkMatch, (doc) => ({
        ...doc,
        description: body.description ?? doc.description,
        ingress: body.ingress ? plainRules(body.ingress) : doc.ingress,
        egress: body.egress ? plainRules(body.egress) : doc.egress,
        config: patchedConfig(doc.config, body.config),
      })),
    'POST /1.0/network-acls/{name}': ({ params, body }) =>
      alone(async () => {
        const doc = find(params.name);
        checkName(body.name);
        const users = usersOf(house, doc.name).map((network) => ({
          put: keys.network(network.name),
          value: {
            ...network,
            config: {
              ...network.config,
              'security.acls': listsOf(network)
                .map((name) => (name === doc.name ? body.name : name))
                .join(','),
            },
          },
        }));
        await house.documents.commit([
          { delete: keys.acl(doc.name) },
          { put: keys.acl(body.name), value: { ...doc, name: body.name } },
          ...users,
        ]);
        told('renamed', body.name);
        return { location: aclUrl(body.name) };
      }),
    'DELETE /1.0/network-acls/{name}': ({ params }) =>
      alone(async () => {
        const doc = find(params.name);
        if (usersOf(house, doc.name).length > 0) fail('network.acl-in-use');
        await house.documents.delete(keys.acl(doc.name));
        told('deleted', doc.name);
        return {};
      }),
  };
}
