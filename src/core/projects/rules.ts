/**
 * What a project allows: asked before an instance, profile, volume, snapshot, backup or the project itself changes. What
 * refuses says it in the words of Incus. A project without limits and restrictions costs one look.
 */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { splitList } from '../instances/config.ts';
import { expand } from '../instances/expand.ts';
import { allInstances } from '../instances/find.ts';
import type { ConfigMap, InstanceDoc, ProfileDoc, ProjectDoc, VolumeDoc } from '../model.ts';
import { allProjects, projectConfig, projectFor } from './features.ts';
import { countRefusal, type Guest, limitRefusal, type Members, sumRefusal } from './limits.ts';
import { isRestricted, restrictionOf, restrictionRefusal } from './restrictions.ts';
import { networksOf, volumesOf } from './used-by.ts';

type Needs = Pick<House, 'documents'>;
type Planned = Pick<InstanceDoc, 'name' | 'project' | 'type' | 'profiles' | 'config' | 'devices'> & { id?: string };

const hasRules = (config: ConfigMap) =>
  isRestricted(config) || Object.keys(config).some((key) => key.startsWith('limits.'));

const guestOf = (house: Needs, doc: Planned): Guest => ({ name: doc.name, type: doc.type, ...expand(house, doc) });

export function projectMembers(house: Needs, project: string, exceptId?: string): Members {
  const docs = allInstances(house, project).filter((doc) => doc.id !== exceptId);
  return {
    project,
    guests: docs.map((doc) => guestOf(house, doc)),
    volumes: volumesOf(house, project),
    networks: networksOf(house, project).length,
  };
}

/** `house` has the instance as it is, if it is there already; a known id makes it a change of that instance. */
export function allowInstance(house: Needs, planned: Planned): void {
  const config = projectConfig(house, planned.project);
  if (!hasRules(config)) return;
  const others = projectMembers(house, planned.project, planned.id);
  const known = planned.id !== undefined && allInstances(house, planned.project).some((doc) => doc.id === planned.id);
  const full = known ? undefined : countRefusal(config, others, planned.type);
  if (full) fail('project.limit', { reason: full });
  const guest = guestOf(house, planned);
  const what = `Failed checking if instance ${known ? 'update' : 'creation'} allowed`;
  checkSums(config, { ...others, guests: [...others.guests, guest] }, what);
  if (!isRestricted(config)) return;
  const reason = restrictionRefusal(planned.project, config, { label: planned.type, ...guest });
  if (reason) fail('project.restricted', { reason: `${what}: ${reason}` });
}

/** `house` shows the profile as it would be; projects that share it are looked at too. */
export function allowProfile(house: Needs, profile: ProfileDoc): void {
  const what = 'Failed checking if profile update allowed';
  for (const { name, config } of allProjects(house)) {
    if (!hasRules(config) || projectFor(house, 'profiles', name) !== profile.project) continue;
    const members = projectMembers(house, name);
    checkSums(config, members, what);
    if (!isRestricted(config)) continue;
    const reason =
      restrictionRefusal(name, config, { label: 'profile', ...profile }) ?? guestRefusal(name, config, members);
    if (reason) fail('project.restricted', { reason: `${what}: ${reason}` });
  }
}

/** `replaces`: the id of the volume that becomes this one. */
export function allowVolume(
  house: Needs,
  volume: Pick<VolumeDoc, 'name' | 'pool' | 'project' | 'config'>,
  replaces?: string,
): void {
  const config = projectConfig(house, volume.project);
  if (!hasRules(config)) return;
  const members = projectMembers(house, volume.project);
  const volumes = [...volumesOf(house, volume.project).filter((doc) => doc.id !== replaces), volume];
  checkSums(config, { ...members, volumes }, `Failed checking if volume ${replaces ? 'update' : 'creation'} allowed`);
}

/** A change of the project itself: what is in it has to fit in. */
export function allowProject(house: Needs, old: ConfigMap, next: ProjectDoc): void {
  const members = projectMembers(house, next.name);
  const changed = [...new Set([...Object.keys(old), ...Object.keys(next.config)])].filter(
    (key) => old[key] !== next.config[key],
  );
  for (const key of changed) {
    const reason = limitRefusal(key, next.config[key], members);
    if (reason) fail('project.limit', { reason: `Can't change "${key}" in project "${next.name}": ${reason}` });
  }
  const key = changed.find((name) => name.startsWith('restricted'));
  if (!key || !isRestricted(next.config)) return;
  const profiles = house.documents.list<ProfileDoc>(`profiles/${next.name}/`);
  const reason =
    guestRefusal(next.name, next.config, members) ??
    first(profiles, (profile) => restrictionRefusal(next.name, next.config, { label: 'profile', ...profile }));
  if (reason)
    fail('project.restricted', {
      reason: `Conflict detected when changing "${key}" in project "${next.name}": ${reason}`,
    });
}

export function allowSnapshot(house: Needs, project: string): void {
  if (blocked(house, project, 'snapshots'))
    fail('project.restricted', { reason: `Project "${project}" doesn't allow for snapshot creation` });
}

export function allowBackup(house: Needs, project: string): void {
  if (blocked(house, project, 'backups'))
    fail('project.restricted', { reason: `Project "${project}" doesn't allow for backup creation` });
}

/** `server` is the address of an image server. */
export function allowImageServer(house: Needs, project: string, server: string): void {
  const config = projectConfig(house, project);
  const servers = splitList(config['restricted.images.servers']);
  if (!isRestricted(config) || servers.length === 0) return;
  const host = URL.parse(server)?.host ?? server;
  if (!servers.includes(host))
    fail('project.restricted', { reason: `Image server "${host}" isn't allowed in this project` });
}

/** Before a network is made; they belong to the default project. */
export function allowNetwork(house: Needs): void {
  const limit = projectConfig(house, 'default')['limits.networks'];
  if (limit !== undefined && networksOf(house, 'default').length >= Number(limit))
    fail('project.limit', { reason: 'Networks limit has been reached for project' });
}

/** Whether guests of the project may use the network, and see it. */
export function maySeeNetwork(house: Needs, project: string, network: string): boolean {
  const config = projectConfig(house, project);
  const access = splitList(config['restricted.networks.access']);
  return !isRestricted(config) || access.length === 0 || access.includes(network);
}

/** A pool whose limit is 0 is not shown in the project. */
export const isHiddenPool = (house: Needs, project: string, pool: string): boolean =>
  projectConfig(house, project)[`limits.disk.pool.${pool}`] === '0';

function blocked(house: Needs, project: string, what: string): boolean {
  const config = projectConfig(house, project);
  return isRestricted(config) && restrictionOf(config, what) === 'block';
}

function checkSums(config: ConfigMap, members: Members, what: string): void {
  const reason = sumRefusal(config, members);
  if (reason) fail('project.limit', { reason: `${what}: ${reason}` });
}

const guestRefusal = (project: string, config: ConfigMap, { guests }: Members) =>
  first(guests, (guest) => restrictionRefusal(project, config, { label: guest.type, ...guest }));

function first<T>(items: readonly T[], refuses: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const reason = refuses(item);
    if (reason) return reason;
  }
  return undefined;
}
