/**
 * Owners of guests: users of this host who may look at their guests, start, stop, restart and pause them, and use their
 * consoles, and nothing else (auth/authorize.ts). A guest names its owner by `security.owner`.
 */
import type { Identity } from '../../api/handlers.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { expand } from './expand.ts';
import { allInstances, instanceUrl, lookUpInstance } from './find.ts';

type Needs = Pick<House, 'documents'>;
type Local = NonNullable<Identity['local']>;

export const ownerKey = 'security.owner';

const ownerOf = (house: Needs, doc: InstanceDoc): string | undefined => expand(house, doc).config[ownerKey];

/** `owner`: USER, USER:GROUP or :GROUP; a user is a name or a number. Who is the user, or in the group, is meant. */
export function isNamedBy(owner: string, { uid, name, groups }: Local): boolean {
  const [user = '', group = ''] = owner.split(':');
  return (user !== '' && (user === name || user === String(uid))) || (group !== '' && groups.includes(group));
}

export function ownsInstance(house: Needs, { local }: Identity, project: string, name: string): boolean {
  const doc = local && lookUpInstance(house, project, name);
  return doc !== undefined && local !== undefined && owns(house, local, doc);
}

export function owns(house: Needs, local: Local, doc: InstanceDoc): boolean {
  const owner = ownerOf(house, doc);
  return owner !== undefined && isNamedBy(owner, local);
}

/** Whether an operation is about guests of this owner, and nothing else. */
export function ownsAllOf(house: Needs, { local }: Identity, resources: Record<string, string[] | undefined>): boolean {
  const { instances = [], ...others } = resources;
  if (!local || instances.length === 0 || Object.keys(others).length > 0) return false;
  const own = new Set(
    allInstances(house)
      .filter((doc) => owns(house, local, doc))
      .map((doc) => instanceUrl(doc)),
  );
  return instances.every((url) => own.has(url));
}

export const hasOwners = (house: Needs): boolean =>
  allInstances(house).some((doc) => ownerOf(house, doc) !== undefined);
